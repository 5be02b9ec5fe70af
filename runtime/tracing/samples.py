"""What the observer saw of each worker's thread, and how much of its time that accounts for.

The kernel brings a thread's account (time on a core, time in a run queue) up to date when the thread is switched and
at its timer tick, every 1 to 10 ms.  So the account of a thread that runs on lags behind, and jumps: sampled every
millisecond it says 0, 0, 0, 4.  `accounts` carries what is more than an interval can hold back into the intervals
before it, as far as the thread was runnable at the samples between: when it was seen asleep, its account was up to
date.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from runtime.tracing.columns import column
from runtime.tracing.layout import RECORD_BYTES, Op
from runtime.tracing.model import CoreSpan

RUNNABLE = 1  # of Sample.state; 2 and 3 are asleep (interruptibly or not), 0 is anything else
ASLEEP = (2, 3)
ON_GIL, ON_CHANNEL, ON_TIMER, ON_OTHER = 1, 2, 3, 4  # of Sample.sleeps_on; 0 is not asleep, or not known
MANY_INTERVALS = 3  # longer ago than so many sampling intervals, a sample says nothing
_BIGGEST = (1 << 63) - 1


class Sample(NamedTuple):
    """One look at one thread.  The two times are totals since the thread began."""

    at: int
    state: int
    sleeps_on: int
    core: int
    on_cpu: int
    run_queue: int


class Account(NamedTuple):
    """How much of one interval between two samples the thread was on a core, and how much it waited for one."""

    on_cpu: int
    run_queue: int


def samples_of(records: bytes, workers: int, epoch: int, earliest: int, latest: int) -> tuple[list[list[Sample]], int]:
    """The samples of each worker in order of time, and how many records are nonsense.  Times as in `operations`."""
    seen: list[list[Sample]] = [[] for _ in range(workers)]
    dropped = 0
    rows = zip(
        [at - epoch for at in column(records, "Q", 24)],
        records[1::RECORD_BYTES],
        column(records, "H", 2),
        column(records, "I", 4),
        column(records, "Q", 16),
        column(records, "Q", 32),
        strict=True,
    )
    for op, worker, row in zip(records[0::RECORD_BYTES], column(records, "Q", 8), rows, strict=True):
        sample = Sample._make(row)
        if op != Op.SAMPLE or worker >= workers or not _is_sane(sample, seen[worker], earliest, latest):
            dropped += 1
        else:
            seen[worker].append(sample)
    return seen, dropped


def _is_sane(sample: Sample, before: Sequence[Sample], earliest: int, latest: int) -> bool:
    if not earliest <= sample.at <= latest or max(sample.on_cpu, sample.run_queue) > _BIGGEST or sample.core >> 16:
        return False
    last = before[-1] if before else sample
    return bool(
        last is sample or (sample.at > last.at and sample.on_cpu >= last.on_cpu and sample.run_queue >= last.run_queue)
    )


def anchored(samples: Sequence[Sample], first: tuple[int, int], last: tuple[int, int]) -> list[Sample]:
    """The samples of a life, with one at each end of it.

    `first` and `last` are (time, time on a core) as the thread itself read them when its life began and ended: exact,
    while the kernel's account, which samples show, may lag behind.  A life between two samples gets just these, so that
    what its thread did before and after does not count; without samples there is nothing to anchor.
    """
    (began, cpu_before), (ended, cpu_after) = first, last
    inside = [sample for sample in samples if began < sample.at < ended]
    if not inside and samples and samples[0].at <= began and ended <= samples[-1].at:
        before = next(sample for sample in reversed(samples) if sample.at <= began)
        after = next(sample for sample in samples if sample.at >= ended)
        return [
            before._replace(at=began, state=RUNNABLE, sleeps_on=0, on_cpu=cpu_before),
            after._replace(at=ended, state=RUNNABLE, sleeps_on=0, on_cpu=cpu_after),
        ]
    if not inside or not cpu_before <= inside[-1].on_cpu <= cpu_after:
        return list(samples)
    inside = [sample._replace(on_cpu=max(sample.on_cpu, cpu_before)) for sample in inside]
    return [
        inside[0]._replace(at=began, state=RUNNABLE, sleeps_on=0, on_cpu=cpu_before),
        *inside,
        inside[-1]._replace(at=ended, state=RUNNABLE, sleeps_on=0, on_cpu=cpu_after),
    ]


def median_interval(seen: Sequence[Sequence[Sample]]) -> int:
    """The usual time between two samples of one thread; 0 when there are none."""
    most = max(seen, key=len, default=())
    intervals = sorted(after.at - before.at for before, after in pairwise(most))
    return intervals[len(intervals) // 2] if intervals else 0


def longest_interval(seen: Sequence[Sequence[Sample]]) -> int:
    """The longest time between two samples of one thread; 0 when there are none."""
    return max((after.at - before.at for samples in seen for before, after in pairwise(samples)), default=0)


def late_share(seen: Sequence[Sequence[Sample]], interval_ns: int) -> float:
    """The part of the time, from 0 to 1, that lies between samples of one thread more than half an interval late."""
    lengths = [after.at - before.at for samples in seen for before, after in pairwise(samples)]
    return sum(length for length in lengths if 2 * length > 3 * interval_ns) / max(sum(lengths), 1)


def accounts(samples: Sequence[Sample], room: Sequence[int]) -> list[Account]:
    """The account of each interval between consecutive samples.  `room` is how much each can hold."""
    result: list[Account] = []
    on_cpu = run_queue = 0
    for index in range(len(samples) - 1, 0, -1):
        before, after = samples[index - 1], samples[index]
        on_cpu += after.on_cpu - before.on_cpu
        run_queue += after.run_queue - before.run_queue
        used = min(on_cpu, room[index - 1])
        waited = min(run_queue, room[index - 1] - used)
        result.append(Account(used, waited))
        if before.state == RUNNABLE:
            on_cpu, run_queue = on_cpu - used, run_queue - waited
        else:
            on_cpu = run_queue = 0
    result.reverse()
    return result


def core_spans(worker: int, samples: Sequence[Sample], began: int, ended: int, interval: int) -> Iterator[CoreSpan]:
    """When one worker was on which core, from `began` to `ended`.

    Consecutive intervals on one core make one span.  An interval of more than `MANY_INTERVALS` sampling intervals is
    left out: nobody looked.
    """
    pending: CoreSpan | None = None
    lengths = [after.at - before.at for before, after in pairwise(samples)]
    knows_cpu = bool(samples) and samples[-1].on_cpu > samples[0].on_cpu
    for (before, after), length, account in zip(pairwise(samples), lengths, accounts(samples, lengths), strict=True):
        on_cpu = account.on_cpu if knows_cpu else length * (RUNNABLE in (before.state, after.state))
        if not on_cpu or length > MANY_INTERVALS * interval:
            continue
        first, last = _placed(before, after, on_cpu)
        first, last = max(first, began), min(last, ended)
        if first >= last:
            continue
        if pending is not None and pending.core == after.core and first <= pending.ended_ns:
            pending = pending._replace(ended_ns=last)
        else:
            if pending is not None:
                yield pending
                first = max(first, pending.ended_ns)
            pending = CoreSpan(after.core, worker, first, last)
    if pending is not None:
        yield pending


def _placed(before: Sample, after: Sample, on_cpu: int) -> tuple[int, int]:
    """Where in an interval the thread was on its core: next to the sample that found it runnable."""
    missing = after.at - before.at - on_cpu
    if missing * 10 <= after.at - before.at:
        return before.at, after.at
    if after.state == RUNNABLE:
        return before.at + missing, after.at
    if before.state == RUNNABLE:
        return before.at, after.at - missing
    return before.at + missing // 2, before.at + missing // 2 + on_cpu
