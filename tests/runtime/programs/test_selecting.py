"""Select in programs: what a trace shows of it, deadlocks that it is part of, and Stop."""

from __future__ import annotations

import pytest

import runtime
from runtime.channels.core import Side
from runtime.host.deadlock import Wait, deadlocked, ring
from runtime.tracing import text
from runtime.tracing.model import NONE, Ending, State
from tests.runtime.helpers import wait_until


def test_a_wait_in_a_select_is_a_wait_for_what_ended_it(backend):
    program = runtime.Program("mail")
    letters_in, letters_out = program.channel("letters", capacity=1)
    parcels_in, parcels_out = program.channel("parcels", capacity=1)

    @program.worker(letters_in, parcels_in)
    def reader(letters, parcels):
        import runtime

        end, value = runtime.select(letters, parcels)
        return end.name, value

    @program.worker(letters_out, parcels_out)
    def writer(letters, parcels):
        import time

        time.sleep(0.1)
        parcels.send("a book")

    trace = program.run(backend)

    assert trace.results["reader"] == ("parcels", "a book")
    (message,) = trace.messages
    waits = [span for span in trace.spans if span.worker == 0 and span.state == State.RECV_BLOCKED]
    # one, but for moments in which the machine was too busy to let it sleep on
    assert {trace.channels[span.channel].name for span in waits} == {"parcels"}
    assert sum(span.length_ns for span in waits) > 50_000_000
    worker = trace.workers[0]
    assert "runtime.select(letters, parcels)" in worker.source.splitlines()[message.recv_line - worker.first_line]
    (wait,) = [wait for wait in trace.waits() if wait.waiter == 0]
    assert (wait.awaited, wait.waited_ns) == (1, sum(span.length_ns for span in waits))


def test_a_wait_that_no_channel_ended_is_for_none_of_them(backend, tmp_path):
    program = runtime.Program("silence")
    receiving, sending = program.channel("nothing")
    others_in, others_out = program.channel("nothing else", capacity=1)

    @program.worker(receiving, others_in)
    def listener(nothing, others):
        import runtime

        try:
            runtime.select(nothing, others, timeout=0.05)
        except runtime.ChannelTimeoutError:
            pass
        timer = runtime.after(0.05)
        end, _ = runtime.select(nothing, timer)
        return end is timer

    @program.worker(sending, others_out)
    def mute(nothing, others):
        import time

        time.sleep(0.3)

    trace = program.run(backend)

    assert trace.results["listener"] is True
    waits = [span for span in trace.spans if span.worker == 0 and span.state == State.RECV_BLOCKED]
    assert {span.channel for span in waits} == {NONE}
    assert len({span.line for span in waits if span.length_ns > 20_000_000}) == 2
    assert [channel.name for channel in trace.channels] == ["nothing", "nothing else"]
    assert any(
        "In a select that no channel ended, or for a timer, listener waited" in line for line in text.describe(trace)
    )
    trace.save(tmp_path / "silence.trace")
    assert list(runtime.Trace.load(tmp_path / "silence.trace").spans) == list(trace.spans)


def test_workers_that_select_from_each_other_are_deadlocked(backend):
    program = runtime.Program("polite")
    ends = {name: program.channel(name, capacity=1) for name in ("ab", "ba", "ca")}

    @program.worker(ends["ba"][0], ends["ca"][0], ends["ab"][1])
    def a(from_b, from_c, out):
        import runtime

        runtime.select(from_b, from_c)

    @program.worker(ends["ab"][0], ends["ba"][1], ends["ca"][1])
    def b(inbox, out, other):
        inbox.recv()

    with pytest.raises(runtime.DeadlockError, match="2 workers wait for each other") as caught:
        program.run(backend, timeout=30)
    assert [(each.worker, each.channel) for each in caught.value.ring] == [("a", "ba"), ("b", "ab")]
    assert "runtime.select(from_b, from_c)" in str(caught.value)


def test_who_may_be_released_by_one_of_several_is_not(backend):
    program = runtime.Program("hopeful")
    ends = {name: program.channel(name, capacity=1) for name in ("ab", "ba", "ca")}

    @program.worker(ends["ba"][0], ends["ca"][0], ends["ab"][1])
    def a(from_b, from_c, out):
        import runtime

        end, _ = runtime.select(from_b, from_c)
        out.send("go on")
        return end.name

    @program.worker(ends["ab"][0], ends["ba"][1])
    def b(inbox, out):
        inbox.recv()

    @program.worker(ends["ca"][1])
    def c(out):
        import time

        time.sleep(0.3)
        out.send("here")

    assert program.run(backend, timeout=30).results["a"] == "ca"


def test_a_timer_is_hope():
    program = runtime.Program("patient")
    receiving, sending = program.channel("line")

    @program.worker(receiving, sending)
    def patient(inbox, out):
        import runtime

        end, _ = runtime.select(inbox, runtime.after(0.3))
        return type(end).__name__

    assert program.run(timeout=30).results["patient"] == "Timer"


def last_states(trace):
    """What each worker is doing now."""
    return list({span.worker: span.state for span in trace.spans}.values())


def test_who_waits_in_a_select_or_for_a_timer_is_stopped(backend):
    program = runtime.Program("stopped")
    receiving, sending = program.channel("line")

    @program.worker(receiving)
    def waits(inbox):
        import runtime

        runtime.select(inbox, runtime.after(600))

    @program.worker(sending)
    def sleeps(out):
        import runtime

        runtime.after(600).recv()

    run = program.start(backend)
    wait_until(lambda: last_states(run.trace) == [State.RECV_BLOCKED] * 2)
    assert run.stop() == "woken"
    trace = run.trace
    assert [worker.ending for worker in trace.workers] == [Ending.STOPPED] * 2
    assert {span.worker for span in trace.spans if (span.state, span.channel) == (State.RECV_BLOCKED, NONE)} == {0, 1}


def test_what_is_recorded_of_a_select_when_its_host_is_killed():
    program = runtime.Program("killed")
    receiving, sending = program.channel("line", capacity=1)
    ready_in, ready_out = program.channel("ready", capacity=1)

    @program.worker(receiving, ready_in)
    def waits(inbox, ready):
        import runtime

        runtime.select(inbox, ready)

    @program.worker(sending, ready_out)
    def kills(out, ready):
        import os
        import signal
        import time

        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(runtime.HostCrashError) as caught:
        program.run()
    last = [span for span in caught.value.trace.spans if span.worker == 0][-1]
    assert (last.state, last.channel) == (State.RECV_BLOCKED, NONE)
    assert last.length_ns > 100_000_000


def wait_of(worker, channel, *releasers, among):
    return Wait(worker, channel, Side.RECV, 1, frozenset(releasers), among)


def test_who_has_a_wait_that_is_not_seen_has_hope():
    assert deadlocked([wait_of(0, 7, 1, among=2), wait_of(1, 8, 0, among=1)]) == []


def test_the_ring_goes_through_the_end_that_the_next_one_could_fill():
    waits = [wait_of(0, 7, 2, among=2), wait_of(0, 8, 1, among=2), wait_of(1, 9, 0, among=1), wait_of(2, 9, 1, among=1)]
    stuck = deadlocked(waits)
    assert stuck == sorted(waits)
    assert [(wait.worker, wait.channel) for wait in ring(stuck)] == [(0, 8), (1, 9)]
