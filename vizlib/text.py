"""A trace as plain text: for a terminal, for a screen reader, and for notebooks whose output is compared.

Lines that begin with `~ ` are measurements, `~ label: value`; a comparison keeps the label and ignores the value.  All
other lines depend on the program alone, never on the machine or its mood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from runtime.tracing.model import NONE, State, Transfer
from runtime.tracing.trace import Trace
from vizlib import comparison, words
from vizlib.palette import STYLES

_STRIP = 64  # letters


def text(*traces: Trace) -> str:
    """One trace in words, or several one after the other with their comparison."""
    if len(traces) == 1:
        return "\n".join(_one(traces[0]))
    blocks = ["\n".join(_one(trace, title)) for trace, title in zip(traces, comparison.titles(traces), strict=True)]
    return "\n\n".join(["\n".join(_together(traces)), *blocks])


def _together(traces: Sequence[Trace]) -> Iterable[str]:
    named = comparison.titles(traces)
    yield f"{words.listed(named)} compared"
    fastest = min(traces, key=lambda trace: trace.wall_ns)
    for trace, title in zip(traces, named, strict=True):
        longer = (
            "" if trace is fastest or not fastest.wall_ns else f", {words.ratio(fastest.speedup_over(trace))} as long"
        )
        yield f"~ {title} took: {words.duration(trace.wall_ns)}{longer}"
    yield f"~ in words: {' '.join(comparison.in_words(traces))}"


def _one(trace: Trace, title: str = "") -> Iterable[str]:
    crew, joints = words.count(len(trace.workers), "worker"), words.count(len(trace.channels), "channel")
    shares = words.backend(trace).shares
    heading = title or words.backend(trace).title
    yield f"{words.plain(trace.name)}: {' · '.join(part for part in (heading, shares, crew, joints) if part)}"
    if not trace.complete:
        yield "  cut short: ends where the recording ends"
    yield f"~ machine: {_machine(trace)}"
    yield f"~ {'finished after' if trace.complete else 'recorded'}: {words.duration(trace.wall_ns)}"
    yield f"~ records lost: {trace.dropped:,}"
    for channel in trace.channels:
        yield f"  {_channel(trace, channel.index)}"
    for worker, (name, life), strip in zip(trace.workers, comparison.life(trace), strips(trace), strict=True):
        printed = sum(output == worker.index for output in trace.outputs.column("worker"))
        prints = f", printed {words.count(printed, 'line')}" if printed else ""
        yield f"  {name} {words.ending(trace, worker)}{prints}"
        yield f"~ {name} spent its life: {in_percent(life)}"
        yield f"~ {name}: |{strip}|"
    keys = [f"{style.letter} {state.label}" for state, style in STYLES.items()]
    yield "  " + "  ".join(keys[:5])
    yield "  " + "  ".join(keys[5:])


def _machine(trace: Trace) -> str:
    place = trace.environment
    parts = (f"{place.implementation} {place.python}".strip(), place.os, words.count(place.cores, "core"))
    return words.plain(", ".join(part for part in parts if part), 100)


def _channel(trace: Trace, index: int) -> str:
    """`numbers, capacity 8: 100 messages sent, 100 received, as share`."""
    channel = trace.channels[index]
    sent = received = 0
    ways: set[int] = set()
    columns = (trace.messages.column(field) for field in ("channel", "sent_ns", "receiver", "transfer"))
    for one, sent_ns, receiver, transfer in zip(*columns, strict=True):
        if one == index:
            sent += sent_ns != NONE
            received += receiver != NONE
            ways.add(transfer)
    room = {None: "no bound", 0: "rendezvous"}.get(channel.capacity, f"capacity {channel.capacity}")
    crossed = f", as {words.listed([Transfer(way).label for way in sorted(ways)])}" if ways else ""
    return f"{words.plain(channel.name)}, {room}: {words.count(sent, 'message')} sent, {received:,} received{crossed}"


def in_percent(shares: Sequence[comparison.Share]) -> str:
    """`running 85 %, recv-blocked 15 %`."""
    told = [f"{share.state.label if share.state is not None else 'not recorded'} {share.percent} %" for share in shares]
    return ", ".join(told) or "nothing recorded"


def strips(trace: Trace, width: int = _STRIP) -> list[str]:
    """Each worker's life as a line of letters, over the whole run: in each place the state that took most of it."""
    lives: list[list[Counter[int]]] = [[Counter() for _ in range(width)] for _ in trace.workers]
    scale = width / max(trace.wall_ns, 1)
    columns = (trace.spans.column(field) for field in ("worker", "state", "began_ns", "ended_ns"))
    for worker, state, began, ended in zip(*columns, strict=True):
        _spread(lives[worker], state, began * scale, ended * scale)
    return ["".join(_letter(time) for time in life) for life in lives]


def _letter(time: Counter[int]) -> str:
    return STYLES[State(time.most_common(1)[0][0])].letter if time else " "


def _spread(places: list[Counter[int]], state: int, began: float, ended: float) -> None:
    for place in range(max(int(began), 0), min(int(ended) + 1, len(places))):
        if (part := min(ended, place + 1) - max(began, place)) > 0:
            places[place][state] += round(part * 1_000_000)
