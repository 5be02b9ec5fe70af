"""Where each worker's life went, as a table."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import sub
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
        lengths = list(map(sub, spans.column("ended_ns"), spans.column("began_ns")))
        of_workers, states = spans.column("worker"), spans.column("state")
        return cls(
            tuple(
                Life(worker.name, worker.ended_ns - worker.began_ns, _sums(worker.index, of_workers, states, lengths))
                for worker in workers
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


def _sums(worker: int, of_workers: array[int], states: array[int], lengths: list[int]) -> dict[State, int]:
    """Nanoseconds by state.  A pass for each state over columns is faster than one pass over records."""
    count = of_workers.count(worker)
    first = of_workers.index(worker) if count else 0
    last = first + count
    if of_workers[first:last] == array(of_workers.typecode, [worker]) * count:  # spans are ordered by worker
        states, lengths = states[first:last], lengths[first:last]
    else:
        mask = bytes(map(worker.__eq__, of_workers))
        states, lengths = array("b", compress(states, mask)), list(compress(lengths, mask))
    kinds = bytes(states) if states.itemsize == 1 else bytes(states.tolist())
    return {
        state: sum(compress(lengths, kinds.translate(bytes(kind == state for kind in range(256)))))
        for state in State
        if state in kinds
    }
