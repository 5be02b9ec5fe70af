"""Shared memory that several workers write: updates are lost without a lock, and none with it."""

from __future__ import annotations

import pytest

import runtime
from runtime.tracing import text
from runtime.tracing.model import Ending, State

LOOPS = 3_000


def counting(*, locked):
    """Two workers that increment one cell, each `LOOPS` times."""
    program = runtime.Program("counting")
    cell = program.buffer("cell", 8)
    lock = program.lock("guard")
    done_in, done_out = program.channel("done", capacity=None)

    @program.worker(cell, lock, done_out, LOOPS, locked, copies=2)
    def count(cell, lock, done, loops, locked):
        with cell.view("q") as cells:
            for _ in range(loops):
                if locked:
                    with lock:
                        cells[0] += 1
                else:
                    before = cells[0]
                    for _ in range(20):  # so that there is time for another to come between
                        pass
                    cells[0] = before + 1
        done.send(True)

    @program.worker(cell, done_in)
    def read(cell, done):
        for _ in done:
            pass
        return cell.view("q")[0]

    return program


def test_with_the_lock_no_update_is_lost(backend):
    assert counting(locked=True).run(backend, limits=runtime.Limits(events=50_000)).results["read"] == 2 * LOOPS


def test_without_the_lock_updates_are_lost():
    for _ in range(20):  # whether two come at the same time is a matter of luck on a busy machine
        found = counting(locked=False).run("interpreters").results["read"]
        assert LOOPS <= found <= 2 * LOOPS
        if found < 2 * LOOPS:
            return
    pytest.skip("this machine never ran two interpreters at one moment")


def two_locks(order):
    """Two workers that take two locks, each in its own order, and meet in between."""
    program = runtime.Program("two locks")
    a, b = program.lock("a"), program.lock("b")
    meeting_in, meeting_out = program.channel("meeting", capacity=0)

    @program.worker(a, b, meeting_out)
    def left(a, b, meeting):
        with a:
            meeting.send("I have a")
            with b:
                return "both"

    @program.worker(*((b, a) if order == "other" else (a, b)), meeting_in, order)
    def right(first, second, meeting, order):
        if order == "other":
            with first:
                meeting.recv()
                with second:
                    return "both"
        meeting.recv()
        with first, second:
            return "both"

    return program


def test_a_ring_through_locks_is_found_and_named(backend):
    with pytest.raises(runtime.DeadlockError) as caught:
        two_locks("other").run(backend, timeout=30)
    message = str(caught.value)
    assert "2 workers wait for each other" in message
    assert "'left' has waited" in message
    assert "for 'right' to give back lock 'b', at line" in message
    assert "for 'left' to give back lock 'a', at line" in message
    assert "take locks in the same order everywhere" in message
    assert any("waits for right to give back lock b" in sentence for sentence in text.describe(caught.value.trace))


def test_locks_taken_in_one_order_are_no_deadlock(backend):
    results = two_locks("the same").run(backend, timeout=30).results
    assert results == {"left": "both", "right": "both"}


def test_a_ring_through_a_lock_and_a_channel_is_found(backend):
    program = runtime.Program("mixed")
    lock = program.lock("guard")
    receiving, sending = program.channel("answers")
    ready_in, ready_out = program.channel("ready")

    @program.worker(lock, receiving, ready_out)
    def asks(lock, answers, ready):
        with lock:
            ready.send(True)
            answers.recv()

    @program.worker(lock, sending, ready_in)
    def answers(lock, out, ready):
        ready.recv()
        with lock:
            out.send("never")

    with pytest.raises(runtime.DeadlockError, match="for 'asks' to give back lock 'guard'"):
        program.run(backend, timeout=30)


def test_who_waits_for_a_lock_is_not_running_and_for_whom_is_told(backend):
    program = runtime.Program("queue")
    lock = program.lock("bathroom")
    receiving, sending = program.channel("taken")

    @program.worker(lock, sending)
    def first(lock, taken):
        import time

        with lock:
            taken.send(True)
            time.sleep(0.2)

    @program.worker(lock, receiving)
    def second(lock, taken):
        taken.recv()
        with lock:
            return repr(lock)

    trace = program.run(backend)

    number = next(channel.index for channel in trace.channels if channel.name == "bathroom")
    assert trace.channels[number].lock
    assert trace.results["second"].startswith("<Lock 'bathroom', held by worker 'second' at line ")
    (wait,) = [wait for wait in trace.waits() if (wait.channel, wait.waiter) == (number, 1)]
    assert (wait.awaited, wait.state) == (0, State.RECV_BLOCKED)
    assert wait.waited_ns > 100_000_000
    told = "\n".join(text.describe(trace))
    assert "To take lock bathroom, second waited for first" in told
    assert "bathroom (lock): given back 2 times" in told
    assert "lock bathroom: given back 2 times" in text.summary(trace)
    assert trace.dropped == 0


def test_a_lock_is_saved_as_one(tmp_path):
    program = two_locks("the same")
    program.run().save(tmp_path / "locks.trace")
    loaded = runtime.Trace.load(tmp_path / "locks.trace")
    assert [(channel.name, channel.lock) for channel in loaded.channels] == [
        ("meeting", False),
        ("a", True),
        ("b", True),
    ]


def test_a_worker_that_ends_with_a_lock_does_not_leave_others_waiting(backend):
    program = runtime.Program("left open")
    lock = program.lock("door")
    receiving, sending = program.channel("inside")

    @program.worker(lock, sending)
    def leaves(lock, inside):
        lock.acquire()
        inside.send(True)

    @program.worker(lock, receiving, copies=2)
    def waits(lock, inside):
        import runtime

        for _ in inside:
            pass
        try:
            lock.acquire()
        except runtime.ChannelClosedError as error:
            return str(error)

    results = program.run(backend, timeout=30).results
    for n in (1, 2):
        assert "lock 'door' was taken by worker 'leaves' at line" in results[f"waits #{n}"]
        assert "which ended without giving it back" in results[f"waits #{n}"]


def test_who_waits_for_a_lock_is_stopped_by_a_timeout(backend):
    program = runtime.Program("stopped")
    lock = program.lock("door")
    receiving, sending = program.channel("inside")

    @program.worker(lock, sending)
    def computes(lock, inside):
        with lock:
            inside.send(True)
            while True:
                pass

    @program.worker(lock, receiving)
    def waits(lock, inside):
        inside.recv()
        lock.acquire()

    with pytest.raises(runtime.RunTimeoutError) as caught:
        program.run(backend, timeout=0.5)
    waiter = caught.value.trace.workers[1]
    assert waiter.ending == Ending.STOPPED


def test_locks_and_buffers_are_given_to_workers_of_their_program():
    program, other = runtime.Program("one"), runtime.Program("other")
    lock, buffer = other.lock("lock"), other.buffer("memory", 8)
    with pytest.raises(runtime.ProgramError, match="lock 'lock' exists only while program 'other' runs"):
        lock.acquire()
    with pytest.raises(runtime.ProgramError, match="buffer 'memory' exists only while program 'other' runs"):
        buffer[0]
    assert len(buffer) == 8
    for argument in (lock, buffer):
        with pytest.raises(runtime.ProgramError, match="is not of program 'one'"):

            @program.worker(argument)
            def uses(argument):
                pass

    with pytest.raises(ValueError, match="a buffer's size must be"):
        program.buffer("memory", -1)
