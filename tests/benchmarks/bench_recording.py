"""What recording costs: `python -m tests.benchmarks.bench_recording [ROUNDS]`.

Programs run with recording on and off in turns, so that a machine that is slow for a while is slow for both.  Ratios
first: of the medians, and of the best, which a busy machine disturbs least.

- **A round trip** between two workers: at most twice as long with recording on.
- **A CPU-bound snippet** has no records to pay for, but shares the machine with the observer.  What that costs is told
  in CPU time, which other programs on the machine do not change: how much more of it the snippet itself took (its
  caches are disturbed), and what the observer took from all cores that the run may use.  Together at most 3 %.
- **Each executed line** (`trace_lines=True`), in a loop that does next to nothing else: the worst case.
"""

from __future__ import annotations

import statistics
import sys
from typing import NamedTuple

import runtime
from runtime.bench import scripts

TRIPS = 3_000
WORK = 2_000_000
LINES = 20_000


def ping_pong(trips: int = TRIPS) -> runtime.Program:
    """Two workers, and a number that goes there and comes back."""
    program = runtime.Program("ping-pong")
    there, away = program.channel("there", capacity=1)
    back, home = program.channel("back", capacity=1)
    warm_up = trips // 10
    program.worker(away, back, trips // warm_up, warm_up, ())(scripts.ask)
    program.worker(there, home, warm_up + trips // warm_up * warm_up, 1, ())(scripts.answer)
    return program


def cpu_bound(copies: int, work: int = WORK) -> runtime.Program:
    """Workers that add up squares, and say how much CPU time that took them."""
    program = runtime.Program("cpu-bound")

    @program.worker(work, copies=copies)
    def count(n):
        import time

        began = time.thread_time_ns()
        total = 0
        for i in range(n):
            total += i * i
        return time.thread_time_ns() - began

    return program


def loop(count: int = LINES) -> runtime.Program:
    """Two lines, again and again."""
    program = runtime.Program("loop")

    @program.worker(count)
    def again(count):
        import time

        began, total = time.thread_time_ns(), 0
        for i in range(count):
            total += i
        return (time.thread_time_ns() - began) / count / 2

    return program


class Costs(NamedTuple):
    """Nanoseconds per trip, or per piece of work, in each round with recording off and on."""

    off: list[float]
    on: list[float]
    observer: float = 0.0  # its share of the time of all cores

    @property
    def ratio(self) -> float:
        """How many times as much with recording on: of the medians."""
        return statistics.median(self.on) / statistics.median(self.off)

    @property
    def best_ratio(self) -> float:
        """The same of the best rounds."""
        return min(self.on) / min(self.off)


def round_trips(rounds: int, trips: int = TRIPS) -> Costs:
    """A round trip, with recording off and on."""
    program, costs = ping_pong(trips), Costs([], [])
    for _ in range(rounds):
        costs.off.append(statistics.fmean(program.run(record=False).results["ask"]["round trip"]))
        costs.on.append(statistics.fmean(program.run().results["ask"]["round trip"]))
    return costs


def computing(copies: int, rounds: int, work: int = WORK) -> Costs:
    """Workers that only compute, with recording off and on."""
    program, costs, observer = cpu_bound(copies, work), Costs([], []), []
    for _ in range(rounds):
        costs.off.append(min(program.run(record=False).results.values()))
        trace = program.run()
        costs.on.append(min(trace.results.values()))
        observer.append(trace.overhead.observer_ns / trace.wall_ns / trace.environment.cores)
    return costs._replace(observer=statistics.median(observer))


def each_line(rounds: int, count: int = LINES) -> Costs:
    """An executed line, without and with `trace_lines`."""
    program, costs = loop(count), Costs([], [])
    for _ in range(rounds):
        costs.off.append(program.run().results["again"])
        costs.on.append(program.run(trace_lines=True).results["again"])
    return costs


def main(rounds: int = 7) -> None:
    """Measure and print."""
    trips = round_trips(rounds)
    print(
        f"a round trip takes {trips.ratio:.2f} times as long (best: {trips.best_ratio:.2f}), {_shown(trips, 1e3, 'µs')}"
    )
    for copies in (1, 2):
        costs = computing(copies, 3 * rounds)
        print(
            f"{copies} CPU-bound: CPU time {costs.ratio - 1:+.1%} (best: {costs.best_ratio - 1:+.1%}), "
            f"{_shown(costs, 1e6, 'ms')}; the observer takes {costs.observer:.1%} of all cores"
        )
    lines = each_line(rounds)
    print(f"a line takes {lines.ratio:.0f} times as long (best: {lines.best_ratio:.0f}), {_shown(lines, 1, 'ns')}")


def _shown(costs: Costs, unit_ns: float, unit: str) -> str:
    off, on = (statistics.median(seen) / unit_ns for seen in (costs.off, costs.on))
    return f"{off:.1f} -> {on:.1f} {unit}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
