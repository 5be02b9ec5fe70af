"""The machine: interpreters as rooms with their locks, channels as pipes, messages as tokens on their way.

The page draws it at the playhead's moment; `panel` gives it the plan, and `text` says how the run began and ended and
what went through each channel.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from runtime.tracing.model import NONE, State
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.page import Panel
from vizlib.plan import NARROW, WIDE, flows, plan
from vizlib.played import FREE, HOLDING, fullest_of, gil


def panel(trace: Trace, title: str = "", run: int = 0) -> Panel:
    """The machine of `trace`, for a sheet on which it is run number `run`."""
    plans = [plan(trace, width) for width in (NARROW, WIDE)]
    notes = [*plans[0].notes, *_doubts(trace)]
    return Panel("machine", "The machine", title, [asdict(one) for one in plans], run, notes)


def _doubts(trace: Trace) -> Iterable[str]:
    if gil(trace) == "one" and not trace.core_spans:
        yield "Who holds the one GIL is inferred from what each worker was doing."


def text(trace: Trace) -> str:
    """Who did what at the start and the end, and what each channel carried."""
    lines = [f"The machine of {words.plain(trace.name)}: {words.setting(trace)}"]
    for label, at in (("at the start", 0), ("at the end", max(trace.wall_ns - 1, 0))):
        lines.append(f"~ {label}: {_at(trace, at)}")
    for channel, flow in zip(trace.channels, flows(trace), strict=True):
        crew = (_named(trace, flow.senders), _named(trace, flow.receivers))
        capacity = "no bound" if channel.capacity is None else f"capacity {channel.capacity}"
        lines.append(f"{words.plain(channel.name)} ({capacity}): from {crew[0]} to {crew[1]}")
        lines.append(f"~ {words.plain(channel.name)}: {_facts(trace, channel.index)}")
    return "\n".join(lines)


def _named(trace: Trace, workers: tuple[int, ...]) -> str:
    if len(workers) > 6:
        return words.count(len(workers), "worker")
    return words.listed([words.name(trace.workers[one]) for one in workers]) or "nobody"


def states_at(trace: Trace, at_ns: int) -> list[State | None]:
    """The state of each worker at a moment; None where nothing is recorded."""
    found: list[State | None] = [None] * len(trace.workers)
    columns = (trace.spans.column(field) for field in ("worker", "state", "began_ns", "ended_ns"))
    for worker, state, began, ended in zip(*columns, strict=True):
        if began <= at_ns < ended:
            found[worker] = State(state)
    return found


def _at(trace: Trace, at_ns: int) -> str:
    told = [
        f"{words.name(worker)} {state.label if state is not None else 'not at work'}"
        for worker, state in zip(trace.workers, states_at(trace, at_ns), strict=True)
    ]
    return ", ".join(told) + _holder(trace, at_ns)


def _holder(trace: Trace, at_ns: int) -> str:
    if gil(trace) != "one":
        return ""
    found = states_at(trace, at_ns)
    holding = [index for index, state in enumerate(found) if state in HOLDING]
    free = all(state is None or state in FREE for state in found)
    who = words.name(trace.workers[holding[0]]) if len(holding) == 1 else "free" if free else "unknown"
    return f"; the one GIL: {who}"


def _facts(trace: Trace, channel: int) -> str:
    messages = [one for one in trace.messages if one.channel == channel]
    taken = sum(one.receiver != NONE for one in messages)
    fullest = fullest_of(trace, channel)
    size = words.size(sum(one.size for one in messages))
    kept = "handed over, never queued" if trace.channels[channel].capacity == 0 else f"at most {fullest:,} queued"
    return f"{words.count(len(messages), 'message')}, {taken:,} taken, {size}, {kept}"
