"""Traces as plain text: for a terminal, for a screen reader, and for notebooks whose output is compared.

Lines that begin with `~ ` are measurements, `~ label: value`; a comparison keeps the label and ignores the value.  All
other lines depend on the program alone, never on the machine or its mood.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runtime.tracing.strips import LETTERS, strip
from runtime.tracing.text import summary
from runtime.tracing.traces import Trace
from vizlib import comparison, words
from vizlib.palette import STYLES

_STRIP = 64  # letters


def text(*traces: Trace) -> str:
    """One trace in words and letters, or several one after the other under their comparison."""
    if len(traces) == 1:
        return "\n".join(_one(traces[0]))
    return "\n\n".join("\n".join(block) for block in (_together(traces), *map(_one, traces)))


def _together(traces: Sequence[Trace]) -> Iterable[str]:
    titles = comparison.titles(traces)
    yield f"{words.listed(titles)} compared"
    fastest = min(trace.wall_ns for trace in traces)
    for trace, title in zip(traces, titles, strict=True):
        longer = f", {words.ratio(trace.wall_ns / fastest)} as long" if trace.wall_ns > fastest > 0 else ""
        yield f"~ {title} took: {words.duration(trace.wall_ns)}{longer}"
    yield f"~ in words: {' '.join(comparison.in_words(traces))}"


def _one(trace: Trace) -> Iterable[str]:
    yield from summary(trace).splitlines()
    place = trace.environment
    machine = (f"{place.implementation} {place.python}".strip(), place.os, words.count(place.cores, "core"))
    yield f"~ machine: {words.plain(', '.join(part for part in machine if part), 100)}"
    for worker in trace.workers:
        yield f"~ {words.name(worker)}, over time: |{strip(trace.spans, worker.index, trace.wall_ns, _STRIP)}|"
    keys = [f"{LETTERS[state]} {state.label}" for state in STYLES]
    yield "  " + "  ".join(keys[:5])
    yield "  " + "  ".join(keys[5:])


def in_percent(shares: Sequence[comparison.Share]) -> str:
    """`running 85 %, recv-blocked 15 %`."""
    told = [f"{share.state.label if share.state is not None else 'not recorded'} {share.percent} %" for share in shares]
    return ", ".join(told) or "nothing recorded"
