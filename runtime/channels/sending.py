"""The sending end of a channel."""

from __future__ import annotations

import os
import sys
import time
from _thread import get_ident
from collections.abc import Buffer as HasBuffer
from collections.abc import Iterable, Sequence
from types import FrameType
from typing import Any

from runtime.channels import marks, sharing, transfer
from runtime.channels.buffers import Buffer
from runtime.channels.context import Context
from runtime.channels.core import Core, Handle, Row, Side, count_sending_end, credit_window
from runtime.channels.end import STATUS, End, HasEnds, line_in, set_out
from runtime.channels.letterbox import (
    CREDIT_SHIFT,
    MAX_CREDITS,
    PASSENGERS,
    ROW_MASK,
    ROW_SHIFT,
    SERIAL_MASK,
    SERIAL_SHIFT,
    TRANSFER_MASK,
    WORKER_SHIFT,
)
from runtime.channels.parking import BLOCKED, Deadline, deadline_after
from runtime.errors import ChannelFullError, ChannelTimeoutError
from runtime.tracing.layout import Op, Status
from runtime.tracing.recorder import preview_of

_now = time.monotonic_ns
_COUNT, _BYTES, _OWNER = int(Row.COUNT), int(Row.BYTES), int(Row.OWNER)


class SendChannel(End):
    """The sending end of a channel."""

    __slots__ = ("_credit", "_credits_at", "_label")
    _side = Side.SEND

    def __init__(self, core: Core, context: Context | None = None, row: Handle = 0) -> None:
        super().__init__(core, context, row)
        number = self._handle & ROW_MASK
        self._credit, self._credits_at = 0, number * MAX_CREDITS
        self._label = self._first_label()
        count_sending_end(core, self._handle)

    def _first_label(self) -> int:
        worker = 0 if self._lane is None else self._lane.worker + 1
        return (self._handle & ROW_MASK) << ROW_SHIFT | worker << WORKER_SHIFT

    def _settle(self) -> None:
        super()._settle()
        self._label = self._first_label()

    def send(self, obj: Any, timeout: float | None = None, *, move: bool = False) -> None:
        """Send one object.

        With `move`, every `Buffer` in the object leaves this side: no byte is copied, and who uses one afterwards gets
        a `MovedError` that says where it went.  A bytearray that is sent by itself can be moved, too: its bytes are
        copied once, into a `Buffer` for the receiver, and it is left empty.  When the send fails, all stays.

        Blocks while the channel is full; under a rendezvous (capacity 0) until a receiver takes the object.  Raises
        `ChannelTimeoutError` after `timeout` seconds, `ChannelClosedError` when this end is closed or no receiver is
        left (also while waiting), `NotShareableError` for an object that cannot cross, or not be moved, `BufferError`
        when a memoryview of what is to be moved is still in use.
        """
        if self._home and self._home != get_ident():
            self._settle()
        lane = self._lane
        line = 0 if lane is None else line_in(lane.filename, sys._getframe(1))
        if move:
            self._move(obj, timeout, True, line, sys._getframe(1))
        else:
            self._send(obj, timeout, True, line)

    def send_nowait(self, obj: Any, *, move: bool = False) -> None:
        """Send one object if there is room now, else raise `ChannelFullError`.  Never blocks.

        Under a rendezvous there is room when a receiver waits.  `move` as for `send`.
        """
        if self._home and self._home != get_ident():
            self._settle()
        lane = self._lane
        line = 0 if lane is None else line_in(lane.filename, sys._getframe(1))
        if move:
            self._move(obj, None, False, line, sys._getframe(1))
        else:
            self._send(obj, None, False, line)

    def put(self, obj: Any, line: int) -> None:
        """As `send_nowait`, called at a line of the snippet that the caller knows."""
        if self._home and self._home != get_ident():
            self._settle()
        self._send(obj, None, False, line)

    def send_buffer(self, obj: HasBuffer, timeout: float | None = None) -> None:
        """Show the receiver an object's memory: it gets a memoryview of it.  No byte is copied, whatever the size.

        Both sides then see the same memory, and each what the other writes, at any time: use a lock, or take turns.
        The object is kept, and cannot be resized, while a receiver uses its view.  A `Buffer` is shared, as `send`
        does.  Blocks and raises as `send`; `NotShareableError` for an object that is not memory in one piece.
        """
        if self._home and self._home != get_ident():
            self._settle()
        lane = self._lane
        showing = transfer.Showing(here=self._core.address.local)
        line = 0 if lane is None else line_in(lane.filename, sys._getframe(1))
        self._send(obj, timeout, True, line, showing)

    def send_buffer_nowait(self, obj: HasBuffer) -> None:
        """Show the receiver an object's memory if there is room now, else raise `ChannelFullError`.  Never blocks."""
        if self._home and self._home != get_ident():
            self._settle()
        lane = self._lane
        showing = transfer.Showing(here=self._core.address.local)
        line = 0 if lane is None else line_in(lane.filename, sys._getframe(1))
        self._send(obj, None, False, line, showing)

    def _move(self, obj: Any, timeout: float | None, may_wait: bool, line: int, frame: FrameType) -> None:
        moving = transfer.Moving(here=self._core.address.local)
        try:
            self._send(obj, timeout, may_wait, line, moving)
        except BaseException:
            moving.give_back()
            raise
        place = f"line {line}" if line else f"line {frame.f_lineno} of {os.path.basename(frame.f_code.co_filename)}"
        moving.done(f"through channel {self.name!r} at {place}")

    def _send(
        self, obj: Any, timeout: float | None, may_wait: bool, line: int, encoder: transfer.Encoder = transfer
    ) -> None:
        core, lane = self._core, self._lane
        deadline = None if timeout is None else deadline_after(timeout)
        began = encoded = admitted = 0 if lane is None else _now()
        payload, kind, size = obj, transfer.REFERENCE, 0
        serial = 0
        travellers: Sequence[marks.Traveller] = ()
        try:
            if self._closed:
                self._check_open()
            if not core.letterbox.by_reference or encoder is not transfer or type(obj) is Buffer:
                payload, kind, size = encoder.encode(obj)
                if lane is not None and type(obj) not in transfer.ENCODED_AT_ONCE:
                    encoded = admitted = _now()
                if kind & PASSENGERS:
                    travellers = self._embark(payload[1])
            elif type(obj) not in transfer.ENCODED_AT_ONCE:
                sharing.note(obj, core.words[self._row_at + _OWNER], core.key)
                if type(obj) is tuple or isinstance(obj, End | HasEnds):
                    payload = set_out(obj, travellers := [])
                    for traveller in travellers:
                        marks.board(*traveller, core, core.words[self._row_at + _OWNER])
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
                encoder.undo(payload)
            if lane is not None:
                status = STATUS.get(type(error), Status.FAILED)
                lane.sent(core.key, 0, 0, status, line, 0, began, encoded, _now(), preview_of(obj))
            raise
        if travellers:
            marks.posted(travellers)
        words, at = core.words, self._row_at
        words[at + _COUNT] += 1
        words[at + _BYTES] += size
        if lane is not None:
            lane.serial = serial + 1
            kind &= TRANSFER_MASK
            lane.sent(core.key, serial, kind, 0, line, size, began, encoded, admitted, preview_of(obj))

    def _embark(self, passengers: Iterable[tuple[Any, ...]]) -> Sequence[marks.Traveller]:
        """Let the deadlock watch know what ends are on their way, and where."""
        core = self._core
        owner = core.words[self._row_at + _OWNER]
        sharing.note_passengers(passengers, owner, core.key)
        return marks.embark(passengers, core, owner)

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
