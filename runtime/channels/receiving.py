"""The receiving end of a channel."""

from __future__ import annotations

import pickle
import sys
import time
from _thread import get_ident
from collections.abc import AsyncIterator, Iterator
from typing import Any

from runtime.channels import buffers, lending, sharing
from runtime.channels.context import Context, Passenger, travel
from runtime.channels.core import END, Address, Core, Handle, Row, Side, give_up
from runtime.channels.end import STATUS, End, HasEnds, come_in, line_in
from runtime.channels.letterbox import PASSENGERS, SERIAL_SHIFT, TRANSFER_MASK, WORKER_MASK, WORKER_SHIFT, Letter
from runtime.channels.parking import BLOCKED, Deadline, Gate, deadline_after
from runtime.channels.sending import SendChannel
from runtime.errors import (
    ChannelClosedError,
    ChannelEmptyError,
    ChannelError,
    ChannelTimeoutError,
    NotShareableError,
)
from runtime.tracing.layout import NOBODY, Op, Status
from runtime.tracing.vocabulary import Transfer

_now = time.monotonic_ns
_NO_DEFAULT: Any = object()
_COUNT, _OWNER = int(Row.COUNT), int(Row.OWNER)
_SHARE, _PICKLE, _REFERENCE = int(Transfer.SHARE), int(Transfer.PICKLE), int(Transfer.REFERENCE)
_LARGE = 50_000  # bytes that take longer to copy than to see that they are there
_MANY = 500  # items of a tuple that take longer to make
_AGAIN_NS = 1_000_000


class RecvChannel(End):
    """The receiving end of a channel.  Iterating receives until the channel is closed and empty."""

    __slots__ = ("_awaiting",)
    _side = Side.RECV

    def __init__(self, core: Core, context: Context | None = None, row: Handle = 0) -> None:
        super().__init__(core, context, row)
        self._awaiting = 0  # tasks

    def recv(self, timeout: float | None = None) -> Any:
        """Receive one object.

        Blocks while the channel is empty.  Raises `ChannelTimeoutError` after `timeout` seconds, `ChannelClosedError`
        when this end is closed, or when every sending end is closed and the channel is empty.
        """
        if self._home and self._home != get_ident():
            self._settle()
        lane = self._lane
        return self._recv(timeout, True, 0 if lane is None else line_in(lane.filename, sys._getframe(1)))

    def recv_nowait(self, default: Any = _NO_DEFAULT) -> Any:
        """Receive one object if there is one now; else return `default`, or raise `ChannelEmptyError` without one.

        Never blocks for long.  Under a rendezvous there is one when a sender waits.  Raises `ChannelClosedError` as
        `recv` does.
        """
        if self._home and self._home != get_ident():
            self._settle()
        lane = self._lane
        line = 0 if lane is None else line_in(lane.filename, sys._getframe(1))
        try:
            return self._recv(None, False, line)
        except ChannelEmptyError:
            if default is _NO_DEFAULT:
                raise
            return default

    async def arecv(self, timeout: float | None = None) -> Any:
        """Await one object, in asyncio: as `recv`, while other tasks of the event loop go on.

        A task that is cancelled meanwhile has taken nothing.  `async for` receives so, until the end.  Under a
        rendezvous it waits for a sender that waits, as `select` does.  In a trace only the receiving itself is this
        worker's; while all its tasks wait it sleeps.
        """
        from runtime.channels import awaiting  # noqa: PLC0415 - asyncio takes long to import, and most need it never

        if self._home and self._home != get_ident():
            self._settle()
        lane = self._lane
        line = 0 if lane is None else line_in(lane.filename, sys._getframe(1))
        deadline = None if timeout is None else deadline_after(timeout)

        def attempt() -> Any:
            try:
                return (self._recv(None, False, line),) if self.ready else BLOCKED
            except ChannelEmptyError:  # another was faster
                return BLOCKED

        found = attempt()
        if found is BLOCKED:
            self._await_more(1)
            try:
                found = await awaiting.wait_at(self.gate, attempt, deadline, self._cancel_fd)
            finally:
                self._await_more(-1)
        if found is BLOCKED:
            raise ChannelTimeoutError(f"nothing came through channel {self.name!r} within {timeout} s")
        return found[0]

    def _await_more(self, tasks: int) -> None:
        """Say how many tasks await here: for `stats`, not for the deadlock watch, as others of the loop may go on."""
        self._awaiting += tasks
        if self._awaiting:
            self.note_wait(_now(), 1, 0)
        else:
            self.note_wait(0, 0, 0)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.arecv()
        except ChannelClosedError:
            self._check_open()
            raise StopAsyncIteration from None

    def receive(self, timeout: float | None, may_wait: bool, line: int) -> Any:
        """As `recv`, or `recv_nowait`, called at a line of the snippet that the caller knows."""
        if self._home and self._home != get_ident():
            self._settle()
        return self._recv(timeout, may_wait, line)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._home and self._home != get_ident():
            self._settle()
        lane = self._lane
        try:
            return self._recv(None, True, 0 if lane is None else line_in(lane.filename, sys._getframe(1)))
        except ChannelClosedError:
            self._check_open()
            raise StopIteration from None

    # --- for `select` -------------------------------------------------------------------------------------------

    @property
    def ready(self) -> int:
        """What there is to receive now: `core.SOMETHING`, `END` or `NOTHING`.  It may be another's in a moment."""
        return END if self._closed else self._core.ready

    @property
    def key(self) -> int:
        """The number of the channel."""
        return self._core.key

    @property
    def hidden(self) -> bool:
        """Whether a worker made the channel."""
        return self._core.hidden

    @property
    def place(self) -> tuple[int, int]:
        """The number of the channel, and the descriptor of its words."""
        return self._core.key, self._core.address.state

    @property
    def gate(self) -> Gate:
        """Where those wait who wait for something to receive."""
        return self._core.arrivals

    def receive_ready(self, line: int, asked: int) -> Any:
        """Receive in a select that was called at `line`, at the moment `asked`.  Raises as `recv_nowait`."""
        if self._home and self._home != get_ident():
            self._settle()
        return self._recv(None, False, line, asked)

    def note_wait(self, since: int, until: int, among: int) -> None:
        """Say that this end waits in a select of so many ends, from when to when; with zeros, that it waits no more."""
        words, at = self._core.words, self._row_at
        words[at + Row.WAITING_SINCE] = 0  # whoever reads a time here finds the rest of it
        words[at + Row.WAITING_UNTIL], words[at + Row.WAITING_AMONG] = until, among
        words[at + Row.WAITING_SINCE] = since

    # ------------------------------------------------------------------------------------------------------------

    def _recv(self, timeout: float | None, may_wait: bool, line: int, asked: int = 0) -> Any:
        core, lane = self._core, self._lane
        deadline = None if timeout is None else deadline_after(timeout)
        if lane is not None and not asked:
            asked = _now()
        ready = asked
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
            if _SHARE < kind < _REFERENCE:
                value, size = self._open(label, payload)
            elif kind == _REFERENCE:
                if type(value) is tuple or isinstance(value, End | HasEnds):
                    come_in(value)
                sharing.note(value, core.words[self._row_at + _OWNER], core.key)
            self._core.words[self._row_at + _COUNT] += 1
        except BaseException as error:
            if lane is not None:
                status = STATUS.get(type(error), Status.FAILED)
                lane.received(core.key, 0, 0, 0, status, line, 0, asked, _now())
            raise
        if lane is not None:
            if type(value) in (str, bytes):
                made = len(value) >= _LARGE
            else:
                made = (
                    size >= _LARGE
                    if kind == _PICKLE
                    else type(value) is tuple and len(value) >= _MANY and kind == _SHARE
                )
            if made:
                taken = ready  # since then it was copied, item by item a tuple, by the interpreter: not waited for
            sender = (label >> WORKER_SHIFT & WORKER_MASK) - 1 & NOBODY
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

    def _open(self, label: int, payload: Any) -> tuple[Any, int]:
        """Make the object again; return it and the bytes that crossed."""
        passengers: tuple[Any, ...] = ()
        if label & PASSENGERS:
            payload, passengers = payload
            sharing.note_passengers(passengers, self._core.words[self._row_at + _OWNER], self._core.key)
        elif label & TRANSFER_MASK != _PICKLE:
            return payload, payload.nbytes  # a memoryview between threads
        before = travel.arriving
        try:
            travel.arriving = arrived = [_arrive(*each) for each in passengers]
            if label & TRANSFER_MASK != _PICKLE:
                return arrived[0], arrived[0].nbytes
            return pickle.loads(payload), len(payload)
        except BaseException as error:
            give_up(passengers)
            if not isinstance(error, Exception) or isinstance(error, MemoryError | ChannelError):
                raise
            raise NotShareableError(
                f"an object came through channel {self.name!r} that cannot be made again at this side "
                f"({type(error).__name__}: {error}); its class must be in a module that both sides can import"
            ) from error
        finally:
            travel.arriving = before


def _arrive(kind: int, *what: Any) -> Any:
    """The passenger, at its receiver."""
    if kind == Passenger.END:
        address, handle, side = what
        end = SendChannel if side == Side.SEND else RecvChannel
        return end(Core.attach(Address._make(address)), row=handle)
    if kind == Passenger.HERE:
        return what[0]
    claim, thing = what
    if kind == Passenger.LOAN:
        return lending.borrow(claim, thing)
    buffer = buffers.adopt(claim, thing)
    return memoryview(buffer) if kind == Passenger.VIEW else buffer
