"""Deadlocks are found when they happen, named right, and never where there is none."""

from __future__ import annotations

import re

import pytest

import runtime
from runtime.channels.core import Side
from runtime.host.deadlock import Wait, deadlocked, ring
from runtime.tracing.model import Ending, State
from tests.benchmarks.bench_endings import ring as ring_of_receivers


@pytest.mark.parametrize("count", [2, 3, 10])
def test_a_ring_is_found_and_named(backend, count):
    with pytest.raises(runtime.DeadlockError) as caught:
        ring_of_receivers(count).run(backend, timeout=30)

    lines = str(caught.value).splitlines()
    assert f"{count} workers wait for each other" in lines[0]
    for n in range(count):
        before = (n - 1) % count
        told = f"'worker {n}' has waited \\d+ ms for 'worker {before}' to send to 'channel {n}', at line \\d+: out.send"
        assert any(re.search(told, line) for line in lines), told


def test_the_trace_shows_who_was_blocked(backend):
    with pytest.raises(runtime.DeadlockError) as caught:
        ring_of_receivers(2).run(backend, timeout=30)

    trace = caught.value.trace
    assert [worker.ending for worker in trace.workers] == [Ending.STOPPED] * 2
    assert all(life.share(State.RECV_BLOCKED) > 0.5 for life in trace.breakdown())


def test_the_trace_has_the_ring_and_keeps_it_in_a_file(backend, tmp_path):
    with pytest.raises(runtime.DeadlockError) as caught:
        ring_of_receivers(3).run(backend, timeout=30)

    trace = caught.value.trace
    assert [(one.worker, one.awaited, one.channel, one.sending) for one in trace.deadlock] == [
        (0, 2, 0, False), (2, 1, 2, False), (1, 0, 1, False),
    ]  # fmt: skip
    for one in trace.deadlock:
        assert trace.place(next(s for s in trace.spans if s.worker == one.worker and s.line == one.line))
        assert 0 <= one.since_ns < trace.wall_ns
        waiting = next(s for s in trace.spans if s.worker == one.worker and s.state == State.RECV_BLOCKED)
        assert waiting.began_ns <= one.since_ns + 1_000_000
        assert waiting.ended_ns > one.since_ns
    trace.save(tmp_path / "ring.trace")
    assert runtime.Trace.load(tmp_path / "ring.trace").deadlock == trace.deadlock


def test_a_worker_that_waits_for_itself(backend):
    program = runtime.Program("self")
    receiving, sending = program.channel("mirror")

    @program.worker(receiving, sending)
    def narcissus(inbox, out):
        inbox.recv()

    with pytest.raises(runtime.DeadlockError, match="one worker waits for itself"):
        program.run(backend, timeout=30)


def test_full_channels_both_ways(backend):
    program = runtime.Program("full")
    there_in, there_out = program.channel("there", capacity=1)
    back_in, back_out = program.channel("back", capacity=1)

    @program.worker(there_out, back_in)
    def left(out, inbox):
        for n in range(3):
            out.send(n)
        inbox.recv()

    @program.worker(back_out, there_in)
    def right(out, inbox):
        for n in range(3):
            out.send(n)
        inbox.recv()

    with pytest.raises(
        runtime.DeadlockError, match=r"'left' has waited .* for 'right' to receive from 'there'"
    ) as caught:
        program.run(backend, timeout=30)
    assert len(caught.value.trace.messages) == 2


def test_two_of_three_are_found_while_the_third_sleeps(backend):
    program = ring_of_receivers(2)

    @program.worker()
    def sleeper():
        import time

        time.sleep(0.5)

    with pytest.raises(runtime.DeadlockError, match="2 workers wait for each other"):
        program.run(backend, timeout=30)


def test_a_timeout_is_no_deadlock(backend):
    program = runtime.Program("patient")
    receiving, sending = program.channel("line")

    @program.worker(receiving, sending)
    def patient(inbox, out):
        import runtime

        try:
            inbox.recv(timeout=0.3)
        except runtime.ChannelTimeoutError:
            return "waited"

    assert program.run(backend, timeout=30).results["patient"] == "waited"


def test_a_sleeper_who_will_act_is_no_deadlock(backend):
    program = runtime.Program("late")
    receiving, sending = program.channel("line")

    @program.worker(receiving)
    def wait(inbox):
        return inbox.recv()

    @program.worker(sending)
    def late(out):
        import time

        time.sleep(0.3)
        out.send("at last")

    assert program.run(backend, timeout=30).results["wait"] == "at last"


def wait_of(worker: int, *releasers: int) -> Wait:
    return Wait(worker, 0, Side.RECV, 1, frozenset(releasers))


def test_who_can_be_released_by_a_free_worker_is_not_deadlocked():
    assert deadlocked([wait_of(0, 1), wait_of(1, 2)]) == []


def test_who_can_only_be_released_by_the_deadlocked_is_deadlocked_too():
    stuck = deadlocked([wait_of(0, 1), wait_of(1, 0), wait_of(2, 0), wait_of(3, 0, 4)])
    assert [wait.worker for wait in stuck] == [0, 1, 2]


def test_who_could_be_released_by_another_does_not_wait_for_itself():
    assert [wait.worker for wait in ring([wait_of(0, 0, 1), wait_of(1, 0, 1)])] == [0, 1]
    assert [wait.worker for wait in ring([wait_of(0, 0)])] == [0]


def test_the_ring_leaves_out_who_only_waits_for_it():
    assert [wait.worker for wait in ring([wait_of(0, 1), wait_of(1, 2), wait_of(2, 1)])] == [1, 2]
