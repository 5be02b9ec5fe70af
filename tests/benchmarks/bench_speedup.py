"""How much faster two CPU-bound workers are with a GIL each: `python -m tests.benchmarks.bench_speedup [ROUNDS]`.

All backends take turns in every round, so that a machine that is slow for a while is slow for all of them; the ratio of
the medians is what counts.
"""

from __future__ import annotations

import statistics
import sys

import runtime

WORK = 3_000_000


def two_cpu_bound_workers() -> runtime.Program:
    """Two workers that add up squares and need nothing of each other."""
    program = runtime.Program("cpu-bound")

    @program.worker(WORK, copies=2)
    def count(n):
        total = 0
        for i in range(n):
            total += i * i
        return total

    return program


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds from the release of the workers to the end of the last, by backend, one for each round."""
    program = two_cpu_bound_workers()
    walls: dict[str, list[float]] = {name: [] for name in runtime.BACKENDS}
    for _ in range(rounds):
        for backend, seen in walls.items():
            seen.append(program.run(backend).wall)
    return walls


def main(rounds: int) -> None:
    """Print the ratios, and then what they come from."""
    walls = measure(rounds)
    fastest = statistics.median(walls["interpreters"])
    for backend in runtime.BACKENDS:
        if backend != "interpreters":
            ratio = statistics.median(walls[backend]) / fastest
            print(f"interpreters are {ratio:.2f} times as fast as {backend}")
    for backend, seen in walls.items():
        shown = ", ".join(f"{wall * 1e3:.0f}" for wall in sorted(seen))
        print(f"{backend:>14}: median {statistics.median(seen) * 1e3:.0f} ms of {shown}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
