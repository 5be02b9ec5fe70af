"""Memory that is shown: `send_buffer` gives the receiver a memoryview of the sender's object."""

from __future__ import annotations

import array

import pytest

import runtime
from runtime.channels import broker
from runtime.errors import ChannelFullError, ChannelTimeoutError
from tests.runtime.channels.conftest import Place
from tests.runtime.helpers import HOME


@pytest.fixture(params=["interpreter", "local"])
def near(request):
    """A place in this process: where the memory of any object can be seen."""
    return Place(request.param)


def test_a_view_arrives_and_both_sides_see_the_same(near):
    there, away = near.channel(1)
    source = "v = there.recv()\nv[1] = 7.5\nresult = type(v).__name__, v.format, v.shape, v.readonly, v.tolist()"
    numbers = array.array("d", [1, 2, 3])
    away.send_buffer(numbers)
    assert near.start(source, there=there).result() == ("memoryview", "d", (3,), False, [1, 7.5, 3])
    assert numbers[1] == 7.5


SHOWN = {
    "bytes": b"abc",
    "empty": b"",
    "bytearray": bytearray(b"abc"),
    "a part": memoryview(bytearray(b"abcdef"))[2:4],
    "rows": memoryview(bytearray(24)).cast("i", (2, 3)),
    "words": memoryview(bytearray(24)).cast("q"),
    "buffer": runtime.create_buffer(b"abc"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_view_is_what_a_memoryview_here_is(near, name):
    numbers, out = near.channel(1)
    shown = memoryview(SHOWN[name])
    out.send_buffer(SHOWN[name])
    with numbers.recv() as view:
        assert view == shown
        for what in ("format", "itemsize", "shape", "readonly", "ndim", "nbytes"):
            assert getattr(view, what) == getattr(shown, what), what


REFUSED = {
    "a list": ([1], "takes an object that is memory .* not 'list'"),
    "steps": (memoryview(b"abcdef")[::2], "does not lie in memory in one piece"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_memory_in_one_piece_is_refused(name):
    _numbers, out = runtime.create_channel(capacity=1)
    value, text = REFUSED[name]
    with pytest.raises(runtime.NotShareableError, match=text):
        out.send_buffer(value)


def test_items_of_a_foreign_format_are_refused():
    import ctypes

    _numbers, out = runtime.create_channel(capacity=1)
    with pytest.raises(runtime.NotShareableError, match=r"have the format '<.', .* view.cast\('B'\)"):
        out.send_buffer((ctypes.c_int * 3)())


def test_a_lent_bytearray_cannot_be_resized_until_it_is_given_back(near):
    numbers, out = near.channel(2)
    data = bytearray(b"abc")
    out.send_buffer(data)
    view = numbers.recv()
    with pytest.raises(BufferError):
        data.append(1)
    view.release()
    out.send_buffer(b"another")  # a lender looks after its loans when it lends
    data.append(1)


def test_what_was_borrowed_can_be_lent_on(near):
    there, away = near.channel(1)
    back, home = near.channel(1)
    other = near.start("for v in there:\n home.send_buffer(v[1:])\n del v", there=there, home=home)
    data = bytearray(b"abc")
    away.send_buffer(data)
    view = back.recv()
    view[0] = ord("x")
    assert data == b"axc"
    away.close()
    other.result()
    view[1] = ord("y")
    assert data == b"axy"


@pytest.mark.parametrize("how", ["wait", "nowait"])
def test_a_view_that_could_not_be_sent_is_not_lent(how):
    numbers, out = runtime.create_channel(capacity=1)
    out.send("full")
    data = bytearray(b"abc")
    send = out.send_buffer_nowait if how == "nowait" else lambda shown: out.send_buffer(shown, timeout=0.01)
    with pytest.raises((ChannelTimeoutError, ChannelFullError)):
        send(data)
    numbers.recv()
    out.send_buffer(b"another")
    data.append(1)


def test_between_processes_only_buffers_are_seen():
    broker.bind(HOME)
    try:
        numbers, out = runtime.create_channel(capacity=2)
        with pytest.raises(runtime.NotShareableError, match="put what they shall see into a buffer"):
            out.send_buffer(bytearray(3))
        out.send_buffer(runtime.create_buffer(b"abc"))
        assert bytes(numbers.recv()) == b"abc"
    finally:
        broker.bind(None)
