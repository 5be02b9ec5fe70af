"""Where objects wait between processes: any size, flat memory, and a list that no interrupt can break."""

from __future__ import annotations

import mmap
import os
import sys
import weakref

import pytest

from runtime.channels import broker, parking, processbox
from runtime.channels.core import Core
from runtime.channels.ends import RecvChannel, SendChannel, create_channel
from runtime.channels.processbox import WORDS_BYTES, ProcessLetterbox
from runtime.errors import ChannelNotFoundError
from tests.runtime.helpers import HOME, Elsewhere, wait_until

pytestmark = pytest.mark.skipif(not broker.available, reason="channels between processes do not work here")

SIZES = [0, 1, 50, 4_000, (1 << 16) - 1, 1 << 16, 300_000, 1 << 20, 5_000_000]


@pytest.fixture
def _home(monkeypatch):
    broker.bind(HOME)
    yield
    broker.bind(None)


class Box:
    """A letterbox in a file of its own."""

    def __init__(self, size=1 << 26, bound=0):
        self.fd = os.memfd_create("box")
        os.ftruncate(self.fd, size)
        memory = memoryview(mmap.mmap(self.fd, size, trackfd=False))
        lock = parking.create_semaphore(1)
        self.letters = ProcessLetterbox(memory, bound, lock)
        self.used = memory[:WORDS_BYTES].cast("Q")
        for fd in (self.fd, *lock.descriptors):
            weakref.finalize(self, os.close, fd)

    def put(self, payload):
        return self.letters.put(7, payload, -1)

    def pages_bytes(self):
        return os.fstat(self.fd).st_blocks * 512


@pytest.mark.parametrize("size", SIZES)
def test_letters_of_any_size_come_back_in_order(size):
    box = Box()
    sent = [bytes([n]) * size for n in range(3)]
    for payload in (*sent, ("a tuple", size, sent[0])):
        assert box.put(payload)
    assert [box.letters.take() for _ in range(5)] == [(7, p) for p in sent] + [(7, ("a tuple", size, sent[0])), None]


@pytest.mark.parametrize("size", SIZES)
def test_places_are_used_again(size):
    box = Box()
    for n in range(4):
        box.put(bytes(size))
        if n == 1:
            before = box.used[3]
        box.letters.take()
    for _ in range(200 if size < 100_000 else 20):
        box.put(bytes(size))
        box.put(bytes(size))
        box.letters.take()
        box.letters.take()
    assert box.used[3] <= before + 2 * max(64, 2 * size + 8192)


def test_pages_of_long_letters_go_back():
    box = Box()
    for _ in range(3):
        box.put(bytes(3_000_000))
    assert box.pages_bytes() > 9_000_000
    while box.letters.take() is not None:
        pass
    assert box.pages_bytes() < 100_000


def test_a_bound_is_kept():
    box = Box(bound=2)
    assert [box.put(b"x"), box.put(bytes(100_000)), box.put(b"x"), box.put(bytes(100_000))] == [
        True,
        True,
        False,
        False,
    ]
    box.letters.take()
    assert box.put(bytes(100_000))
    assert box.letters.count() == 2


def test_a_file_that_is_full_says_what_to_do():
    box = Box(size=1 << 20)
    with pytest.raises(MemoryError, match="Give it a capacity"):
        all(box.put(bytes(10_000)) for _ in range(1_000))
    assert box.letters.take() == (7, bytes(10_000))
    assert box.put(bytes(10_000))


class Late(Exception):
    """What a signal handler may raise between any two bytecodes."""


def interrupted_at(number, deed):
    """Do it, and raise `Late` before the bytecode of this number in the letterbox; return whether it came to that."""
    left = number

    def trace(frame, event, _):
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode" and frame.f_code.co_filename == processbox.__file__:
            left -= 1
            if left == 0:
                raise Late
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        deed()
    except Late:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("size", [10, 100_000])
@pytest.mark.parametrize("deed", ["put", "take"])
def test_an_interrupt_leaves_the_list_whole(deed, size):
    number = 1
    while True:
        box = Box(size=1 << 21)
        for n in range(3):
            box.put((n, bytes(size)))
        came = interrupted_at(number, box.letters.take if deed == "take" else lambda box=box: box.put((3, bytes(size))))
        box.letters._lock._semaphore.take_all()  # wherever it came, nobody has the lock now
        box.letters._lock.release()
        expected = [(n, bytes(size)) for n in range(4)]
        found = [letter[1] for letter in iter(box.letters.take, None)]
        assert found in ((expected[:3], expected) if deed == "put" else (expected[:3], expected[1:3])), number
        for n in range(4):
            box.put((n, bytes(size)))
        assert [letter[1] for letter in iter(box.letters.take, None)] == expected
        if not came:
            return
        number += 1


@pytest.mark.usefixtures("_home")
def test_an_end_fetches_descriptors_of_its_own_and_gives_them_back():
    numbers, out = create_channel("numbers", capacity=4)
    ask, asked = create_channel("ask", capacity=None)
    helper = "for end in ask:\n end.send(1)\n end.close()\n out.send(len(__import__('os').listdir('/proc/self/fd')))"
    running = Elsewhere(helper, {"ask": ask.clone(), "out": out.clone()}, "process")
    counts, ours = [], []
    for _ in range(100):
        replies, reply = create_channel(capacity=1)
        asked.send(reply)
        reply.close()
        assert replies.recv(timeout=60) == 1
        counts.append(numbers.recv(timeout=60))
        replies.close()
        ours.append(len(os.listdir("/proc/self/fd")))
    asked.close()
    ask.close()
    running.result()
    assert max(counts[10:]) <= max(counts[:10]) + 6
    assert max(ours[10:]) <= max(ours[:10]) + 12


@pytest.mark.usefixtures("_home")
def test_what_is_forgotten_is_not_found():
    core = Core.create("gone", 1)
    address = core.address
    ends = RecvChannel(core), SendChannel(core)
    del core, ends
    wait_until(lambda: address.key not in HOME._kept)
    with pytest.raises(ChannelNotFoundError, match="no longer exists"):
        Core.attach(address)


@pytest.mark.usefixtures("_home")
def test_a_channel_made_in_one_process_joins_two_others():
    numbers, out = create_channel("numbers", capacity=None)
    maker = Elsewhere(
        "import runtime\nleft, right = runtime.create_channel('made', capacity=2)\nout.send((left, right))",
        {"out": out},
        "process",
    )
    left, right = numbers.recv(timeout=60)
    maker.result()
    receiver = Elsewhere("result = list(left)", {"left": left}, "process")
    sender = Elsewhere("for n in range(500): right.send([n])", {"right": right}, "process")
    sender.result()
    assert receiver.result() == [[n] for n in range(500)]
