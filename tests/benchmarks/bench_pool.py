"""A pool's map beside those of the standard library: `python -m tests.benchmarks.bench_pool [ROUNDS] [TASKS]`.

All take turns in every round, in one run on one machine; the ratio of the medians is what counts.  The pool of this
project records every task meanwhile.
"""

from __future__ import annotations

import concurrent.futures
import math
import statistics
import sys
import time
from contextlib import ExitStack

import runtime

WORKERS = 2


def pools(stack: ExitStack) -> dict[str, concurrent.futures.Executor]:
    """Those that this Python has, warm."""
    makers = {"runtime.Pool": runtime.Pool, "ProcessPoolExecutor": concurrent.futures.ProcessPoolExecutor}
    if sys.version_info >= (3, 14):
        makers["InterpreterPoolExecutor"] = concurrent.futures.InterpreterPoolExecutor
    found = {name: stack.enter_context(maker(WORKERS)) for name, maker in makers.items()}
    for pool in found.values():
        list(pool.map(math.sqrt, range(10 * WORKERS)))
    return found


def measure(rounds: int, tasks: int) -> dict[str, list[float]]:
    """Seconds for so many tasks, by pool, one for each round."""
    with ExitStack() as stack:
        running = pools(stack)
        took: dict[str, list[float]] = {name: [] for name in running}
        for _ in range(rounds):
            for name, pool in running.items():
                began = time.perf_counter()
                list(pool.map(math.sqrt, range(tasks)))
                took[name].append(time.perf_counter() - began)
    return took


def main(rounds: int, tasks: int) -> None:
    """Print the ratios, and then what they come from."""
    took = measure(rounds, tasks)
    medians = {name: statistics.median(seen) for name, seen in took.items()}
    ours = medians["runtime.Pool"]
    for name, median in medians.items():
        if name != "runtime.Pool":
            print(f"runtime.Pool is {median / ours:.2f} times as fast as {name}")
    for name, seen in took.items():
        shown = ", ".join(f"{seconds * 1e3:.0f}" for seconds in sorted(seen))
        print(f"{name:>24}: {medians[name] / tasks * 1e6:.0f} µs a task, median of {shown} ms")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*given, *(5, 10_000)[len(given) :])
