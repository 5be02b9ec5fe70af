"""What arrives is what was sent."""

from __future__ import annotations

import datetime
import decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.channels import transfer
from runtime.channels.ends import create_channel
from tests.runtime.helpers import Point

deep: tuple = ()
for _ in range(200):
    deep = (deep, 1)


VALUES = [
    None,
    True,
    0,
    -(2**63),
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    10**400,
    1.5,
    float("inf"),
    1j,
    "",
    "äöü \U0001f40d \ud800",
    b"",
    bytearray(b"abc"),
    (),
    (1, ("two", (3.0, None))),
    (1, [2]),
    deep,
    [1, "two"],
    {"a": {1, 2}},
    datetime.date(2026, 1, 1),
    decimal.Decimal("1.10"),
    ValueError("no", 3),
    range(5),
    len,
    int,
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
def test_comes_back_as_it_was(place, value):
    back, out = place.channel(1)
    there, away = place.channel(1)
    echo = place.start("for value in there: out.send(value)", there=there, out=out)
    away.send(value)
    away.close()
    received = back.recv()
    echo.result()
    assert type(received) is type(value)
    assert received == value or repr(received) == repr(value)


def test_instances_of_importable_classes(place):
    numbers, out = place.channel(1)
    source = "from tests.runtime.helpers import Point\nout.send(Point(1, 2))"
    place.start(source, out=out).result()
    assert numbers.recv() == Point(1, 2)


def test_huge_bytes(place):
    numbers, out = place.channel(0)
    receiver = place.start("data = numbers.recv()\nresult = len(data), data[:3], data[-3:]", numbers=numbers)
    out.send(b"abc" * 10_000_000)
    assert receiver.result() == (30_000_000, b"abc", b"abc")


def test_local_channels_hand_over_the_object_itself():
    from runtime.channels.core import Core
    from runtime.channels.ends import RecvChannel, SendChannel

    core = Core.create("here", 1, local=True)
    numbers, out = RecvChannel(core), SendChannel(core)
    thing = [lambda: 1]
    out.send(thing)
    assert numbers.recv() is thing


immutable = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.binary() | st.text(),
    lambda parts: st.lists(parts, max_size=4).map(tuple),
)
numbers, out = create_channel(capacity=1)


@given(immutable | st.lists(immutable))
def test_any_value_round_trips(value):
    out.send(value)
    assert numbers.recv() == value


@given(immutable)
def test_shared_means_natively_shareable_on_every_version(value):
    size = transfer.immutable_size(value)
    payload, kind, _ = transfer.encode(value)
    assert (size >= 0) == (kind == transfer.SHARE)
    assert (payload is value) == (kind == transfer.SHARE)


@pytest.mark.parametrize(("value", "size"), [("abc", 3), (b"abcd", 4), (7, 8), (1.0, 8), (("ab", 1, None), 11)])
def test_sizes(value, size):
    assert transfer.immutable_size(value) == size


def test_text_beyond_ascii_counts_what_it_takes_in_memory():
    assert [transfer.immutable_size(char * 1000) // 1000 for char in "é€\U0001f40d"] == [1, 2, 4]
