"""What crossing cost, and who paid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.tracing.model import NONE, Channel, Transfer
from tests.vizlib import builders
from vizlib.views import costs
from vizlib.views.costs import Fit, fit


@given(st.floats(100, 1e5), st.floats(1e-3, 10))
def test_a_fit_finds_what_a_message_and_a_byte_cost(message, byte):
    points = [(size, round(message + byte * size)) for size in (1, 100, 10_000, 1_000_000)]
    found = fit(points)
    assert found.message_ns == pytest.approx(message, rel=0.03, abs=2)
    assert found.byte_ns == pytest.approx(byte, rel=0.03, abs=0.01)


def test_one_outlier_does_not_count():
    points = [(size, 1_000 + size) for size in (10, 1_000, 100_000) for _ in range(9)]
    assert fit([*points, (10, 10**9)]).message_ns == pytest.approx(1_000, rel=0.02)


def test_where_all_have_one_size_a_byte_has_no_price():
    assert fit([(24, 100), (24, 300), (25, 200)]) == Fit(200.0, None)


def test_messages_of_a_few_bytes_do_not_tell_what_a_megabyte_costs():
    assert fit([(1, 100), (4, 300), (13, 1_500), (200, 1_900)]).byte_ns is None
    assert fit([(1, 100), (4, 300), (13, 1_500), (2_000, 9_000)]).byte_ns is not None


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=30))
def test_no_cost_is_below_zero(points):
    found = fit(points)
    assert found.message_ns >= 0
    assert (found.byte_ns or 0) >= 0


def test_every_message_is_paid_for_at_both_its_ends():
    trace = builders.squares(items=6)
    (one,) = costs.costs(trace)
    assert one.transfer is Transfer.PICKLE
    sent = sorted((m.size, m.encode_ns + m.sent_ns - m.admitted_ns) for m in trace.messages)
    received = sorted((m.size, m.decode_ns) for m in trace.messages)
    assert sorted((size, ns) for size, ns, _ in one.points["sender"]) == sent
    assert sorted((size, ns) for size, ns, _ in one.points["receiver"]) == received


def test_what_was_never_received_is_paid_by_its_sender_only():
    trace = builders.trace(
        [builders.worker(0, "a")], channels=[Channel(0, "c", 1)], messages=[builders.message(0, NONE, 40, NONE)]
    )
    assert costs.in_words(trace) == [
        "pickle, 1 message: the sender pays 3 ns a message; 100 % of it falls on the senders."
    ]


def test_the_costs_in_words():
    text = costs.text(builders.squares(items=6))
    assert text.splitlines()[1].startswith(
        "~ pickle: 12 messages: the sender pays 7.00 µs a message, the receiver pays"
    )
    assert costs.in_words(builders.trace()) == ["nothing, for no message crossed."]
