"""The empty figure that views of a run start from: time to the right, lanes downwards, and how it moves.

Figures under each other share one `Axis`, so that they zoom and move together and the pointer's moment shows in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bokeh.models import (
    AdaptiveTicker,
    BoxZoomTool,
    CompositeTicker,
    CrosshairTool,
    CustomJSTickFormatter,
    FixedTicker,
    HoverTool,
    PanTool,
    Range1d,
    WheelZoomTool,
)
from bokeh.models.annotations import Span
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure

from vizlib.lanes import Lanes
from vizlib.theme import FONT, tell_page, themed

_TIME = """
const far = Math.max(...ticks.map(Math.abs));
const [size, unit] = far >= 1e9 ? [1e9, "s"] : far >= 1e6 ? [1e6, "ms"] : far >= 1e3 ? [1e3, "µs"] : [1, "ns"];
const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) / size : 1;
if (far >= 120e9 && step >= 1) {
  const seconds = Math.round(tick / 1e9);
  const parts = [[Math.floor(seconds / 3600), "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
  return parts.filter(([count]) => count).map(([count, name]) => `${count} ${name}`).join(" ") || "0 s";
}
const decimals = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
return (tick / size).toFixed(decimals) + " " + unit;
"""


@dataclass(frozen=True, slots=True)
class Axis:
    """What figures under each other share: the time that they show, the pointer's moment, the width of the labels."""

    time: Range1d
    pointer: Span
    label_width: int

    @classmethod
    def over(cls, ends_ns: int, labels: Iterable[str]) -> Axis:
        """An axis from the beginning of a run to `ends_ns`, with room for `labels` at the left."""
        bounds = (-0.004 * ends_ns, 1.11 * ends_ns)  # the page refines it when it knows its width
        return cls(
            Range1d(start=bounds[0], end=bounds[1], bounds=bounds, min_interval=min(20.0, ends_ns / 2)),
            themed(Span(dimension="height", line_width=1, line_dash=[2, 3], level="overlay"), line_color="quiet"),
            max([56, *(int(7.4 * len(label)) + 16 for label in labels)]),
        )

    def empty_figure(self, name: str, lanes: Lanes, ends_ns: int) -> figure:
        """A figure with labelled lanes.  Its height is theirs, its width follows the page."""
        plot = figure(
            name=name,
            tags=[ends_ns],
            height=int(lanes.height) + 30,
            min_width=320,
            sizing_mode="stretch_width",
            x_range=self.time,
            y_range=Range1d(start=lanes.height, end=0),
            tools=[],
            toolbar_location=None,
            min_border_left=self.label_width,
            min_border_right=14,
            min_border_top=0,
            lod_threshold=None,  # or Bokeh draws one bar in ten while panning
            background_fill_color=None,
            border_fill_color=None,
            outline_line_color=None,
        )
        _label(plot, lanes, _LONG_TIMES if ends_ns >= 120e9 else [_TIMES])
        return plot

    def answer(self, plot: figure, told: Sequence[GlyphRenderer[Any]] = ()) -> None:
        """Let `plot` move and zoom; the wheel alone scrolls the notebook.  The page shows the words of `told`."""
        pan, box = PanTool(dimensions="width", name="pan"), BoxZoomTool(dimensions="width", name="box")
        zoom = WheelZoomTool(dimensions="width", modifiers="ctrl", maintain_focus=False)
        plot.add_tools(pan, zoom, box, CrosshairTool(dimensions="height", overlay=self.pointer))
        if told:
            plot.add_tools(HoverTool(renderers=[*told], tooltips=None, callback=tell_page("point", "cb_data")))
        plot.toolbar.update(active_drag=pan, active_scroll=zoom)
        for renderer in plot.renderers:
            if isinstance(renderer, GlyphRenderer):
                renderer.update(selection_glyph=None, nonselection_glyph=None)


_TIMES: dict[str, Any] = {"base": 10, "mantissas": [1, 2, 5]}
_LONG_TIMES: list[dict[str, Any]] = [
    _TIMES | {"max_interval": 0.5e9},
    {"base": 60, "mantissas": [1, 2, 5, 10, 15, 30], "min_interval": 1e9, "max_interval": 1_800e9},
    {"base": 24, "mantissas": [1, 2, 4, 6, 8, 12], "min_interval": 3_600e9},
]
"""Which times are marked: round ones in nanoseconds and, of long runs, in minutes and hours."""


def _label(plot: figure, lanes: Lanes, times: Sequence[dict[str, Any]]) -> None:
    every = (*lanes.cores.values(), *lanes.workers)
    plot.yaxis.ticker = FixedTicker(ticks=[lane.middle for lane in every])
    plot.yaxis.major_label_overrides = {lane.middle: lane.label for lane in every}
    ticks = [AdaptiveTicker(desired_num_ticks=7, num_minor_ticks=0, **kind) for kind in times]
    plot.xaxis.ticker = ticks[0] if len(ticks) == 1 else CompositeTicker(tickers=ticks, num_minor_ticks=0)
    plot.xaxis.formatter = CustomJSTickFormatter(code=_TIME)
    for axis in (plot.xaxis[0], plot.yaxis[0]):
        axis.update(major_label_text_font=FONT, major_label_text_font_size="12px", major_tick_in=0)
    plot.xaxis[0].update(major_label_text_font_size="11px", major_tick_out=4)
    themed(plot.xaxis[0], major_label_text_color="quiet", axis_line_color="rule", major_tick_line_color="rule")
    themed(plot.yaxis[0], major_label_text_color="ink")
    plot.yaxis[0].update(axis_line_color=None, major_tick_line_color=None, major_label_standoff=6)
    plot.ygrid.grid_line_color = None
    themed(plot.xgrid[0], grid_line_color="lane")
