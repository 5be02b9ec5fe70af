"""What both ends of a channel have in common."""

from __future__ import annotations

import time
import weakref
from _thread import get_ident
from collections.abc import Callable
from operator import is_
from types import FrameType
from typing import Any, NamedTuple, Self

from runtime.channels.context import NOBODY, Context, Passenger, current, passenger, travel
from runtime.channels.core import ROW_WORDS, Address, Core, Handle, Row, Side
from runtime.channels.letterbox import ROW_MASK
from runtime.channels.parking import Cancelled, Deadline, Gate
from runtime.errors import ChannelClosedError, ChannelEmptyError, ChannelFullError, ChannelTimeoutError
from runtime.tracing.layout import Op, Status

_now = time.monotonic_ns
_WAITING_SINCE = int(Row.WAITING_SINCE)
_NOWHERE = -1

STATUS = {
    ChannelTimeoutError: Status.TIMEOUT,
    ChannelClosedError: Status.CLOSED,
    Cancelled: Status.CANCELLED,
    ChannelFullError: Status.WOULD_BLOCK,
    ChannelEmptyError: Status.WOULD_BLOCK,
}
"""How an operation that raised is recorded; any other error is FAILED."""


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


class End:
    """What both ends have in common: a row of their own in the channel's shared state, and a way to close."""

    __slots__ = ("__weakref__", "_cancel_fd", "_closed", "_core", "_handle", "_home", "_lane", "_row_at", "_spins")
    _side: Side

    def __init__(self, core: Core, context: Context | None = None, row: Handle = 0) -> None:
        """Open an end, or make the one one's own that was opened as `row`."""
        self._closed = True  # until it has a row
        self._handle = 0
        self._core = core
        context = context or current()
        self._lane, self._cancel_fd, self._spins = context.lane, context.cancel_fd, context.spins
        self._home = get_ident() if context.by_reference else 0  # the thread that uses it, where others could
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
    def words(self) -> memoryview[int]:
        """The words of the channel that its ends share: see `core.Shared`."""
        return self._core.words

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
        if not isinstance(other, End):
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
        if core.address.local and not travel.here:
            raise TypeError("an end of a channel between threads cannot leave its interpreter")
        if travel.rehearsing:
            return passenger, (0,)
        if travel.here:
            ticket: tuple[Any, ...] = (Passenger.HERE, self)
        else:
            ticket = Passenger.END, tuple(core.address), core.open_end(self._side), int(self._side)
        if travel.departing is None:
            return _adopt, (type(self), *ticket[1:3])
        travel.departing.append(ticket)
        return passenger, (len(travel.departing) - 1,)

    def leaving(self) -> Self:
        """A clone that goes to another thread by reference: nobody's, until it has arrived."""
        self._check_open()
        clone = type(self)(self._core, NOBODY)
        clone._home = _NOWHERE
        return clone

    def _settle(self) -> None:
        """Become an end of the thread that calls this, to which it came by reference."""
        context = current()
        self._lane, self._cancel_fd, self._spins = context.lane, context.cancel_fd, context.spins
        self._home = get_ident()
        words, at = self._core.words, self._row_at
        words[at + Row.CARRIER], words[at + Row.OWNER] = 0, context.owner

    def _check_open(self) -> None:
        if self._closed:
            word = "sending" if self._side is Side.SEND else "receiving"
            raise ChannelClosedError(f"this {word} end of channel {self.name!r} is closed")

    def _wait(self, gate: Gate, attempt: Callable[[], Any], op: Op, line: int, deadline: Deadline) -> Any:
        """Wait at a gate; say meanwhile that this end waits.  Return `BLOCKED` when the deadline came first."""
        core = self._core
        words, at, lane, since = core.words, self._row_at + _WAITING_SINCE, self._lane, _now()
        words[self._row_at + Row.WAITING_UNTIL] = deadline or 0
        words[at] = since
        if lane is not None:
            lane.parked(op, core.key, line, since)
        board = current().board if core.hidden else None
        if board is not None:
            board.waits_at(((core.key, core.address.state),))
        try:
            return gate.wait(attempt, deadline, self._cancel_fd, self._spins)
        finally:
            words[at] = 0
            if lane is not None:
                lane.unparked()
            if board is not None:
                board.waits_no_more()


def _adopt(kind: type[End], address: tuple[Any, ...], handle: Handle) -> End:
    """The end that was pickled outside of a message."""
    return kind(Core.attach(Address._make(address)), row=handle)


def line_in(filename: str, frame: FrameType | None) -> int:
    """The line, in the worker's snippet, from which this operation was called."""
    while frame is not None:
        if frame.f_code.co_filename == filename:
            return frame.f_lineno
        frame = frame.f_back
    return 0


class HasEnds:
    """What is no end, but made of some: a copy of it crosses, also between threads."""

    __slots__ = ()

    def set_out(self, clones: list[tuple[Core, Handle]]) -> Self:
        """The copy that crosses.  Adds its ends to `clones`."""
        raise NotImplementedError

    def come_in(self) -> None:
        """Let its ends belong to this thread."""
        raise NotImplementedError


def set_out(obj: Any, clones: list[tuple[Core, Handle]]) -> Any:
    """What crosses by reference: the object itself, but for an end or a lock, also in a tuple, a clone.

    So that each side has an end of its own to close, as it has between interpreters.
    """
    if isinstance(obj, End):
        clone = obj.leaving()
        clones.append((clone._core, clone._handle))
        return clone
    if isinstance(obj, HasEnds):
        return obj.set_out(clones)
    if type(obj) is not tuple:
        return obj
    items = tuple(set_out(item, clones) for item in obj)
    return obj if all(map(is_, items, obj)) else items


def come_in(obj: Any) -> None:
    """Let the ends in what came by reference belong to this thread."""
    if isinstance(obj, End):
        obj._settle()
    elif isinstance(obj, HasEnds):
        obj.come_in()
    elif type(obj) is tuple:
        for item in obj:
            come_in(item)
