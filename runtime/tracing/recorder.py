"""Writing records into shared memory: what a worker does while it runs, so it is short."""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable, Sequence
from typing import Any

from runtime.tracing.layout import (
    MOST_PARKED_AT,
    PAGE_BYTES,
    PREVIEW_BYTES,
    RECORD,
    RECORD_BYTES,
    SERIAL_BITS,
    SERIAL_MASK,
    Head,
    Layout,
    Op,
)

_PREVIEWED_AS_REPR = (int, float, bool, type(None))
_SEND, _RECV, _LINE = int(Op.SEND), int(Op.RECV), int(Op.LINE)
_RECORDS, _DROPPED = int(Head.RECORDS), int(Head.DROPPED)
_SHORT = 1 << 63
_pack, _now = RECORD.pack_into, time.monotonic_ns


previews: dict[type, Callable[[Any], bytes]] = {}
"""How values of our own types are shown, by type: in constant time, as UTF-8."""


def preview_of(value: object) -> bytes:
    """A text of at most 24 bytes that shows what a value is, made in constant time whatever its size."""
    kind = type(value)
    if kind is int and -_SHORT < value < _SHORT:  # type: ignore[operator]
        return b"%d" % value  # type: ignore[str-format]
    if kind in _PREVIEWED_AS_REPR:
        if kind is int and value.bit_length() > 64:  # type: ignore[attr-defined]
            return b"int of %d bits" % value.bit_length()  # type: ignore[attr-defined]
        return repr(value).encode()[:PREVIEW_BYTES]
    if kind is str or kind is bytes:
        text = repr(value[:PREVIEW_BYTES])  # type: ignore[index]
        return text.encode("utf-8", "replace")[:PREVIEW_BYTES]
    shown = previews.get(kind)
    if shown is not None:
        return shown(value)[:PREVIEW_BYTES]
    try:
        text = f"{kind.__name__} of {len(value)}"  # type: ignore[arg-type]
    except Exception:  # no length, or one that raises
        text = kind.__name__
    return text.encode("utf-8", "replace")[:PREVIEW_BYTES]


class LaneWriter:
    """One worker's lane.  It has one writer at a time: the thread of that worker."""

    __slots__ = ("_at", "_limit", "_map", "_text_at", "_text_limit", "_words", "filename", "serial", "worker")

    def __init__(
        self, mapping: mmap.mmap, layout: Layout, lane: int, filename: str = "", worker: int | None = None
    ) -> None:
        self._map = mapping
        self._words = memoryview(mapping)[layout.lane_at(lane) : layout.records_at(lane)].cast("Q")
        self._at = layout.records_at(lane)
        self._limit = layout.records
        self._text_at, self._text_limit = layout.text_at(lane), layout.text_bytes
        self.worker = lane if worker is None else worker
        self.serial = 0  # of the next message that this worker sends
        self.filename = filename

    def _record(self, *fields: int | bytes) -> None:
        words = self._words
        count = words[_RECORDS]
        if count >= self._limit:
            words[_DROPPED] += 1
            return
        RECORD.pack_into(self._map, self._at + count * RECORD_BYTES, *fields)
        words[_RECORDS] = count + 1

    def sent(
        self,
        channel: int,
        serial: int,
        transfer: int,
        status: int,
        line: int,
        size: int,
        began: int,
        encoded: int,
        admitted: int,
        preview: bytes,
    ) -> None:
        """Record a send that ends now."""
        # the same as `_record`, written out: this is what each message costs
        words = self._words
        count = words[_RECORDS]
        if count >= self._limit:
            words[_DROPPED] += 1
            return
        subject = channel << SERIAL_BITS | serial & SERIAL_MASK
        at = self._at + count * RECORD_BYTES
        _pack(self._map, at, _SEND, transfer, status, line, subject, size, began, encoded, admitted, _now(), preview)
        words[_RECORDS] = count + 1

    def received(
        self,
        channel: int,
        sender: int,
        serial: int,
        transfer: int,
        status: int,
        line: int,
        size: int,
        asked: int,
        taken: int,
    ) -> None:
        """Record a receive that ends now."""
        words = self._words
        count = words[_RECORDS]
        if count >= self._limit:
            words[_DROPPED] += 1
            return
        subject = channel << SERIAL_BITS | serial & SERIAL_MASK
        at = self._at + count * RECORD_BYTES
        _pack(self._map, at, _RECV, transfer, status, line, subject, size, asked, taken, sender, _now(), b"")
        words[_RECORDS] = count + 1

    def created(self, channel: int, name: str, capacity: int | None, *, lock: bool = False) -> None:
        """Record that this worker created a channel, or a lock, which is one."""
        bound = 0 if capacity is None else capacity + 1
        preview = name.encode("utf-8", "replace")[:PREVIEW_BYTES]
        self._record(Op.CHANNEL, lock, 0, 0, channel << SERIAL_BITS, bound, time.monotonic_ns(), 0, 0, 0, preview)

    def executed(self, line: int) -> None:
        """Record that the worker begins to execute a line now."""
        words = self._words  # written out, as in `sent`
        count = words[_RECORDS]
        if count >= self._limit:
            words[_DROPPED] += 1
            return
        _pack(self._map, self._at + count * RECORD_BYTES, _LINE, 0, 0, line, 0, 0, _now(), 0, 0, 0, b"")
        words[_RECORDS] = count + 1

    def started(self) -> None:
        """Record that the worker's snippet begins now."""
        self._record(Op.START, 0, 0, 0, 0, 0, time.monotonic_ns(), time.thread_time_ns(), 0, 0, b"")

    def ended(self, status: int) -> None:
        """Record that the worker's snippet has ended."""
        self._record(Op.END, 0, status, 0, 0, 0, time.monotonic_ns(), time.thread_time_ns(), 0, 0, b"")

    def printed(self, stream: int, text: str, line: int, at: int) -> None:
        """Record text that the worker printed at `at`."""
        data = text.encode("utf-8", "replace")
        words = self._words
        offset = words[Head.TEXT_BYTES]
        room = self._text_limit - offset
        if len(data) > room:
            words[Head.TEXT_DROPPED] += len(data) - room
            words[_DROPPED] += 1
            data = data[:room]
        if not data:
            return
        self._map[self._text_at + offset : self._text_at + offset + len(data)] = data
        words[Head.TEXT_BYTES] = offset + len(data)
        self._record(Op.PRINT, stream, 0, line, offset, len(data), at, 0, 0, 0, b"")

    def sampled(
        self, worker: int, state: int, waits_on: int, core: int, on_cpu: int, run_queue: int, at: int, took: int
    ) -> None:
        """Record what the observer saw of a worker's thread at `at`."""
        self._record(Op.SAMPLE, state, waits_on, core, worker, on_cpu, at, run_queue, took, 0, b"")

    def parked(self, op: int, channel: int, line: int, since: int) -> None:
        """Say that this worker waits in a channel operation.  Read by the deadlock watch and by live views."""
        words = self._words
        words[Head.PARKED_OP], words[Head.PARKED_CHANNEL], words[Head.PARKED_LINE] = op, channel, line
        words[Head.EPISODE] += 1
        words[Head.PARKED_SINCE] = since

    def unparked(self) -> None:
        """Say that it waits no more."""
        self._words[Head.PARKED_SINCE] = 0

    def waits_at(self, channels: Sequence[tuple[int, int]]) -> None:
        """Say at which channels this worker waits, of those that workers made: number and descriptor of each."""
        words, at = self._words, int(Head.PARKED_AT)
        if len(channels) <= MOST_PARKED_AT:
            for number, (key, state) in enumerate(channels):
                words[at + 1 + 2 * number], words[at + 2 + 2 * number] = key, state + 1
            words[at] = len(channels)

    def waits_no_more(self) -> None:
        """Say that it waits at none of them any more."""
        self._words[Head.PARKED_AT] = 0

    def set_thread(self, thread: int, process: int = 0) -> None:
        """Say which thread of the system this worker is, and of which process, if it has one of its own."""
        self._words[Head.PROCESS] = process
        self._words[Head.THREAD] = thread

    def ready(self, asked_ns: int) -> None:
        """Say that this worker is ready to start, which was asked for at `asked_ns`."""
        self._words[Head.STARTUP_NS] = max(time.monotonic_ns() - asked_ns, 1)

    def used_memory(self, word: Head, private: int, shared: int) -> None:
        """Say how much memory this worker's process has: at `READY_BYTES` or `ENDED_BYTES`."""
        self._words[word], self._words[Head.SHARED_BYTES] = private, shared

    def close(self) -> None:
        """Let go of the memory."""
        self._words.release()

    def used_cpu(self, cpu_ns: int) -> None:
        """Say how much CPU time this lane's writer has used."""
        self._words[Head.CPU_NS] = cpu_ns


def calibrate(records: int = 1000) -> float:
    """What one record costs on this machine, in ns: the mean over so many, into memory of the same kind."""
    layout = Layout(1, records, PAGE_BYTES)
    with mmap.mmap(-1, layout.total_bytes) as mapping:
        lane = LaneWriter(mapping, layout, 0)
        began = time.perf_counter_ns()
        for number in range(records):
            lane.received(1, 0, number, 0, 0, 1, 8, began, began)
        cost = (time.perf_counter_ns() - began) / records
        lane.close()
    return cost
