"""The picture of a run while it goes on, in few enough bars, however long it has been going on.

Each stretch of progress is appended; neighbours in one state are one bar.  When the bars are too many, those shorter
than a thousandth of the run (more, if that is not enough) are joined with their neighbours on the same lane: such a bar
draws the time of each state together, side by side, so states keep their looks and their sums.  `Growth.joined` says
so.  Thus an hour costs as much to draw as a second, and a long bar keeps its edges.

What is not settled yet is kept apart and replaced by the next stretch.  Where records were passed over, the states of
what was read are spread over what was not: `Growth.estimated` says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from runtime.tracing.model import CoreSpan, Evidence, Span, State, Worker
from runtime.tracing.progress import Progress
from runtime.tracing.tables import Table
from runtime.tracing.traces import Trace
from vizlib.lanes import Lanes
from vizlib.palette import STYLES, worker_color

BARS = 1_200
"""Bars that one picture draws, at most, as long as joining can help."""
_FINEST = 1_000  # parts of the run, below which bars are joined
PALE = 0.4
"""How opaque a bar is that is inferred, not measured."""

type Columns = dict[str, list[float | str]]
type Kind = tuple[int, bool]  # state and whether it is inferred; or worker, False


@dataclass(slots=True)
class Bar:
    """An interval of one lane, and the nanoseconds that it spent in each kind."""

    lane: int  # worker or core
    began_ns: int
    ended_ns: int
    times: Counter[Kind]

    @classmethod
    def of(cls, lane: int, began_ns: int, ended_ns: int, kind: Kind) -> Bar:
        """A bar of one kind."""
        return cls(lane, began_ns, ended_ns, Counter({kind: ended_ns - began_ns}))

    def absorb(self, other: Bar) -> None:
        """Become one with a later bar."""
        self.ended_ns = other.ended_ns
        self.times += other.times


@dataclass(slots=True)
class Growth:
    """All bars of a run, from its beginning until now."""

    workers: tuple[Worker, ...] = ()
    now_ns: int = 0
    estimated: bool = False
    states: list[Bar] = field(default_factory=list)  # of the workers, in no order but that of each lane
    stays: list[Bar] = field(default_factory=list)  # on cores
    young: list[Bar] = field(default_factory=list)  # states that are not settled
    young_stays: list[Bar] = field(default_factory=list)

    def add(self, told: Progress) -> None:
        """Append a stretch, which begins where the last one was settled."""
        self.workers, self.now_ns = told.workers, told.now_ns
        settled, self.young = _divided([*map(_state_bar, told.spans)], told.settled_ns)
        stays, self.young_stays = _divided([*map(_stay_bar, told.core_spans)], told.settled_ns)
        if told.passed_over:
            self.estimated = True
            settled = _spread(settled, told)
        self.states = _thinned(self.states + settled, told.now_ns)
        self.stays = _thinned(self.stays + stays, told.now_ns)
        self.young = _thinned(self.young, told.now_ns)
        self.young_stays = _thinned(self.young_stays, told.now_ns)

    @property
    def joined(self) -> bool:
        """Whether some bars stand for several states."""
        return any(len(bar.times) > 1 for bar in (*self.states, *self.young))

    @property
    def cores(self) -> list[int]:
        """The cores that were seen in use."""
        return sorted({bar.lane for bar in (*self.stays, *self.young_stays)})

    def lanes(self) -> Lanes:
        """Where each lane lies: as in the picture of the finished run."""
        seen = Table.of(CoreSpan, [(core, 0, 0, 1) for core in self.cores])
        return Lanes.of(Trace(name="", backend="", wall_ns=0, workers=self.workers, core_spans=seen))

    def columns(self, lanes: Lanes) -> Columns:
        """What to draw: the edges of each bar in nanoseconds and pixels, its colour and how opaque it is."""
        rows = [*self._state_rows(lanes), *self._stay_rows(lanes)]
        fields = ("left", "right", "top", "bottom", "color", "alpha")
        return (
            dict(zip(fields, map(list, zip(*rows, strict=True)), strict=True))
            if rows
            else {name: [] for name in fields}
        )

    def _state_rows(self, lanes: Lanes) -> Iterable[tuple[float | str, ...]]:
        for bar in (*self.states, *self.young):
            lane = lanes.workers[bar.lane]
            for (state, inferred), left, right in _side_by_side(bar):
                style = STYLES[State(state)]
                alpha = PALE if inferred else 1.0
                yield left, right, lane.level(style.height), lane.bottom, style.color, alpha

    def _stay_rows(self, lanes: Lanes) -> Iterable[tuple[float | str, ...]]:
        for bar in (*self.stays, *self.young_stays):
            lane = lanes.cores[bar.lane]
            for (worker, _), left, right in _side_by_side(bar):
                yield left, right, lane.top, lane.bottom, worker_color(worker), 1.0


def _state_bar(span: Span) -> Bar:
    return Bar.of(span.worker, span.began_ns, span.ended_ns, (span.state, span.evidence == Evidence.INFERRED))


def _stay_bar(stay: CoreSpan) -> Bar:
    return Bar.of(stay.core, stay.began_ns, stay.ended_ns, (stay.worker, False))


def _divided(bars: Iterable[Bar], at_ns: int) -> tuple[list[Bar], list[Bar]]:
    """What lies before a moment, and what after it.  The bars have one kind each."""
    before, after = [], []
    for bar in bars:
        (kind,) = bar.times
        if bar.began_ns < at_ns:
            before.append(Bar.of(bar.lane, bar.began_ns, min(bar.ended_ns, at_ns), kind))
        if bar.ended_ns > at_ns:
            after.append(Bar.of(bar.lane, max(bar.began_ns, at_ns), bar.ended_ns, kind))
    return before, after


def _spread(bars: list[Bar], told: Progress) -> list[Bar]:
    """Let the bars of each worker of which records were passed over stand for the whole stretch, as one."""
    begin = [max(told.began_ns, worker.began_ns) for worker in told.workers]
    partly = {index for index, read_from in enumerate(told.read_from_ns) if read_from > begin[index]}
    kept = [bar for bar in bars if bar.lane not in partly]
    for lane in partly:
        found = [bar for bar in bars if bar.lane == lane]
        if found:
            whole = found[-1].ended_ns - begin[lane]
            read = sum((bar.times for bar in found), Counter[Kind]())
            scale = whole / max(read.total(), 1)
            times = Counter({kind: round(ns * scale) for kind, ns in read.items()})
            kept.append(Bar(lane, begin[lane], found[-1].ended_ns, times))
    return kept


def _thinned(bars: list[Bar], now_ns: int) -> list[Bar]:
    """Few enough bars: neighbours in one state are joined, and short ones of any state when they are too many."""
    below = 0
    while True:
        bars = _joined(bars, below)
        if sum(len(bar.times) for bar in bars) <= BARS or below > now_ns:
            return bars
        below = 2 * below or max(now_ns // _FINEST, 1)


def _joined(bars: Iterable[Bar], below_ns: int) -> list[Bar]:
    """Join neighbours of one kind, and others as long as the result is not longer than `below_ns`."""
    last: dict[int, Bar] = {}
    kept: list[Bar] = []
    for bar in bars:
        before = last.get(bar.lane)
        if before is not None and _join(before, bar, below_ns):
            before.absorb(bar)
        else:
            kept.append(bar)
            last[bar.lane] = bar
    return kept


def _join(before: Bar, bar: Bar, below_ns: int) -> bool:
    same = before.ended_ns == bar.began_ns and len(before.times) == 1 and before.times.keys() == bar.times.keys()
    return same or bar.ended_ns - before.began_ns <= below_ns


def _side_by_side(bar: Bar) -> Iterable[tuple[Kind, int, int]]:
    """(kind, from, until) of each part of a bar: those of joined bars gathered, in the order of the kinds."""
    at = bar.began_ns
    for kind, ns in sorted(bar.times.items()):
        yield kind, at, at + ns
        at += ns
