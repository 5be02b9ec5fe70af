"""What crossing costs: bytes against time for each way of crossing, the cost of a message and of a byte, who pays.

A sender pays for encoding an object and putting it into the channel, a receiver for taking it out and decoding it.
Waiting is no cost of crossing and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Any

from bokeh.models import ColumnDataSource, CustomJSTickFormatter, FixedTicker, HoverTool, Range1d
from bokeh.models.renderers import DataRenderer, GlyphRenderer
from bokeh.plotting import figure

from runtime.tracing.model import NONE, Message, Transfer
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.palette import TRANSFER_COLORS
from vizlib.theme import FONT, tell_page, themed

POINTS = 4_000
"""Points that one picture shows, at most, for each end of each way of crossing."""
_WORTH_A_SLOPE = 1_000  # bytes between small and large messages: below that, a price per byte is a guess
_ENDS = ("sender", "receiver")
_MARKERS = {"sender": "triangle", "receiver": "inverted_triangle"}


@dataclass(frozen=True, slots=True)
class Fit:
    """What one end pays: so much for each message, and for each byte (None where sizes do not tell)."""

    message_ns: float
    byte_ns: float | None

    def at(self, size: float) -> float:
        """Nanoseconds for a message of so many bytes."""
        return self.message_ns + (self.byte_ns or 0.0) * size


@dataclass(frozen=True, slots=True)
class Costs:
    """One way of crossing: (bytes, nanoseconds, index of the message) for each end, and what was fitted to them."""

    transfer: Transfer
    points: dict[str, list[tuple[int, int, int]]]
    fits: dict[str, Fit]

    def total(self, end: str) -> float:
        """Nanoseconds that one end paid for all messages, at the fitted cost: what else held it up does not count."""
        return sum(self.fits[end].at(size) for size, _, _ in self.points[end])


def costs(trace: Trace) -> list[Costs]:
    """The ways in which objects crossed, each with what it cost."""
    found: dict[int, dict[str, list[tuple[int, int, int]]]] = {}
    for index, message in enumerate(trace.messages):
        points = found.setdefault(message.transfer, {end: [] for end in _ENDS})
        for end, ns in _paid(message):
            points[end].append((message.size, ns, index))
    return [
        Costs(Transfer(kind), points, {end: fit([point[:2] for point in points[end]]) for end in _ENDS if points[end]})
        for kind, points in sorted(found.items())
    ]


def _paid(message: Message) -> Iterable[tuple[str, int]]:
    if message.sent_ns != NONE and message.admitted_ns != NONE:
        # A receiver may take the object, and run, before the sender's call returns.
        yield "sender", max(message.encode_ns, 0) + max(message.sent_ns - message.admitted_ns, 0)
    if message.received_ns != NONE and message.taken_ns != NONE:
        yield "receiver", max(message.decode_ns, 0)


def fit(points: Sequence[tuple[int, int]]) -> Fit:
    """The cost of a message and of a byte, from (bytes, nanoseconds): a line through the medians of like sizes.

    Errors count relative to the time, so that small messages weigh as much as large ones; neither cost is below zero.

    >>> fit([(10, 1_020), (1_000, 3_000), (100_000, 201_000)])
    Fit(message_ns=1000.0, byte_ns=2.0)
    """
    by_size = groupby(sorted(points), key=lambda point: point[0].bit_length())
    middles = [
        (median(x for x, _ in group), max(median(y for _, y in group), 1.0)) for group in (list(g) for _, g in by_size)
    ]
    level = median(y for _, y in points)
    smallest, largest = middles[0][0], middles[-1][0]
    if largest < 4 * smallest or largest - smallest < _WORTH_A_SLOPE:
        return Fit(float(level), None)
    # Minimises the sum of ((message + byte * x - y) / y) ** 2.
    rows = [(1 / y, x / y) for x, y in middles]
    aa, ab, bb = (sum(row[i] * row[j] for row in rows) for i, j in ((0, 0), (0, 1), (1, 1)))
    a, b = (sum(row[i] for row in rows) for i in (0, 1))
    spread = aa * bb - ab * ab
    message, byte = ((a * bb - b * ab) / spread, (b * aa - a * ab) / spread) if spread else (level, 0.0)
    if byte < 0:
        return Fit(float(level), 0.0)
    return Fit(round(message, 3), round(byte, 6)) if message >= 0 else Fit(0.0, b / bb)


# ---- words -----------------------------------------------------------------------------------------------------------


def in_words(trace: Trace) -> list[str]:
    """A sentence or two on each way of crossing."""
    return [_sentence(one) for one in costs(trace)] or ["nothing, for no message crossed."]


def _sentence(one: Costs) -> str:
    count = words.count(max(map(len, one.points.values())), "message")
    told = [f"the {end} pays {_price(one.fits[end])}" for end in _ENDS if end in one.fits]
    return f"{one.transfer.label}, {count}: {', '.join(told) or 'none was sent'}{_who_pays(one)}."


def _price(paid: Fit) -> str:
    each = f"{words.duration(paid.message_ns)} a message"
    if paid.byte_ns is None:
        return each
    if not paid.byte_ns:
        return f"{each}, whatever its size"
    return f"{each} and {words.duration(paid.byte_ns * 1e6)} a megabyte"


def _who_pays(one: Costs) -> str:
    sender, receiver = (one.total(end) for end in _ENDS)
    if not sender + receiver:
        return ""
    share = max(sender, receiver) / (sender + receiver)
    return f"; {words.part(share)} of it falls on the {_ENDS[receiver > sender]}s"


def text(trace: Trace) -> str:
    """The costs in lines whose labels are the same in every run of a program."""
    lines = [f"What crossing cost in {words.plain(trace.name)}: {words.setting(trace)}"]
    told = [sentence.replace(", ", ": ", 1) for sentence in in_words(trace)]
    return "\n".join([*lines, *(f"~ {sentence}" for sentence in told)])


# ---- the picture -----------------------------------------------------------------------------------------------------

_BYTES = """
const [size, unit] = tick >= 1e9 ? [1e9, "GB"] : tick >= 1e6 ? [1e6, "MB"] : tick >= 1e3 ? [1e3, "kB"] : [1, "B"];
return (tick / size).toFixed(0) + " " + unit;
"""
_TIME = """
const [size, unit] = tick >= 1e9 ? [1e9, "s"] : tick >= 1e6 ? [1e6, "ms"] : tick >= 1e3 ? [1e3, "µs"] : [1, "ns"];
return (tick / size).toFixed(0) + " " + unit;
"""


NOTHING = (
    '<div class="lab-heading"><b role="heading" aria-level="2">What crossing cost</b>'
    "<span>nothing, for no message crossed</span></div>"
)
"""What stands in the picture's place where no message crossed, as markup."""


def draw(trace: Trace) -> figure:
    """Bytes to the right, time upwards, in powers of ten: a mark for each end of each message, a line for each fit."""
    found = costs(trace)
    every = [point for one in found for points in one.points.values() for point in points] or [(1_000, 10_000, 0)]
    (low, high), y_range = (_range([max(point[field], 1) for point in every]) for field in (0, 1))
    plot = figure(
        name="costs", height=320, min_width=320, sizing_mode="stretch_width", tools=[], toolbar_location=None,
        x_axis_type="log", y_axis_type="log", x_axis_label="bytes of one message", y_axis_label="time paid for it",
        x_range=Range1d(start=low, end=high), y_range=Range1d(start=y_range[0], end=y_range[1]),
        background_fill_color=None, border_fill_color=None, outline_line_color=None, min_border_right=14,
    )  # fmt: skip
    marks: list[DataRenderer] = []
    for one in found:
        for end in _ENDS:
            if points := _thinned(one.points[end]):
                marks.append(_scatter(plot, trace, one, end, points))
            if one.fits.get(end):
                _line(plot, one, end, low, high)
    plot.add_tools(HoverTool(renderers=marks, tooltips=None, callback=tell_page("point", "cb_data")))
    _dress(plot)
    return plot


def _range(values: Sequence[int]) -> tuple[float, float]:
    """Room for all values, and for two powers of ten at least."""
    low, high = min(values), max(values)
    pad = max(1.6, (100 * low / high) ** 0.5)
    return low / pad, high * pad


def _thinned(points: Sequence[tuple[int, int, int]]) -> Sequence[tuple[int, int, int]]:
    return points[:: len(points) // POINTS + 1]


def _scatter(
    plot: figure, trace: Trace, one: Costs, end: str, points: Sequence[tuple[int, int, int]]
) -> GlyphRenderer[Any]:
    source = ColumnDataSource(
        {
            "x": [max(size, 1) for size, _, _ in points],
            "y": [max(ns, 1) for _, ns, _ in points],
            "words": [_told(trace, one, end, point) for point in points],
        }
    )
    color = TRANSFER_COLORS[one.transfer]
    marks = plot.scatter(
        "x", "y", source=source, marker=_MARKERS[end], size=8, name=f"mark:{one.transfer.label} {end}",
        fill_color=color, fill_alpha=0.55 if end == "sender" else 0.0, line_color=color, line_alpha=0.9,
    )  # fmt: skip
    marks.update(selection_glyph=None, nonselection_glyph=None)
    return marks


def _told(trace: Trace, one: Costs, end: str, point: tuple[int, int, int]) -> str:
    size, ns, index = point
    message = trace.messages[index]
    who = trace.workers[message.sender if end == "sender" else message.receiver]
    lines = [
        f"{words.name(who)} paid {words.duration(ns)}",
        f"as\t{end}",
        f"crossed as\t{one.transfer.label}, {words.size(size)}",
        f"channel\t{words.plain(trace.channels[message.channel].name)}",
    ]
    return "\n".join(
        [*lines, f"value\t{words.plain(trace.text(message.preview))}"] if message.preview != NONE else lines
    )


def _line(plot: figure, one: Costs, end: str, low: float, high: float) -> None:
    xs = [low * (high / low) ** (step / 60) for step in range(61)]
    ys = [max(one.fits[end].at(x), 1) for x in xs]
    dash = [] if end == "sender" else [5, 4]
    plot.line(xs, ys, line_color=TRANSFER_COLORS[one.transfer], line_width=1.5, line_dash=dash, line_alpha=0.8)


def _dress(plot: figure) -> None:
    powers = FixedTicker(ticks=[10**power for power in range(15)])
    plot.xaxis.formatter, plot.yaxis.formatter = CustomJSTickFormatter(code=_BYTES), CustomJSTickFormatter(code=_TIME)
    for axis in (plot.xaxis[0], plot.yaxis[0]):
        axis.ticker = powers
        axis.update(
            axis_label_text_font=FONT, axis_label_text_font_size="12px", axis_label_text_font_style="normal",
            major_label_text_font=FONT, major_label_text_font_size="11px", minor_tick_line_color=None, major_tick_in=0,
        )  # fmt: skip
        themed(axis, axis_label_text_color="quiet", major_label_text_color="quiet", axis_line_color="rule")
        themed(axis, major_tick_line_color="rule")
    for grid in (plot.xgrid[0], plot.ygrid[0]):
        grid.ticker = powers
        themed(grid, grid_line_color="lane")


def key(trace: Trace) -> str:
    """The legend, as markup: a colour for each way of crossing, a marker for each end."""
    kinds = "".join(
        f'<span class="lab-key"><span class="lab-dot" style="background:{TRANSFER_COLORS[one.transfer]}"></span>'
        f"{one.transfer.label}</span>"
        for one in costs(trace)
    )
    ends = "".join(f'<span class="lab-key">{end}</span>' for end in ("▲ solid: the sender", "▽ dashed: the receiver"))
    return f'<div class="lab-legend">{kinds}{ends}</div>'


def notes(trace: Trace) -> Iterable[str]:
    """What the picture does not show as it was."""
    found = costs(trace)
    if any(len(points) > POINTS for one in found for points in one.points.values()):
        yield f"Of {words.count(len(trace.messages), 'message')} some are left out, evenly; the lines fit all."
    if any(size == 0 for one in found for points in one.points.values() for size, _, _ in points):
        yield "Messages of no bytes stand at 1 B."
