"""What went through the channels: each requirement on runs that meet it and runs that do not."""

from __future__ import annotations

import pytest

import vizlib.teaching as teaching
from runtime.tracing.model import NONE, Channel, State, Transfer
from tests.vizlib import builders

CHANNELS = (Channel(0, "numbers", 2), Channel(1, "results", None))


def sent(serial, taken, *, sender=0, receiver=2, channel=0, **more):
    """A message that was in its channel for 5 ns, unless `admitted_ns` says more."""
    return builders.message(sender, receiver, taken - 4, taken, serial)._replace(channel=channel, **more)


def run(*messages, **more):
    crew = [builders.worker(i, name) for i, name in enumerate(("left", "right", "total"))]
    spans = [builders.span(i, State.RUNNING, 0, 100) for i in range(3)]
    return builders.trace(crew, spans, **{"channels": CHANNELS, "messages": messages} | more)


def verdict(trace, requirement):
    ((_, found),) = teaching.check(trace, requirement).marks
    return found


KEPT = run(sent(0, 10), sent(1, 20), sent(0, 15, sender=1), sent(2, 30))


@pytest.mark.parametrize(
    ("trace", "asked", "met", "told"),
    [
        (KEPT, teaching.order_kept(), True, "In order, from 2 senders."),
        (run(sent(1, 10), sent(0, 20)), teaching.order_kept(), False, "message 1 of left after message 2."),
        (run(sent(0, 20), sent(1, 10, receiver=1)), teaching.order_kept(), True, "from 1 sender"),
        (run(sent(1, 10), sent(0, 20)), teaching.order_kept("results"), False, "No message was sent in results"),
        (KEPT, teaching.every_message_received("numbers"), True, "All 4 messages."),
        (run(sent(0, 9), sent(1, NONE, receiver=NONE)), teaching.every_message_received("numbers"), False, "1 of 2"),
        (KEPT, teaching.depth_at_most("numbers", 1), True, "it held 1 object."),
        (run(sent(0, 30, admitted_ns=1), sent(1, 31, admitted_ns=2)), teaching.depth_at_most("numbers", 1), False, "2"),
        (KEPT, teaching.messages_sent(at_most=4), True, "4 messages."),
        (KEPT, teaching.messages_sent(at_most=3), False, "4 messages."),
        (KEPT, teaching.messages_sent(at_least=5, channel="numbers"), False, "4 messages."),
        (KEPT, teaching.bytes_sent(at_most=96), True, "96 bytes."),
        (KEPT, teaching.bytes_sent(at_least=97), False, "96 bytes."),
        (KEPT, teaching.bytes_copied(at_most=95), False, "96 bytes."),
        (run(sent(0, 9, transfer=Transfer.BUFFER), sent(1, 19)), teaching.bytes_copied(at_most=24), True, "24 bytes."),
        (run(sent(0, 9, transfer=Transfer.MOVE)), teaching.bytes_copied(at_most=0), True, "0 bytes."),
        (KEPT, teaching.crosses_by(Transfer.PICKLE), True, "4 messages by pickle."),
        (KEPT, teaching.crosses_by(Transfer.SHARE), False, "4 messages by pickle."),
        (run(sent(0, 9, transfer=Transfer.SHARE), sent(1, 19)), teaching.crosses_by(Transfer.SHARE), False,
         "1 message by share and 1 message by pickle."),
        (run(sent(0, 9), backend="threads"), teaching.crosses_by(Transfer.PICKLE), False, "run it on interpreters"),
        (run(channels=CHANNELS[:1]), teaching.channels_bounded(), True, "All have a capacity."),
        (run(), teaching.channels_bounded(), False, "No bound: results."),
        (run(channels=()), teaching.channels_bounded(), False, "no channel"),
        (run(channels=CHANNELS[:1]), teaching.capacity_at_most(8), True, "None has more."),
        (run(), teaching.capacity_at_most(8), False, "More room has results (no bound)."),
        (run(channels=CHANNELS[:1]), teaching.capacity_at_most(0), False, "More room has numbers (capacity"),
        (run(channels=()), teaching.capacity_at_most(0), False, "no channel"),
    ],
)  # fmt: skip
def test_it_is_judged_by_counts_and_orders(trace, asked, met, told):
    found = verdict(trace, asked)
    assert (found.met, told in found.words) == (met, True), found.words
    assert not asked.measured


@pytest.mark.parametrize(
    "asked",
    [
        teaching.order_kept("nummbers"),
        teaching.every_message_received("nummbers"),
        teaching.depth_at_most("nummbers", 2),
        teaching.crosses_by(Transfer.SHARE, channel="nummbers"),
        teaching.messages_sent(at_least=1, channel="nummbers"),
    ],
)
def test_a_channel_that_is_not_there_is_named_with_those_that_are(asked):
    found = verdict(KEPT, asked)
    assert found.met is False
    assert found.words == "There is no channel 'nummbers'; the channels of this run: 'numbers' and 'results'."


@pytest.mark.parametrize(
    "asked", [teaching.order_kept(), teaching.every_message_received(), teaching.bytes_sent(at_most=9)]
)
def test_a_record_with_gaps_is_not_judged(asked):
    found = verdict(run(sent(0, 10), dropped=3), asked)
    assert found.met is None
    assert "3 records did not fit" in found.words


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (teaching.messages_sent, "exactly one"),
        (lambda: teaching.bytes_sent(at_most=1, at_least=1), "exactly one"),
        (teaching.crosses_by, "at least one Transfer"),
    ],
)
def test_a_requirement_that_asks_nothing_is_refused(make, what):
    with pytest.raises(ValueError, match=what):
        make()
