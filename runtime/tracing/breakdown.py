"""Where each worker's life went, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from runtime.tracing.model import Span, State, Worker
from runtime.tracing.tables import Table


@dataclass(frozen=True, slots=True)
class Life:
    """One worker's life: its wall time and the nanoseconds it spent in each state."""

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
    def of(cls, workers: Sequence[Worker], spans: Table[Span]) -> Breakdown:
        """Add up the spans of each worker by state."""
        sums = [[0] * len(State) for _ in workers]
        names = ("worker", "state", "began_ns", "ended_ns")
        for worker, state, began, ended in zip(*(spans.column(name) for name in names), strict=True):
            sums[worker][state] += ended - began
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
