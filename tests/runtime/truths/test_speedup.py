"""Two that compute are faster with a GIL each.  How much is for the benchmark to say; here, only that they are."""

from __future__ import annotations

import pytest

import runtime
from tests.benchmarks.bench_speedup import two_cpu_bound_workers
from tests.runtime.truths.test_known_truths import ATTEMPTS, needs_two_cores


@needs_two_cores
@pytest.mark.parametrize("other", ["threads", "shared-gil"])
def test_interpreters_compute_side_by_side(other):
    program = two_cpu_bound_workers()
    seen: list[float] = []
    for _ in range(2 * ATTEMPTS):
        seen.append(program.run("interpreters").speedup_over(program.run(other)))
        if seen[-1] > 1.3:
            return
    pytest.fail(f"interpreters were never 1.3 times as fast as {other}: {seen}")


def test_the_results_are_the_same_on_every_backend():
    program = two_cpu_bound_workers()
    results = [program.run(backend).results for backend in runtime.BACKENDS]
    assert results[0] == results[1] == results[2]
