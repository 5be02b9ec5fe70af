"""The timeline: a lane for each worker, its states as bars, its messages as arrows.

A run may have a million spans, so a figure starts with its lanes only.  The page's scripts draw what can be seen of the
interval that is shown, from the run's columns: bars where there are few, else an image in which narrow bars are merged
(`assets/detail.js` says how), and the arrows of what a reader points at or has chosen.  What could be taken for more
than it is gets a sentence: records lost, a run cut short, messages that were not sent; the page adds what is merged in
each view.  That a pale bar is inferred stands in the legend.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.core.properties import value
from bokeh.models import ColumnDataSource
from bokeh.models.annotations import Label, Span
from bokeh.plotting import figure

from runtime.tracing.model import NONE, Ending
from runtime.tracing.traces import Trace
from vizlib import played, words
from vizlib.frame import Axis
from vizlib.lanes import Lanes
from vizlib.theme import FONT, themed
from vizlib.views.deadlock import draw_arcs


@dataclass(frozen=True, slots=True)
class Outline:
    """What of a timeline is there from the start: its lanes, where it ends, which marks occur, what must be said."""

    trace: Trace
    lanes: Lanes
    ends_ns: int
    marks: frozenset[str]
    notes: tuple[str, ...]


def outline(trace: Trace) -> Outline:
    """The outline of `trace`'s timeline."""
    ended = [np.asarray(table.column("ended_ns")) for table in (trace.spans, trace.core_spans)]
    last = [trace.wall_ns, *(int(column.max(initial=1)) for column in ended), *(one.ended_ns for one in trace.workers)]
    return Outline(trace, Lanes.of(trace), max(last), frozenset(_marks(trace)), tuple(_notes(trace)))


def _delivered(trace: Trace) -> np.ndarray[Any, np.dtype[np.bool_]]:
    receiver, taken = (np.asarray(trace.messages.column(field)) for field in ("receiver", "taken_ns"))
    found: np.ndarray[Any, np.dtype[np.bool_]] = (receiver != NONE) & (taken != NONE)
    return found


def _lost(trace: Trace) -> int:
    """How many messages were sent and never received."""
    return int(np.count_nonzero(~_delivered(trace) & (np.asarray(trace.messages.column("sent_ns")) != NONE)))


def _marks(trace: Trace) -> Iterable[str]:
    yield from {"print" if stream == 1 else "stderr" for stream in trace.outputs.column("stream")}
    if _lost(trace):
        yield "undelivered"
    for worker in trace.workers:
        if worker.ending is not Ending.RETURNED:
            yield "raised" if worker.ending is Ending.RAISED else "stopped"


def _notes(trace: Trace) -> Iterable[str]:
    if not trace.complete:
        yield "This run was cut short: the picture ends where the recording ends."
    if trace.dropped:
        yield f"{words.count(trace.dropped, 'record')} did not fit into the recorder: spans or messages are missing."
    if not trace.spans:
        yield "No states were recorded in this run."
    delivered = int(np.count_nonzero(_delivered(trace)))
    if unsent := len(trace.messages) - delivered - _lost(trace):
        yield f"{words.count(unsent, 'message')} had not been sent when the run ended."
    yield from played.notes(trace)


def draw(made: Outline, axis: Axis) -> figure:
    """A figure whose bars, arrows and marks the page fills in.

    Its lanes have fixed heights and its width follows the page.
    """
    plot = axis.empty_figure("timeline", made.lanes, made.ends_ns)
    _draw_floor(plot, made)
    _draw_bars(plot)
    _draw_messages(plot)
    _draw_marks(plot, made)
    told = draw_arcs(plot, made.trace, made.lanes)
    _draw_end(plot, made)
    axis.answer(plot, told)
    return plot


def axis_for(made: Sequence[Outline], more: Iterable[str] = ()) -> Axis:
    """The axis that all of `made` share with figures whose lanes are labelled `more`."""
    labels = [lane.label for one in made for lane in (*one.lanes.workers, *one.lanes.cores.values())]
    return Axis.over(max((one.ends_ns for one in made), default=1), [*labels, *more])


def _draw_floor(plot: figure, made: Outline) -> None:
    """The thin line of each life, so that a gap in it is seen as one, with an upright where it ends."""
    lanes, workers = made.lanes.workers, made.trace.workers
    ends = ColumnDataSource(
        {
            "x": [worker.ended_ns for worker in workers],
            "began": [worker.began_ns for worker in workers],
            "top": [lane.top for lane in lanes],
            "bottom": [lane.bottom for lane in lanes],
        }
    )
    themed(plot.segment("began", "bottom", "x", "bottom", source=ends, line_width=1).glyph, line_color="rule")
    themed(plot.segment("x", "top", "x", "bottom", source=ends, line_width=1.5).glyph, line_color="quiet")
    if made.lanes.border is not None:
        border = Span(location=made.lanes.border, dimension="width", line_width=1, level="underlay")
        plot.add_layout(themed(border, line_color="rule"))


def _empty(*fields: str) -> ColumnDataSource:
    return ColumnDataSource({field: [] for field in fields})


def _draw_bars(plot: figure) -> None:
    """Lowest the image, then bars, their edges, and what stands on and over them where there is room."""
    nothing = {"image": [np.zeros((1, 1), np.uint32)], "x": [0], "y": [0], "dw": [1], "dh": [1]}
    plot.image_rgba("image", "x", "y", "dw", "dh", source=ColumnDataSource(nothing), name="raster", level="glyph")
    sides = ("left", "right", "top", "bottom")
    for name in ("bars", "edges", "dashed edges"):
        bars = plot.quad(*sides, source=_empty(*sides, "color", "alpha"), name=name, line_color=None, fill_color=None)
        if name == "bars":
            bars.glyph.update(fill_color="color", fill_alpha="alpha")
        else:
            dash = [3, 2] if name == "dashed edges" else []
            bars.glyph.update(line_color="color", line_alpha="alpha", line_width=0.8, line_dash=dash)
    plot.text(
        "left", "bottom", "name", source=_empty("left", "bottom", "name"), name="core names", x_offset=5, y_offset=-1.5,
        text_color="white", text_font=value(FONT), text_font_size="9.5px", text_baseline="bottom",
    )  # fmt: skip
    # Small triangles over blocked bars: to the right waits to send, to the left to receive.
    plot.scatter(
        "x", "y", angle="angle", marker="triangle", size=6, fill_color="color", line_color=None, name="directions",
        source=_empty("x", "y", "angle", "color"),
    )  # fmt: skip
    framed = plot.quad(*sides, source=_empty(*sides), name="chosen bars", fill_color=None, line_width=1.5)
    framed.level = "overlay"
    themed(framed.glyph, line_color="ink")


def _draw_messages(plot: figure) -> None:
    """Arrows leave and arrive upright.  Pale ones of all in view; strong ones of what is chosen, in the overlay."""
    fields = ("x0", "y0", "x1", "y1", "middle", "head")
    for prefix, width, size in (("", 1, 5), ("chosen ", 2, 10)):
        source = _empty(*fields)
        lines = plot.bezier(
            "x0", "y0", "x1", "y1", "x0", "middle", "x1", "middle", source=source, name=f"{prefix}arrows",
            line_width=width,
        )  # fmt: skip
        heads = plot.scatter("x1", "y1", source=source, marker="head", name=f"{prefix}heads", size=size)
        themed(lines.glyph, line_color="arrow")
        themed(heads.glyph, fill_color="arrow")
        if prefix:
            lines.level = heads.level = "overlay"
            themed(heads.glyph, line_color="page")
        else:
            heads.glyph.line_color = None


_MARKERS = {
    "print": ("inverted_triangle", 7, "ink"),
    "stderr": ("inverted_triangle", 7, "alarm"),
    "undelivered": ("circle_x", 9, "alarm"),
    "raised": ("x", 11, "alarm"),
    "stopped": ("square_x", 9, "alarm"),
}


def _draw_marks(plot: figure, made: Outline) -> None:
    for kind, (marker, size, role) in _MARKERS.items():
        if kind not in made.marks:
            continue
        filled = kind in ("print", "stderr")
        marks = plot.scatter(
            "x", "y", size="size", source=_empty("x", "y", "size"), name=f"mark:{kind}",
            marker=marker, line_width=1 if filled else 2,
        )  # fmt: skip
        marks.tags = [str(size)]
        themed(marks.glyph, fill_color=role if filled else "page", line_color="page" if filled else role)


def _draw_end(plot: figure, made: Outline) -> None:
    trace = made.trace
    line = Span(location=trace.wall_ns, dimension="height", line_width=1.5, line_dash=[2, 3])
    label = Label(
        x=trace.wall_ns, y=made.lanes.height - 4, x_offset=6 if trace.complete else 10, text_baseline="bottom",
        text_font=FONT, text_font_size="12px", text_font_style="bold",
        text=f"{words.end(trace)} {words.duration(trace.wall_ns)}",
    )  # fmt: skip
    plot.add_layout(themed(line, line_color="ink"))
    plot.add_layout(themed(label, text_color="ink"))
