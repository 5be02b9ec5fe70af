"""A deadlock's ring: who waits for whom, drawn as a ring of its own and as arcs at the end of the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from math import hypot, pi
from typing import Any, NamedTuple

from bokeh.models import ColumnDataSource
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure

from runtime.tracing.model import Deadlocked
from runtime.tracing.rings import clauses
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.lanes import Lanes
from vizlib.page import Panel
from vizlib.theme import themed

_MOST = 12  # workers of a ring that are drawn; of more, it is told in words
_WIDTH, _ROOM = 316, (104, 30)  # of the drawing, and of one worker's place in it, in pixels
_NAME = 12  # characters


class Point(NamedTuple):
    """A place in a drawing, in pixels."""

    x: float
    y: float


def told(trace: Trace) -> str:
    """The ring as a sentence, or nothing where there is none."""
    return (
        f"Deadlock: {words.listed(clauses(trace.deadlock, trace.workers, trace.channels))}." if trace.deadlock else ""
    )


def panels(trace: Trace, title: str = "", run: int = 0) -> list[Panel]:
    """The ring, for a sheet on which the trace is run number `run`; none for a run without a deadlock."""
    if not trace.deadlock:
        return []
    who = words.count(len(trace.deadlock), "worker")
    told = "which waits for itself" if len(trace.deadlock) == 1 else "each waits for the next"
    subtitle = " · ".join(part for part in (title, f"{who}, {told}") if part)
    notes = [f"{words.moment(one.since_ns, trace.wall_ns)}: {said}" for one, said in _by_time(trace)]
    markup = _drawing(trace) if len(trace.deadlock) <= _MOST else ""
    return [Panel("deadlock", "The deadlock", subtitle, run=run, notes=notes, markup=markup)]


def _by_time(trace: Trace) -> Iterable[tuple[Deadlocked, str]]:
    said = clauses(trace.deadlock, trace.workers, trace.channels)
    return sorted(zip(trace.deadlock, said, strict=True), key=lambda pair: pair[0].since_ns)


# ---- the ring --------------------------------------------------------------------------------------------------------


def places(count: int) -> tuple[list[Point], float]:
    """Where the workers of a ring stand, clockwise, and how tall the drawing is."""
    wide, _ = _ROOM
    if count == 1:
        return [Point(_WIDTH / 2, 74)], 96
    if count == 2:
        return [Point(wide / 2 + 4, 66), Point(_WIDTH - wide / 2 - 4, 66)], 132
    left, right = wide / 2 + 4, _WIDTH - wide / 2 - 4
    first = count % 2  # at the top, between the columns
    half, top = count // 2, 38.0 if not first else 88.0
    pitch = 84.0 if count <= 4 else 62.0
    rows = [top + pitch * row for row in range(half)]
    found = [Point(_WIDTH / 2, 20.0)] * first + [Point(right, y) for y in rows] + [Point(left, y) for y in rows[::-1]]
    return found, rows[-1] + 44


def _drawing(trace: Trace) -> str:
    ring = trace.deadlock
    found, tall = places(len(ring))
    parts = [_arrow(trace, ring, found, at) for at in range(len(ring))]
    parts += [_room(words.name(trace.workers[one.worker]), place) for one, place in zip(ring, found, strict=True)]
    return (
        f'<svg class="lab-ring" viewBox="0 0 {_WIDTH} {tall:.0f}" role="img" aria-label="{escape(told(trace))}">'
        f"{''.join(parts)}</svg>"
    )


def _room(name: str, place: Point) -> str:
    wide, tall = _ROOM
    x, y = place.x - wide / 2, place.y - tall / 2
    return (
        f"<g><title>{escape(name)}</title>"
        f'<rect class="lab-node" x="{x:.1f}" y="{y:.1f}" width="{wide}" height="{tall}" rx="6"/>'
        f'<text class="lab-node-name" x="{place.x:.1f}" y="{place.y + 4:.1f}">{escape(words.short(name, _NAME))}</text>'
        "</g>"
    )


def _arrow(trace: Trace, ring: Sequence[Deadlocked], found: Sequence[Point], at: int) -> str:
    """From a worker to the one that it waits for, bent outwards, with the channel's name at its middle."""
    start, end = found[at], found[(at + 1) % len(ring)]
    channel = words.short(trace.channels[ring[at].channel].name, 16)
    if len(ring) == 1:
        top = start.y - _ROOM[1] / 2
        way = f"M{start.x - 26:.1f} {top:.1f}c-10 -46 62 -46 52 0"
        head = f"M{start.x + 26:.1f} {top:.1f}l-6 -9h9z"
        middle = Point(start.x, top - 46)
    else:
        bend = _bend(start, end, len(ring))
        leaves, arrives = _edge(start, bend), _edge(end, bend)
        way = f"M{leaves.x:.1f} {leaves.y:.1f}Q{bend.x:.1f} {bend.y:.1f} {arrives.x:.1f} {arrives.y:.1f}"
        head = _head(bend, arrives)
        middle = _beside(leaves, bend, arrives)
    return (
        f'<path class="lab-waits-for" d="{way}"/><path class="lab-waits-head" d="{head}"/>'
        f'<text class="lab-waits-what" x="{middle.x:.1f}" y="{middle.y + 3.5:.1f}">{escape(channel)}</text>'
    )


def _bend(start: Point, end: Point, count: int) -> Point:
    """The control point of a curve that leads around the ring's middle."""
    x, y = (start.x + end.x) / 2, (start.y + end.y) / 2
    dx, dy = end.x - start.x, end.y - start.y
    pull = 0.34 if count == 2 else 0.12
    return Point(x + dy * pull, y - dx * pull)


def _beside(leaves: Point, bend: Point, arrives: Point) -> Point:
    """Beside the middle of a curve, at its outer side."""
    x, y = (leaves.x + 2 * bend.x + arrives.x) / 4, (leaves.y + 2 * bend.y + arrives.y) / 4
    dx, dy = arrives.x - leaves.x, arrives.y - leaves.y
    length = hypot(dx, dy) or 1.0
    return Point(x + 20 * dy / length, y - 12 * dx / length)


def _edge(place: Point, towards: Point) -> Point:
    """Where the line from a worker's middle leaves its place."""
    dx, dy = towards.x - place.x, towards.y - place.y
    scale = min((_ROOM[0] / 2 + 3) / abs(dx) if dx else 9e9, (_ROOM[1] / 2 + 3) / abs(dy) if dy else 9e9)
    return Point(place.x + dx * scale, place.y + dy * scale)


def _head(origin: Point, tip: Point) -> str:
    length = hypot(tip.x - origin.x, tip.y - origin.y) or 1.0
    ux, uy = (tip.x - origin.x) / length, (tip.y - origin.y) / length
    x, y = tip.x - 9 * ux, tip.y - 9 * uy
    return f"M{tip.x:.1f} {tip.y:.1f}L{x - 4.5 * uy:.1f} {y + 4.5 * ux:.1f}L{x + 4.5 * uy:.1f} {y - 4.5 * ux:.1f}z"


# ---- at the end of the timeline --------------------------------------------------------------------------------------


def draw_arcs(plot: figure, trace: Trace, lanes: Lanes) -> list[GlyphRenderer[Any]]:
    """Arcs before the end of the run, from each worker to the one that it waits for.  Returns what answers to hover."""
    if not trace.deadlock:
        return []
    rows = list(_arcs(trace, lanes))
    said = clauses(trace.deadlock, trace.workers, trace.channels)
    facts = [
        f"deadlock\nwho\t{one}\nsince\t{words.moment(link.since_ns, trace.wall_ns)}"
        for one, link in zip(said, trace.deadlock, strict=True)
    ]
    source = ColumnDataSource({"xs": [xs for xs, _ in rows], "ys": [ys for _, ys in rows], "words": facts})
    tips = {"x": [xs[-1] for xs, _ in rows], "y": [ys[-1] for _, ys in rows]}
    arcs = plot.multi_line("xs", "ys", source=source, name="deadlock arcs", line_width=2)
    heads = plot.scatter("x", "y", source=ColumnDataSource(tips), marker="triangle", size=10, angle=-pi / 2)
    themed(arcs.glyph, line_color="alarm")
    themed(heads.glyph, fill_color="alarm", line_color="page")
    return [arcs]


def _arcs(trace: Trace, lanes: Lanes) -> Iterable[tuple[list[float], list[float]]]:
    unit = max(trace.wall_ns, 1) / 100
    steps = [t / 16 for t in range(17)]
    for at, one in enumerate(trace.deadlock):
        y0, y1 = lanes.workers[one.worker].middle - 5, lanes.workers[one.awaited].middle + 5
        near, out = trace.wall_ns - 2.5 * unit, unit * (5 + at % 3 + min(abs(one.worker - one.awaited), 6))
        yield [near - out * 4 * t * (1 - t) for t in steps], [y0 + (y1 - y0) * (3 * t**2 - 2 * t**3) for t in steps]
