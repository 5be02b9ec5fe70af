"""Recording costs little.  The goals are the benchmark's (tests/benchmarks/bench_recording.py); here is what must hold
even on a busy machine, where the best of some attempts counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runtime.host import observer
from tests.benchmarks.bench_recording import computing, each_line, round_trips

ATTEMPTS = 5
needs_observer = pytest.mark.skipif(not observer.available, reason="nobody looks on this system")


def at_most(measure: Callable[[], float], limit: float) -> None:
    """Some attempt is within the limit."""
    seen: list[float] = []
    for _ in range(ATTEMPTS):
        seen.append(measure())
        if seen[-1] <= limit:
            return
    pytest.fail(f"at most {limit} was expected, saw {seen}")


def test_a_round_trip_takes_about_twice_as_long_at_most():
    at_most(lambda: round_trips(3, trips=1_000).best_ratio, 2.5)


@needs_observer
@pytest.mark.parametrize("copies", [1, 2])
def test_a_cpu_bound_snippet_hardly_notices(copies):
    at_most(lambda: (costs := computing(copies, 3, work=400_000)).best_ratio + costs.observer, 1.1)


def test_a_recorded_line_costs_microseconds_at_most():
    at_most(lambda: min(each_line(1, count=5_000).on), 10_000)


@pytest.mark.benchmark
def test_the_goals_hold():
    at_most(lambda: round_trips(7).ratio, 2.0)
    for copies in (1, 2):
        at_most(lambda: (costs := computing(copies, 7)).best_ratio + costs.observer, 1.03)  # noqa: B023 - called here
