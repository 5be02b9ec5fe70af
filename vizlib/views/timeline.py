"""The timeline: a lane for each worker, its states as bars, its messages as arrows.

Two parts.  `columns` is a pure function from a trace to what is drawn, in nanoseconds and pixels, together with the
words that the hover shows.  `draw` makes a figure of it.  What a reader could take for more than it is gets a sentence
in `Columns.notes`: spans drawn merged, arrows not drawn, records lost, a run cut short.  That a pale bar is inferred
stands in the legend.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from bokeh.core.properties import value
from bokeh.models import BooleanFilter, CDSView, ColumnDataSource, IndexFilter
from bokeh.models.annotations import Label, Span
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure

from runtime.tracing.model import NONE, Ending, Evidence, Message, State
from runtime.tracing.traces import Trace
from vizlib import hover, words
from vizlib.frame import Axis
from vizlib.lanes import Lane, Lanes
from vizlib.merging import Merged, Run, merge
from vizlib.palette import STYLES, Style, worker_color
from vizlib.theme import FONT, themed
from vizlib.views.deadlock import draw_arcs

BARS = 4_000
"""Bars on the lanes of one picture, at most; with more spans, short ones are merged."""
ARROWS = 300
"""Arrows drawn at once; of more messages, only those of the bar under the pointer."""
MESSAGES = 5_000
"""Messages that one picture carries, at most."""
MARKS = 1_000
"""Prints that one picture carries, at most."""

type Table = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Columns:
    """What a timeline draws.  Horizontal positions are nanoseconds of the run, vertical ones pixels from the top.

    `messages` holds the arrows from the end of a send to the moment that the receiver took the object, each with the
    beginning of both operations, so that the page can tell which bars it belongs to.
    """

    trace: Trace
    lanes: Lanes
    spans: Table
    cores: Table
    messages: Table
    marks: Table
    ends: Table
    notes: tuple[str, ...]


def columns(trace: Trace) -> Columns:
    """Everything that the timeline of `trace` draws, and what it must say about what it does not draw."""
    lanes = Lanes.of(trace)
    bars = merge(_intervals(trace), trace.wall_ns, BARS)
    stays = merge(_stays(trace, list(lanes.cores)), trace.wall_ns, BARS)
    shown = _messages_shown(trace)
    return Columns(
        trace,
        lanes,
        _table(SPAN_FIELDS, _bars(trace, lanes, bars)),
        _table(CORE_FIELDS, _core_bars(trace, lanes, stays)),
        _table(MESSAGE_FIELDS, (_arrow(trace, lanes, message) for message in shown)),
        _table(MARK_FIELDS, [*_prints(trace, lanes), *_undelivered(trace, lanes), *_failures(trace, lanes)]),
        _table(END_FIELDS, _ends(trace, lanes)),
        tuple(_notes(trace, bars, stays, len(shown))),
    )


OPERATIONS = (State.SEND_BLOCKED, State.RECV_BLOCKED, State.ENCODE, State.DECODE)
SPAN_FIELDS = ("worker", "state", "left", "right", "top", "bottom", "kind", "operation", "count", "words")
CORE_FIELDS = ("worker", "left", "right", "top", "bottom", "color", "name", "count", "words")
MESSAGE_FIELDS = ("sender", "receiver", "x0", "y0", "x1", "y1", "middle", "head", "began", "asked", "received", "words")
MARK_FIELDS = ("kind", "x", "y", "words")
END_FIELDS = ("x", "top", "bottom", "began", "words")


def _table(fields: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> Table:
    turned = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in fields]
    return dict(zip(fields, turned, strict=True))


def _intervals(trace: Trace) -> Iterable[tuple[int, int, int, int]]:
    spans = trace.spans
    return zip(*(spans.column(field) for field in ("worker", "state", "began_ns", "ended_ns")), strict=True)


def _stays(trace: Trace, cores: list[int]) -> Iterable[tuple[int, int, int, int]]:
    return ((cores.index(stay.core), stay.worker, stay.began_ns, stay.ended_ns) for stay in trace.core_spans)


def _bars(trace: Trace, lanes: Lanes, merged: Merged) -> Iterable[tuple[Any, ...]]:
    """One bar for a recorded span; a stack of bars for merged spans, the first of which counts them all."""
    for run in merged.runs:
        lane, span = lanes.workers[run.lane], trace.spans[run.index]
        if run.count == 1:
            top = lane.level(STYLES[State(run.kind)].height)
            kind = "inferred" if span.evidence == Evidence.INFERRED else "measured"
            told = hover.of_span(trace, span)
            yield (
                run.lane,
                run.kind,
                run.began_ns,
                run.ended_ns,
                top,
                lane.bottom,
                kind,
                int(run.kind in OPERATIONS),
                1,
                told,
            )
        else:
            told = hover.of_joined(trace, run)
            for count, state, top, bottom in _stack(run, lane, list(STYLES)):
                yield run.lane, state, run.began_ns, run.ended_ns, top, bottom, "merged", 0, count, told


def _core_bars(trace: Trace, lanes: Lanes, merged: Merged) -> Iterable[tuple[Any, ...]]:
    cores = list(lanes.cores.items())
    for run in merged.runs:
        core, lane = cores[run.lane]
        if run.count == 1:
            parts = [(1, run.kind, lane.top, lane.bottom)]
            told = hover.of_core(trace, trace.core_spans[run.index])
        else:
            parts = list(_stack(run, lane, range(len(trace.workers))))
            told = hover.of_joined_core(trace, core, run)
        for count, worker, top, bottom in parts:
            name = words.plain(trace.workers[worker].name, 24)
            yield worker, run.began_ns, run.ended_ns, top, bottom, worker_color(worker), name, count, told


def _stack(run: Run, lane: Lane, order: Sequence[int]) -> Iterable[tuple[int, int, float, float]]:
    """Share out the lane's height among the kinds of a merged run as its time was: (count, kind, top, bottom)."""
    times, whole, count, level = run.times(), max(run.ended_ns - run.began_ns, 1), run.count, 0.0
    for kind in sorted(times, key=order.index):
        bottom, level = lane.level(level), level + times[kind] / whole
        yield count, kind, lane.level(level), bottom
        count = 0


def _delivered(message: Message) -> bool:
    return message.receiver != NONE and message.taken_ns != NONE


def _messages_shown(trace: Trace) -> list[Message]:
    """The messages that arrived, in the order of their sending; the first `MESSAGES` of them if there are more."""
    return sorted(filter(_delivered, trace.messages), key=lambda message: message.sent_ns)[:MESSAGES]


def _arrow(trace: Trace, lanes: Lanes, message: Message) -> tuple[Any, ...]:
    # A receiver may hold the object before the sender's call has returned.  Such an arrow stands upright at the moment
    # of the taking: an arrow that points back in time would show an effect before its cause.
    left = message.taken_ns if message.sent_ns == NONE else min(message.sent_ns, message.taken_ns)
    return (
        message.sender,
        message.receiver,
        left,
        lanes.workers[message.sender].middle,
        message.taken_ns,
        lanes.workers[message.receiver].middle,
        (lanes.workers[message.sender].middle + lanes.workers[message.receiver].middle) / 2,
        "triangle" if message.receiver < message.sender else "inverted_triangle",
        message.began_ns,
        message.taken_ns if message.asked_ns == NONE else message.asked_ns,
        max(message.received_ns, message.taken_ns),
        hover.of_message(trace, message),
    )


def _prints(trace: Trace, lanes: Lanes) -> Iterable[tuple[Any, ...]]:
    for output in trace.outputs[:MARKS]:
        kind = "print" if output.stream == 1 else "stderr"
        yield kind, output.at_ns, lanes.workers[output.worker].top, hover.of_output(trace, output)


def _lost(trace: Trace) -> list[Message]:
    return [message for message in trace.messages if not _delivered(message) and message.sent_ns != NONE]


def _undelivered(trace: Trace, lanes: Lanes) -> Iterable[tuple[Any, ...]]:
    for message in _lost(trace)[:MARKS]:
        yield "undelivered", message.sent_ns, lanes.workers[message.sender].middle, hover.of_message(trace, message)


def _failures(trace: Trace, lanes: Lanes) -> Iterable[tuple[Any, ...]]:
    for worker in trace.workers:
        if worker.ending is not Ending.RETURNED:
            kind = "raised" if worker.ending is Ending.RAISED else "stopped"
            yield kind, worker.ended_ns, lanes.workers[worker.index].middle, hover.of_ending(trace, worker)


def _ends(trace: Trace, lanes: Lanes) -> Iterable[tuple[Any, ...]]:
    for worker in trace.workers:
        lane = lanes.workers[worker.index]
        yield worker.ended_ns, lane.top, lane.bottom, worker.began_ns, hover.of_ending(trace, worker)


def _notes(trace: Trace, bars: Merged, stays: Merged, shown: int) -> Iterable[str]:
    if not trace.complete:
        yield "This run was cut short: the picture ends where the recording ends."
    if trace.dropped:
        yield f"{words.count(trace.dropped, 'record')} did not fit into the recorder: spans or messages are missing."
    if not trace.spans:
        yield "No states were recorded in this run."
    for merged, noun in ((bars, "spans"), (stays, "stays on a core")):
        if merged.joined:
            yield (
                f"{merged.joined:,} of {sum(run.count for run in merged.runs):,} {noun} are short and drawn merged, "
                f"up to {words.duration(merged.below_ns)} in one bar, whose height is shared out as its time was."
            )
    if trace.messages and shown > ARROWS:
        yield f"{words.count(len(trace.messages), 'message')}: point at a bar or click it to see its arrows."
    delivered = sum(map(_delivered, trace.messages))
    if delivered > shown:
        yield f"Arrows exist here for the first {shown:,} of {delivered:,} messages received."
    lost = len(_lost(trace))
    if lost > MARKS:
        yield f"The first {MARKS:,} of {lost:,} messages that nobody received are marked."
    if unsent := len(trace.messages) - delivered - lost:
        yield f"{words.count(unsent, 'message')} had not been sent when the run ended."
    if len(trace.outputs) > MARKS:
        yield f"The first {MARKS:,} of {len(trace.outputs):,} printed lines are marked."


def end_of(drawn: Columns) -> int:
    """The last moment that a timeline shows."""
    ends: list[int] = [1, drawn.trace.wall_ns, *drawn.ends["x"], *drawn.spans["right"], *drawn.cores["right"]]
    return max(ends)


def draw(drawn: Columns, axis: Axis) -> figure:
    """A figure of the columns.  Its lanes have fixed heights and its width follows the page."""
    plot = axis.empty_figure("timeline", drawn.lanes, ends_ns=end_of(drawn))
    _draw_floor(plot, drawn)
    draws = (_draw_cores, _draw_spans, _draw_messages, _draw_marks)
    touchable = [renderer for draw_part in draws for renderer in draw_part(plot, drawn)]
    touchable += draw_arcs(plot, drawn.trace, drawn.lanes)
    _draw_end(plot, drawn)
    axis.answer(plot, touchable, clickable=[renderer for renderer in touchable if renderer.name == "touch"])
    return plot


def axis_for(drawn: Sequence[Columns], more: Iterable[str] = ()) -> Axis:
    """The axis that all of `drawn` share with figures whose lanes are labelled `more`."""
    labels = [lane.label for one in drawn for lane in (*one.lanes.workers, *one.lanes.cores.values())]
    return Axis.over(max(map(end_of, drawn), default=1), [*labels, *more])


def _draw_floor(plot: figure, drawn: Columns) -> None:
    """The thin line of each life, so that a gap in it is seen as one, with an upright where it ends."""
    ends = ColumnDataSource(drawn.ends)
    themed(plot.segment("began", "bottom", "x", "bottom", source=ends, line_width=1).glyph, line_color="rule")
    themed(plot.segment("x", "top", "x", "bottom", source=ends, line_width=1.5).glyph, line_color="quiet")
    if drawn.lanes.border is not None:
        border = Span(location=drawn.lanes.border, dimension="width", line_width=1, level="underlay")
        plot.add_layout(themed(border, line_color="rule"))


def _draw_cores(plot: figure, drawn: Columns) -> list[GlyphRenderer[Any]]:
    if not drawn.cores["left"]:
        return []
    source = ColumnDataSource(drawn.cores)
    bars = plot.quad("left", "right", "top", "bottom", source=source, name="cores", fill_color="color", line_color=None)
    plot.text(
        "left", "bottom", "name", source=source, view=_none_yet(), name="core names", x_offset=5, y_offset=-1.5,
        text_color="white", text_font=value(FONT), text_font_size="9.5px", text_baseline="bottom",
    )  # fmt: skip
    return [bars]


def _none_yet() -> CDSView:
    """A view of a source in which the page picks what to show: what fits, or what is pointed at."""
    return CDSView(filter=IndexFilter(indices=[]))


# The edges of bars.  An edge is as wide as a pixel however narrow its bar: so the page draws it only where the bar is
# wider than that, or a lane of many short waits would look like one long one.
_EDGES: dict[str, Callable[[Style], dict[str, Any]]] = {
    "measured": lambda style: {"line_color": style.outline, "line_width": 0.8} if style.outline else {},
    "inferred": lambda style: {"line_color": style.outline or style.color, "line_dash": [3, 2]},
    "merged": lambda style: {},
}


def _draw_spans(plot: figure, drawn: Columns) -> list[GlyphRenderer[Any]]:
    spans = drawn.spans
    lane_tops = [drawn.lanes.workers[worker].top for worker in spans["worker"]]
    source = ColumnDataSource(spans | {"lane_top": lane_tops})
    for state, style in STYLES.items():
        for kind in ("measured", "inferred", "merged"):
            chosen = [one == state and how == kind for one, how in zip(spans["state"], spans["kind"], strict=True)]
            if any(chosen):
                view = CDSView(filter=BooleanFilter(booleans=chosen))
                bars = plot.quad(
                    "left", "right", "top", "bottom", source=source, view=view, name=f"state:{state.label}"
                )
                alpha = 0.4 if kind == "inferred" else 1.0
                bars.glyph.update(fill_color=style.color, line_color=None, fill_alpha=alpha, tags=[kind])
                _draw_edges(plot, source, chosen, state, _EDGES[kind](style))
    _draw_directions(plot, drawn)
    # The whole height of a lane answers to the pointer, however low the bar in it.
    whole = plot.quad("left", "right", "lane_top", "bottom", source=source, fill_color=None, line_color=None)
    whole.name = "touch"
    # the bar under the pointer, and clicked ones
    framed = plot.quad(
        "left", "right", "lane_top", "bottom", source=source, view=_none_yet(), fill_color=None, line_width=1.5
    )
    framed.name = "chosen bars"
    themed(framed.glyph, line_color="ink")
    return [whole]


_TURNS = {"right": -math.pi / 2, "left": math.pi / 2}


def _draw_edges(plot: figure, bars: ColumnDataSource, chosen: list[bool], state: State, line: dict[str, Any]) -> None:
    if not line:
        return
    sides = {side: list(compress(bars.data[side], chosen)) for side in ("left", "right", "top", "bottom")}
    edges = plot.quad(
        "left", "right", "top", "bottom", source=ColumnDataSource(sides), view=_none_yet(), name=f"state:{state.label}"
    )
    edges.glyph.update(fill_color=None, tags=["edge"], **line)


def _draw_directions(plot: figure, drawn: Columns) -> None:
    """Small triangles over blocked bars, where there is room: to the right waits to send, to the left to receive."""
    spans = zip(*(drawn.spans[field] for field in ("state", "left", "right", "top", "kind")), strict=True)
    rows = [
        ((left + right) / 2, top - 4, _TURNS[style.points], right - left, style.color)
        for state, left, right, top, kind in spans
        if (style := STYLES[State(state)]).points and kind != "merged"
    ]
    plot.scatter(
        "x", "y", angle="angle", marker="triangle", size=6, fill_color="color", line_color=None, name="directions",
        source=ColumnDataSource(_table(("x", "y", "angle", "width", "color"), rows)), view=_none_yet(),
    )  # fmt: skip


def _curve(x0: float, y0: float, x1: float, y1: float) -> tuple[list[float], list[float]]:
    """The cubic curve that leaves and arrives upright, as points: the same that the page draws for a chosen arrow."""
    steps = [step / 12 for step in range(13)]
    ease = [3 * t**2 - 2 * t**3 for t in steps]
    rise = [1.5 * t * (1 - t) + t**3 for t in steps]
    return [x0 + (x1 - x0) * part for part in ease], [y0 + (y1 - y0) * part for part in rise]


def _draw_messages(plot: figure, drawn: Columns) -> list[GlyphRenderer[Any]]:
    messages = ColumnDataSource(drawn.messages)
    few = len(drawn.messages["x0"]) <= ARROWS
    table: Table = {field: drawn.messages[field] if few else [] for field in ("x0", "y0", "x1", "y1", "head")}
    alpha = min(0.34, 0.06 + 12 / max(len(table["x0"]), 1))  # many arrows must not hide the bars
    curves = [_curve(*ends) for ends in zip(*(table[field] for field in ("x0", "y0", "x1", "y1")), strict=True)]
    table |= _table(("xs", "ys"), curves)
    lines = plot.multi_line("xs", "ys", source=ColumnDataSource(table), name="arrows", line_alpha=alpha)
    heads = plot.scatter(
        "x1",
        "y1",
        source=lines.data_source,
        marker="head",
        name="heads",
        size=5,
        fill_alpha=1.5 * alpha,
        line_color=None,
    )
    chosen = _none_yet()
    strong = plot.bezier(
        "x0", "y0", "x1", "y1", "x0", "middle", "x1", "middle", source=messages, view=chosen,
        name="chosen arrows", line_width=2,
    )  # fmt: skip
    points = plot.scatter("x1", "y1", source=messages, view=chosen, marker="head", name="chosen heads", size=10)
    for glyph in (lines.glyph, strong.glyph):
        themed(glyph, line_color="arrow")
    themed(heads.glyph, fill_color="arrow")
    themed(points.glyph, fill_color="arrow", line_color="page")
    return [lines]


_MARKERS = {
    "print": ("inverted_triangle", 7, "ink"),
    "stderr": ("inverted_triangle", 7, "alarm"),
    "undelivered": ("circle_x", 9, "alarm"),
    "raised": ("x", 11, "alarm"),
    "stopped": ("square_x", 9, "alarm"),
}


def _draw_marks(plot: figure, drawn: Columns) -> list[GlyphRenderer[Any]]:
    source = ColumnDataSource(drawn.marks)
    renderers = []
    for kind, (marker, size, role) in _MARKERS.items():
        chosen = [one == kind for one in drawn.marks["kind"]]
        if any(chosen):
            marks = plot.scatter(
                "x", "y", source=source, view=CDSView(filter=BooleanFilter(booleans=chosen)), name=f"mark:{kind}",
                marker=marker, size=size, line_width=1 if kind in ("print", "stderr") else 2,
            )  # fmt: skip
            filled = kind in ("print", "stderr")
            themed(marks.glyph, fill_color=role if filled else "page", line_color="page" if filled else role)
            renderers.append(marks)
    return renderers


def _draw_end(plot: figure, drawn: Columns) -> None:
    trace = drawn.trace
    line = Span(location=trace.wall_ns, dimension="height", line_width=1.5, line_dash=[2, 3])
    label = Label(
        x=trace.wall_ns, y=drawn.lanes.height - 4, x_offset=6 if trace.complete else 10, text_baseline="bottom",
        text_font=FONT, text_font_size="12px", text_font_style="bold",
        text=f"{words.end(trace)} {words.duration(trace.wall_ns)}",
    )  # fmt: skip
    plot.add_layout(themed(line, line_color="ink"))
    plot.add_layout(themed(label, text_color="ink"))
