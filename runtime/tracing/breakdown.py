"""Where each worker's life went, as a table.

The states come from the spans, except one.  What recording itself costs is too short to be a span: half a microsecond
after each operation, while the worker counts as running.  So the state `observer` is inferred, from the calibrated cost
of a record and the number of a worker's records, and taken out of `running`; only where it is worth a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from runtime.tracing.model import Span, State, Worker
from runtime.tracing.tables import Table

_WORTH_A_WORD = 0.005  # of a life: what a table in whole percent would show


@dataclass(frozen=True, slots=True)
class Life:
    """One worker's life: its wall time and the nanoseconds it spent in each state.

    `State.OBSERVER`, what recording took, is inferred from the calibration: see `runtime.tracing.breakdown`.
    """

    worker: str
    wall_ns: int
    states: Mapping[State, int]  # only those that occur

    def share(self, state: State) -> float:
        """The part of the worker's life spent in `state`, from 0 to 1."""
        return self.states.get(state, 0) / self.wall_ns if self.wall_ns else 0.0


@dataclass(frozen=True, slots=True)
class Breakdown(Sequence[Life]):
    """One `Life` per worker, in the order of the workers.  Prints as a table."""

    lives: tuple[Life, ...]

    @classmethod
    def of(cls, workers: Sequence[Worker], spans: Table[Span], recording: Sequence[float] = ()) -> Breakdown:
        """Add up the spans of each worker by state.  `recording` is the part of each life that its records took."""
        sums = [[0] * len(State) for _ in workers]
        names = ("worker", "state", "began_ns", "ended_ns")
        for worker, state, began, ended in zip(*(spans.column(name) for name in names), strict=True):
            sums[worker][state] += ended - began
        for worker, share, found in zip(workers, recording, sums, strict=False):  # none where nobody recorded
            spent = round(share * (worker.ended_ns - worker.began_ns)) if share >= _WORTH_A_WORD else 0
            found[State.OBSERVER] = taken = min(spent, found[State.RUNNING])
            found[State.RUNNING] -= taken
        return cls(
            tuple(
                Life(worker.name, worker.ended_ns - worker.began_ns, {s: ns for s in State if (ns := found[s])})
                for worker, found in zip(workers, sums, strict=True)
            )
        )

    def __len__(self) -> int:
        return len(self.lives)

    @overload
    def __getitem__(self, index: int) -> Life: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Life]: ...
    def __getitem__(self, index: int | slice) -> Life | Sequence[Life]:
        return self.lives[index]

    def __iter__(self) -> Iterator[Life]:
        return iter(self.lives)

    def __str__(self) -> str:
        shown = [state for state in State if any(life.states.get(state) for life in self.lives)]
        width = max([6, *(len(life.worker) for life in self.lives)])
        header = f"{'worker':{width}}  {'wall':>10}  " + "  ".join(f"{state.label:>12}" for state in shown)
        rows = (
            f"{life.worker:{width}}  {life.wall_ns / 1e6:7.2f} ms  "
            + "  ".join(f"{life.share(state):>12.1%}" for state in shown)
            for life in self.lives
        )
        return "\n".join([header, *rows])
