"""The state that all ends of one channel share, and how an interpreter gets hold of it.

A channel is: a letterbox, a gate where receivers wait for an object, one where senders wait for room, a mutex, and
pages of 64-bit words that every interpreter maps.  `ground` makes them.

**Rows.**  Each open end has a row of words, and so has each interpreter that has the channel open.  Only its owner
writes a row, so counting needs no lock; only taking a row does, and uses the mutex.  A row belongs to the ticket that
stands in it, a number that is never used again: who closes an end twice, or unpickles one copy of it twice, is known
by an old ticket.

**Closing** takes no lock, because the garbage collector may close an end anywhere, also inside the mutex.  An end is
closed in its row, then its owner looks whether another of its side is open; when two close at once, at least one
sees that none is left (between writing and looking both hold the queue's lock for a moment).  What follows may be done
twice: raise the flag "over", open the gates.  The same way the last row of all is given back; of several who see that
none is left, the queue's destruction, which can succeed only once, decides who closes the descriptors.

**Rendezvous** (capacity 0).  A receiver makes an offer before it looks for an object, and a sender takes an offer
before it puts one; so for every object there is a receiver who is bound to take one.  One who gives up takes an offer
back, whosever; when there is none, a sender has taken it, and an object is on its way.  Always: receivers waiting =
offers + senders between offer and object + objects.  When an interrupt leaves it in doubt who has an offer, there is
rather one too many: then one send returns before its receiver comes, and nobody waits for ever.
"""

from __future__ import annotations

import atexit
import contextlib
import enum
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from runtime import cpython
from runtime.channels import ground, memory, parking
from runtime.channels.context import Passenger
from runtime.channels.ground import ROW_WORDS as ROW_WORDS
from runtime.channels.ground import ROWS, WORDS_BYTES
from runtime.channels.ground import Address as Address
from runtime.channels.letterbox import MAX_CREDITS, MIN_CREDITS, PASSENGERS, ROW_BITS, ROW_MASK
from runtime.channels.parking import BLOCKED
from runtime.errors import ChannelClosedError, ChannelError, ChannelNotFoundError

type Handle = int  # ticket and row of an end


class Shared(enum.IntEnum):
    """The words of row 0."""

    KEY = 0  # the channel's number
    TICKETS = 1  # given out so far
    ROWS_USED = 2  # the highest row ever taken
    RETIRED_SENT = 3  # totals of ends whose row was given to another
    RETIRED_RECEIVED = 4
    RETIRED_BYTES = 5
    SENDING_OVER = 6  # 1 when the last sender has closed
    RECEIVING_OVER = 7
    RECEIVERS_ASLEEP = 8  # the gates' flags, each in a cache line of its own
    CAPACITY = 9  # + 1; 0: no bound.  This and the rest is for the deadlock watch: see `marks`
    MADE_BY = 10  # the worker that made the channel, + 1; 0: no worker
    MADE_LINE = 11
    NEWEST = ground.NEWEST  # label of the letter that was put last: for the letterbox
    SENDERS_ASLEEP = 16
    LOCK = 17  # 1 when the channel is a lock: see `locks`
    HELD_BY_THREAD = 18  # the system's number of the thread that has the lock, or 0
    HELD_BY_WORKER = 19  # worker + 1, or 0
    HELD_SINCE = 20
    HELD_LINE = 21
    HELD_BY_NAME = 24  # four words of UTF-8
    NAME = 28  # the same


class Row(enum.IntEnum):
    """The words of an end's row."""

    SIDE = 0  # Side; when closed, with CLOSED added
    TICKET = 1  # whose it is, or 0 for a free row
    CLAIMED = 2  # 1 when an object has it; until then, the end is on its way
    OWNER = 3  # worker + 1, or 0
    WAITING_SINCE = 4  # ns, or 0
    WAITING_UNTIL = 5  # ns, or 0: for ever
    WAITING_AMONG = 6  # of how many ends this one is, in a select; 0: alone
    COUNT = 8  # objects sent or received
    BYTES = 9
    CARRIER = 10  # of an end on its way in a message: the channel's number
    CARRIER_STATE = 11  # ... and the descriptor of that channel's words, + 1
    SENDER = 12  # ... who sends it: worker + 1
    POSTED = 13  # the row's ticket, when the message is in the channel


class Side(enum.IntEnum):
    """What a row is for."""

    RECV = 1
    SEND = 2
    HOLD = 3  # an interpreter that has the channel open


CLOSED = 4
NOTHING, END, SOMETHING = range(3)  # to receive
_SIDE_MASK = CLOSED - 1


# what each operation reads, as plain numbers: an enumeration's member takes as long to find as a word to read
_TICKET = int(Row.TICKET)
_SENDING_OVER, _RECEIVING_OVER = int(Shared.SENDING_OVER), int(Shared.RECEIVING_OVER)
_RECEIVERS_ASLEEP, _SENDERS_ASLEEP = int(Shared.RECEIVERS_ASLEEP), int(Shared.SENDERS_ASLEEP)

_open_here: weakref.WeakValueDictionary[tuple[int, bool], Core] = weakref.WeakValueDictionary()
_sending_here: set[tuple[int, Handle]] = set()  # the sending ends that share this interpreter's credits

credit_window = [MAX_CREDITS]
"""How many credits each sending end of this interpreter may use now (the only item)."""


def _known_as(address: Address) -> tuple[int, bool]:
    return address.key, bool(address.shared)  # channels between processes have numbers of their own


class Core:
    """One channel, as one interpreter holds it.  Shared by all its ends there."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.key = address.key
        self.name = address.name
        self.capacity = None if address.capacity < 0 else address.capacity
        memory = ground.memory_of(address)
        self.words = words = memory[:WORDS_BYTES].cast("Q")
        self.credits = memory[WORDS_BYTES : WORDS_BYTES + ROWS * MAX_CREDITS]
        self.letterbox = ground.letterbox_of(address, memory)
        self.offers = ground.offers_of(address)
        self.arrivals = parking.Gate(parking.attach_semaphore(address.arrivals), words, Shared.RECEIVERS_ASLEEP)
        self.room = parking.Gate(parking.attach_semaphore(address.room), words, Shared.SENDERS_ASLEEP)
        self._mutex = parking.Mutex(parking.attach_semaphore(address.mutex))
        self.hidden = bool(words[Shared.MADE_BY])  # a worker made it, so the host does not know it
        self.ends: dict[Handle, weakref.ref[Any]] = {}  # those that are open here
        self._hold = self._take_row(Side.HOLD, 0)

    @classmethod
    def create(cls, name: str | None, capacity: int | None, *, local: bool = False) -> Core:
        """Make a new channel.  A `local` one joins threads of one interpreter, and hands over the object itself."""
        if not local:
            cpython.preload()  # to send, receivers and senders elsewhere may need ctypes
        address = ground.lay(name, capacity, local=local)
        try:
            core = cls(address)
        except BaseException:
            ground.give_back(address, last=True)
            raise
        core.words[Shared.KEY] = address.key
        core.words[Shared.CAPACITY] = address.capacity + 1
        _open_here[_known_as(address)] = core
        return core

    @classmethod
    def attach(cls, address: Address) -> Core:
        """Get hold of a channel that was created elsewhere.  Raises `ChannelNotFoundError` when it no longer exists."""
        core = _open_here.get(_known_as(address))
        if core is not None:
            return core
        found = ground.find(address)
        try:
            core = cls(found)
        except BaseException:
            ground.give_back(found, last=False)
            raise
        return _open_here.setdefault(_known_as(address), core)  # two threads at once may get two: both are good

    # --- rows ---------------------------------------------------------------------------------------------------

    def _take_row(self, side: Side, owner: int) -> Handle:
        words = self.words
        self._mutex.acquire()
        try:
            for row in range(1, ROWS):
                at = row * ROW_WORDS
                if not words[at + _TICKET]:
                    break
            else:
                raise ChannelError(f"channel {self.name!r} has {ROWS - 1} open ends, which is the most it can have")
            sending = words[at + Row.SIDE] & _SIDE_MASK == Side.SEND
            words[Shared.RETIRED_SENT if sending else Shared.RETIRED_RECEIVED] += words[at + Row.COUNT]
            words[Shared.RETIRED_BYTES] += words[at + Row.BYTES]
            words[at + Row.COUNT] = words[at + Row.BYTES] = words[at + Row.CLAIMED] = words[at + Row.WAITING_SINCE] = 0
            words[at + Row.WAITING_AMONG] = words[at + Row.CARRIER] = words[at + Row.POSTED] = 0
            words[at + Row.OWNER] = owner
            words[at + Row.SIDE] = side
            words[Shared.ROWS_USED] = max(words[Shared.ROWS_USED], row)
            if (
                not self.letterbox.count()
            ):  # no letter on its way holds a credit of this row; one that was lost may have
                self.credits[row * MAX_CREDITS : (row + 1) * MAX_CREDITS] = bytes(MAX_CREDITS)
            words[Shared.TICKETS] += 1
            words[at + _TICKET] = ticket = words[Shared.TICKETS]
        finally:
            self._mutex.release()
        return ticket << ROW_BITS | row

    def open_end(self, side: Side, owner: int = 0) -> Handle:
        """Take a row for a new end.  Whoever gets it claims it.

        Raises `ChannelError` when there are too many, `ChannelClosedError` when the last end of this side has closed.
        """
        handle = self._take_row(side, owner)
        if self.words[Shared.SENDING_OVER if side == Side.SEND else Shared.RECEIVING_OVER]:
            self.close_end(handle)
            raise ChannelClosedError(f"channel {self.name!r} has lost its last end of this side: it stays closed")
        return handle

    def claim(self, handle: Handle, owner: int = 0) -> None:
        """Make an opened end one's own.  Raises `ChannelNotFoundError` when somebody has it, or had it."""
        words, at = self.words, (handle & ROW_MASK) * ROW_WORDS
        self._mutex.acquire()
        try:
            if words[at + _TICKET] != handle >> ROW_BITS or words[at + Row.CLAIMED]:
                raise ChannelNotFoundError(
                    f"this copy of an end of channel {self.name!r} has arrived before, or was given up: "
                    "each copy arrives once; send another, or clone() it"
                )
            words[at + Row.CLAIMED] = 1
            words[at + Row.OWNER] = owner or words[at + Row.OWNER]
            words[at + Row.CARRIER] = 0
        finally:
            self._mutex.release()

    def close_end(self, handle: Handle) -> None:
        """Give a row back.  Whoever waits at this end wakes; after the last of its side, so does the other side.

        Takes no lock, and may be done again: when it was interrupted, or by mistake.
        """
        words, at = self.words, (handle & ROW_MASK) * ROW_WORDS
        self.ends.pop(handle, None)
        _share_credits(_sending_here.discard, (self.key, handle))
        if words[at + _TICKET] != handle >> ROW_BITS:
            return
        side = words[at + Row.SIDE] & _SIDE_MASK
        sending = side == Side.SEND
        words[at + Row.SIDE] = side | CLOSED
        self.letterbox.count()  # holds the queue's lock: see Closing, above
        last = next(self.rows(side), None) is None
        if last:
            words[Shared.SENDING_OVER if sending else Shared.RECEIVING_OVER] = 1
        here = words[at + Row.WAITING_SINCE]  # another thread waits at this very end
        if last or (sending and here):
            self.room.open()
        if last or (here and not sending):
            self.arrivals.open()
        if last and not sending:
            self._drain()
        words[at + _TICKET] = 0

    def rows(self, side: int) -> Iterator[int]:
        """Where, in `words`, the rows of the open ends of one side begin."""
        words = self.words
        for at in self._used_rows():
            if words[at] == side and words[at + _TICKET]:
                yield at

    def _used_rows(self) -> range:
        return range(ROW_WORDS, (self.words[Shared.ROWS_USED] + 1) * ROW_WORDS, ROW_WORDS)

    def open_ends(self, side: Side) -> int:
        """How many ends of one side are open."""
        return sum(1 for _ in self.rows(side))

    def waiting(self, side: Side) -> int:
        """How many ends of one side wait now."""
        return sum(1 for at in self.rows(side) if self.words[at + Row.WAITING_SINCE])

    def totals(self) -> tuple[int, int, int]:
        """Objects sent, objects received, bytes sent, by all ends that there ever were."""
        words = self.words
        self._mutex.acquire()
        try:
            sent, received, size = words[Shared.RETIRED_SENT : Shared.RETIRED_BYTES + 1]
            for at in self._used_rows():
                if words[at] & _SIDE_MASK == Side.SEND:
                    sent += words[at + Row.COUNT]
                    size += words[at + Row.BYTES]
                else:
                    received += words[at + Row.COUNT]
        finally:
            self._mutex.release()
        return sent, received, size

    # --- objects ------------------------------------------------------------------------------------------------

    def post(self, label: int, payload: Any, credit: int) -> Any:
        """Put an object where receivers find it, and wake them; `BLOCKED` when there is no room, or no offer."""
        words = self.words
        if words[_RECEIVING_OVER]:
            raise ChannelClosedError(f"every receiving end of channel {self.name!r} is closed: nobody would receive it")
        try:
            if self.offers is not None:
                return self._hand_over(label, payload, credit)
            return None if self.letterbox.put(label, payload, credit) else BLOCKED
        finally:  # nothing that could be interrupted comes before the gate is open
            if words[_RECEIVERS_ASLEEP]:
                words[_RECEIVERS_ASLEEP] = 0
                self.arrivals.open()
            if words[_RECEIVING_OVER]:  # the last receiver closed meanwhile, and may have drained before we put
                self._drain()

    def _hand_over(self, label: int, payload: Any, credit: int) -> Any:
        assert self.offers is not None
        if not self.offers.count():
            return BLOCKED
        try:
            if not self.offers.take():
                return BLOCKED
            self.letterbox.put(label, payload, credit)
        except BaseException:
            self.offer()  # in doubt, rather one too many
            raise
        return None

    @property
    def ready(self) -> int:
        """What a receiver would find: `SOMETHING` (also a sender who waits at the rendezvous), `END` or `NOTHING`."""
        over = self.words[_SENDING_OVER]  # looked at first: whoever closes has sent before
        if self.letterbox.count():
            return SOMETHING
        if self.offers is not None:
            # A sender that waits says so first, then looks for offers, then whether a receiver may be asleep.  A select
            # says that it may be, looks for offers, then for senders that wait.  So the later one sees the other.
            self.offers.count()
            if self.waiting(Side.SEND):
                return SOMETHING
        return END if over else NOTHING

    def offer(self) -> None:
        """Let a sender come to the rendezvous."""
        assert self.offers is not None
        words = self.words
        try:
            self.offers.put()
        finally:
            if words[_SENDERS_ASLEEP]:
                words[_SENDERS_ASLEEP] = 0
                self.room.open()

    def withdraw(self) -> bool:
        """Take an offer back.  False when a sender has it already."""
        assert self.offers is not None
        return self.offers.take()

    def fetch(self) -> Any:
        """Take an object, and wake those who wait for its room; `BLOCKED` when there is none."""
        words = self.words
        over = words[_SENDING_OVER]  # looked at first: whoever closes has sent before
        try:
            letter = self.letterbox.take()
        except cpython.ItemLost:
            raise ChannelError(
                f"an object in channel {self.name!r} is lost: the interpreter that sent it ended before it was received"
            ) from None
        finally:
            if words[_SENDERS_ASLEEP]:
                words[_SENDERS_ASLEEP] = 0
                self.room.open()
        if letter is not None:
            return letter
        if over:
            name = self.name
            raise ChannelClosedError(f"channel {name!r} is empty and every sending end is closed: nothing will come")
        return BLOCKED

    # --- the end of it ------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Give up what nobody will receive.  Ends that travel in it are closed."""
        while True:
            try:
                letter = self.letterbox.take()
            except cpython.ItemLost:
                continue
            if letter is None:
                return
            label, payload = letter
            if label & PASSENGERS:
                give_up(payload[1])

    def leave(self) -> None:
        """Close this interpreter's ends, and the channel when nobody has it any more."""
        for handle, end in list(self.ends.items()):
            self.close_end(handle)
            if (alive := end()) is not None:
                alive.close()
        words, at = self.words, (self._hold & ROW_MASK) * ROW_WORDS
        if words[at + _TICKET] != self._hold >> ROW_BITS:
            return
        words[at + Row.SIDE] = Side.HOLD | CLOSED
        words[at + _TICKET] = 0
        self.letterbox.count()
        last = not any(words[at + _TICKET] for at in self._used_rows())
        if last:
            self._drain()
        ground.give_back(self.address, last=last)

    def __del__(self) -> None:
        # what is missing here belongs to a constructor that failed, or to an interpreter that is being torn down
        with contextlib.suppress(Exception):
            self.leave()


def give_up(passengers: Iterable[tuple[Any, ...]]) -> None:
    """Give up what travels in a message that nobody will receive.  May be done again."""
    for kind, *rest in passengers:
        if kind == Passenger.END:
            address, handle, _ = rest
            with contextlib.suppress(ChannelNotFoundError):
                Core.attach(Address._make(address)).close_end(handle)
        elif kind == Passenger.LOAN:
            claim, (key, _, _, process, *_) = rest
            memory.give_up(claim, key, 0, process)
        elif kind != Passenger.HERE:
            claim, (key, address, _, process) = rest
            memory.give_up(claim, key, address, process)


def _leave_all() -> None:
    """The interpreter ends: what it still holds is closed, while there is time to do it in order."""
    for core in list(_open_here.values()):
        core.leave()


atexit.register(_leave_all)


def count_sending_end(core: Core, handle: Handle) -> None:
    """Let one more sending end have its part of this interpreter's credits."""
    _share_credits(_sending_here.add, (core.key, handle))


def _share_credits(change: Callable[[tuple[int, Handle]], None], end: tuple[int, Handle]) -> None:
    change(end)
    credit_window[0] = max(MIN_CREDITS, MAX_CREDITS // (len(_sending_here) or 1))
