"""How much faster two CPU-bound workers are with a GIL each: `python -m tests.benchmarks.bench_speedup`.

The backends and one worker that does both pieces take turns, so that a machine that is slow for a while is slow for all
of them.  With the standard library's pools: `python -m runtime bench speedup`.
"""

from __future__ import annotations

import sys

import runtime
from runtime.__main__ import main
from runtime.bench import scripts

WORK = 3_000_000


def two_cpu_bound_workers(work: int = WORK) -> runtime.Program:
    """Two workers that add up squares and need nothing of each other."""
    program = runtime.Program("cpu-bound")
    program.worker(1, work, copies=2)(scripts.compute)
    return program


if __name__ == "__main__":
    sys.exit(main(["bench", "speedup", "--only", ",".join(["in turn", *runtime.BACKENDS]), *sys.argv[1:]]))
