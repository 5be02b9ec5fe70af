"""Memory that crosses: given back by the last who has it, never before, whoever ends first."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading

import pytest

import runtime
from runtime.channels import broker, lending, memory
from runtime.errors import ChannelError, ChannelNotFoundError
from tests.runtime.channels.conftest import Place
from tests.runtime.channels.test_lifetime import end_of, left_behind, needs_proc, resident_mb
from tests.runtime.helpers import HOME, Elsewhere

SENDS = {
    "share": "out.send(runtime.create_buffer(1000))",
    "move": "out.send(runtime.create_buffer(1000), move=True)",
    "move inside": "out.send([runtime.create_buffer(1000)], move=True)",
    "show": "out.send_buffer(runtime.create_buffer(1000))",
    "lend": "out.send_buffer(bytearray(1000))",
}


@pytest.fixture(params=["interpreter", "local"])
def place(request):
    return Place(request.param)


@needs_proc
def test_what_crossed_leaves_nothing(place):
    send_all(place, received=True)  # imports what it needs
    before = left_behind()
    for received in (True, False):
        send_all(place, received=received)
        assert left_behind() == before


def send_all(place, *, received):
    """Send in each way, through channels that are dropped afterwards."""
    for source in SENDS.values():
        numbers, out = place.channel(1)
        exec(source, {"runtime": runtime, "out": out})
        if received:
            numbers.recv()
    del numbers, out
    lending.lent_here()


@needs_proc
@pytest.mark.parametrize("how", ["share", "move inside", "lend"])
def test_what_an_interpreter_sent_before_it_ended_is_lost_and_freed(how):
    lending.lent_here()
    before = left_behind()
    numbers, out = runtime.create_channel(capacity=2)
    end_of(f"import runtime\n{SENDS[how]}", out=out)
    with pytest.raises(ChannelError, match="is lost: the interpreter that sent it ended"):
        numbers.recv()
    end_of(f"import runtime\n{SENDS[how]}", out=out)
    del numbers, out
    assert left_behind() == before


KEEPS = """
import runtime
buffer = runtime.create_buffer(b"mine" * 1000)
small, large = bytearray(b"small"), bytearray(b"large" * 100_000)
cycle = [buffer]
cycle.append(cycle)
out.send(buffer)
out.send_buffer(buffer)
out.send_buffer(small)
out.send_buffer(large)
out.send(runtime.create_buffer(b"away" * 1000), move=True)
for _ in back:
    pass
"""


def _receive_five(numbers, received, done):
    received.extend(numbers.recv() for _ in range(5))
    done.close()


@needs_proc
def test_what_was_received_outlives_the_interpreter_that_sent_it():
    before = left_behind()
    numbers, out = runtime.create_channel(capacity=5)
    back, done = runtime.create_channel(capacity=1)
    received: list = []
    thread = threading.Thread(target=_receive_five, args=(numbers, received, done))
    thread.start()
    end_of(KEEPS, out=out, back=back)
    thread.join()
    churn = [bytearray(5) for _ in range(100_000)]  # whatever was freed is somebody else's now
    assert [bytes(each[:5]) for each in received] == [b"minem", b"minem", b"small", b"large", b"awaya"]
    received[2][0] = received[3][0] = 0
    del churn, received, numbers, out, back, done, thread
    assert left_behind() == before


def test_a_share_belongs_to_one():
    claim, (key, address, size, process) = runtime.create_buffer(8).share()
    memory.arrive(claim)
    with pytest.raises(ChannelNotFoundError):
        memory.arrive(claim)
    assert not memory.take_back(claim)
    memory.give_up(claim, key, address, process)
    assert memory.is_held(key)
    memory.Block(key, address, size, process).release()
    assert not memory.is_held(key)
    assert not memory.let_go(key)


def test_the_last_of_many_frees():
    buffer = runtime.create_buffer(8)
    numbers, out = runtime.create_channel(capacity=None)
    for _ in range(10):
        out.send(buffer)
    key = buffer.share()[1][0]
    received = [numbers.recv() for _ in range(10)]
    del buffer
    while received:
        assert memory.is_held(key)
        received.pop()
    assert memory.is_held(key)  # by the message that was never sent
    memory.let_go(key)
    assert not memory.is_held(key)


def test_a_collector_that_closes_buffers_anywhere_disturbs_nobody():
    gc.set_threshold(1, 1, 1)
    try:
        for _ in range(200):
            loop = [runtime.create_buffer(100)]
            loop.append(loop)
            _numbers, out = runtime.create_channel(capacity=1)
            out.send(loop[0])
    finally:
        gc.set_threshold(700, 10, 10)


TAKE = "for _ in range(count): numbers.recv()"


@needs_proc
@pytest.mark.stress
@pytest.mark.parametrize("how", ["share", "move", "lend"])
def test_memory_stays_flat_while_the_sender_sends(how):
    numbers, out = runtime.create_channel(capacity=8)
    receiver = Elsewhere("for _ in numbers: pass", {"numbers": numbers}, "interpreter")

    def send(count):
        for _ in range(count):
            if how == "lend":
                out.send_buffer(bytearray(100_000))
            else:
                out.send(runtime.create_buffer(b"x" * 100_000), move=how == "move")

    send(1_000)
    before = resident_mb()
    send(3_000)
    after = resident_mb()
    out.close()
    receiver.result()
    assert after - before < 30  # of 300 MB


@needs_proc
@pytest.mark.stress
def test_memory_stays_flat_while_the_sender_sleeps():
    """The interpreters' own memoryviews are never freed in this case."""
    numbers, out = runtime.create_channel(capacity=None)
    again, go = runtime.create_channel(capacity=1)
    source = "import runtime\nfor _ in again:\n for n in range(1000):\n  "
    source += "out.send(runtime.create_buffer(b'x' * 50_000), move=True)"
    sender = Elsewhere(source, {"out": out, "again": again}, "interpreter")
    queued = []
    for _ in range(4):
        go.send(1)
        for _ in range(1000):
            assert numbers.recv()[0] == ord("x")
        queued.append(resident_mb())
    go.close()
    sender.result()
    assert queued[-1] - queued[0] < 30  # of 150 MB


@needs_proc
@pytest.mark.soak
@pytest.mark.parametrize("how", SENDS)
def test_memory_stays_flat_over_a_hundred_thousand(how):
    numbers, out = runtime.create_channel(capacity=8)
    receiver = Elsewhere("for _ in numbers: pass", {"numbers": numbers}, "interpreter")
    code, names = compile(SENDS[how], "<sends>", "exec"), {"runtime": runtime, "out": out}
    sizes = []
    for _ in range(10):
        for _ in range(10_000):
            exec(code, names)
        sizes.append(resident_mb())
    out.close()
    receiver.result()
    assert sizes[-1] - sizes[1] < 5


@needs_proc
@pytest.mark.soak
def test_interpreters_that_end_in_the_middle_leave_nothing_and_crash_nothing():
    """In a process of its own: a crash would take the tests with it."""
    source = """
import random, sys, threading
import runtime
from runtime.channels import lending
from tests.runtime.channels.test_lifetime import end_of, left_behind
from tests.runtime.channels.test_memory import SENDS

def life(seed):
    dice = random.Random(seed)
    numbers, out = runtime.create_channel(capacity=None)
    code = "import runtime\\n" + "\\n".join(dice.choice(list(SENDS.values())) for _ in range(dice.randrange(8)))
    kept = []
    def receive():
        for _ in range(dice.randrange(8)):
            try: kept.append(numbers.recv(timeout=0.05))
            except runtime.ChannelError: pass
    thread = threading.Thread(target=receive)
    thread.start()
    end_of(code, out=out)
    thread.join()
    for each in kept:
        each = each[0] if isinstance(each, list) else each
        assert each[0] == 0
        each[999] = 1
life(0)
before = left_behind()
for seed in range(300): life(seed)
assert left_behind() == before, (before, left_behind())
"""
    subprocess.run([sys.executable, "-X", "faulthandler", "-c", source], check=True)


@needs_proc
def test_what_crossed_between_processes_leaves_nothing():
    if not broker.available:
        pytest.skip("processes cannot pass descriptors here")
    broker.bind(HOME)
    try:
        numbers, out = runtime.create_channel(capacity=1)
        before = left_behind()
        for how in ("share", "move", "move inside", "show"):
            exec(SENDS[how], {"runtime": runtime, "out": out})
            numbers.recv()
            exec(SENDS[how], {"runtime": runtime, "out": out})
            numbers.close()  # gives up what is queued
            numbers, out = runtime.create_channel(capacity=1)
        assert left_behind() == before
    finally:
        broker.bind(None)


@needs_proc
@pytest.mark.stress
def test_memory_between_processes_stays_flat():
    program = runtime.Program("flat")
    frames_in, frames_out = program.channel("frames", capacity=4)

    @program.worker(frames_out)
    def camera(out):
        import os

        import runtime

        def open_files():
            return len(os.listdir("/proc/self/fd"))

        for n in range(600):
            if n == 100:
                before = open_files()
            out.send(runtime.create_buffer(b"x" * 100_000), move=True)
        return open_files() - before

    @program.worker(frames_in)
    def screen(frames):
        import os

        for n, frame in enumerate(frames):
            if n == 100:
                before = len(os.listdir("/proc/self/fd"))
            assert frame[99_999] == ord("x")
        del frame
        return len(os.listdir("/proc/self/fd")) - before

    results = program.run("processes").results
    assert max(results.values()) <= 8
