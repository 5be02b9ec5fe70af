"""The two ends of a channel: what users hold."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any, NamedTuple, NoReturn, Self

from runtime import cpython
from runtime.channels import transfer
from runtime.channels.context import Context, current
from runtime.channels.core import Address, Core, Row, Shared, Side, count_sending_end
from runtime.channels.core import ROW_WORDS as _ROW_WORDS
from runtime.channels.mailbox import (
    CREDIT_SHIFT,
    MAX_CREDITS,
    ROW_SHIFT,
    SERIAL_MASK,
    SERIAL_SHIFT,
    TRANSFER_MASK,
    WORKER_MASK,
    WORKER_SHIFT,
)
from runtime.channels.parking import Cancelled, Deadline, acquire, deadline_after
from runtime.errors import (
    ChannelClosedError,
    ChannelEmptyError,
    ChannelFullError,
    ChannelTimeoutError,
    NotShareableError,
)
from runtime.tracing.layout import Op, Status
from runtime.tracing.recorder import preview_of

_now = time.monotonic_ns
_NO_DEFAULT: Any = object()


class ChannelStats(NamedTuple):
    """How a channel is, at one moment.  The first six fields are those of trio's `MemoryChannelStatistics`."""

    current_buffer_used: int  # objects queued
    max_buffer_size: float  # the capacity; math.inf for no bound
    open_send_channels: int
    open_receive_channels: int
    tasks_waiting_send: int
    tasks_waiting_receive: int
    sent: int  # objects, since the channel was created
    received: int
    bytes_sent: int


class _End:
    """What both ends have in common: a row of their own in the channel's shared state, and a way to close."""

    __slots__ = ("__weakref__", "_closed", "_context", "_core", "_row", "_row_at")
    _side: Side

    def __init__(self, core: Core, context: Context | None = None, row: int = 0) -> None:
        self._closed = True  # until it has a row
        self._core = core
        self._context = context or current()
        self._row = row or core.open_end(self._side, self._context.owner)
        self._row_at = self._row * _ROW_WORDS
        self._closed = False

    @property
    def name(self) -> str:
        """The channel's name."""
        return self._core.name

    @property
    def capacity(self) -> int | None:
        """How many objects wait at most: 0 for a rendezvous, None for no bound."""
        return self._core.capacity

    @property
    def closed(self) -> bool:
        """Whether this end was closed."""
        return self._closed

    def __len__(self) -> int:
        """How many objects are queued now."""
        return len(self._core.mailbox)

    def __bool__(self) -> bool:
        return True

    def stats(self) -> ChannelStats:
        """How the channel is now.  Never blocks for long."""
        core = self._core
        return ChannelStats(
            current_buffer_used=len(core.mailbox),
            max_buffer_size=float("inf") if core.capacity is None else core.capacity,
            open_send_channels=core.words[Shared.SENDERS],
            open_receive_channels=core.words[Shared.RECEIVERS],
            tasks_waiting_send=core.waiting(Side.SEND),
            tasks_waiting_receive=core.waiting(Side.RECV),
            sent=core.total(Side.SEND, Row.COUNT),
            received=core.total(Side.RECV, Row.COUNT),
            bytes_sent=core.total(Side.SEND, Row.BYTES),
        )

    def clone(self) -> Self:
        """Another end of the same channel, with a life of its own: the channel stays open until both are closed."""
        self._check_open()
        return type(self)(self._core)

    def close(self) -> None:
        """Close this end.  A second time does nothing.

        When it was the last of its side, whoever waits at the other side wakes: senders raise `ChannelClosedError`,
        receivers get what is queued and then the end of the stream.
        """
        if not self._closed:
            self._closed = True
            self._core.close_end(self._row)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter is being torn down
            pass

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _End):
            return NotImplemented
        return (self._core.key, self._side) == (other._core.key, other._side)

    def __hash__(self) -> int:
        return hash((self._core.key, self._side))

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{len(self)} queued"
        capacity = "unbounded" if self.capacity is None else f"capacity {self.capacity}"
        return f"<{type(self).__name__} {self.name!r}, {capacity}, {state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross as a clone: it is open from now on, and is adopted by the worker that receives it."""
        self._check_open()
        core = self._core
        if core.address.local:
            raise TypeError("an end of a channel between threads cannot leave its interpreter")
        core.hold()
        return _adopt, (type(self), tuple(core.address), core.open_end(self._side))

    def _check_open(self) -> None:
        if self._closed:
            raise ChannelClosedError(f"this {self._word} end of channel {self.name!r} is closed")

    @property
    def _word(self) -> str:
        return "sending" if self._side is Side.SEND else "receiving"

    def _park(self, op: Op, line: int, semaphore: Any, deadline: Deadline) -> bool:
        """Wait for a permit; say meanwhile that this end waits.  Return False when the deadline came first."""
        core, lane, since = self._core, self._context.lane, _now()
        core.words[self._row_at + Row.WAITING_SINCE] = since
        if lane is not None:
            lane.parked(op, core.key, line, since)
        try:
            return acquire(semaphore, deadline, self._context.cancel_fd)
        finally:
            core.words[self._row_at + Row.WAITING_SINCE] = 0
            if lane is not None:
                lane.unparked()

    def _line_of(self, frame: FrameType | None) -> int:
        """The line, in the worker's snippet, from which this operation was called."""
        lane = self._context.lane
        filename = lane.filename if lane is not None else ""
        while frame is not None:
            if frame.f_code.co_filename == filename:
                return frame.f_lineno
            frame = frame.f_back
        return 0


def _adopt(kind: type[_End], address: tuple[Any, ...], row: int) -> _End:
    core = Core.attach(Address._make(address))
    core.release_hold()
    return kind(core, row=row)


class SendChannel(_End):
    """The sending end of a channel."""

    __slots__ = ("_credit",)
    _side = Side.SEND

    def __init__(self, core: Core, context: Context | None = None, row: int = 0) -> None:
        super().__init__(core, context, row)
        self._credit = -1
        count_sending_end(+1)

    def close(self) -> None:
        if not self._closed:
            count_sending_end(-1)
        super().close()

    close.__doc__ = _End.close.__doc__

    def send(self, obj: Any, timeout: float | None = None) -> None:
        """Send one object.

        Blocks while the channel is full; under a rendezvous (capacity 0) until a receiver takes the object.  Raises
        `ChannelTimeoutError` after `timeout` seconds, `ChannelClosedError` when this end is closed or no receiver is
        left (also while waiting), `NotShareableError` for an object that cannot cross.
        """
        self._send(obj, deadline_after(timeout), True, self._line_of(sys._getframe(1)))

    def send_nowait(self, obj: Any) -> None:
        """Send one object if there is room now, else raise `ChannelFullError`.  Never blocks.

        Under a rendezvous there is room when a receiver waits.
        """
        self._send(obj, None, False, self._line_of(sys._getframe(1)))

    def _send(self, obj: Any, deadline: Deadline, may_wait: bool, line: int) -> None:
        core, lane = self._core, self._context.lane
        mailbox, slots = core.mailbox, core.slots
        began = _now()
        if self._closed:
            self._fail(Status.CLOSED, line, began, began, obj)
        if mailbox.by_reference:
            payload, kind, size = obj, transfer.REFERENCE, 0
        else:
            try:
                payload, kind, size = transfer.encode(obj)
            except NotShareableError as error:
                self._note(Status.FAILED, line, began, _now(), obj)
                raise error from None
        encoded = _now()
        if slots is not None and not slots.try_acquire():
            if not may_wait:
                self._fail(Status.WOULD_BLOCK, line, began, encoded, obj)
            try:
                admitted = self._park(Op.SEND, line, slots, deadline)
            except Cancelled:
                self._note(Status.CANCELLED, line, began, encoded, obj)
                raise
            if not admitted:
                self._fail(Status.TIMEOUT, line, began, encoded, obj)
        words = core.words
        if words[Shared.RECEIVING_OVER]:
            if slots is not None:
                slots.release()  # for whoever waits beside us
            self._fail(Status.CLOSED, line, began, encoded, obj)
        row, at = self._row, self._row_at
        self._credit = credit = core.claim_credit(row, self._credit)
        label = kind | row << ROW_SHIFT
        if credit >= 0:
            label |= credit << CREDIT_SHIFT
            credit += row * MAX_CREDITS
        if lane is None:
            mailbox.put(label, payload, credit)
            core.items.release()
        else:
            admitted_ns = _now()
            serial = lane.serial
            lane.serial = serial + 1
            label |= lane.worker + 1 << WORKER_SHIFT | (serial & SERIAL_MASK) << SERIAL_SHIFT
            mailbox.put(label, payload, credit)
            core.items.release()
            lane.sent(core.key, serial, kind, 0, line, size, began, encoded, admitted_ns, preview_of(obj))
        words[at + Row.COUNT] += 1
        words[at + Row.BYTES] += size

    def _note(self, status: Status, line: int, began: int, encoded: int, obj: Any) -> None:
        lane = self._context.lane
        if lane is not None:
            lane.sent(self._core.key, 0, 0, status, line, 0, began, encoded, _now(), preview_of(obj))

    def _fail(self, status: Status, line: int, began: int, encoded: int, obj: Any) -> NoReturn:
        """Record that nothing was sent, and raise the error that says why."""
        self._note(status, line, began, encoded, obj)
        if status is Status.TIMEOUT:
            raise ChannelTimeoutError(f"no room in channel {self.name!r} ({self._full()}) in time")
        if status is Status.WOULD_BLOCK:
            raise ChannelFullError(f"no room in channel {self.name!r} now ({self._full()})")
        self._check_open()
        raise ChannelClosedError(f"every receiving end of channel {self.name!r} is closed: nobody would receive it")

    def _full(self) -> str:
        return f"it holds {len(self)} of {self.capacity}" if self.capacity else "no receiver waits at the rendezvous"


class RecvChannel(_End):
    """The receiving end of a channel.  Iterating receives until the channel is closed and empty."""

    __slots__ = ()
    _side = Side.RECV

    def recv(self, timeout: float | None = None) -> Any:
        """Receive one object.

        Blocks while the channel is empty.  Raises `ChannelTimeoutError` after `timeout` seconds, `ChannelClosedError`
        when this end is closed, or when every sending end is closed and the channel is empty.
        """
        return self._recv(deadline_after(timeout), self._line_of(sys._getframe(1)))

    def recv_nowait(self, default: Any = _NO_DEFAULT) -> Any:
        """Receive one object if there is one now; else return `default`, or raise `ChannelEmptyError` without one.

        Never blocks for long.  Under a rendezvous there is one when a sender waits.  Raises `ChannelClosedError` as
        `recv` does.
        """
        line = self._line_of(sys._getframe(1))
        try:
            return self._recv_nowait(line)
        except ChannelEmptyError:
            if default is _NO_DEFAULT:
                raise
            return default

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return self._recv(None, self._line_of(sys._getframe(1)))
        except ChannelClosedError:
            self._check_open()
            raise StopIteration from None

    def _recv(self, deadline: Deadline, line: int) -> Any:
        core = self._core
        asked = _now()
        if self._closed:
            self._fail(Status.CLOSED, line, asked)
        rendezvous = core.capacity == 0 and core.slots is not None
        if not core.items.try_acquire():
            if rendezvous:
                core.slots.release()  # type: ignore[union-attr]  # a sender may come
            try:
                arrived = self._park(Op.RECV, line, core.items, deadline)
            except BaseException as error:
                if rendezvous:
                    self._take_back()
                if isinstance(error, Cancelled):
                    self._note(Status.CANCELLED, line, asked)
                raise
            if not arrived:
                if not rendezvous or self._take_back():
                    self._fail(Status.TIMEOUT, line, asked)
                acquire(core.items)  # a sender has our slot: its object is on the way
        return self._take(line, asked)

    def _take_back(self) -> bool:
        """Withdraw the slot that this receiver offered.  False when a sender has it already."""
        slots = self._core.slots
        return slots is not None and slots.try_acquire()

    def _recv_nowait(self, line: int) -> Any:
        core = self._core
        asked = _now()
        if self._closed:
            self._fail(Status.CLOSED, line, asked)
        if core.items.try_acquire():
            return self._take(line, asked)
        if core.capacity == 0 and core.slots is not None and core.waiting(Side.SEND):
            core.slots.release()
            # the sender that waits takes the slot, unless it gives up at this moment: then we take it back
            while not acquire(core.items, _now() + 1_000_000, self._context.cancel_fd):
                if not core.waiting(Side.SEND) and self._take_back():
                    self._fail(Status.WOULD_BLOCK, line, asked)
            return self._take(line, asked)
        self._fail(Status.WOULD_BLOCK, line, asked)

    def _take(self, line: int, asked: int) -> Any:
        """Take the object that a permit stands for; without one, the permit says that the stream has ended."""
        core, lane = self._core, self._context.lane
        try:
            if core.words[Shared.SENDING_OVER] and not len(core.mailbox):  # asking an empty queue costs an import
                raise cpython.QueueEmpty
            label, payload = core.mailbox.take()
        except cpython.QueueEmpty:
            core.items.release()  # for the next receiver
            self._fail(Status.CLOSED, line, asked)
        taken = _now()
        if core.capacity and core.slots is not None:
            core.slots.release()
        kind = label & TRANSFER_MASK
        value = transfer.decode(payload, kind)
        words, at = core.words, self._row_at
        words[at + Row.COUNT] += 1
        if lane is not None:
            sender = (label >> WORKER_SHIFT & WORKER_MASK) - 1
            size = len(payload) if kind == transfer.PICKLE else 0
            lane.received(core.key, sender & 0xFFFF, label >> SERIAL_SHIFT, kind, 0, line, size, asked, taken)
        return value

    def _note(self, status: Status, line: int, asked: int) -> None:
        lane = self._context.lane
        if lane is not None:
            lane.received(self._core.key, 0, 0, 0, status, line, 0, asked, _now())

    def _fail(self, status: Status, line: int, asked: int) -> NoReturn:
        """Record that nothing was received, and raise the error that says why."""
        self._note(status, line, asked)
        if status is Status.TIMEOUT:
            raise ChannelTimeoutError(f"nothing came through channel {self.name!r} in time")
        if status is Status.WOULD_BLOCK:
            raise ChannelEmptyError(f"nothing is queued in channel {self.name!r} now")
        self._check_open()
        raise ChannelClosedError(f"channel {self.name!r} is empty and every sending end is closed: nothing will come")


def create_channel(name: str | None = None, capacity: int | None = 0) -> tuple[RecvChannel, SendChannel]:
    """Create a channel and return its ends, the receiving end first (as in PEP 554).

    `capacity` is how many objects may wait in it: 0 is a rendezvous (`send` returns when a receiver took the object),
    None is no bound.  Works between the interpreters of one process and between threads.
    """
    if capacity is not None and (not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 0):
        raise ValueError(f"capacity must be None or a whole number from 0 on, not {capacity!r}")
    core = Core.create(name, capacity)
    lane = current().lane
    if lane is not None:
        lane.created(core.key, core.name, capacity)
    return RecvChannel(core), SendChannel(core)
