"""`transfer_of` says how an object would cross, and that is how it crosses."""

from __future__ import annotations

import array
import threading
from collections import namedtuple
from types import SimpleNamespace

import pytest

import runtime
from runtime.channels import transfer
from runtime.channels.letterbox import TRANSFER_MASK
from tests.runtime.channels.test_not_shareable import REFUSED
from tests.runtime.channels.test_values import VALUES
from tests.runtime.helpers import Point

Pair = namedtuple("Pair", "left right")
deep: tuple = ()
for _ in range(50):
    deep = (deep,)


class Name(str):
    pass


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
def test_what_is_said_is_what_happens(value):
    told = runtime.transfer_of(value)
    _, kind, size = transfer.encode(value)
    assert told.crosses
    assert (told.transfer, told.size) == (kind & TRANSFER_MASK, size)
    assert bool(told.parts) == (told.transfer == runtime.Transfer.PICKLE)
    assert repr(told).startswith(f"{told.transfer.label}, {size:,} byte")


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_cross_is_named_as_its_send_would(name):
    value, path, text = REFUSED[name]
    told = runtime.transfer_of(value)
    assert (told.crosses, told.transfer, told.size) == (False, None, 0)
    assert told.parts[0].path.startswith(path)
    with pytest.raises(runtime.NotShareableError) as caught:
        transfer.encode(value)
    assert str(caught.value) == " ".join(told.parts[0])
    assert repr(told).startswith("cannot cross: ")
    assert text.split("\\")[0].split(",")[0] in repr(told)


PARTS = {
    "a list": ([1], [("message", "is a list, which can change")]),
    "in a tuple": ((1, [2], ("a", {3})), [("message[1]", "is a list, which"), ("message[2][1]", "is a set, which")]),
    "too large": ((1 << 70, 1), [("message[0]", "is an int of 71 bits, and only 64 are shared")]),
    "a subclass": (
        (Name("x"), Pair(1, 2)),
        [("message[0]", "is a Name, a class of its own over str"), ("message[1]", "is a Pair")],
    ),
    "too deep": (deep, [("message" + "[0]" * 20, "is nested more than 20 tuples deep")]),
    "an object": (
        (Point(1, 2), 3j),
        [("message[0]", "is a Point, which only pickle"), ("message[1]", "is a complex,")],
    ),
    "a name of its own": (SimpleNamespace(a=1), [("message", "is a SimpleNamespace, which only pickle knows")]),
}


@pytest.mark.parametrize("name", PARTS)
def test_each_part_that_forces_a_copy_has_a_path(name):
    value, parts = PARTS[name]
    told = runtime.transfer_of(value)
    assert [part.path for part in told.parts] == [path for path, _ in parts]
    for part, (_, why) in zip(told.parts, parts, strict=True):
        assert part.why.startswith(why)
        assert f"  {part.path} {part.why}" in repr(told).splitlines()
    assert told.pays == "both"


def test_of_many_parts_the_first_are_named_and_the_others_counted():
    told = runtime.transfer_of(tuple([n] for n in range(1_000)))
    assert (len(told.parts), told.more_parts) == (20, 980)
    assert "  and 980 more" in repr(told)


def test_memory():
    buffer = runtime.create_buffer(1_000_000)
    assert repr(runtime.transfer_of(buffer)).startswith("buffer, 1,000,000 bytes: only its address crosses, and both")
    assert repr(runtime.transfer_of(buffer, move=True)).startswith("move, 1,000,000 bytes: only its address crosses")
    assert runtime.transfer_of(bytearray(10), move=True).pays == "sender"
    assert (
        "of the Buffers in it (2) only the address crosses, leaving their sender"
        in runtime.transfer_of([buffer, runtime.create_buffer(1)], move=True).why
    )
    assert "of the Buffers in it (1) only the address crosses, shared, not copied" in runtime.transfer_of([buffer]).why
    assert not runtime.transfer_of([1], move=True).crosses
    assert not buffer.moved
    buffer.close()
    assert repr(runtime.transfer_of(buffer)) == "cannot cross: this buffer is closed"


def test_nothing_departs():
    receiving, sending = runtime.create_channel(capacity=1)
    told = runtime.transfer_of({"reply": sending, "buffer": runtime.create_buffer(8)})
    assert told.transfer == runtime.Transfer.PICKLE
    assert receiving.stats().open_send_channels == 1
    assert told.size == transfer.encode({"reply": sending, "buffer": runtime.create_buffer(8)})[2]


ADVICE = [
    (bytes(100_000), "send_buffer(...) would show them without a copy"),
    (bytearray(5), "send_buffer(...) would show its memory without a copy"),
    (array.array("d", [1]), "send_buffer(...) would show its memory without a copy"),
    ([1.0, 2.0], "array.array('d', ...) with send_buffer would take 16 bytes and no copy"),
    ([1, "a"], "as a tuple it would be shared"),
    ([[1]], ""),
]


@pytest.mark.parametrize(("value", "instead"), ADVICE, ids=lambda value: repr(value)[:20])
def test_what_would_do_better(value, instead):
    told = runtime.transfer_of(value)
    assert told.instead == instead
    assert repr(told).endswith(instead)


def test_a_class_of_main_is_warned_about(monkeypatch):
    import __main__

    class Local:
        pass

    Local.__module__, Local.__qualname__ = "__main__", "Local"
    monkeypatch.setattr(__main__, "Local", Local, raising=False)
    assert "of this __main__: the receiver can make it again only if" in runtime.transfer_of(Local()).instead


def test_a_lock_in_the_middle_of_much():
    told = runtime.transfer_of({"jobs": [(1, 2), {"guard": threading.Lock()}]})
    assert told.parts[0].path == "message['jobs'][1]['guard']"
