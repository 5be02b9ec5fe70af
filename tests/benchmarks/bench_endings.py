"""How fast a run ends when it must: `python -m tests.benchmarks.bench_endings [ROUNDS]`.

Deadlock: from the last worker's blocking to the host's report, for rings of 2 to 50 workers.  Stop: from the call of
`Run.stop` to its return, when the host is gone, for a worker that waits, one that loops and one that stays in C; and
for runs that have recorded much, with what it then takes to make their trace.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterator

import runtime

RINGS = (2, 5, 10, 20, 50)
DEEDS = {
    "waits in a channel": "inbox.recv(); inbox.recv(timeout=99)",
    "loops in Python": "while True: pass",
    "stays in C": "import re; re.match('(a+)+b', 'a' * 64)",
}


def ring(count: int) -> runtime.Program:
    """Each worker waits to hear from the one before it; nobody begins."""
    program = runtime.Program("ring")
    channels = [program.channel(f"channel {n}") for n in range(count)]
    for n in range(count):

        @program.worker(channels[n][0], channels[(n + 1) % count][1], name=f"worker {n}")
        def pass_on(inbox, out):
            out.send(inbox.recv())

    return program


def report_ms(count: int, backend: str) -> float:
    """Milliseconds from the last worker's blocking to the report."""
    try:
        ring(count).run(backend)
    except runtime.DeadlockError as error:
        return min(stuck.waited_ms for stuck in error.ring)
    raise AssertionError("a ring that did not deadlock")


def stop_ms(deed: str, backend: str) -> tuple[float, str]:
    """Milliseconds that `Run.stop` takes, and what it took."""
    program = runtime.Program("stopped")

    @program.worker(*program.channel("line", capacity=2), deed)
    def work(inbox, out, deed):
        out.send("begun")
        exec(deed, {"inbox": inbox})

    run = program.start(backend)
    while run.running and not run.trace.messages:
        os.sched_yield()
    began = time.perf_counter()
    how = run.stop()
    return (time.perf_counter() - began) * 1e3, how


def stop_recorded_ms(records: int) -> tuple[float, float]:
    """Milliseconds that `Run.stop` takes after so many records, and until its trace is there."""
    program = runtime.Program("recorded")

    @program.worker(*program.channel("line", capacity=None), records // 2)
    def work(inbox, out, count):
        for n in range(count):
            out.send(n)
            inbox.recv()
        while True:
            pass

    run = program.start()
    told = run.progress()
    while told.received < records // 2 and not run.poll(0.05):
        told = run.progress(told)
    began = time.perf_counter()
    run.stop()
    stopped = time.perf_counter()
    assert len(run.trace.messages) == records // 2
    return (stopped - began) * 1e3, (time.perf_counter() - began) * 1e3


def lines(rounds: int) -> Iterator[str]:
    """The figures, a line each."""
    for backend in runtime.BACKENDS:
        for count in RINGS:
            seen = [report_ms(count, backend) for _ in range(rounds)]
            yield f"{backend:>12}: deadlock of {count:>2} reported after {statistics.median(seen):4.0f} ms"
    for backend in runtime.BACKENDS:
        for name, deed in DEEDS.items():
            stops = [stop_ms(deed, backend) for _ in range(rounds)]
            median = statistics.median(took for took, _ in stops)
            yield f"{backend:>12}: a worker that {name:18} stopped after {median:4.0f} ms ({stops[0][1]})"
    for records in (20_000, 200_000, 1_000_000):
        stopped, decoded = stop_recorded_ms(records)
        yield f"interpreters: {records:>9,} records: stopped after {stopped:4.0f} ms, trace after {decoded:6.0f} ms"


if __name__ == "__main__":
    for line in lines(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        print(line, flush=True)
