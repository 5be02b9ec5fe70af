"""Runs at the edges of what can happen: each must make a good picture in every view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from runtime.tracing.model import (
    Channel,
    Deadlocked,
    Ending,
    Evidence,
    Output,
    Span,
    State,
    WorkerFailure,
)
from runtime.tracing.tables import Table
from runtime.tracing.traces import Trace
from tests.vizlib import builders

MS = 1_000_000
HOUR = 3_600_000_000_000
MARKUP = "</script><b onclick=alert(1)>&amp;\"'"
LONG = "the_worker_that_reads_every_line_of_the_input_and_sends_it_on_to_whoever_is_free #12"


def deadlock(count: int = 3, backend: str = "interpreters") -> Trace:
    """Philosophers: each has received a fork and waits to receive the next one, which another holds."""
    ends = range(count)
    workers = [builders.worker(i, f"philosopher #{i + 1}", 0, 52 * MS, ending=Ending.STOPPED) for i in ends]
    since = [(3 + 2 * i) * MS // 2 for i in ends]
    spans = []
    for i in ends:
        spans += [
            builders.span(i, State.RUNNING, 0, MS),
            builders.span(i, State.DECODE, MS, MS + 5_000, channel=i, line=11),
            builders.span(i, State.RUNNING, MS + 5_000, since[i]),
            builders.span(i, State.RECV_BLOCKED, since[i], 52 * MS, channel=(i + 1) % count, line=12),
        ]
    return builders.trace(
        workers,
        spans,
        name="philosophers",
        backend=backend,
        wall_ns=52 * MS,
        channels=[Channel(i, f"fork {i + 1}", 1) for i in ends],
        deadlock=[Deadlocked(i, (i + 1) % count, (i + 1) % count, False, since[i], 12) for i in ends],
        complete=False,
    )


def alone() -> Trace:
    """One worker that waits for itself."""
    link = Deadlocked(0, 0, 0, False, MS, 11)
    return builders.trace(
        [builders.worker(0, "narcissus", 0, 50 * MS, ending=Ending.STOPPED)],
        [
            builders.span(0, State.RUNNING, 0, MS),
            builders.span(0, State.RECV_BLOCKED, MS, 50 * MS, channel=0, line=11),
        ],
        channels=[Channel(0, "mirror", 0)], deadlock=[link], complete=False,
    )  # fmt: skip


def crash() -> Trace:
    """The host died under its workers."""
    whole = builders.squares(items=6)
    lost = [replace(one, ending=Ending.LOST) for one in whole.workers]
    return replace(whole, workers=tuple(lost), complete=False)


def stopped() -> Trace:
    """Somebody pressed Stop while the workers computed."""
    whole = builders.squares("threads", items=6)
    ended = [replace(one, ending=Ending.STOPPED) for one in whole.workers]
    return replace(whole, workers=tuple(ended), complete=False)


def one_event() -> Trace:
    """One worker that received nothing, sent nothing and did nothing long."""
    return builders.trace([builders.worker(0, "blink", 0, 400)], [builders.span(0, State.RUNNING, 0, 400)])


def crowd(workers: int = 64) -> Trace:
    """One who sends to all others, who compute and answer."""
    spans, messages = [], []
    for i in range(1, workers):
        taken = 20 * MS // workers * i
        spans += [
            builders.span(i, State.RECV_BLOCKED, 0, taken, channel=0),
            builders.span(i, State.RUNNING, taken, taken + 20 * MS),
            builders.span(i, State.CORE_WAIT, taken + 20 * MS, taken + 30 * MS),
        ]
        message = builders.message(0, i, taken - 2_000, taken - 1_000, serial=i)
        messages.append(message._replace(asked_ns=0, received_ns=taken))
    return builders.trace(
        [builders.worker(i, "boss" if i == 0 else f"worker #{i}", 0, 50 * MS) for i in range(workers)],
        [builders.span(0, State.RUNNING, 0, 50 * MS), *spans],
        name="crowd", channels=[Channel(0, "work", None)], messages=messages,
    )  # fmt: skip


def silent() -> Trace:
    """Workers that only compute, and one that sleeps."""
    workers = [builders.worker(i, name, 0, 3 * MS) for i, name in enumerate(("count #1", "count #2", "sleep"))]
    states = (State.RUNNING, State.RUNNING, State.SLEEPING)
    return builders.trace(
        workers, [builders.span(i, state, 0, 3 * MS) for i, state in enumerate(states)], name="silent"
    )


def renamed(name: str, value: str) -> Trace:
    """The squares, in which everything has a strange name and every value is a strange text."""
    whole = builders.squares(items=6)
    return replace(
        whole,
        name=name,
        workers=tuple(
            replace(one, name=f"{name} {one.index}", snippet=name, source=f"{name}\n" * 3, ending=Ending.RAISED)
            for one in whole.workers
        ),
        channels=tuple(replace(one, name=name) for one in whole.channels),
        texts=(value,) * len(whole.texts),
        errors=(WorkerFailure(f"{name} 1", name, value, value, 11),),
        outputs=Table.of(Output, [(0, 1, 50_000, 0), (1, 2, 150_000, 0)]),
    )


def gaps() -> Trace:
    """A recorder that was too small: records are missing, and with them a part of each life."""
    whole = builders.squares(items=12)
    kept = [span for span in whole.spans if span.began_ns < whole.wall_ns // 2 or span.worker == 0]
    return replace(whole, spans=Table.of(Span, kept), messages=whole.messages[:5], dropped=412)


def inferred() -> Trace:
    """What a system without an observer tells: states follow from channel operations, cores are not known."""
    whole = builders.squares("shared-gil", items=8)
    spans = [
        span._replace(evidence=Evidence.INFERRED) if span.state == State.GIL_WAIT else span for span in whole.spans
    ]
    return replace(whole, spans=Table.of(Span, spans), core_spans=whole.core_spans[:0])


EDGES: dict[str, Callable[[], Trace]] = {
    "deadlock": deadlock,
    "alone": alone,
    "crash": crash,
    "stopped": stopped,
    "failing": builders.failing,
    "empty": builders.trace,
    "one-event": one_event,
    "crowd": crowd,
    "one-microsecond": lambda: builders.squares(items=6, unit=1),
    "one-hour": lambda: builders.squares("threads", items=10, unit=1_200_000_000),
    "silent": silent,
    "long-names": lambda: renamed(LONG, "a value that goes on and on " * 9),
    "markup": lambda: renamed(MARKUP, MARKUP),
    "gaps": gaps,
    "inferred": inferred,
}
"""By name."""
