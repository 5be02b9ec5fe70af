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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

from runtime.tracing.columns import Operations, integers, operations, others, whole_records
from runtime.tracing.layout import PREVIEW_BYTES, RECORD, RECORD_BYTES, SERIAL_BITS, Head, Layout, Op, Status
from runtime.tracing.model import NONE, Channel, CoreSpan, Ending, Message, Output, Span, Worker
from runtime.tracing.partition import Life, Parked, partition
from runtime.tracing.printed import Part, lines_of
from runtime.tracing.refine import refine
from runtime.tracing.samples import Sample, core_spans, median_interval, samples_of
from runtime.tracing.tables import Table

_SLACK_NS = 60_000_000_000  # how far outside the run a time may lie and still be believed
_ENDINGS = (Ending.RETURNED, Ending.RAISED, Ending.STOPPED)
_REPLACED = "\N{REPLACEMENT CHARACTER}"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One run's lanes, and what the recording itself does not say.  Times are of the monotonic clock, in ns."""

    layout: Layout
    lanes: tuple[RawLane, ...]
    workers: tuple[Worker, ...]  # the worker of lane i is workers[i]; their times and endings come from the lanes
    epoch_ns: int  # when the run began
    ended_ns: int  # when it was over, or when the lanes were read
    channels: tuple[tuple[int, str, int | None], ...] = ()  # (key, name, capacity) of those that the program declares
    observer_lane: int | None = None
    gil_shared: bool = False  # whether the workers share one GIL
    try_ns: int = 0  # what a channel operation that need not wait takes; longer ones count as blocked


@dataclass(frozen=True, slots=True)
class Sampling:
    """What the observer did: for the trace's `Overhead`."""

    samples: int = 0
    median_interval_ns: int = 0  # between two looks at one worker
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
    texts: tuple[str, ...]
    dropped: int
    wall_ns: int  # to the end of the last worker
    sampling: Sampling

    def fields(self) -> dict[str, Any]:
        """The keyword arguments of `Trace` that a recording gives."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "sampling"}


def read_lane(mapping: mmap.mmap | bytes | bytearray | memoryview, layout: Layout, lane: int) -> RawLane:
    """Copy one lane out of shared memory: only what is written, never more than the layout holds."""
    head = memoryview(bytes(mapping[layout.lane_at(lane) : layout.records_at(lane)])).cast("Q")
    records = min(head[Head.RECORDS], layout.records) * RECORD_BYTES
    text = min(head[Head.TEXT_BYTES], layout.text_bytes)
    records_at, text_at = layout.records_at(lane), layout.text_at(lane)
    return RawLane(
        records=bytes(mapping[records_at : records_at + records]),
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
    )


@dataclass(slots=True)
class _Texts:
    """Texts by number, each kept once."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers)) if text else NONE


@dataclass(slots=True)
class _Lane:
    """What one worker's lane says."""

    worker: Worker  # with times of the monotonic clock
    operations: Operations
    dropped: int
    parked: Parked | None = None
    created: list[tuple[int, str, int | None]] = field(default_factory=list)
    printed: list[Part] = field(default_factory=list)


def decode(recording: Recording) -> Decoded:
    """Turn a recording into tables.  Never fails for what the lanes hold."""
    lanes = [
        _read(worker, raw, recording)
        for worker, raw in zip(recording.workers, recording.lanes, strict=False)  # the observer's lane has no worker
    ]
    texts = _Texts()
    channels, index_of = _channels(recording.channels, lanes)
    messages, duplicates = _messages([lane.operations for lane in lanes], index_of, recording.epoch_ns, texts)
    unbounded = {key for key, _, capacity in (*recording.channels, *_created(lanes)) if capacity is None}
    seen, sampling, nonsense = _samples(recording, len(lanes))
    lives = [
        partition(
            lane.operations,
            lane.worker.began_ns,
            lane.worker.ended_ns,
            try_ns=recording.try_ns,
            unbounded=unbounded,
            parked=lane.parked,
        )
        for lane in lanes
    ]
    lives = [
        refine(life, samples, sampling.median_interval_ns, gil_shared=recording.gil_shared)
        for life, samples in zip(lives, seen, strict=True)
    ]
    workers = tuple(_relative(lane.worker, recording.epoch_ns) for lane in lanes)
    lost = sum(raw.dropped for raw in recording.lanes) + sum(lane.dropped for lane in lanes) + duplicates + nonsense
    return Decoded(
        workers=workers,
        channels=channels,
        messages=messages,
        spans=_spans(lives, index_of, recording.epoch_ns),
        core_spans=_core_spans(lanes, seen, recording.epoch_ns, sampling.median_interval_ns),
        outputs=_outputs(lanes, recording.epoch_ns, texts),
        texts=tuple(texts.numbers),
        dropped=min(lost, (1 << 63) - 1),
        wall_ns=max([worker.ended_ns for worker in workers], default=0),
        sampling=sampling,
    )


def _read(worker: Worker, raw: RawLane, recording: Recording) -> _Lane:
    """Sort one worker's records by what they say."""
    earliest, latest = recording.epoch_ns - _SLACK_NS, recording.ended_ns + _SLACK_NS
    records = whole_records(raw.records)
    found, dropped = operations(records, earliest, latest)
    began = ended = ending = None
    created: list[tuple[int, str, int | None]] = []
    printed: list[Part] = []
    for op, record in others(records):
        _, kind, status, _, subject, size, at, _, _, _, preview = RECORD.unpack(record)
        if op not in Op or not earliest <= at <= latest:
            dropped += op in Op  # unknown ops are counted already
        elif op == Op.START:
            began = at if began is None else began
        elif op == Op.END:
            ended, ending = at, _ENDINGS[status] if status < len(_ENDINGS) else Ending.LOST
        elif op == Op.CHANNEL and size < 1 << 63:
            created.append((subject >> SERIAL_BITS, _text(preview), size - 1 if size else None))
        elif op == Op.PRINT and subject + size <= len(raw.text):
            printed.append(Part(kind, at, raw.text[subject : subject + size]))
        else:
            dropped += 1
    first = min([moment for moment in (began, *found.began[:1], ended) if moment is not None], default=None)
    began = first if began is None else began
    if began is None:  # it never ran
        began = ended = recording.epoch_ns
    began = max(began, recording.epoch_ns)
    parked = None
    if ended is None:
        ended = recording.ended_ns
        if began <= raw.parked_since <= ended and raw.parked_channel < 1 << 16 and raw.parked_line < 1 << 31:
            parked = Parked(raw.parked_op, raw.parked_channel, raw.parked_line, raw.parked_since)
    lived = replace(worker, began_ns=began, ended_ns=max(began, ended), ending=ending or Ending.LOST)
    return _Lane(lived, found, dropped, parked, created, printed)


def _text(preview: bytes) -> str:
    """The text of a preview, which may have been cut in the middle of a character."""
    text = preview.rstrip(b"\0").decode("utf-8", "replace")
    return text.rstrip(_REPLACED) if len(preview.rstrip(b"\0")) == PREVIEW_BYTES else text


def _relative(worker: Worker, epoch: int) -> Worker:
    return replace(worker, began_ns=worker.began_ns - epoch, ended_ns=worker.ended_ns - epoch)


# --- channels -----------------------------------------------------------------------------------------------


def _created(lanes: Sequence[_Lane]) -> Iterable[tuple[int, str, int | None]]:
    return (channel for lane in lanes for channel in lane.created)


def _channels(
    declared: Iterable[tuple[int, str, int | None]], lanes: Sequence[_Lane]
) -> tuple[tuple[Channel, ...], dict[int, int]]:
    """Number the channels: those of the program, those that workers created, and those that nobody declared."""
    known: dict[int, tuple[str, int | None]] = {}
    for key, name, capacity in (*declared, *_created(lanes)):
        known.setdefault(key, (name, capacity))
    used = set[int]().union(*(lane.operations.channel for lane in lanes))
    used.update(lane.parked.channel for lane in lanes if lane.parked)
    for key in sorted(used - known.keys()):
        known[key] = (f"channel-{key}", None)
    channels = tuple(Channel(index, name, capacity) for index, (name, capacity) in enumerate(known.values()))
    return channels, {key: index for index, key in enumerate(known)}


# --- messages -----------------------------------------------------------------------------------------------


def _messages(
    by_worker: Sequence[Operations], index_of: Mapping[int, int], epoch: int, texts: _Texts
) -> tuple[Table[Message], int]:
    """Join sends with receives.  Also return how many records repeat a message that is there already."""
    sent = [(worker, _succeeded(found, Op.SEND)) for worker, found in enumerate(by_worker)]
    taken = [(worker, _succeeded(found, Op.RECV)) for worker, found in enumerate(by_worker)]
    send_keys = [worker << SERIAL_BITS | serial for worker, found in sent for serial in found.serial]
    recv_keys = [
        sender << SERIAL_BITS | serial
        for _, found in taken
        for sender, serial in zip(found.sender, found.serial, strict=True)
    ]
    number_of = dict(zip(recv_keys, range(len(recv_keys)), strict=True))
    duplicates = len(recv_keys) - len(number_of)
    nobody = len(recv_keys)
    matched = list(map(number_of.get, send_keys, repeat(nobody)))

    def of_sends(field: str) -> list[int]:
        return [value for _, found in sent for value in getattr(found, field)]

    def of_receives(values: Iterable[int]) -> Iterable[int]:
        return map([*values, NONE].__getitem__, matched)

    def since(moments: list[int]) -> list[int]:
        if moments and min(moments) < epoch:
            return [max(moment - epoch, 0) for moment in moments]
        return [moment - epoch for moment in moments]

    def received_at(field: str) -> Iterable[int]:
        return of_receives(since([value for _, found in taken for value in getattr(found, field)]))

    previews = [preview for _, found in sent for preview in found.preview]
    preview_of = {preview: texts.number(_text(preview)) for preview in dict.fromkeys(previews)}
    workers, channels, many = len(by_worker), len(index_of), len(texts.numbers)
    lines = (1 << 31) - 1
    columns = {
        "sender": integers((worker for worker, found in sent for _ in repeat(None, len(found))), workers),
        "serial": array("q", of_sends("serial")),
        "channel": integers(map(index_of.__getitem__, of_sends("channel")), channels),
        "receiver": integers(of_receives(worker for worker, found in taken for _ in repeat(None, len(found))), workers),
        "transfer": integers(of_sends("transfer"), 0),
        "size": array("q", of_sends("size")),
        "preview": integers(map(preview_of.__getitem__, previews), many),
        "send_line": integers((line or NONE for line in of_sends("line")), lines),
        "recv_line": integers(of_receives(line or NONE for _, found in taken for line in found.line), lines),
        "began_ns": array("q", since(of_sends("began"))),
        "encoded_ns": array("q", since(of_sends("first"))),
        "admitted_ns": array("q", since(of_sends("second"))),
        "sent_ns": array("q", since(of_sends("ended"))),
        "asked_ns": array("q", received_at("began")),
        "taken_ns": array("q", received_at("first")),
        "received_ns": array("q", received_at("ended")),
    }
    order = sorted(range(len(send_keys)), key=columns["began_ns"].__getitem__)
    if len(set(send_keys)) < len(send_keys):
        order, repeated = _first_of_each(order, send_keys)
        duplicates += repeated
    if order != list(range(len(send_keys))):
        columns = {name: array(column.typecode, map(column.__getitem__, order)) for name, column in columns.items()}
    return Table(Message, columns), duplicates


def _succeeded(found: Operations, op: Op) -> Operations:
    if any(found.status):
        return found.pick(o == op and status == Status.OK for o, status in zip(found.op, found.status, strict=True))
    return found if found.op.count(op) == len(found) else found.pick(o == op for o in found.op)


def _first_of_each(order: Iterable[int], keys: Sequence[int]) -> tuple[list[int], int]:
    rows: dict[int, int] = {}
    repeated = 0
    for row in order:
        repeated += rows.setdefault(keys[row], row) != row
    return list(rows.values()), repeated


# --- spans and output ---------------------------------------------------------------------------------------


def _spans(lives: Sequence[Life], index_of: Mapping[int, int], epoch: int) -> Table[Span]:
    """One table of all workers' spans, with times since the run began and channels by number."""
    workers, channels = integers((), len(lives)), integers((), len(index_of))
    states, evidence, lines = array("b"), array("b"), array("i")
    began, ended = array("q"), array("q")
    number = {NONE: NONE, **index_of}
    for worker, life in enumerate(lives):
        moments = array("q", [moment - epoch for moment in life.moments])
        began.extend(moments[:-1])
        ended.extend(moments[1:])
        workers.extend(array(workers.typecode, [worker]) * len(life))
        states.frombytes(life.states)
        evidence.frombytes(life.evidence)
        channels.extend(array(channels.typecode, map(number.__getitem__, life.channels)))
        lines.extend(life.lines)
    columns = (workers, states, began, ended, evidence, channels, lines)
    return Table(Span, dict(zip(Span._fields, columns, strict=True)))


def _samples(recording: Recording, workers: int) -> tuple[list[list[Sample]], Sampling, int]:
    """What the observer saw of each worker, what it did, and how many of its records are nonsense."""
    if recording.observer_lane is None or not 0 <= recording.observer_lane < len(recording.lanes):
        return [[] for _ in range(workers)], Sampling(), 0
    raw = recording.lanes[recording.observer_lane]
    earliest, latest = recording.epoch_ns - _SLACK_NS, recording.ended_ns + _SLACK_NS
    seen, dropped = samples_of(whole_records(raw.records), workers, earliest, latest)
    return seen, Sampling(sum(map(len, seen)), median_interval(seen), raw.cpu_ns), dropped


def _core_spans(lanes: Sequence[_Lane], seen: Sequence[Sequence[Sample]], epoch: int, interval: int) -> Table[CoreSpan]:
    """Every worker's time on cores, ordered by worker and then by time."""
    rows = [
        span._replace(began_ns=span.began_ns - epoch, ended_ns=span.ended_ns - epoch)
        for index, (lane, samples) in enumerate(zip(lanes, seen, strict=True))
        for span in core_spans(index, samples, lane.worker.began_ns, lane.worker.ended_ns, interval)
    ]
    return Table.of(CoreSpan, rows)


def _outputs(lanes: Sequence[_Lane], epoch: int, texts: _Texts) -> Table[Output]:
    rows = [
        (worker, stream, max(at - epoch, 0), texts.number(line))
        for worker, lane in enumerate(lanes)
        for stream, at, line in lines_of(lane.printed)
    ]
    return Table.of(Output, sorted(rows, key=lambda row: row[2]))
