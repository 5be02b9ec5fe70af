"""What a page needs to know of a run to play it: who was in which state when, and where each message was.

Columns of plain numbers, nanoseconds of the run, which the page's scripts read at the playhead's moment.  Spans that
are too many are joined as in the timeline; of too many messages the first are kept.  What was left out is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from runtime.tracing.depth import depth_of
from runtime.tracing.model import NONE, Evidence, Message, State, Transfer, Worker
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.merging import Run, merge
from vizlib.palette import STYLES, worker_color

SPANS = 50_000
"""Spans that one run carries for playing, at most; with more, short ones are joined."""
MESSAGES = 20_000
"""Messages that one run carries for playing, at most."""
PREVIEW = 12  # characters of a value beside its token

type Columns = dict[str, Any]

_TIMES = ("began", "encoded", "admitted", "sent", "taken", "received")


def states() -> list[Columns]:
    """How each state is called and looks, by its number."""
    return [
        {
            "label": state.label,
            "color": STYLES[state].color,
            "edge": STYLES[state].outline or STYLES[state].color,
            "height": STYLES[state].height,
            "points": STYLES[state].points,
            "holds": True if state in HOLDING else False if state in FREE else None,
        }
        for state in State
    ]


HOLDING = (State.RUNNING, State.ENCODE, State.DECODE)
"""States in which a worker executes Python, and so holds its GIL."""
FREE = (State.SEND_BLOCKED, State.RECV_BLOCKED, State.SLEEPING)
"""States in which it has let go of its GIL.  In all others, as when no core is free, it may have it or not."""


def played(trace: Trace, title: str) -> Columns:
    """The columns of one run, under the name that it has in the picture."""
    spans = zip(*(trace.spans.column(f) for f in ("worker", "state", "began_ns", "ended_ns")), strict=True)
    merged = merge(spans, trace.wall_ns, SPANS)
    lives: list[list[Run]] = [[] for _ in trace.workers]
    for run in merged.runs:
        lives[run.lane].append(run)
    messages = sorted(trace.messages, key=lambda message: message.began_ns)
    return {
        "title": title,
        "wall": trace.wall_ns,
        "gil": gil(trace),
        "workers": [_worker(trace, *pair) for pair in zip(trace.workers, lives, strict=True)],
        "channels": [{"name": words.short(one.name, 24), "capacity": one.capacity} for one in trace.channels],
        "messages": _messages(trace, messages[:MESSAGES]),
        "deadlock": [asdict(one) for one in trace.deadlock],
        "prints": sorted(trace.outputs.column("at_ns"))[:MESSAGES],
        "notes": [*_notes(merged.joined, len(trace.spans), len(messages))],
    }


def gil(trace: Trace) -> str:
    """Who has a lock: `own` for each worker, `one` for all, or `none`."""
    if not trace.environment.gil:
        return "none"
    return "one" if trace.backend in ("threads", "shared-gil") else "own"


def fullest_of(trace: Trace, channel: int) -> int:
    """The most objects that a channel held.

    A receiver frees its slot a moment before it notes that it did: what seems more than the capacity is no more.
    """
    most = max([0, *(depth for _, depth in depth_of(trace.messages, channel))])
    return min(most, trace.channels[channel].capacity or most)


def _worker(trace: Trace, worker: Worker, life: list[Run]) -> Columns:
    life.sort(key=lambda run: (run.began_ns, run.ended_ns))
    spans = trace.spans
    channel, line, evidence = spans.column("channel"), spans.column("line"), spans.column("evidence")
    return {
        "name": words.name(worker),
        "color": worker_color(worker.index),
        "began": worker.began_ns,
        "ended": worker.ended_ns,
        "ending": worker.ending.value,
        "spans": {
            "state": [run.kind for run in life],
            "began": [run.began_ns for run in life],
            "ended": [run.ended_ns for run in life],
            "channel": [channel[run.index] if run.count == 1 else NONE for run in life],
            "line": [line[run.index] if run.count == 1 else NONE for run in life],
            "inferred": [int(evidence[run.index] == Evidence.INFERRED and run.count == 1) for run in life],
            "count": [run.count for run in life],
        },
    }


def _messages(trace: Trace, messages: list[Message]) -> Columns:
    columns: Columns = {name: [getattr(one, f"{name}_ns") for one in messages] for name in _TIMES}
    columns |= {name: [getattr(one, name) for one in messages] for name in ("sender", "receiver", "channel", "size")}
    columns["bytes"] = [_size(one) for one in messages]
    columns["transfer"] = [Transfer(one.transfer).label for one in messages]
    columns["preview"] = [words.plain(trace.text(one.preview), PREVIEW) for one in messages]
    return columns


def _size(message: Message) -> str:
    return "reference" if message.transfer == Transfer.REFERENCE else words.size(message.size)


def _notes(joined: int, spans: int, messages: int) -> Iterable[str]:
    if joined:
        yield f"{joined:,} of {spans:,} spans are short and played joined: their state is the one that took most time."
    if messages > MESSAGES:
        yield f"The first {MESSAGES:,} of {messages:,} messages are played."
