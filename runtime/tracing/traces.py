"""A trace: everything recorded of one run, and the only thing that crosses from the runtime to whoever draws."""

from __future__ import annotations

import os
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from runtime.tracing import files
from runtime.tracing.breakdown import Breakdown
from runtime.tracing.depth import QueueTime, depth_of, queue_times
from runtime.tracing.model import (
    Channel,
    CoreSpan,
    Deadlocked,
    Environment,
    Line,
    Message,
    Output,
    Overhead,
    Span,
    Worker,
    WorkerFailure,
)
from runtime.tracing.places import Place, place_of
from runtime.tracing.tables import Table
from runtime.tracing.waits import Wait, waits_of


def _empty(record: type[Any]) -> Any:
    return field(default_factory=lambda: Table.of(record, ()))


@dataclass(frozen=True, kw_only=True, repr=False)
class Trace:
    """Everything recorded of one run.  Times are nanoseconds since the run began; see `runtime.tracing.model`."""

    name: str
    backend: str
    wall_ns: int
    workers: tuple[Worker, ...]
    channels: tuple[Channel, ...] = ()
    messages: Table[Message] = _empty(Message)
    spans: Table[Span] = _empty(Span)
    core_spans: Table[CoreSpan] = _empty(CoreSpan)
    outputs: Table[Output] = _empty(Output)
    lines: Table[Line] = _empty(Line)
    texts: Sequence[str] = ()  # what `Message.preview` and `Output.text` point into
    results: Mapping[str, Any] = field(default_factory=dict)  # worker name -> what it returned
    errors: tuple[WorkerFailure, ...] = ()
    deadlock: tuple[
        Deadlocked, ...
    ] = ()  # the ring, where there is one: each waits for the next, the last for the first
    dropped: int = 0  # records that did not fit
    complete: bool = True  # False when the run was cut short: stopped, timed out, crashed
    overhead: Overhead = Overhead()
    environment: Environment = Environment()

    def __post_init__(self) -> None:
        for name in ("workers", "channels", "texts", "errors", "deadlock"):  # so that equal traces compare equal
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "results", dict(self.results))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"<Trace {self.name!r} on {self.backend}: {len(self.workers)} workers, {len(self.messages)} messages, "
            f"{self.wall_ns / 1e6:.2f} ms{'' if self.complete else ', cut short'}>"
        )

    @property
    def wall(self) -> float:
        """Seconds from the release of the workers to the end of the last one."""
        return self.wall_ns / 1e9

    def speedup_over(self, other: Trace) -> float:
        """How many times as fast as `other` this run was: the ratio of the wall times."""
        return other.wall_ns / self.wall_ns

    def breakdown(self) -> Breakdown:
        """Where each worker's life went: the time in each state, which add up to its wall time.

        As the spans say, but what recording took of `running` stands as `observer`: inferred, where it is worth a word.
        """
        return self._lives

    @cached_property
    def _lives(self) -> Breakdown:  # every view asks for it, and millions of spans take a while to add up
        return Breakdown.of(self.workers, self.spans, self.overhead.shares)

    def waits(self) -> Table[Wait]:
        """Who waited for whom, how long: a row for each pair of workers, channel and direction, longest first.

        For each worker they add up to its time in `send-blocked` and `recv-blocked`.  See `runtime.tracing.waits`.
        """
        return waits_of(self.spans, self.messages, self.channels)

    def depth(self, channel: int) -> list[tuple[int, int]]:
        """How many objects a channel held: (time in ns, objects from then on).  Always empty for a rendezvous.

        See `runtime.tracing.depth`.
        """
        return depth_of(self.messages, channel, self.channels[channel].capacity)

    def queue_times(self) -> Table[QueueTime]:
        """How long messages were in their channel: shortest, median and longest, for each channel that was used."""
        return queue_times(self.messages, len(self.channels))

    def place(self, span: Span) -> Place:
        """Where in its snippet a worker was during one of its spans, and how we know.  See `runtime.tracing.places`."""
        return place_of(self.spans, span)

    def text(self, reference: int) -> str:
        """The text that a record points to; empty for NONE."""
        return self.texts[reference] if reference >= 0 else ""

    def to_columns(self) -> dict[str, dict[str, array[int]]]:
        """The tables as plain arrays by table and field: `pandas.DataFrame(trace.to_columns()["messages"])`.

        They belong to the trace: read them, do not write.
        """
        return {name: getattr(self, name).columns for name in ("messages", "spans", "core_spans", "outputs", "lines")}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to a file that `load` reads back equal.  See `runtime.tracing.files` for the format.

        A result that is not made of plain values (None, bool, int, float, str, bytes, tuple, list, dict, set) is
        saved as its `repr`, since loading never executes anything.
        """
        files.write(path, self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Trace:
        """Read a saved trace.  Raises `TraceFormatError`, naming the place, for a damaged or foreign file."""
        return files.read(path, cls)
