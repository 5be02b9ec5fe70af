"""A run can be looked at, and ended, by one thread while another waits for it."""

from __future__ import annotations

import sys
import threading
import time

import pytest

import runtime
from runtime.tracing.model import Ending, State
from tests.runtime.programs.examples import pair, squares

PATIENCE_S = 60


def spinning(snippet="while True: pass", capacity=2):
    """A run whose worker has begun to execute `snippet`."""
    program, receiving, sending = pair(capacity)

    @program.worker(receiving, sending, snippet)
    def work(inbox, out, snippet):
        import re

        out.send("begun")
        exec(snippet, {"re": re, "out": out})

    run = program.start()
    after = run.progress()
    while not after.sent and not run.poll(0.005):
        after = run.progress(after)
    return run, after


def test_what_is_told_bit_by_bit_is_the_whole(backend):
    run = squares(count=200).start(backend)
    told, lines = None, []
    while not run.poll(0.01):
        told = run.progress(told)
        lines += told.printed
    trace = run.wait()
    last = run.progress(told)
    assert (last.sent, last.received) == (400, 400)
    assert set(last.now) == {Ending.RETURNED}
    assert last.now_ns >= trace.wall_ns
    assert last.spans == ()


def test_an_endless_run_is_told_while_it_goes_on():
    run, told = spinning()
    assert told.now == (State.RUNNING,)
    assert told.now_ns > told.settled_ns >= 0
    assert {span.state for span in told.spans} >= {State.RUNNING}
    run.stop()
    assert run.progress(told).now == (Ending.STOPPED,)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a call that stays in C")
@pytest.mark.parametrize(
    ("snippet", "took"), [("while True: pass", "interrupted"), ("re.match('(a+)+b', 'a' * 64)", "killed")]
)
def test_one_thread_stops_what_another_waits_for(snippet, took):
    run, _ = spinning(snippet)
    ended = []

    def wait():
        with pytest.raises(runtime.RunStoppedError):
            run.wait()
        ended.append(True)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    while run._lock.acquire(blocking=False):  # until the other thread has it, to listen
        run._lock.release()
    assert run.stop() == took
    waiting.join(PATIENCE_S)
    assert ended == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a call that stays in C")
@pytest.mark.parametrize("snippet", ["while True: pass", "re.match('(a+)+b', 'a' * 64)"])
def test_stop_does_not_wait_for_the_trace_which_has_everything_all_the_same(snippet):
    count = 60_000
    run, _ = spinning(f"for n in range({count - 1}): out.send(n)\n{snippet}", capacity=None)
    told = run.progress()
    while told.sent < count and not run.poll(0.005):
        told = run.progress(told)
    run.stop()
    stopped = time.monotonic_ns()
    assert run._final is None  # so it was not made meanwhile
    trace = run.trace
    assert len(trace.messages) == count
    assert 0 < trace.wall_ns <= stopped - run._started["epoch_ns"]
    assert trace is run.trace


def test_looking_on_while_the_run_ends_is_safe():
    run = squares(count=20).start()
    stop, failures = threading.Event(), []

    def look():
        told = None
        while not stop.is_set():
            try:
                told = run.progress(told)
                assert run.trace.name == "squares"
            except Exception as error:
                failures.append(error)
                return

    watching = [threading.Thread(target=look, daemon=True) for _ in range(2)]
    for thread in watching:
        thread.start()
    run.wait()
    stop.set()
    for thread in watching:
        thread.join(PATIENCE_S)
    assert failures == []


def test_a_run_can_be_polled_to_its_end_and_then_waited_for():
    program = runtime.Program("fails")

    @program.worker()
    def fail():
        raise ValueError("enough")

    run = program.start()
    while not run.poll(0.01):
        pass
    assert run.poll()
    with pytest.raises(runtime.WorkerError, match="enough"):
        run.wait()
    assert run.poll()
