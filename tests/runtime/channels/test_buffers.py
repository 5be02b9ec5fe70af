"""Buffers: shared or moved, they cross without a copy, and who gave one away is told so."""

from __future__ import annotations

import pickle
import re
import struct
import time

import pytest

import runtime
from runtime.channels import broker, buffers
from runtime.errors import ChannelClosedError, ChannelFullError, ChannelNotFoundError, ChannelTimeoutError, MovedError
from tests.runtime.channels.conftest import Place
from tests.runtime.helpers import HOME, Elsewhere


@pytest.fixture(params=["interpreter", "local", "process"])
def place(request):
    if request.param == "process":
        if not broker.available:
            pytest.skip("processes cannot pass descriptors here")
        broker.bind(HOME)
    yield Place(request.param)
    broker.bind(None)


def test_a_new_buffer_is_all_zero_or_a_copy():
    assert bytes(runtime.create_buffer(3)) == b"\0\0\0"
    source = bytearray(b"abc")
    buffer = runtime.create_buffer(source)
    source[0] = 0
    assert bytes(buffer) == b"abc"
    assert bytes(runtime.create_buffer(memoryview(b"abcdef")[::2])) == b"ace"
    assert len(runtime.create_buffer(0)) == 0


def test_is_used_like_a_bytearray_that_cannot_grow():
    buffer = runtime.create_buffer(16)
    buffer[0] = 1
    buffer[-2:] = b"yz"
    struct.pack_into("<d", buffer, 4, 2.5)
    assert (len(buffer), buffer.nbytes, buffer[0], bytes(buffer[14:])) == (16, 16, 1, b"yz")
    assert struct.unpack_from("<d", buffer, 4) == (2.5,)
    with buffer.view("q") as words:
        words[1] = -1
        assert list(buffer)[8:] == [255] * 8
    with pytest.raises(IndexError):
        buffer[16]
    assert repr(buffer) == "<Buffer of 16 bytes>"


@pytest.mark.parametrize("size", [-1, "three", 1.5])
def test_a_size_that_is_none(size):
    with pytest.raises((ValueError, TypeError)):
        runtime.create_buffer(size)


def test_more_than_there_is():
    with pytest.raises(MemoryError, match="no memory for a buffer of"):
        runtime.create_buffer(1 << 62)


def test_a_closed_buffer_is_closed():
    with runtime.create_buffer(3) as buffer:
        view = buffer.view()
        with pytest.raises(BufferError, match="1 memoryview of this buffer is in use"):
            buffer.close()
        view.release()
    buffer.close()
    assert not buffer.moved
    with pytest.raises(ValueError, match="this buffer is closed"):
        buffer[0]


# --- sharing ------------------------------------------------------------------------------------------------------


def test_both_sides_see_what_the_other_writes(place):
    there, away = place.channel(1)
    back, home = place.channel(1)
    source = "b = there.recv()\nb[0] += 1\nhome.send('done')\nthere.recv()\nresult = b[1], type(b).__name__"
    other = place.start(source, there=there, home=home)
    buffer = runtime.create_buffer(b"\x05\x00")
    away.send(buffer)
    back.recv()
    assert buffer[0] == 6
    buffer[1] = 9
    away.send("look")
    assert other.result() == (9, "Buffer")
    assert not buffer.moved


def test_a_shared_buffer_outlives_its_creator(place):
    numbers, out = place.channel(1)
    buffer = runtime.create_buffer(b"kept")
    out.send(buffer)
    received = numbers.recv()
    buffer.close()
    assert bytes(received) == b"kept"


# --- moving -------------------------------------------------------------------------------------------------------

USES = {
    "len": len,
    "read": lambda buffer: buffer[0],
    "write": lambda buffer: buffer.__setitem__(0, 1),
    "slice": lambda buffer: buffer[1:],
    "bytes": bytes,
    "memoryview": memoryview,
    "view": lambda buffer: buffer.view("d"),
    "nbytes": lambda buffer: buffer.nbytes,
    "iterate": list,
    "pickle": pickle.dumps,
}


@pytest.mark.parametrize("name", USES)
def test_every_use_of_what_was_moved_names_the_send(name):
    frames, out = runtime.create_channel("frames", capacity=1)
    buffer = runtime.create_buffer(8)
    out.send(buffer, move=True)
    with pytest.raises(MovedError, match=r"moved through channel 'frames' at line \d+ of test_buffers.py") as caught:
        USES[name](buffer)
    assert isinstance(caught.value, runtime.ChannelError)
    assert buffer.moved
    buffer.close()
    assert re.fullmatch(r"<Buffer moved through channel 'frames' at line \d+ of test_buffers.py>", repr(buffer))
    assert len(frames.recv()) == 8


def test_what_puts_its_own_error_in_place_of_ours_cannot_use_it_either():
    _frames, out = runtime.create_channel("frames", capacity=1)
    buffer = runtime.create_buffer(8)
    out.send(buffer, move=True)
    with pytest.raises(TypeError, match="bytes-like object"):
        struct.pack_into("<b", buffer, 0, 1)


SENDS = {
    "send": lambda out, buffer: out.send(buffer),
    "move": lambda out, buffer: out.send(buffer, move=True),
    "show": lambda out, buffer: out.send_buffer(buffer),
    "inside": lambda out, buffer: out.send([buffer], move=True),
}


@pytest.mark.parametrize("how", SENDS)
def test_what_was_moved_cannot_be_sent_again(place, how):
    numbers, out = place.channel(3)
    buffer = runtime.create_buffer(8)
    out.send(buffer, move=True)
    with pytest.raises(MovedError):
        SENDS[how](out, buffer)
    assert len(numbers) == 1


def test_the_receiver_has_it_alone_and_may_move_it_on(place):
    there, away = place.channel(0)
    back, home = place.channel(0)
    source = "for b in there:\n b[0] += 1\n home.send(b, move=True)\n assert b.moved"
    other = place.start(source, there=there, home=home)
    buffer = runtime.create_buffer(1000)
    for _ in range(5):
        away.send(buffer, move=True)
        assert buffer.moved
        buffer = back.recv()
    away.close()
    other.result()
    assert buffer[0] == 5


def test_buffers_inside_a_message_move_with_it(place):
    there, away = place.channel(1)
    back, home = place.channel(1)
    source = "m = there.recv()\nm['reply'].send((bytes(m['pair'][0]), bytes(m['pair'][1]), m['n']))"
    one, two = runtime.create_buffer(b"one"), runtime.create_buffer(b"two")
    away.send({"pair": [one, two], "n": 3, "reply": home}, move=True)
    assert one.moved
    assert two.moved
    place.start(source, there=there).result()
    assert back.recv() == (b"one", b"two", 3)


def test_a_bytearray_is_left_empty(place):
    numbers, out = place.channel(1)
    data = bytearray(b"all of it")
    out.send(data, move=True)
    assert data == b""
    received = numbers.recv()
    assert (type(received), bytes(received)) == (buffers.Buffer, b"all of it")


def test_what_is_borrowed_cannot_be_moved(place):
    _numbers, out = place.channel(1)
    buffer, data = runtime.create_buffer(8), bytearray(8)
    views = memoryview(buffer)[2:4], memoryview(data)
    with pytest.raises(
        BufferError, match="1 memoryview of this buffer is in use: before it is moved or closed, release"
    ):
        out.send(buffer, move=True)
    with pytest.raises(BufferError):
        out.send([buffer], move=True)
    with pytest.raises(BufferError):
        out.send(data, move=True)
    assert (len(buffer), len(data), len(out)) == (8, 8, 0)
    for view in views:
        view.release()
    out.send(buffer, move=True)


@pytest.mark.parametrize("value", [[1], "text", memoryview(b"abc"), b"bytes"], ids=lambda value: type(value).__name__)
def test_what_cannot_be_moved_is_refused(place, value):
    _numbers, out = place.channel(1)
    with pytest.raises(TypeError, match=r"can be moved: only a Buffer \(runtime.create_buffer\)|send bytes\(view\)"):
        out.send(value, move=True)
    assert len(out) == 0


@pytest.mark.parametrize("content", ["buffer", "bytearray", "list"])
def test_what_could_not_be_sent_stays(place, content):
    buffer = runtime.create_buffer(b"mine")
    message = {"buffer": buffer, "bytearray": bytearray(b"mine"), "list": [buffer]}[content]
    numbers, out = place.channel(1)
    out.send("full")
    with pytest.raises(ChannelTimeoutError):
        out.send(message, move=True, timeout=0.01)
    with pytest.raises(ChannelFullError):
        out.send_nowait(message, move=True)
    with pytest.raises(runtime.NotShareableError):
        out.send([buffer, lambda: 1], move=True)
    numbers.close()
    with pytest.raises(ChannelClosedError):
        out.send(message, move=True)
    assert bytes(message[0] if content == "list" else message) == b"mine"
    buffer.close()


def test_a_copy_that_was_pickled_by_hand_arrives_once():
    pickled = pickle.dumps(runtime.create_buffer(b"abc"))
    assert bytes(pickle.loads(pickled)) == b"abc"
    with pytest.raises(ChannelNotFoundError, match="it has arrived before"):
        pickle.loads(pickled)


def test_an_address_of_another_process_is_not_touched():
    claim, (key, address, size, process) = runtime.create_buffer(8).share()
    with pytest.raises(ChannelNotFoundError, match="from another process"):
        buffers.adopt(claim, (key, address, size, process + 1))


def test_a_move_that_was_undone_in_doubt_is_never_in_two_places():
    """What is left of a send that was interrupted after its effect: both try to have the buffer, and one does."""
    for received_first in (True, False):
        departures: list[buffers.Departure] = []
        buffer = runtime.create_buffer(8)
        claim, block = buffer.move_out(departures)
        if received_first:
            received = buffers.adopt(claim, block)
            departures[0].undo()
            assert (buffer.moved, len(received)) == (True, 8)
        else:
            departures[0].undo()
            with pytest.raises(ChannelNotFoundError):
                buffers.adopt(claim, block)
            assert (buffer.moved, len(buffer)) == (False, 8)


# --- what it costs ------------------------------------------------------------------------------------------------


def crossing_ms(size: int, how: str) -> float:
    """The best time, of many, from the call to `send` until `recv` returned."""
    numbers, out = runtime.create_channel(capacity=1)
    buffer = runtime.create_buffer(size)
    data = bytearray(size) if how == "lend" else b""
    best = float("inf")
    for _ in range(50):
        began = time.perf_counter_ns()
        if how == "lend":
            out.send_buffer(data)
        else:
            out.send(buffer, move=how == "move")
        received = numbers.recv()
        best = min(best, (time.perf_counter_ns() - began) / 1e6)
        if how != "lend":
            buffer = received
        del received
    return best


@pytest.mark.parametrize("how", ["move", "share", "lend"])
def test_the_size_does_not_matter(how):
    for _ in range(5):  # on a machine that is busy with other things
        small, large = crossing_ms(8, how), crossing_ms(100_000_000, how)
        if large < 3 * small:
            return
    raise AssertionError((small, large))


# --- in programs --------------------------------------------------------------------------------------------------


def passing_on(backend):
    """One buffer moved, one shared, one shown."""
    program = runtime.Program("passing on")
    frames_in, frames_out = program.channel("frames", capacity=1)

    @program.worker(frames_out)
    def camera(out):
        import runtime

        buffer = runtime.create_buffer(1000)
        buffer[0] = 1
        out.send(buffer)
        out.send_buffer(runtime.create_buffer(2000))
        out.send(buffer, move=True)
        try:
            buffer[0] = 2
        except runtime.MovedError as error:
            return str(error)

    @program.worker(frames_in)
    def screen(frames):
        return [(type(frame).__name__, frame.nbytes, frame[0]) for frame in frames]

    return program.run(backend)


def test_a_trace_shows_how_each_crossed_and_the_error_names_the_line(backend):
    trace = passing_on(backend)

    assert trace.results["screen"] == [("Buffer", 1000, 1), ("memoryview", 2000, 0), ("Buffer", 1000, 1)]
    crossed = [(runtime.Transfer(message.transfer).label, message.size) for message in trace.messages]
    assert crossed == [("buffer", 1000), ("buffer", 2000), ("move", 1000)]
    camera = trace.workers[0]
    told = re.search(r"moved through channel 'frames' at line (\d+),", trace.results["camera"])
    assert told
    assert "move=True" in camera.source.splitlines()[int(told[1]) - camera.first_line]


def test_a_worker_that_is_stopped_while_it_moves_keeps_its_buffer(backend):
    program = runtime.Program("stopped")
    receiving, sending = program.channel("frames")

    @program.worker(sending)
    def camera(out):
        import runtime

        buffer = runtime.create_buffer(8)
        try:
            out.send(buffer, move=True)
        finally:
            print("moved" if buffer.moved else "kept", len(buffer))

    @program.worker(receiving)
    def screen(frames):
        raise ValueError("no screen")

    with pytest.raises(runtime.WorkerError) as caught:
        program.run(backend)
    trace = caught.value.trace
    assert [trace.text(output.text) for output in trace.outputs] == ["kept 8"]


# --- many at once -------------------------------------------------------------------------------------------------

JUGGLE = """
for ball in balls:
    if ball is None:
        break
    with ball.view("q") as cells:
        cells[0] -= 1
        for n in range(1, len(cells)):
            cells[n] += 1
        home_again = not cells[0]
    (home if home_again else out).send(ball, move=True)
    assert ball.moved
"""


@pytest.mark.stress
@pytest.mark.parametrize("where", ["interpreter", "thread"])
def test_moved_means_alone(where):
    """Nobody else increments while one does: no update is lost, though nobody has a lock."""
    players, balls, throws = 3, 5, 1_000
    channels = [runtime.create_channel(capacity=None) for _ in range(players)]
    back, home = runtime.create_channel(capacity=None)
    others = [
        Elsewhere(
            JUGGLE, {"balls": balls_in, "out": channels[(n + 1) % players][1].clone(), "home": home.clone()}, where
        )
        for n, (balls_in, _) in enumerate(channels)
    ]
    for n in range(balls):
        ball = runtime.create_buffer(8 * 20)
        with ball.view("q") as cells:
            cells[0] = throws
        channels[n % players][1].send(ball, move=True)
    returned = [back.recv(timeout=60) for _ in range(balls)]
    for _, out in channels:
        out.send(None)
    for other in others:
        other.result()
    assert [ball.view("q").tolist() for ball in returned] == [[0] + [throws] * 19] * balls
