"""The two ends of a channel: what users hold."""

from __future__ import annotations

import pickle
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NamedTuple, Self

from runtime.channels import transfer
from runtime.channels.context import Context, current, travel
from runtime.channels.core import ROW_WORDS, Address, Core, Handle, Row, Side, count_sending_end, credit_window
from runtime.channels.letterbox import (
    CREDIT_SHIFT,
    MAX_CREDITS,
    PASSENGERS,
    ROW_MASK,
    ROW_SHIFT,
    SERIAL_MASK,
    SERIAL_SHIFT,
    TRANSFER_MASK,
    WORKER_MASK,
    WORKER_SHIFT,
    Letter,
)
from runtime.channels.parking import BLOCKED, Cancelled, Deadline, Gate, deadline_after
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
_COUNT, _BYTES, _WAITING_SINCE = int(Row.COUNT), int(Row.BYTES), int(Row.WAITING_SINCE)
_LARGE = 50_000  # bytes that take longer to copy than to see that they are there
_AGAIN_NS = 1_000_000

_STATUS = {
    ChannelTimeoutError: Status.TIMEOUT,
    ChannelClosedError: Status.CLOSED,
    Cancelled: Status.CANCELLED,
    ChannelFullError: Status.WOULD_BLOCK,
    ChannelEmptyError: Status.WOULD_BLOCK,
}


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

    __slots__ = ("__weakref__", "_cancel_fd", "_closed", "_core", "_handle", "_lane", "_row_at", "_spins")
    _side: Side

    def __init__(self, core: Core, context: Context | None = None, row: Handle = 0) -> None:
        """Open an end, or make the one one's own that was opened as `row`."""
        self._closed = True  # until it has a row
        self._handle = 0
        self._core = core
        context = context or current()
        self._lane, self._cancel_fd, self._spins = context.lane, context.cancel_fd, context.spins
        self._handle = handle = row or core.open_end(self._side, context.owner)
        core.claim(handle, context.owner)
        self._row_at = (handle & ROW_MASK) * ROW_WORDS
        core.ends[handle] = weakref.ref(self)
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
        return self._core.letterbox.count()

    def __bool__(self) -> bool:
        return True

    def stats(self) -> ChannelStats:
        """How the channel is now.  Never blocks for long."""
        core = self._core
        return ChannelStats(
            core.letterbox.count(),
            float("inf") if core.capacity is None else core.capacity,
            core.open_ends(Side.SEND),
            core.open_ends(Side.RECV),
            core.waiting(Side.SEND),
            core.waiting(Side.RECV),
            *core.totals(),
        )

    def clone(self) -> Self:
        """Another end of the same channel, with a life of its own: the channel stays open until both are closed."""
        self._check_open()
        return type(self)(self._core)

    def close(self) -> None:
        """Close this end.  A second time does nothing.

        When it was the last of its side, whoever waits at the other side wakes: senders raise `ChannelClosedError`,
        receivers get what is queued and then the end of the stream.  A thread that waits at this very end wakes, too.
        """
        self._closed = True
        self._core.close_end(self._handle)

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
        """Cross as a clone: open from now on, and whoever unpickles it has it, which can be done once.

        A clone that is pickled outside of a message and never unpickled stays open.
        """
        self._check_open()
        core = self._core
        if core.address.local:
            raise TypeError("an end of a channel between threads cannot leave its interpreter")
        if travel.rehearsing:
            return _arrive, (0,)
        passenger = tuple(core.address), core.open_end(self._side), int(self._side)
        if travel.departing is None:
            return _adopt, passenger
        travel.departing.append(passenger)
        return _arrive, (len(travel.departing) - 1,)

    def _check_open(self) -> None:
        if self._closed:
            word = "sending" if self._side is Side.SEND else "receiving"
            raise ChannelClosedError(f"this {word} end of channel {self.name!r} is closed")

    def _wait(self, gate: Gate, attempt: Callable[[], Any], op: Op, line: int, deadline: Deadline) -> Any:
        """Wait at a gate; say meanwhile that this end waits.  Return `BLOCKED` when the deadline came first."""
        words, at, lane, since = self._core.words, self._row_at + _WAITING_SINCE, self._lane, _now()
        words[self._row_at + Row.WAITING_UNTIL] = deadline or 0
        words[at] = since
        if lane is not None:
            lane.parked(op, self._core.key, line, since)
        try:
            return gate.wait(attempt, deadline, self._cancel_fd, self._spins)
        finally:
            words[at] = 0
            if lane is not None:
                lane.unparked()


def _line_in(filename: str, frame: FrameType | None) -> int:
    """The line, in the worker's snippet, from which this operation was called."""
    while frame is not None:
        if frame.f_code.co_filename == filename:
            return frame.f_lineno
        frame = frame.f_back
    return 0


def _adopt(address: tuple[Any, ...], handle: Handle, side: int) -> _End:
    kind = SendChannel if side == Side.SEND else RecvChannel
    return kind(Core.attach(Address._make(address)), row=handle)


def _arrive(index: int) -> Any:
    """The end that travelled in this message, beside its pickle."""
    arriving = travel.arriving
    assert arriving is not None
    return arriving[index]


class SendChannel(_End):
    """The sending end of a channel."""

    __slots__ = ("_credit", "_credits_at", "_label")
    _side = Side.SEND

    def __init__(self, core: Core, context: Context | None = None, row: Handle = 0) -> None:
        super().__init__(core, context, row)
        number = self._handle & ROW_MASK
        self._credit, self._credits_at = 0, number * MAX_CREDITS
        self._label = number << ROW_SHIFT
        if self._lane is not None:
            self._label |= self._lane.worker + 1 << WORKER_SHIFT
        count_sending_end(core, self._handle)

    def send(self, obj: Any, timeout: float | None = None) -> None:
        """Send one object.

        Blocks while the channel is full; under a rendezvous (capacity 0) until a receiver takes the object.  Raises
        `ChannelTimeoutError` after `timeout` seconds, `ChannelClosedError` when this end is closed or no receiver is
        left (also while waiting), `NotShareableError` for an object that cannot cross.
        """
        lane = self._lane
        self._send(obj, timeout, True, 0 if lane is None else _line_in(lane.filename, sys._getframe(1)))

    def send_nowait(self, obj: Any) -> None:
        """Send one object if there is room now, else raise `ChannelFullError`.  Never blocks.

        Under a rendezvous there is room when a receiver waits.
        """
        lane = self._lane
        self._send(obj, None, False, 0 if lane is None else _line_in(lane.filename, sys._getframe(1)))

    def _send(self, obj: Any, timeout: float | None, may_wait: bool, line: int) -> None:
        core, lane = self._core, self._lane
        deadline = None if timeout is None else deadline_after(timeout)
        began = encoded = admitted = 0 if lane is None else _now()
        payload, kind, size = obj, transfer.REFERENCE, 0
        serial = 0
        try:
            if self._closed:
                self._check_open()
            if not core.letterbox.by_reference:
                payload, kind, size = transfer.encode(obj)
                if lane is not None and type(obj) not in transfer.ENCODED_AT_ONCE:
                    encoded = admitted = _now()
            label = kind | self._label
            credit = self._credit + 1
            if credit >= credit_window[0]:
                credit = 0
            self._credit = credit
            label |= credit << CREDIT_SHIFT
            credit += self._credits_at
            if core.credits[credit]:
                credit = -1  # still on its way
            if lane is not None:
                serial = lane.serial
                label |= (serial & SERIAL_MASK) << SERIAL_SHIFT
            if core.post(label, payload, credit) is BLOCKED:
                if not may_wait:
                    raise ChannelFullError(f"no room in channel {self.name!r} now ({self._full()})")
                admitted = self._wait_for_room(label, payload, credit, line, deadline)
                if not admitted:
                    raise ChannelTimeoutError(f"no room in channel {self.name!r} within {timeout} s ({self._full()})")
        except BaseException as error:
            if kind & PASSENGERS:
                transfer.give_up(payload)
            if lane is not None:
                status = _STATUS.get(type(error), Status.FAILED)
                lane.sent(core.key, 0, 0, status, line, 0, began, encoded, _now(), preview_of(obj))
            raise
        words, at = core.words, self._row_at
        words[at + _COUNT] += 1
        words[at + _BYTES] += size
        if lane is not None:
            lane.serial = serial + 1
            kind &= TRANSFER_MASK
            lane.sent(core.key, serial, kind, 0, line, size, began, encoded, admitted, preview_of(obj))

    def _wait_for_room(self, label: int, payload: Any, credit: int, line: int, deadline: Deadline) -> int:
        """Send when there is room; return the time when there was, or 0 when the deadline came first."""
        admitted = 0

        def attempt() -> Any:
            nonlocal admitted
            self._check_open()
            admitted = _now()
            return self._core.post(label, payload, credit)

        blocked = self._wait(self._core.room, attempt, Op.SEND, line, deadline) is BLOCKED
        return 0 if blocked else admitted

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
        lane = self._lane
        return self._recv(timeout, True, 0 if lane is None else _line_in(lane.filename, sys._getframe(1)))

    def recv_nowait(self, default: Any = _NO_DEFAULT) -> Any:
        """Receive one object if there is one now; else return `default`, or raise `ChannelEmptyError` without one.

        Never blocks for long.  Under a rendezvous there is one when a sender waits.  Raises `ChannelClosedError` as
        `recv` does.
        """
        lane = self._lane
        line = 0 if lane is None else _line_in(lane.filename, sys._getframe(1))
        try:
            return self._recv(None, False, line)
        except ChannelEmptyError:
            if default is _NO_DEFAULT:
                raise
            return default

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        lane = self._lane
        try:
            return self._recv(None, True, 0 if lane is None else _line_in(lane.filename, sys._getframe(1)))
        except ChannelClosedError:
            self._check_open()
            raise StopIteration from None

    def _recv(self, timeout: float | None, may_wait: bool, line: int) -> Any:
        core, lane = self._core, self._lane
        deadline = None if timeout is None else deadline_after(timeout)
        asked = ready = 0 if lane is None else _now()
        try:
            if self._closed:
                self._check_open()
            letter = core.fetch() if core.offers is None else BLOCKED
            if letter is BLOCKED and (may_wait or core.offers is not None):
                letter, ready = self._wait_for_letter(asked, may_wait, line, deadline)
            if letter is BLOCKED:
                if not may_wait:
                    raise ChannelEmptyError(f"nothing is queued in channel {self.name!r} now")
                raise ChannelTimeoutError(f"nothing came through channel {self.name!r} within {timeout} s")
            label, payload = letter
            taken = 0 if lane is None else _now()
            value = payload
            size = 0
            kind = label & TRANSFER_MASK
            if kind == transfer.PICKLE:
                value, size = self._unpickle(label, payload)
            self._core.words[self._row_at + _COUNT] += 1
        except BaseException as error:
            if lane is not None:
                status = _STATUS.get(type(error), Status.FAILED)
                lane.received(core.key, 0, 0, 0, status, line, 0, asked, _now())
            raise
        if lane is not None:
            if size >= _LARGE or (type(value) in (str, bytes) and len(value) >= _LARGE):
                taken = ready  # since then it was copied by the interpreter: not waited for
            sender = (label >> WORKER_SHIFT & WORKER_MASK) - 1 & 0xFFFF
            lane.received(core.key, sender, label >> SERIAL_SHIFT, kind, 0, line, size, asked, taken)
        return value

    def _wait_for_letter(self, asked: int, may_wait: bool, line: int, deadline: Deadline) -> tuple[Letter, int]:
        """Return a letter, or `BLOCKED`, and the time from which on it could be taken."""
        core = self._core
        ready = asked
        sure = True  # that no letter was taken

        def attempt() -> Any:
            nonlocal ready, sure
            self._check_open()
            ready = _now()
            sure = False
            try:
                letter = core.fetch()
            except ChannelClosedError:
                sure = True
                raise
            sure = letter is BLOCKED
            return letter

        if core.offers is None:
            return self._wait(core.arrivals, attempt, Op.RECV, line, deadline), ready
        if not may_wait and not core.letterbox.count() and not core.waiting(Side.SEND):
            return core.fetch(), ready
        core.offer()
        try:
            letter = attempt()
            if letter is BLOCKED and may_wait:
                letter = self._wait(core.arrivals, attempt, Op.RECV, line, deadline)
            while letter is BLOCKED:
                # Withdraw.  When no offer is left, a sender has ours and will put its object in a moment, unless
                # another receiver, who left us his offer, takes it: so look at both.
                if (may_wait or not core.waiting(Side.SEND)) and core.withdraw():
                    break
                letter = core.arrivals.wait(attempt, _now() + _AGAIN_NS, self._cancel_fd)
        except BaseException:
            if sure:
                core.withdraw()
            raise
        return letter, ready

    def _unpickle(self, label: int, payload: Any) -> tuple[Any, int]:
        """Make the object again; return it and the bytes that crossed."""
        passengers: tuple[Any, ...] = ()
        if label & PASSENGERS:
            payload, passengers = payload
        before = travel.arriving
        try:
            travel.arriving = [_adopt(*passenger) for passenger in passengers]
            return pickle.loads(payload), len(payload)
        except MemoryError:
            raise
        except Exception as error:
            raise NotShareableError(
                f"an object came through channel {self.name!r} that cannot be made again at this side "
                f"({type(error).__name__}: {error}); its class must be in a module that both sides can import"
            ) from error
        finally:
            travel.arriving = before


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
