"""From the raw lanes of a recording to the tables of a trace.  Pure functions: bytes in, columns out.

Nothing here trusts the lanes: the process that wrote them may have been killed in the middle of a record.  Counts are
clamped to the layout, and what cannot be true is left out and counted in `dropped`.

Which spans come out is explained in `partition` (what workers recorded themselves) and `refine` (what the observer
saw).  Spans are ordered by worker and then by time; messages by the time of the call to `send`; lines of output by the
time at which they began.
"""

from __future__ import annotations

import mmap
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runtime.tracing.columns import Operations, integers, lines, operations, others, whole_records
from runtime.tracing.cores import one_at_a_time
from runtime.tracing.layout import RECORD, RECORD_BYTES, SERIAL_BITS, SEVERAL, Head, Layout, Op
from runtime.tracing.messages import Texts, messages_of, preview_text
from runtime.tracing.model import NONE, Channel, CoreSpan, Ending, Line, Message, Output, Span, Worker
from runtime.tracing.partition import Life, Parked, partition
from runtime.tracing.places import cut_at_lines
from runtime.tracing.printed import Part, lines_of
from runtime.tracing.refine import refine
from runtime.tracing.samples import (
    Sample,
    anchored,
    core_spans,
    late_share,
    longest_interval,
    median_interval,
    samples_of,
)
from runtime.tracing.tables import Table

# A try that succeeds at once takes well under a microsecond; to sleep and be woken takes more than four.
TRY_NS = 2_000
_SLACK_NS = 60_000_000_000  # how far outside the run a time may lie and still be believed
_ENDINGS = (Ending.RETURNED, Ending.RAISED, Ending.STOPPED)
_STREAMS = (1, 2)


type Declared = tuple[int, str, int | None] | tuple[int, str, int | None, bool]
"""A channel's key, name and capacity, and whether it is a lock."""


@dataclass(frozen=True, slots=True)
class RawLane:
    """One lane, copied out of shared memory: the records and text written so far, and the words of its head."""

    records: bytes = b""
    text: bytes = b""
    dropped: int = 0  # records that did not fit
    text_dropped: int = 0  # bytes of printed text that did not fit
    parked_since: int = 0  # ns, or 0 when the worker does not wait in a channel operation
    parked_op: int = 0
    parked_channel: int = 0
    parked_line: int = 0
    episode: int = 0
    thread: int = 0
    cpu_ns: int = 0  # used by the lane's writer, where it says so: the observer
    startup_ns: int = 0  # of these, 0 is not known
    ready_bytes: int = 0
    ended_bytes: int = 0
    shared_bytes: int = 0
    memory_inferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One run's lanes, and what the recording itself does not say.  Times are of the monotonic clock, in ns."""

    layout: Layout
    lanes: tuple[RawLane, ...]
    workers: tuple[Worker, ...]  # the worker of lane i is workers[i]; their times and endings come from the lanes
    epoch_ns: int  # when the run began
    ended_ns: int  # when it was over, or when the lanes were read
    channels: tuple[Declared, ...] = ()  # (key, name, capacity) of those that the program declares
    met: tuple[Declared, ...] = ()  # of those that somebody else knows of, and perhaps no lane
    observer_lane: int | None = None
    gil_shared: bool = False  # whether the workers share one GIL
    try_ns: int = TRY_NS  # up to here, trying to send or receive is no wait


@dataclass(frozen=True, slots=True)
class Sampling:
    """What the observer did: for the trace's `Overhead`."""

    samples: int = 0
    median_interval_ns: int = 0  # between two looks at one worker
    longest_interval_ns: int = 0
    late_share: float = 0.0  # of the time between looks that were later than usual by more than a half
    cpu_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What a recording says.  The fields are those of `Trace`: `Trace(name=..., **decoded.fields())`."""

    workers: tuple[Worker, ...]
    channels: tuple[Channel, ...]
    messages: Table[Message]
    spans: Table[Span]
    core_spans: Table[CoreSpan]
    outputs: Table[Output]
    lines: Table[Line]
    texts: tuple[str, ...]
    dropped: int
    wall_ns: int  # to the end of the last worker
    sampling: Sampling
    numbers: dict[int, int]  # of the channels, by key

    def fields(self) -> dict[str, Any]:
        """The keyword arguments of `Trace` that a recording gives."""
        return {name: getattr(self, name) for name in self.__slots__ if name not in ("sampling", "numbers")}


def read_lane(
    mapping: mmap.mmap | bytes | bytearray | memoryview, layout: Layout, lane: int, first: int = 0
) -> RawLane:
    """Copy one lane out of shared memory: only what is written, never more than the layout holds.

    Of its records, those from number `first` on.
    """
    head = memoryview(bytes(mapping[layout.lane_at(lane) : layout.records_at(lane)])).cast("Q")
    records = min(head[Head.RECORDS], layout.records) * RECORD_BYTES
    text = min(head[Head.TEXT_BYTES], layout.text_bytes)
    records_at, text_at = layout.records_at(lane), layout.text_at(lane)
    return RawLane(
        records=bytes(mapping[records_at + first * RECORD_BYTES : records_at + records]),
        text=bytes(mapping[text_at : text_at + text]),
        dropped=head[Head.DROPPED],
        text_dropped=head[Head.TEXT_DROPPED],
        parked_since=head[Head.PARKED_SINCE],
        parked_op=head[Head.PARKED_OP],
        parked_channel=head[Head.PARKED_CHANNEL],
        parked_line=head[Head.PARKED_LINE],
        episode=head[Head.EPISODE],
        thread=head[Head.THREAD],
        cpu_ns=head[Head.CPU_NS],
        startup_ns=head[Head.STARTUP_NS],
        ready_bytes=head[Head.READY_BYTES],
        ended_bytes=head[Head.ENDED_BYTES],
        shared_bytes=head[Head.SHARED_BYTES],
        memory_inferred=bool(head[Head.MEMORY_INFERRED]),
    )


@dataclass(slots=True)
class _Lane:
    """What one worker's lane says."""

    worker: Worker
    operations: Operations
    dropped: int
    lines: list[tuple[int, int]]
    cpu: tuple[int, int] | None  # ns on a core until its life began, and until it ended
    parked: Parked | None = None
    created: list[Declared] = field(default_factory=list)
    printed: list[Part] = field(default_factory=list)


def decode(recording: Recording) -> Decoded:
    """Turn a recording into tables.  Never fails for what the lanes hold."""
    lanes = [
        _read(worker, raw, recording)
        for worker, raw in zip(recording.workers, recording.lanes, strict=False)  # the observer's lane has no worker
    ]
    texts = Texts()
    channels, declared, index_of = _channels(recording, lanes)
    messages, repeated = messages_of([lane.operations for lane in lanes], index_of, texts)
    unbounded = {channel.index for channel in channels if channel.capacity is None and channel.index < declared}
    seen, sampling, nonsense = _samples(recording, len(lanes))
    lives = [
        partition(
            replace(lane.operations, channel=[index_of[key] for key in lane.operations.channel]),
            lane.worker.began_ns,
            lane.worker.ended_ns,
            channels_in_all=len(channels),
            unbounded=unbounded,
            try_ns=recording.try_ns,
            parked=lane.parked and replace(lane.parked, channel=index_of[lane.parked.channel]),
        )
        for lane in lanes
    ]
    seen = [_anchored(lane, samples) for lane, samples in zip(lanes, seen, strict=True)]
    lives = [
        cut_at_lines(
            refine(life, samples, sampling.median_interval_ns, gil_shared=recording.gil_shared),
            sorted(lane.lines, key=_at),
        )
        for lane, life, samples in zip(lanes, lives, seen, strict=True)
    ]
    workers = tuple(lane.worker for lane in lanes)
    lost = sum(raw.dropped for raw in recording.lanes) + sum(lane.dropped for lane in lanes) + repeated + nonsense
    return Decoded(
        workers=workers,
        channels=channels,
        messages=messages,
        spans=_spans(lives, len(channels)),
        core_spans=_core_spans(workers, seen, sampling.median_interval_ns),
        outputs=_outputs(lanes, texts),
        lines=_lines(lanes),
        texts=texts.all(),
        dropped=min(lost, (1 << 63) - 1),
        wall_ns=max([worker.ended_ns for worker in workers], default=0),
        sampling=sampling,
        numbers=index_of,
    )


def _read(worker: Worker, raw: RawLane, recording: Recording) -> _Lane:
    """Sort one worker's records by what they say.  From here on, times are relative to the epoch."""
    epoch = recording.epoch_ns
    earliest, latest = _believed(recording)
    records = whole_records(raw.records)
    found, dropped = operations(records, epoch, earliest, latest)
    executed, nonsense = lines(records, epoch, earliest, latest)
    dropped += nonsense
    cpu: dict[int, int] = {}
    began = ended = ending = None
    created: list[Declared] = []
    printed: list[Part] = []
    for op, record in others(records):
        _, kind, status, _, subject, size, at, on_cpu, _, _, preview = RECORD.unpack(record)
        at -= epoch
        if op not in Op or not earliest <= at <= latest:
            dropped += op in Op  # unknown ops are counted already
        elif op == Op.START:
            began = at if began is None else began
            cpu.setdefault(op, on_cpu)
        elif op == Op.END:
            ended, ending = at, _ENDINGS[status] if status < len(_ENDINGS) else Ending.LOST
            cpu[op] = on_cpu
        elif op == Op.CHANNEL and size < 1 << 63:
            created.append((subject >> SERIAL_BITS, preview_text(preview), size - 1 if size else None, kind == 1))
        elif op == Op.PRINT and kind in _STREAMS and subject + size <= len(raw.text):
            printed.append(Part(kind, max(at, 0), raw.text[subject : subject + size]))
        else:
            dropped += 1
    if began is None:  # never started, or its START is lost
        began = min([*found.began[:1], ended or 0])
        ended = ended if ended is not None or found else 0
    began = max(began, 0)
    parked = None
    if ended is None:
        ended = recording.ended_ns - epoch
        since = raw.parked_since - epoch
        if began <= since <= ended and raw.parked_channel < 1 << 32 and raw.parked_line < 1 << 31:
            parked = Parked(raw.parked_op, raw.parked_channel, raw.parked_line, since)
    lived = replace(
        worker,
        began_ns=began,
        ended_ns=max(began, ended),
        ending=ending or Ending.LOST,
        startup_ns=_known(raw.startup_ns),
        ready_bytes=_known(raw.ready_bytes),
        ended_bytes=_known(raw.ended_bytes),
        shared_bytes=_known(raw.shared_bytes),
        memory_inferred=raw.memory_inferred,
    )
    known = (cpu[Op.START], cpu[Op.END]) if len(cpu) == 2 and 0 < cpu[Op.END] < 1 << 63 else None
    return _Lane(lived, found, dropped, executed, known, parked, created, printed)


def _known(number: int) -> int:
    """What a lane's head says; NONE for what it does not say, or what cannot be."""
    return number if 0 < number < 1 << 62 else NONE


def _believed(recording: Recording) -> tuple[int, int]:
    """From when to when a record's time is believed, relative to the epoch."""
    return -_SLACK_NS, recording.ended_ns - recording.epoch_ns + _SLACK_NS


# --- channels -----------------------------------------------------------------------------------------------


def _created(lanes: Sequence[_Lane]) -> Iterable[Declared]:
    return (channel for lane in lanes for channel in lane.created)


def _channels(recording: Recording, lanes: Sequence[_Lane]) -> tuple[tuple[Channel, ...], int, dict[int, int]]:
    """Number the channels: those of the program, those that workers created, and last those that nobody declared.

    Return them, how many are declared, and their numbers by key.
    """
    known: dict[int, tuple[str, int | None, bool]] = {}
    for key, name, capacity, *lock in (*recording.channels, *_created(lanes), *recording.met):
        known.setdefault(key, (name, capacity, any(lock)))
    declared_count = len(known)
    used = set[int]().union(*(lane.operations.channel for lane in lanes))
    used.update(lane.parked.channel for lane in lanes if lane.parked)
    used.discard(SEVERAL)
    for key in sorted(used - known.keys()):
        known[key] = (f"channel-{key}", None, False)
    channels = tuple(Channel(index, *facts) for index, facts in enumerate(known.values()))
    return channels, declared_count, {key: index for index, key in enumerate(known)} | {SEVERAL: NONE}


# --- spans, samples and output ------------------------------------------------------------------------------


def _spans(lives: Sequence[Life], channels_in_all: int) -> Table[Span]:
    """One table of all workers' spans."""
    workers, channels = integers((), len(lives)), integers((), channels_in_all)
    states, evidence, lines = array("b"), array("b"), array("i")
    began, ended = array("q"), array("q")
    for worker, life in enumerate(lives):
        began.extend(life.moments[:-1])
        ended.extend(life.moments[1:])
        workers.extend(array(workers.typecode, [worker]) * len(life))
        states.frombytes(life.states)
        evidence.frombytes(life.evidence)
        channels.extend(life.channels)
        lines.extend(life.lines)
    columns = (workers, states, began, ended, evidence, channels, lines)
    return Table(Span, dict(zip(Span._fields, columns, strict=True)))


def _samples(recording: Recording, workers: int) -> tuple[list[list[Sample]], Sampling, int]:
    """What the observer saw of each worker, what it did, and how many of its records are nonsense."""
    if recording.observer_lane is None or not 0 <= recording.observer_lane < len(recording.lanes):
        return [[] for _ in range(workers)], Sampling(), 0
    raw = recording.lanes[recording.observer_lane]
    seen, dropped = samples_of(whole_records(raw.records), workers, recording.epoch_ns, *_believed(recording))
    median = median_interval(seen)
    found = Sampling(sum(map(len, seen)), median, longest_interval(seen), late_share(seen, median), raw.cpu_ns)
    return seen, found, dropped


def _anchored(lane: _Lane, samples: list[Sample]) -> list[Sample]:
    if lane.cpu is None:
        return samples
    return anchored(samples, (lane.worker.began_ns, lane.cpu[0]), (lane.worker.ended_ns, lane.cpu[1]))


def _core_spans(workers: Sequence[Worker], seen: Sequence[Sequence[Sample]], interval: int) -> Table[CoreSpan]:
    """Every worker's time on cores, ordered by worker and then by time; a core has one worker at a time."""
    rows = one_at_a_time(
        span
        for worker, samples in zip(workers, seen, strict=True)
        for span in core_spans(worker.index, samples, worker.began_ns, worker.ended_ns, interval)
    )
    return Table.of(CoreSpan, rows)


def _at(executed: tuple[int, int]) -> int:
    return executed[1]


def _lines(lanes: Sequence[_Lane]) -> Table[Line]:
    """Every line that was executed, ordered by worker and then by time."""
    rows = [(worker, line, max(at, 0)) for worker, lane in enumerate(lanes) for line, at in lane.lines]
    return Table.of(Line, rows)


def _outputs(lanes: Sequence[_Lane], texts: Texts) -> Table[Output]:
    lines = [(worker, *line) for worker, lane in enumerate(lanes) for line in lines_of(lane.printed)]
    lines.sort(key=lambda line: line[2])
    numbers = texts.number([text for _, _, _, text in lines])
    rows = [(worker, stream, at, number) for (worker, stream, at, _), number in zip(lines, numbers, strict=True)]
    return Table.of(Output, rows)
