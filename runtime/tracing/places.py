"""Where in its snippet a worker was.

A channel operation knows its line.  Of what lies between two operations there are two ways to tell, and they are not
the same:

- **measured**: the run recorded each executed line (`trace_lines=True`).  Then the spans between operations are cut
  where a line begins, and each has the line that the worker was executing: the last one of the snippet's own that
  began.
- **inferred**: without that, such a span has no line (NONE).  All that is known is that the worker was somewhere
  between the operation before it and the one after it: `place_of` gives both.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from runtime.tracing.edits import OF_OPERATIONS
from runtime.tracing.model import NONE, Evidence, Span
from runtime.tracing.partition import Life
from runtime.tracing.tables import Table


class Place(NamedTuple):
    """Where a worker was in a span: at `line`; or, where that is inferred, on its way from `line` to `until_line`."""

    line: int  # in its file's numbering; NONE at the beginning of its life
    until_line: int  # the same as `line` where it is measured; NONE at the end of its life
    evidence: Evidence


def place_of(spans: Table[Span], span: Span) -> Place:
    """Where the worker was in one of its spans."""
    if span.line != NONE:
        return Place(span.line, span.line, Evidence.MEASURED)
    workers, lines = spans.column("worker"), spans.column("line")
    first, last = bisect_left(workers, span.worker), bisect_right(workers, span.worker)
    row = bisect_left(spans.column("began_ns"), span.began_ns, first, last)
    before = next((lines[at] for at in range(row - 1, first - 1, -1) if lines[at] != NONE), NONE)
    after = next((lines[at] for at in range(row + 1, last) if lines[at] != NONE), NONE)
    return Place(before, after, Evidence.INFERRED)


def cut_at_lines(life: Life, executed: Sequence[tuple[int, int]]) -> Life:
    """Cut what lies between operations where a line begins.  `executed` is (line, time) in order of time."""
    if not executed:
        return life
    starts = [at for _, at in executed]
    moments, states, evidence = array("q", life.moments[:1]), bytearray(), bytearray()
    channels, lines = array(life.channels.typecode), array("i")
    for span, state in enumerate(life.states):
        began, ended = life.moments[span], life.moments[span + 1]
        pieces = [(ended, life.lines[span])] if state in OF_OPERATIONS else _pieces(began, ended, starts, executed)
        for until, line in pieces:
            moments.append(until)
            states.append(state)
            evidence.append(life.evidence[span])
            channels.append(life.channels[span])
            lines.append(line)
    return Life(moments, bytes(states), evidence, channels, lines)


def _pieces(began: int, ended: int, starts: list[int], executed: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """(end, line) of each part of a span.  A line that is executed again and again makes one part."""
    first, last = bisect_right(starts, began), bisect_left(starts, ended)
    line = executed[first - 1][0] if first else NONE
    pieces: list[tuple[int, int]] = []
    for next_line, at in executed[first:last]:
        if next_line != line:
            if at > (pieces[-1][0] if pieces else began):
                pieces.append((at, line))
            line = next_line
    return [*pieces, (ended, line)]
