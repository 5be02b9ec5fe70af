"""What a run did since one last looked: for views that follow it while it goes on.

To decode everything at each look would cost more with every look, and a lively run writes a million records in a few
seconds.  So each look decodes only what was recorded since the look before, and of very many records only the newest
`MOST`; how many it passed over is said.

Two things about the present are not known yet: what a worker is doing inside an operation that has not ended, and how
the kernel will account for the last milliseconds.  So what is younger than `LAG_NS` is provisional: it is told, and
told again at the next look, maybe otherwise.  What is older stays as it was told, with one exception: an operation that
takes longer than that and does not wait (encoding a large object) is told as `running` until it ends.  The trace of the
run, read when it is over, is exact.
"""

from __future__ import annotations

import mmap
import struct
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from runtime.tracing.columns import column, others
from runtime.tracing.decode import Decoded, RawLane, Recording, decode, read_lane
from runtime.tracing.layout import RECORD, RECORD_BYTES, Head, Layout, Op
from runtime.tracing.model import CoreSpan, Ending, Span, State, Worker
from runtime.tracing.printed import Part, lines_of
from runtime.tracing.recording import RunFacts
from runtime.tracing.tables import Table
from runtime.tracing.traces import Trace

MOST = 4_000
"""Records that one look decodes, at most, of all workers together."""
LAG_NS = 30_000_000
"""What is younger may still change."""
_BEFORE_NS = 15_000_000  # the observer's samples before a stretch tell how the stretch began
_MOST_SAMPLES = 5 * MOST
_LIVE = Ending.LOST  # a worker whose end is not recorded: here, one that lives
_TIMES = struct.Struct("<24xQ16xQ24x")  # t0 and t3, the later of which is when a record was written


class Printed(NamedTuple):
    """One line that a worker printed."""

    worker: int
    stream: int  # 1 stdout, 2 stderr
    at_ns: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a run did from `began_ns` to `now_ns`, and where it stands.  Times are nanoseconds of the run.

    `spans` and `core_spans` are those of this stretch, cut at its beginning; those after `settled_ns` are provisional,
    and the next stretch begins there.  Where very many records were passed over, a worker's spans begin only at its
    `read_from_ns`.  `sent` and `received` count the messages from the beginning of the run.
    """

    workers: tuple[Worker, ...]
    now: tuple[State | Ending | None, ...]  # what each worker does; how it ended; None before it began
    began_ns: int = 0
    settled_ns: int = 0
    now_ns: int = 0
    read_from_ns: tuple[int, ...] = ()
    spans: tuple[Span, ...] = ()
    core_spans: tuple[CoreSpan, ...] = ()
    printed: tuple[Printed, ...] = ()
    sent: int = 0
    received: int = 0
    passed_over: int = 0  # records of this stretch that were not decoded
    dropped: int = 0  # records that did not fit, from the beginning of the run
    cursors: tuple[int, ...] = ()  # records of each lane that have been counted


def waiting(facts: RunFacts) -> Progress:
    """The progress of a run that has not begun."""
    return Progress(workers=facts.workers, now=(None,) * len(facts.workers))


def finished(trace: Trace, after: Progress | None) -> Progress:
    """The progress of a run that is over: nothing more than `after`; its trace tells all."""
    received = sum(1 for taken in trace.messages.column("receiver") if taken >= 0)
    told = after or Progress(workers=trace.workers, now=())
    return replace(
        told,
        workers=trace.workers,
        now=tuple(worker.ending for worker in trace.workers),
        began_ns=told.settled_ns,
        now_ns=max(trace.wall_ns, told.settled_ns),
        spans=(),
        core_spans=(),
        printed=(),
        sent=len(trace.messages),
        received=received,
        passed_over=0,
        dropped=trace.dropped,
    )


def look(memory: mmap.mmap, facts: RunFacts, after: Progress | None, now_ns: int) -> Progress:
    """What happened since `after`, or since the run began, until `now_ns` of the monotonic clock.

    The run may go on meanwhile.
    """
    layout = facts.layout
    observer = layout.lanes - 1
    began_ns = after.settled_ns if after else 0
    cursors = after.cursors if after and after.cursors else (0,) * layout.lanes
    since_ns, most = facts.epoch_ns + began_ns, MOST // max(observer, 1)
    lanes = [_recent(memory, layout, lane, since_ns, cursors[lane], most) for lane in range(observer)]
    lanes.append(_observed(memory, layout, observer, since_ns))
    decoded = decode(
        Recording(
            layout=layout,
            lanes=tuple(lane.raw for lane in lanes),
            workers=facts.workers,
            epoch_ns=facts.epoch_ns,
            ended_ns=now_ns,
            channels=facts.channels,
            observer_lane=observer if lanes[observer].raw.records else None,
            gil_shared=facts.gil_shared,
        )
    )
    read_from = tuple(max(began_ns, lane.from_ns - facts.epoch_ns) for lane in lanes[:observer])
    spans = _cut(decoded.spans, read_from)
    sent, received = (sum(lane.counts[op] for lane in lanes) for op in (Op.SEND, Op.RECV))
    return Progress(
        workers=decoded.workers,
        now=_now(decoded, lanes[:observer]),
        began_ns=began_ns,
        settled_ns=max(began_ns, now_ns - facts.epoch_ns - LAG_NS),
        now_ns=now_ns - facts.epoch_ns,
        read_from_ns=read_from,
        spans=spans,
        core_spans=_cut(decoded.core_spans, (began_ns,) * observer),
        printed=tuple(_printed(lanes[:observer], facts.epoch_ns)),
        sent=sent + (after.sent if after else 0),
        received=received + (after.received if after else 0),
        passed_over=sum(lane.passed_over for lane in lanes[:observer]),
        dropped=sum(lane.raw.dropped for lane in lanes),
        cursors=tuple(lane.total for lane in lanes),
    )


class _Recent(NamedTuple):
    """The part of a lane that a look is about."""

    raw: RawLane  # to decode
    total: int  # records of the lane, by now
    new: bytes  # those that the look before did not see
    counts: Counter[int]  # of what succeeded among them, by Op
    from_ns: int  # monotonic: what is decoded begins here
    passed_over: int


def _recent(memory: mmap.mmap, layout: Layout, lane: int, since_ns: int, seen: int, most: int) -> _Recent:
    """Of what was recorded from `since_ns` on the newest `most`, and what is new after the first `seen` records."""
    count = _count(memory, layout, lane)
    wanted = min(_first_since(memory, layout, lane, count, since_ns), max(count - 1, 0))  # the last one is told always
    first = max(wanted, count - most)
    earliest = min(first, seen)
    raw = read_lane(memory, layout, lane, earliest)
    records = raw.records[: (count - earliest) * RECORD_BYTES]  # by now there may be more
    new = records[(seen - earliest) * RECORD_BYTES :]
    chosen = records[(first - earliest) * RECORD_BYTES :]
    at = layout.records_at(lane)
    opening = bytes(memory[at : at + RECORD_BYTES]) if first else b""  # says when the worker began
    from_ns = _written_at(memory, layout, lane, first - 1) if first > wanted else since_ns
    return _Recent(replace(raw, records=opening + chosen), count, new, _succeeded(new), from_ns, first - wanted)


def _observed(memory: mmap.mmap, layout: Layout, lane: int, since_ns: int) -> _Recent:
    """The observer's newest samples."""
    count = _count(memory, layout, lane)
    first = max(_first_since(memory, layout, lane, count, since_ns - _BEFORE_NS), count - _MOST_SAMPLES)
    return _Recent(read_lane(memory, layout, lane, first), count, b"", Counter(), since_ns, 0)


def _count(memory: mmap.mmap, layout: Layout, lane: int) -> int:
    at = layout.lane_at(lane) + 8 * Head.RECORDS
    return min(int.from_bytes(memory[at : at + 8], "little"), layout.records)


def _first_since(memory: mmap.mmap, layout: Layout, lane: int, count: int, since_ns: int) -> int:
    """The first of a lane's records that was written at `since_ns` or later."""
    return bisect_left(range(count), since_ns, key=lambda index: _written_at(memory, layout, lane, index))


def _written_at(memory: mmap.mmap, layout: Layout, lane: int, index: int) -> int:
    t0, t3 = _TIMES.unpack_from(memory, layout.records_at(lane) + index * RECORD_BYTES)
    return int(max(t0, t3))


def _succeeded(records: bytes) -> Counter[int]:
    """How many records of each op tell of a success: its status, the upper half of the first word, is 0."""
    found: Counter[int] = Counter()
    for word, times in Counter(column(records, "I", 0)).items():
        if not word >> 16:
            found[word & 0xFF] += times
    return found


def _cut[Row: (Span, CoreSpan)](table: Table[Row], from_ns: Sequence[int]) -> tuple[Row, ...]:
    """The rows that end after the moment from which their worker is told, cut there."""
    return tuple(
        row if row.began_ns >= from_ns[row.worker] else row._replace(began_ns=from_ns[row.worker])
        for row in table
        if row.ended_ns > from_ns[row.worker]
    )


def _now(decoded: Decoded, lanes: Sequence[_Recent]) -> tuple[State | Ending | None, ...]:
    last = {span.worker: State(span.state) for span in decoded.spans}  # they are ordered by time
    return tuple(
        None if not lane.total else last.get(worker.index, State.RUNNING) if worker.ending is _LIVE else worker.ending
        for worker, lane in zip(decoded.workers, lanes, strict=True)
    )


def _printed(lanes: Sequence[_Recent], epoch_ns: int) -> list[Printed]:
    """The new lines, in the order of their time."""
    lines: list[Printed] = []
    for worker, lane in enumerate(lanes):
        parts = []
        for op, record in others(lane.new):
            _, stream, _, _, offset, size, at, *_ = RECORD.unpack(record)
            if op == Op.PRINT and offset + size <= len(lane.raw.text):
                parts.append(Part(stream, at - epoch_ns, lane.raw.text[offset : offset + size]))
        lines += [Printed(worker, *line) for line in lines_of(parts)]
    return sorted(lines, key=lambda line: line.at_ns)
