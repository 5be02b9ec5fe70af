"""Blocking: who waited for whom and for how long, and how full each channel was.

A worker that waits for a message waits for the one that sends it; a worker that waits for room waits for the one whose
taking makes it; a worker that waits for the one GIL waits for whoever executes Python meanwhile.  Time that nobody
ended, as in a deadlock, is told as such.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from bokeh.core.properties import value
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from runtime.tracing.depth import depth_of
from runtime.tracing.model import NONE, Message, Span, State
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.frame import Axis
from vizlib.lanes import Lane, Lanes
from vizlib.palette import STYLES
from vizlib.played import HOLDING, fullest_of, gil
from vizlib.theme import FONT, themed

STEPS = 2_000
"""Steps that one channel's depth is drawn with, at most."""
_ROWS = 12  # waits that are listed one by one
_TALL = 44  # pixels of a channel's lane


class Wait(NamedTuple):
    """All that one worker waited for another in one state: `whom` is NONE where nobody ended it.

    A wait that a deadlock made endless was for the next worker of its ring, who never came: it is not `over`.
    """

    who: int
    whom: int
    state: State
    ns: int
    times: int
    over: bool = True


def waits(trace: Trace) -> list[Wait]:
    """Who waited for whom, the longest first."""
    sums: Counter[tuple[int, int, State, bool]] = Counter()
    times: Counter[tuple[int, int, State, bool]] = Counter()
    ended, stuck = _Enders(trace), {(one.worker, one.channel): one for one in trace.deadlock}
    for span in trace.spans:
        link = stuck.get((span.worker, span.channel)) if span.state in _FOR_EVER else None
        endless = link is not None and link.since_ns < span.ended_ns
        for whom, ns in [(link.awaited, span.length_ns)] if link and endless else ended.of(span):
            key = span.worker, whom, State(span.state), not endless
            sums[key] += ns
            times[key] += 1
    found = sums.most_common()
    return [
        Wait(who, whom, state, ns, times[who, whom, state, over], over) for (who, whom, state, over), ns in found if ns
    ]


class _Enders:
    """Finds who ended a wait."""

    def __init__(self, trace: Trace) -> None:
        self._taken_by: dict[int, list[Message]] = defaultdict(list)  # what each worker received, by time
        self._sent_by: dict[int, list[Message]] = defaultdict(list)
        self._taken_from: dict[int, list[Message]] = defaultdict(list)  # by channel
        self._holding: dict[int, list[Span]] = defaultdict(list)
        for message in sorted(trace.messages, key=lambda one: one.taken_ns):
            if message.receiver != NONE:
                self._taken_by[message.receiver].append(message)
                self._taken_from[message.channel].append(message)
        for message in sorted(trace.messages, key=lambda one: one.began_ns):
            self._sent_by[message.sender].append(message)
        if gil(trace) == "one":
            for span in trace.spans:
                if span.state in HOLDING:
                    self._holding[span.worker].append(span)

    def of(self, span: Span) -> Iterable[tuple[int, int]]:
        """(whom the worker waited for, nanoseconds) of one span; nothing where it did not wait for anybody."""
        if span.state == State.RECV_BLOCKED:
            yield self._sender(span), span.length_ns
        elif span.state == State.SEND_BLOCKED:
            yield self._receiver(span), span.length_ns
        elif span.state == State.GIL_WAIT and self._holding:
            yield from self._holders(span)

    def _sender(self, span: Span) -> int:
        received = self._taken_by[span.worker]
        at = bisect_left(received, span.ended_ns, key=lambda one: max(one.taken_ns, one.received_ns))
        found = received[at] if at < len(received) else None
        return found.sender if found and found.asked_ns <= span.ended_ns else NONE

    def _receiver(self, span: Span) -> int:
        sent = self._sent_by[span.worker]
        at = bisect_right(sent, span.began_ns, key=lambda one: one.began_ns) - 1
        if at < 0 or sent[at].admitted_ns == NONE:
            return NONE
        taken = self._taken_from[sent[at].channel]
        # The last that was taken until the wait was over made the room; under a rendezvous it is the message itself.
        before = bisect_right(taken, sent[at].admitted_ns, key=lambda one: one.taken_ns) - 1
        return taken[before].receiver if before >= 0 else sent[at].receiver

    def _holders(self, span: Span) -> Iterable[tuple[int, int]]:
        left = span.length_ns
        for worker, spans in self._holding.items():
            if worker == span.worker:
                continue
            at = max(bisect_right(spans, span.began_ns, key=lambda one: one.began_ns) - 1, 0)
            ns = 0
            while at < len(spans) and spans[at].began_ns < span.ended_ns:
                ns += max(0, min(spans[at].ended_ns, span.ended_ns) - max(spans[at].began_ns, span.began_ns))
                at += 1
            ns = min(ns, left)
            left -= ns
            if ns:
                yield worker, ns
        if left:
            yield NONE, left


# ---- words -----------------------------------------------------------------------------------------------------------

_FOR = {
    State.RECV_BLOCKED: "for a message from {whom}",
    State.SEND_BLOCKED: "for {whom} to make room",
    State.GIL_WAIT: "for the GIL that {whom} held",
}
_FOR_EVER = {
    State.RECV_BLOCKED: "for a message from {whom} that did not come",
    State.SEND_BLOCKED: "for {whom} to make room, who did not",
}
_FOR_NOBODY = {
    State.RECV_BLOCKED: "for a message that did not come",
    State.SEND_BLOCKED: "for room that nobody made",
    State.GIL_WAIT: "for the GIL, and nobody was seen with it",
}


def _told(trace: Trace, one: Wait) -> str:
    if one.whom == NONE:
        return _FOR_NOBODY[one.state]
    return (_FOR if one.over else _FOR_EVER)[one.state].format(whom=words.name(trace.workers[one.whom]))


def in_words(trace: Trace) -> list[str]:
    """The three longest waits, as sentences."""
    return [
        f"{words.name(trace.workers[one.who])} waited {words.duration(one.ns)} {_told(trace, one)}."
        for one in waits(trace)[:3]
    ] or ["Nobody waited for anybody."]


def text(trace: Trace) -> str:
    """Who waited for whom, and how full each channel was."""
    lines = [f"Who waited in {words.plain(trace.name)}: {words.setting(trace)}"]
    found = waits(trace)
    for worker in trace.workers:
        mine = [one for one in found if one.who == worker.index][:3]
        told = "; ".join(f"{words.duration(one.ns)} {_told(trace, one)}" for one in mine)
        lines.append(f"~ {words.name(worker)} waited: {told or 'for nobody'}")
    for channel in trace.channels:
        fullest = fullest_of(trace, channel.index)
        lines.append(f"~ {words.plain(channel.name)} held at most: {words.count(fullest, 'message')}")
    return "\n".join(lines)


def listed(trace: Trace) -> str:
    """The waits as markup: a row for each, with a bar as long as it took."""
    found = waits(trace)
    most = found[0].ns if found else 1
    rows = "".join(_row(trace, one, most) for one in found[:_ROWS])
    more = len(found) - _ROWS
    rest = f'<p class="lab-note">{words.count(more, "shorter wait")} not listed.</p>' if more > 0 else ""
    return f'<div class="lab-waits">{rows or "<p>Nobody waited for anybody.</p>"}</div>{rest}'


def _row(trace: Trace, one: Wait, most: int) -> str:
    style = STYLES[one.state]
    who, told = escape(words.name(trace.workers[one.who])), escape(_told(trace, one))
    return (
        f'<div class="lab-wait"><div><b>{who}</b> {told}</div>'
        f'<span title="{words.count(one.times, "time")}">{words.duration(one.ns)}</span>'
        f'<i style="--w:{one.ns / most:.4f};--c:{style.color};--e:{style.outline or style.color}"></i></div>'
    )


# ---- depth -----------------------------------------------------------------------------------------------------------


def lanes(trace: Trace) -> Lanes:
    """A lane for each channel, labelled with its name and how much it may hold."""
    named = [words.short(one.name, 24) for one in trace.channels]
    found = [Lane(name, 10.0 + at * (_TALL + 12), 10.0 + at * (_TALL + 12) + _TALL) for at, name in enumerate(named)]
    return Lanes({}, tuple(found), 16.0 + len(found) * (_TALL + 12))


def steps(trace: Trace, channel: int) -> list[tuple[int, int]]:
    """(time, objects in the channel from then on), at most `STEPS` of them: of those left out, the fullest is kept."""
    found = [(0, 0), *depth_of(trace.messages, channel)]
    if len(found) > STEPS:
        width = max(trace.wall_ns // (STEPS // 2), 1)
        peaks: dict[int, tuple[int, int]] = {}
        for at, depth in found:
            if depth >= peaks.get(at // width, (0, -1))[1]:
                peaks[at // width] = (at, depth)
        found = list(peaks.values())
    return [*found, (max(trace.wall_ns, found[-1][0]), found[-1][1])]


def draw(trace: Trace, axis: Axis, ends_ns: int) -> figure:
    """How many objects each channel held over time, as steps on the axis of the timeline."""
    made = lanes(trace)
    plot = axis.empty_figure("depth", made, ends_ns)
    for channel, lane in zip(trace.channels, made.workers, strict=True):
        found = steps(trace, channel.index)
        most = channel.capacity or max(1, *(depth for _, depth in found))
        source = ColumnDataSource(
            {
                "x": [at for at, _ in found],
                "y": [lane.level(min(depth / most, 1)) for _, depth in found],
                "floor": [lane.bottom] * len(found),
                "depth": [depth for _, depth in found],
            }
        )
        plot.varea_step("x", "y", "floor", source=source, step_mode="after", fill_color="#0072B2", fill_alpha=0.35)
        line = plot.step("x", "y", source=source, mode="after", line_width=1.5, name=f"depth:{channel.index}")
        line.glyph.line_color = "#0072B2"
        full = plot.segment([0], [lane.top], [trace.wall_ns], [lane.top], line_dash=[2, 3])
        themed(full.glyph, line_color="rule")
        _scale(plot, lane, most, trace.wall_ns)
    axis.answer(plot)
    return plot


def _scale(plot: figure, lane: Lane, most: int, wall_ns: int) -> None:
    marks = plot.text(
        [wall_ns], [lane.top], [f"{most:,}"], x_offset=6, text_font=value(FONT), text_font_size="11px",
        text_baseline="middle",
    )  # fmt: skip
    themed(marks.glyph, text_color="quiet")


def notes(trace: Trace) -> Sequence[str]:
    """What the picture does not show as it was."""
    many = [words.plain(one.name) for one in trace.channels if len(depth_of(trace.messages, one.index)) > STEPS]
    told = f"{words.listed(many)}: too many steps to draw; of each short while the fullest moment is kept."
    return [told] if many else []
