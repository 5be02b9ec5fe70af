"""Where each lane lies: vertical positions in pixels from the top of the frame.

The vertical axis of a timeline counts pixels, so that a lane has the height that it is given here, whatever the number
of lanes.  Core lanes come first, thinner, then one lane for each worker.  A worker's lane is that of its interpreter
and thread: one worker is one snippet in one interpreter on one thread.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.tracing.traces import Trace
from vizlib import words

_MARGIN = 6
_GAP = 7
_BETWEEN = 14  # cores and workers
_CORE = 13
_CORE_GAP = 4


@dataclass(frozen=True, slots=True)
class Lane:
    """One horizontal strip; `top` is above `bottom`, and smaller."""

    label: str
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """Where the label stands, and where arrows begin and end."""
        return (self.top + self.bottom) / 2

    def level(self, height: float) -> float:
        """The upper edge of a bar that stands on the lane's floor and fills `height` (0 to 1) of it."""
        return self.bottom - (self.bottom - self.top) * height


@dataclass(frozen=True, slots=True)
class Lanes:
    """All lanes of one trace.  `cores` is by core number, `workers` by worker number; `height` is the frame's."""

    cores: dict[int, Lane]
    workers: tuple[Lane, ...]
    height: float

    @property
    def border(self) -> float | None:
        """The line between the core lanes and the worker lanes; None without core lanes."""
        return self.workers[0].top - _BETWEEN / 2 if self.cores and self.workers else None

    @classmethod
    def of(cls, trace: Trace) -> Lanes:
        """Lay out the lanes of `trace`; many workers make thinner lanes."""
        at = float(_MARGIN)
        cores: dict[int, Lane] = {}
        for core in sorted(set(trace.core_spans.column("core"))):
            cores[core] = Lane(f"core {core}", at, at + _CORE)
            at += _CORE + _CORE_GAP
        if cores:
            at += _BETWEEN - _CORE_GAP
        tall = 22 if len(trace.workers) <= 12 else 16 if len(trace.workers) <= 32 else 12
        workers = []
        for worker in trace.workers:
            workers.append(Lane(words.name(worker, 24), at, at + tall))
            at += tall + round(_GAP * tall / 22)
        return cls(cores, tuple(workers), at + _MARGIN - (_GAP if workers else 0) + (0 if workers else 28))
