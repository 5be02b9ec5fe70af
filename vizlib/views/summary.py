"""The summary: the numbers of a run that one would tell first, in words."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from runtime.tracing.model import NONE, State
from runtime.tracing.traces import Trace
from runtime.tracing.upkeep import upkeep_of
from vizlib import words
from vizlib.played import HOLDING


def facts(trace: Trace) -> list[tuple[str, str]]:
    """Label and value of each headline number; what a run has nothing of is left out."""
    return [*_time(trace), *_traffic(trace), *_upkeep(trace), *_doubts(trace)]


def _time(trace: Trace) -> Iterable[tuple[str, str]]:
    ending = "" if trace.complete else ", then a deadlock" if trace.deadlock else ", then cut short"
    yield "took", words.duration(trace.wall_ns) + ending
    sums = dict.fromkeys(State, 0)
    for life in trace.breakdown():
        for state, ns in life.states.items():
            sums[state] += ns
    whole = sum(sums.values())
    if not whole or not trace.wall_ns:
        return
    busy = sum(sums[state] for state in HOLDING)
    yield "at work at once, on average", f"{busy / trace.wall_ns:.1f} of {words.count(len(trace.workers), 'worker')}"
    most = sorted((state for state in State if sums[state] / whole >= 0.01), key=lambda one: -sums[one])
    yield "where all lives went", ", ".join(f"{state.label} {100 * sums[state] / whole:.0f} %" for state in most)
    if trace.environment.cores and trace.core_spans:
        seen = len(set(trace.core_spans.column("core")))
        yield "cores seen in use", f"{seen} of {trace.environment.cores}"


def _traffic(trace: Trace) -> Iterable[tuple[str, str]]:
    messages = trace.messages
    if not messages:
        return
    lost = messages.column("receiver").count(NONE)
    received = f", {lost:,} never received" if lost else ""
    yield "messages", f"{len(messages):,} of {words.size(sum(messages.column('size')))} together{received}"
    if trace.wall_ns:
        unit, seconds = ("a second", 1) if len(messages) >= trace.wall else ("an hour", 3_600)
        yield f"messages in {unit}", f"{len(messages) / trace.wall * seconds:,.0f}"
    ways = sorted(one.latency_ns for one in messages if one.received_ns != NONE)
    if ways:
        yield "from send to recv, half of them within", words.duration(ways[len(ways) // 2])
        yield "the slowest", words.duration(ways[-1])


def _upkeep(trace: Trace) -> Iterable[tuple[str, str]]:
    found = upkeep_of(trace.workers)
    if found is None:
        return
    yield "all workers ready after", words.duration(found.slowest_ns)
    how = ", inferred: an even part of what their process grew" if found.inferred else ""
    yield "memory of each worker alone", f"{words.size(found.own_bytes)}{how}"
    yield "memory that they share", words.size(found.shared_bytes)


def _doubts(trace: Trace) -> Iterable[tuple[str, str]]:
    cost = trace.overhead
    if cost.records and trace.wall_ns:
        share = cost.record_ns * cost.records / (trace.wall_ns * max(len(trace.workers), 1))
        yield (
            "spent on recording",
            f"{words.duration(cost.record_ns)} a record, about {100 * share:.1f} % of all lives",
        )
    if trace.dropped:
        yield "records lost", f"{trace.dropped:,}"


def text(trace: Trace) -> str:
    """A line for each number."""
    lines = [f"{words.plain(trace.name)} in numbers: {words.setting(trace)}"]
    return "\n".join([*lines, *(f"~ {label}: {value}" for label, value in facts(trace))])


def table(trace: Trace) -> str:
    """The same as markup."""
    rows = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in facts(trace))
    return f'<dl class="lab-facts">{rows}</dl>'
