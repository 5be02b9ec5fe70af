"""How often the observer looks, what it says when it could not, and what is said when nobody looked."""

from __future__ import annotations

import os

import pytest

import runtime
from runtime.host import observer
from runtime.tracing import text
from runtime.tracing.model import Evidence, Overhead, State
from tests.runtime.programs.examples import squares

ATTEMPTS = 5
needs_observer = pytest.mark.skipif(not observer.available, reason="this system does not tell what a thread waits for")


def half() -> runtime.Program:
    """A worker that computes, then sleeps."""
    program = runtime.Program("half")

    @program.worker()
    def half():
        import time

        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            pass
        time.sleep(0.05)

    return program


@needs_observer
@pytest.mark.parametrize("interval", [0.0005, 0.01])
def test_the_interval_is_as_asked_and_never_shorter(interval):
    for _ in range(ATTEMPTS):
        overhead = half().run(sample_interval=interval).overhead
        assert overhead.interval_ns == interval * 1e9
        assert overhead.median_interval_ns > 0.9 * overhead.interval_ns
        assert overhead.longest_interval_ns >= overhead.median_interval_ns
        if overhead.kept_up:
            return
    pytest.skip("this machine is too busy to tell")


@needs_observer
def test_a_longer_interval_costs_less():
    costs = {interval: half().run(sample_interval=interval).overhead.observer_ns for interval in (0.001, 0.02)}
    assert costs[0.02] < costs[0.001]


@pytest.mark.parametrize("interval", [0, -1, 0.00001, 4000, "often"])
def test_an_interval_that_cannot_be_is_refused(interval):
    with pytest.raises(ValueError, match=r"sample_interval must be None or seconds, from 0\.0001 to 3600, not"):
        half().run(sample_interval=interval)


@needs_observer
def test_a_trace_says_when_the_machine_was_too_busy():
    trace = half().run()
    slow = Overhead(
        interval_ns=1_000_000, median_interval_ns=4_200_000, longest_interval_ns=31_000_000, late_share=0.25
    )
    said = (
        "The machine was too busy to look at the workers every 1.00 ms: usually it was every 4.20 ms, 25% of the time "
        "it was longer, and once 31.0 ms."
    )
    slowed = trace.__replace__(overhead=slow)
    assert said in text.describe(slowed)
    assert said in text.timeline(slowed)
    assert not any("too busy" in sentence for sentence in text.describe(trace.__replace__(overhead=Overhead())))


@needs_observer
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="workers cannot be kept on one core")
def test_an_observer_that_gets_no_core_says_so():
    # as many workers as it takes on one core that the observer shares with them
    program = runtime.Program("crowd")

    @program.worker(copies=8)
    def spin():
        import time

        end = time.thread_time() + 0.03
        while time.thread_time() < end:
            pass

    for _ in range(ATTEMPTS):
        overhead = program.run(cores=1, sample_interval=0.0001).overhead
        if not overhead.kept_up:
            assert overhead.median_interval_ns > 150_000 or overhead.late_share > 0.1
            return
    pytest.fail("eight workers on one core did not keep the observer from looking every 0.1 ms")


def test_without_an_observer_what_lies_between_operations_is_inferred(backend):
    trace = squares(20).run(backend, sample_interval=None)
    for span in trace.spans:
        expected = Evidence.INFERRED if span.state == State.RUNNING else Evidence.MEASURED
        assert span.evidence == expected
    assert len(trace.core_spans) == 0
    assert (trace.overhead.samples, trace.overhead.observer_ns, trace.overhead.interval_ns) == (0, 0, 0)
    said = "Nobody looked at the workers between channel operations: their running time is inferred."
    assert said in text.describe(trace)
    assert said in text.timeline(trace)


def test_the_overhead_is_also_given_as_a_share_of_each_workers_life():
    trace = squares(200).run()
    overhead = trace.overhead
    assert len(overhead.shares) == len(trace.workers)
    assert all(0 < share < 1 for share in overhead.shares)
    lives = [worker.ended_ns - worker.began_ns for worker in trace.workers]
    spent = sum(share * life for share, life in zip(overhead.shares, lives, strict=True))
    assert spent == pytest.approx(overhead.records * overhead.record_ns)


def test_without_recording_there_is_nothing_to_pay():
    trace = squares(20).run(record=False)
    assert len(trace.messages) == 0
    assert trace.results["total"] == sum(n * n for n in range(20))
    assert trace.overhead.record_ns == 0
    assert set(trace.overhead.shares) == {0.0}
