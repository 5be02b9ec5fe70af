"""The conservation law: at each moment of its life a worker is in exactly one state.

So the states of each worker add up to its wall time.  This is what everything that is drawn stands on, so it is
looked at in the one place where recordings become traces (`recording.read`), and every trace of every run goes
through there: of each test, each lesson, and each program of a student.  It costs milliseconds for a million
messages.
"""

from __future__ import annotations

from collections.abc import Sequence

from runtime.tracing.checks import are_partitions, runs_of
from runtime.tracing.model import Span, Worker
from runtime.tracing.tables import Table


def violation(workers: Sequence[Worker], spans: Table[Span]) -> str:
    """Which worker's spans do not partition its life, and how.  Empty when all do."""
    runs = runs_of(spans.column("worker"))
    if runs is None or not are_partitions(spans):
        return "the spans of a worker overlap, leave gaps, or are out of order"
    began, ended = spans.column("began_ns"), spans.column("ended_ns")
    lives = {spans.column("worker")[first]: (began[first], ended[last - 1]) for first, last in runs}
    for worker in workers:
        expected = (worker.began_ns, worker.ended_ns)
        if lives.get(worker.index, (worker.began_ns, worker.began_ns)) != expected:
            return (
                f"worker {worker.name!r} lived from {expected[0]} to {expected[1]} ns, its states do not add up to that"
            )
    return ""
