"""The state that all ends of one channel share, and how an interpreter gets hold of it.

A channel is, in one process: a mailbox, a semaphore that counts queued objects, one that counts free slots, a mutex,
and a page of 64-bit words that every interpreter maps.  Each open end has a row of words which only its owner writes,
so counting needs no lock; opening and closing ends does, and takes the mutex.

Closing.  When the last sender closes, one permit beyond the queued objects is released: the receiver that gets it
finds the mailbox empty, knows that this is the end, and puts the permit back for the next one.  When the last receiver
closes, the same happens to the slots.

Under a rendezvous (capacity 0) a receiver releases a slot when it begins to wait and takes it back if it gives up; if
it cannot take it back, a sender has it, and an object is on its way.
"""

from __future__ import annotations

import contextlib
import enum
import mmap
import os
import threading
import weakref
from collections.abc import Iterator
from typing import NamedTuple

from runtime import cpython
from runtime.channels import mailbox, parking
from runtime.channels.mailbox import MAX_CREDITS, MIN_CREDITS
from runtime.errors import ChannelError, ChannelNotFoundError

ROWS = 1 << mailbox.ROW_BITS  # row 0 is the channel's own
ROW_WORDS = 32
_CREDITS_BYTES = ROWS * MAX_CREDITS
_STATE_BYTES = ROWS * ROW_WORDS * 8 + _CREDITS_BYTES


class Shared(enum.IntEnum):
    """The words of row 0."""

    HOLDERS = 0  # interpreters that have it open, and ends on their way through a channel
    SENDERS = 1  # open sending ends
    RECEIVERS = 2
    ROWS_USED = 3  # the highest row ever taken
    RETIRED_SENT = 4  # totals of ends whose row was given to another
    RETIRED_RECEIVED = 5
    RETIRED_BYTES = 6
    SENDING_OVER = 7  # 1 when the last sender has closed
    RECEIVING_OVER = 8


class Row(enum.IntEnum):
    """The words of an end's row."""

    SIDE = 0  # Side, or 0 for a free row
    COUNT = 1  # objects sent or received
    BYTES = 2
    WAITING_SINCE = 3  # ns, or 0
    OWNER = 4  # worker + 1, or 0


class Side(enum.IntEnum):
    RECV = 1
    SEND = 2


class Address(NamedTuple):
    """What another interpreter of this process needs to reach the channel.  Plain data, shareable."""

    key: int
    name: str
    capacity: int  # -1: no bound
    items: tuple[int, ...]
    slots: tuple[int, ...]  # empty: no bound
    mutex: tuple[int, ...]
    state: int
    local: bool


_open_here: weakref.WeakValueDictionary[int, Core] = weakref.WeakValueDictionary()
_open_lock = threading.Lock()
_sending_ends_here = 0  # how many share this interpreter's credits


def _new_state() -> int:
    """Create the file behind the words: anonymous, gone with its last descriptor."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("channel", os.MFD_CLOEXEC)
    else:
        import tempfile  # noqa: PLC0415 - slow to import, and Linux needs it never

        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, _STATE_BYTES)
    return fd


class Core:
    """One channel, as one interpreter holds it.  Shared by all its ends there."""

    def __init__(self, address: Address, *, born: bool) -> None:
        self.address = address
        self.key = address.key
        self.name = address.name
        self.capacity = None if address.capacity < 0 else address.capacity
        self.items = parking.attach_semaphore(address.items)
        self.slots = parking.attach_semaphore(address.slots) if address.slots else None
        self._mutex = parking.Mutex(parking.attach_semaphore(address.mutex))
        self._map = mmap.mmap(address.state, _STATE_BYTES)
        whole = memoryview(self._map)
        self.words = whole[: ROWS * ROW_WORDS * 8].cast("Q")
        self.credits = whole[ROWS * ROW_WORDS * 8 :]
        self.mailbox: mailbox.Mailbox = (
            mailbox.LocalMailbox() if address.local else mailbox.InterpreterMailbox(address.key, self.credits)
        )
        with self._mutex:
            if not born and not self.words[Shared.HOLDERS]:
                raise ChannelNotFoundError(f"channel {self.name!r} no longer exists")
            self.words[Shared.HOLDERS] += 1

    @classmethod
    def create(cls, name: str | None, capacity: int | None, *, local: bool = False) -> Core:
        """Make a new channel.  `local` channels join threads of one interpreter only, and hand over the object itself."""
        key = cpython.create_queue()  # a local channel uses only its number
        address = Address(
            key=key,
            name=name or f"channel-{key}",
            capacity=-1 if capacity is None else capacity,
            items=parking.create_semaphore().descriptors,
            slots=() if capacity is None else parking.create_semaphore(capacity).descriptors,
            mutex=parking.create_semaphore(1).descriptors,
            state=_new_state(),
            local=local,
        )
        return cls._register(cls(address, born=True))

    @classmethod
    def attach(cls, address: Address) -> Core:
        """Get hold of a channel that was created elsewhere in this process."""
        with _open_lock:
            core = _open_here.get(address.key)
        return core if core is not None else cls._register(cls(address, born=False))

    @classmethod
    def _register(cls, core: Core) -> Core:
        with _open_lock:
            return _open_here.setdefault(core.key, core)

    # --- ends ---------------------------------------------------------------------------------------------------

    def open_end(self, side: Side, owner: int = 0) -> int:
        """Take a row for a new end.  Raises `ChannelError` when there are too many."""
        with self._mutex:
            words = self.words
            for row in range(1, ROWS):
                base = row * ROW_WORDS
                if not words[base + Row.SIDE]:
                    break
            else:
                raise ChannelError(f"channel {self.name!r} has {ROWS - 1} open ends, which is the most it can have")
            words[base + Row.SIDE], words[base + Row.OWNER] = side, owner
            words[Shared.ROWS_USED] = max(words[Shared.ROWS_USED], row)
            words[Shared.SENDERS if side is Side.SEND else Shared.RECEIVERS] += 1
            return row

    def close_end(self, row: int) -> None:
        """Give a row back.  The last end of a side wakes everyone who waits for that side."""
        with self._mutex:
            words, base = self.words, row * ROW_WORDS
            side = words[base + Row.SIDE]
            if not side:
                return
            sending = side == Side.SEND
            words[Shared.RETIRED_SENT if sending else Shared.RETIRED_RECEIVED] += words[base + Row.COUNT]
            words[Shared.RETIRED_BYTES] += words[base + Row.BYTES] if sending else 0
            words[base + Row.SIDE] = words[base + Row.COUNT] = words[base + Row.BYTES] = 0
            words[base + Row.WAITING_SINCE] = 0
            words[Shared.SENDERS if sending else Shared.RECEIVERS] -= 1
            if sending and not words[Shared.SENDERS]:
                words[Shared.SENDING_OVER] = 1
                self.items.release()
            elif not sending and not words[Shared.RECEIVERS]:
                words[Shared.RECEIVING_OVER] = 1
                if self.slots is not None:
                    self.slots.release()

    def rows(self, side: Side) -> Iterator[int]:
        """Where, in `words`, the rows of the open ends of one side begin."""
        for row in range(1, self.words[Shared.ROWS_USED] + 1):
            if self.words[row * ROW_WORDS] == side:
                yield row * ROW_WORDS

    def waiting(self, side: Side) -> int:
        """How many ends of one side wait now."""
        return sum(1 for base in self.rows(side) if self.words[base + Row.WAITING_SINCE])

    def total(self, side: Side, word: Row) -> int:
        """Sum a word over the ends of one side, closed ones included."""
        retired = {
            (Side.SEND, Row.COUNT): Shared.RETIRED_SENT,
            (Side.RECV, Row.COUNT): Shared.RETIRED_RECEIVED,
            (Side.SEND, Row.BYTES): Shared.RETIRED_BYTES,
        }[side, word]
        with self._mutex:
            return self.words[retired] + sum(self.words[base + word] for base in self.rows(side))

    # --- credits ------------------------------------------------------------------------------------------------

    def claim_credit(self, row: int, previous: int) -> int:
        """The credit after `previous` of this row, or -1 when that one is still on its way."""
        window = max(MIN_CREDITS, MAX_CREDITS // max(1, _sending_ends_here))
        credit = (previous + 1) % window
        return -1 if self.credits[row * MAX_CREDITS + credit] else credit

    # --- the end of it ------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Keep the channel in being for an end that is on its way through another channel."""
        with self._mutex:
            self.words[Shared.HOLDERS] += 1

    def release_hold(self) -> None:
        """The end has arrived."""
        with self._mutex:
            self.words[Shared.HOLDERS] -= 1

    def __del__(self) -> None:
        # what is missing here belongs to a constructor that failed, or to an interpreter that is being torn down
        with contextlib.suppress(Exception):
            with self._mutex:
                self.words[Shared.HOLDERS] -= 1
                last = not self.words[Shared.HOLDERS]
            if last:
                self._destroy()

    def _destroy(self) -> None:
        cpython.destroy_queue(self.key)
        address = self.address
        for fd in (*address.items, *address.slots, *address.mutex, address.state):
            os.close(fd)


def count_sending_end(change: int) -> None:
    """Keep count of this interpreter's sending ends, which share its credits."""
    global _sending_ends_here
    _sending_ends_here += change
