"""Where each worker's life went, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runtime.tracing.model import Span, State, Worker
from runtime.tracing.tables import Table


@dataclass(frozen=True, slots=True)
class Life:
    """One worker's life: its wall time and the nanoseconds it spent in each state."""

    worker: str
    wall_ns: int
    states: Mapping[State, int]

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
        sums: list[dict[State, int]] = [{} for _ in workers]
        for worker, state, began, ended in zip(
            spans.column("worker"), spans.column("state"), spans.column("began_ns"), spans.column("ended_ns"), strict=True
        ):
            states = sums[worker]
            states[State(state)] = states.get(State(state), 0) + ended - began
        return cls(
            tuple(
                Life(worker.name, worker.ended_ns - worker.began_ns, states)
                for worker, states in zip(workers, sums, strict=True)
            )
        )

    def __len__(self) -> int:
        return len(self.lives)

    def __getitem__(self, index):  # type: ignore[no-untyped-def,override]
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
