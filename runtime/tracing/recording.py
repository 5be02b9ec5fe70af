"""From the memory that a run recorded into, to its trace."""

from __future__ import annotations

import mmap
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from runtime.tracing.conservation import violation
from runtime.tracing.decode import Declared, Decoded, RawLane, Recording, decode, read_lane
from runtime.tracing.layout import RECORD_BYTES, Layout
from runtime.tracing.model import Deadlocked, Environment, Overhead, Worker, WorkerFailure
from runtime.tracing.traces import Trace


class RunFacts(NamedTuple):
    """What is known of a run beside its recording."""

    name: str
    backend: str
    layout: Layout  # the last lane is the observer's
    workers: tuple[Worker, ...]
    channels: tuple[Declared, ...]
    gil_shared: bool
    epoch_ns: int  # of the monotonic clock, when the workers were released
    interval_ns: int  # that the observer was asked to keep
    record_ns: float = 0.0  # what one record costs, calibrated on the host
    host_cpu_ns: int = 0  # CPU time of the host from the epoch on, without its coordinator's; 0 when not known
    environment: Environment = Environment()
    results: Mapping[str, Any] = {}
    errors: tuple[WorkerFailure, ...] = ()
    deadlock: tuple[Deadlocked, ...] = ()  # its channels by key, not yet by number
    met: tuple[Declared, ...] = ()  # channels that the host has met
    complete: bool = True
    ended_ns: int = 0  # of the monotonic clock, when the host was gone; 0: it is not


def read(memory: mmap.mmap, facts: RunFacts) -> Trace:
    """Make the trace of what has been recorded until now.  The run may still go on, or be dead.

    Every trace of every run is made here, so here it is seen to that the conservation law holds (`python -O` trusts
    it).
    """
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
            ended_ns=facts.ended_ns or time.monotonic_ns(),
            channels=facts.channels,
            met=facts.met,
            observer_lane=observer if observed else None,
            gil_shared=facts.gil_shared,
        )
    )
    trace = Trace(
        name=facts.name,
        backend=facts.backend,
        results=facts.results,
        errors=facts.errors,
        deadlock=tuple(replace(one, channel=decoded.numbers[one.channel]) for one in facts.deadlock),
        complete=facts.complete,
        environment=facts.environment,
        overhead=_overhead(facts, lanes[:observer], decoded),
        **decoded.fields(),
    )
    if __debug__ and (wrong := violation(trace.workers, trace.spans)):
        raise AssertionError(f"internal error in the recording of {facts.name!r}: {wrong}")
    return trace


def _overhead(facts: RunFacts, lanes: Sequence[RawLane], decoded: Decoded) -> Overhead:
    sampling = decoded.sampling
    records = [len(lane.records) // RECORD_BYTES for lane in lanes]
    lives = [worker.ended_ns - worker.began_ns for worker in decoded.workers]
    return Overhead(
        record_ns=facts.record_ns,
        records=sum(records),
        shares=tuple(
            min(count * facts.record_ns / life, 1.0) if life else 0.0
            for count, life in zip(records, lives, strict=True)
        ),
        observer_ns=sampling.cpu_ns,
        workers_ns=max(facts.host_cpu_ns - sampling.cpu_ns, 0),
        interval_ns=facts.interval_ns,
        median_interval_ns=sampling.median_interval_ns or (decoded.wall_ns if facts.interval_ns else 0),
        longest_interval_ns=sampling.longest_interval_ns,
        late_share=sampling.late_share,
        samples=sampling.samples,
    )
