"""The figure of a run that goes on: its bars, its lanes, and a time axis that leaps ahead when they reach its end.

Everything that moves is one data source, replaced as a whole at each look: one message to the page, and a page that is
opened late (or again) is right at the next look.  The page sends nothing back (`assets/growing.js`).  The colours are
CSS variables, which follow the page's theme (`assets/live.css`).
"""

from __future__ import annotations

from bokeh.models import ColumnDataSource, CustomJS, FixedTicker, Range1d
from bokeh.plotting import figure

from vizlib import words
from vizlib.lanes import Lanes
from vizlib.running.growth import Growth
from vizlib.running.loader import asset
from vizlib.theme import FONT

_SHORTEST_NS = 1_000_000_000
_LEAPS = (1, 2, 5)
_AXIS = 30  # pixels of height
_ROOM = 1.02  # behind the last bar


class GrowingFigure:
    """A Bokeh figure of a `Growth`.  Make it, put `model` into a page, and call `show` whenever there is more."""

    def __init__(self, growth: Growth) -> None:
        self._growth = growth
        self._lanes = growth.lanes()
        self._end_ns = 0
        self._source = ColumnDataSource(growth.columns(self._lanes))
        self._source.js_on_change("data", CustomJS(code=asset("growing.js")))
        self._time = Range1d(start=0, end=1)
        self._heights = Range1d(start=1, end=0)
        self.model = _empty_figure(self._time, self._heights)
        self.model.quad(
            "left", "right", "top", "bottom", source=self._source, name="live",
            fill_color="color", fill_alpha="alpha", line_color=None,
        )  # fmt: skip
        self._lay_out(self._lanes)
        self._leap()

    def show(self) -> None:
        """Draw what the growth holds now."""
        lanes = self._growth.lanes()
        if lanes != self._lanes:
            self._lanes = lanes
            self._lay_out(lanes)
        self._leap()
        self._source.data = self._growth.columns(lanes)

    def _lay_out(self, lanes: Lanes) -> None:
        every = (*lanes.cores.values(), *lanes.workers)
        width = max([56, *(int(7.4 * len(lane.label)) + 16 for lane in every)])
        self._heights.start = lanes.height
        self.model.update(height=int(lanes.height) + _AXIS, min_border_left=width)
        axis = self.model.yaxis[0]
        axis.update(
            ticker=FixedTicker(ticks=[lane.middle for lane in every]),
            major_label_overrides={lane.middle: lane.label for lane in every},
        )

    def _leap(self) -> None:
        """Let the axis end at a round moment after now."""
        if self._growth.now_ns * _ROOM <= self._end_ns:
            return
        self._end_ns = leap(self._growth.now_ns)
        ticks = [self._end_ns * part // 5 for part in range(6)]
        self._time.end = self._end_ns * _ROOM
        self.model.xaxis[0].update(
            ticker=FixedTicker(ticks=ticks),
            major_label_overrides={tick: _moment(tick) for tick in ticks},
        )
        self.model.xgrid[0].ticker = FixedTicker(ticks=ticks)


def leap(now_ns: int) -> int:
    """The first of 1 s, 2 s, 5 s, 10 s, ... that lies after `now_ns`.

    >>> leap(2_500_000_000)
    5000000000
    """
    decade = _SHORTEST_NS
    while True:
        for factor in _LEAPS:
            if factor * decade > now_ns:
                return factor * decade
        decade *= 10


def _moment(ns: int) -> str:
    """A round moment in few letters: `0.4 s`, `20 s`, `3 min 20 s`."""
    return f"{ns / 1e9:g} s" if ns < 120e9 else words.duration(ns)


def _empty_figure(time: Range1d, heights: Range1d) -> figure:
    plot = figure(
        name="live",
        min_width=320,
        sizing_mode="stretch_width",
        x_range=time,
        y_range=heights,
        tools=[],
        toolbar_location=None,
        min_border_right=24,
        min_border_top=0,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
    )
    for axis in (plot.xaxis[0], plot.yaxis[0]):
        axis.update(major_label_text_font=FONT, major_label_text_font_size="12px", major_tick_in=0)
    plot.xaxis[0].update(major_label_text_font_size="11px", major_tick_out=4)
    plot.yaxis[0].update(axis_line_alpha=0, major_tick_out=0, major_label_standoff=10)  # a CSS colour outdoes no colour
    plot.ygrid.visible = False
    return plot
