"""Too many intervals for a picture become fewer, and say so.

A picture of 1,000 pixels cannot show a million intervals, and a browser cannot draw them.  Intervals that are shorter
than a pixel are joined with their neighbours on the same lane until few enough are left.  A joined interval covers
exactly the time from the first's beginning to the last's end, and knows how many it stands for and how long each kind
lasted, so that it can be drawn with its height shared out as its time was.  Longer intervals stay as they are, so no
time moves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PIXELS = 1_000  # of a picture that is as wide as a usual notebook


@dataclass(slots=True)
class Run:
    """One interval to draw: a recorded one (`count` is 1) or several joined (`kind` is the one with most time)."""

    lane: int
    kind: int
    began_ns: int
    ended_ns: int
    index: int  # of the first recorded interval
    count: int = 1
    mix: Counter[int] | None = None  # nanoseconds by kind; None unless joined

    def times(self) -> Counter[int]:
        """Nanoseconds by kind."""
        return self.mix or Counter({self.kind: self.ended_ns - self.began_ns})


@dataclass(frozen=True, slots=True)
class Merged:
    """What is left to draw.  `below_ns` is the length up to which intervals were joined, 0 when none was."""

    runs: list[Run]
    below_ns: int = 0

    @property
    def joined(self) -> int:
        """How many recorded intervals are drawn only as part of a joined one."""
        return sum(run.count for run in self.runs if run.count > 1)


def merge(intervals: Iterable[tuple[int, int, int, int]], wall_ns: int, limit: int) -> Merged:
    """Join intervals, given as (lane, kind, began_ns, ended_ns), until they take at most `limit` bars to draw.

    A joined interval takes a bar for each of its kinds.  Stops earlier than `limit` demands only when nothing is left
    to join: one interval per lane.
    """
    runs = [Run(*interval, index) for index, interval in enumerate(intervals)]
    if len(runs) <= limit:
        return Merged(runs)
    runs.sort(key=lambda run: (run.lane, run.began_ns, run.ended_ns))
    whole = max([wall_ns, *(run.ended_ns for run in runs)])
    below = max(1, whole // PIXELS)
    while True:
        runs = _join(runs, below)
        if sum(len(run.times()) for run in runs) <= limit or below > 2 * whole:
            return Merged(runs, below)
        below += below // 3 + 1


def _join(runs: Sequence[Run], below_ns: int) -> list[Run]:
    """Join neighbours as long as the result stays within `below_ns`."""
    joined: list[Run] = []
    for run in runs:
        last = joined[-1] if joined else None
        if last is not None and last.lane == run.lane and run.ended_ns - last.began_ns <= below_ns:
            _absorb(last, run)
        else:
            joined.append(run)
    return joined


def _absorb(into: Run, run: Run) -> None:
    mix = into.times()
    for kind, ns in run.times().items():
        mix[kind] += ns
    into.mix = mix
    into.ended_ns = max(into.ended_ns, run.ended_ns)
    into.count += run.count
    into.kind = mix.most_common(1)[0][0]
