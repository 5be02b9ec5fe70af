"""From the memory that a run recorded into, to its trace."""

from __future__ import annotations

import mmap
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from runtime.tracing.decode import Recording, decode, read_lane
from runtime.tracing.layout import RECORD_BYTES, Head, Layout
from runtime.tracing.model import Environment, Overhead, Worker, WorkerFailure
from runtime.tracing.trace import Trace


class RunFacts(NamedTuple):
    """What is known of a run beside its recording."""

    name: str
    backend: str
    layout: Layout  # the last lane is the observer's
    workers: tuple[Worker, ...]
    channels: tuple[tuple[int, str, int | None], ...]  # (key, name, capacity)
    gil_shared: bool
    epoch_ns: int  # of the monotonic clock, when the workers were released
    interval_ns: int  # that the observer was asked to keep
    record_ns: float = 0.0  # what one record costs, calibrated on the host
    environment: Environment = Environment()
    results: Mapping[str, Any] = {}
    errors: tuple[WorkerFailure, ...] = ()
    complete: bool = True


def read(memory: mmap.mmap, facts: RunFacts) -> Trace:
    """Make the trace of what has been recorded until now.  The run may still go on, or be dead."""
    layout = facts.layout
    observer = layout.lanes - 1
    lanes = tuple(read_lane(memory, layout, lane) for lane in range(layout.lanes))
    observed = bool(lanes[observer].records)
    decoded = decode(
        Recording(
            layout=layout,
            lanes=lanes,
            workers=facts.workers,
            epoch_ns=facts.epoch_ns,
            ended_ns=time.monotonic_ns(),
            channels=facts.channels,
            observer_lane=observer if observed else None,
            gil_shared=facts.gil_shared,
        )
    )
    return Trace(
        name=facts.name,
        backend=facts.backend,
        results=facts.results,
        errors=facts.errors,
        complete=facts.complete,
        environment=facts.environment,
        overhead=_overhead(memory, facts, [lane.records for lane in lanes], observer),
        **decoded.fields(),
    )


def _overhead(memory: mmap.mmap, facts: RunFacts, records: Sequence[bytes], observer: int) -> Overhead:
    layout = facts.layout
    cpu_at = layout.lane_at(observer) + 8 * Head.CPU_NS
    return Overhead(
        record_ns=facts.record_ns,
        records=sum(len(lane) for lane in records[:observer]) // RECORD_BYTES,
        observer_ns=int.from_bytes(memory[cpu_at : cpu_at + 8], "little"),
        interval_ns=facts.interval_ns,
        median_interval_ns=_median_interval(records[observer]),
        samples=len(records[observer]) // RECORD_BYTES,
    )


def _median_interval(samples: bytes) -> int:
    """The median time between two samples of the worker that was sampled first; 0 with too few of them."""
    words = memoryview(samples).cast("Q")
    stride = RECORD_BYTES // 8
    workers, times = words[1::stride].tolist(), words[3::stride].tolist()
    of_first = [at for worker, at in zip(workers, times, strict=True) if worker == workers[0]]
    gaps = sorted(later - earlier for earlier, later in pairwise(of_first))
    return gaps[len(gaps) // 2] if gaps else 0
