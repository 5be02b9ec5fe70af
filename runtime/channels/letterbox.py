"""Where a channel's objects wait: the interpreters' own queue, or a deque between threads of one interpreter.

Putting and taking never block (waiting is `parking`'s business), are atomic, and each holds the queue's lock for a
moment: `parking`'s proof stands on that.

**Flat memory.**  CPython frees a `str`, `bytes`, `float` or `tuple` that crossed through `_interpqueues` by a call
that it leaves for the *sender's* interpreter to make.  The list of such calls holds 300; what does not fit is never
freed.  It fills when the sender runs no Python while others receive what it sent: a sender that is done, or asleep.
Integers need no such call.  So each sending end may have only a few objects on the way by that path (its credits, one
byte each in memory that all interpreters map: the sender sets it, the receiver clears it).  While none is free, the
object crosses as bytes in a block of the process's own heap, which belongs to no interpreter, and only the block's
address, an integer, goes through the queue; the receiver frees the block.
"""

from __future__ import annotations

import marshal
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from runtime import cpython

# A letter's label is one integer: who sent it, which of his messages it is, how it is encoded, which credit it holds.
TRANSFER_BITS, PASSENGER_BITS, CREDIT_BITS, ROW_BITS, WORKER_BITS = 3, 1, 7, 8, 12
CREDIT_SHIFT = TRANSFER_BITS + PASSENGER_BITS
ROW_SHIFT = CREDIT_SHIFT + CREDIT_BITS
WORKER_SHIFT = ROW_SHIFT + ROW_BITS
SERIAL_SHIFT = WORKER_SHIFT + WORKER_BITS
TRANSFER_MASK = (1 << TRANSFER_BITS) - 1
PASSENGERS = 1 << TRANSFER_BITS  # this bit: ends travel in the letter
CREDIT_MASK = (1 << CREDIT_BITS) - 1
ROW_MASK = (1 << ROW_BITS) - 1
WORKER_MASK = (1 << WORKER_BITS) - 1
SERIAL_MASK = (1 << 32) - 1  # the rest of 63 bits; as many as a record has

MAX_CREDITS = 1 << CREDIT_BITS  # of one interpreter, over all its sending ends; CPython's list holds 300
MIN_CREDITS = 4

type Letter = tuple[int, Any]  # label, payload

_CREDIT_AT = CREDIT_SHIFT  # a label, shifted so far and masked, is the index of its credit byte
_CREDIT_INDEX_MASK = (1 << CREDIT_BITS + ROW_BITS) - 1


class Credits(Protocol):
    """The credit bytes of all ends of one channel, in shared memory."""

    def __getitem__(self, index: int) -> int: ...
    def __setitem__(self, index: int, value: int) -> None: ...


class Letterbox(Protocol):
    """Where objects wait."""

    by_reference: bool  # whether the object itself crosses
    count: Callable[[], int]  # how many wait

    def put(self, label: int, payload: Any, credit: int) -> bool:
        """Append; False when it is full.  `credit` is the index of the credit byte that the letter holds, or -1."""

    def take(self) -> Letter | None:
        """Take the first; None when nothing is there.  Raises `cpython.ItemLost`."""


class Tokens(Protocol):
    """A number of equal things that can be put and taken, atomically."""

    count: Callable[[], int]

    def put(self) -> None: ...
    def take(self) -> bool: ...


class LocalLetterbox:
    """Between threads of one interpreter: the object itself is handed over."""

    by_reference = True

    def __init__(self, bound: int) -> None:
        self._letters: deque[Letter] = deque()  # append and popleft are atomic
        self._bound = bound
        self._lock = threading.RLock()  # a collector that runs in here may send, too
        self.count = self._letters.__len__

    def put(self, label: int, payload: Any, credit: int) -> bool:
        if not self._bound:
            self._letters.append((label, payload))
            return True
        lock = self._lock
        try:  # not `with`: Ctrl-C can come when it has the lock and its block has not begun
            lock.acquire()
            if len(self._letters) >= self._bound:
                return False
            self._letters.append((label, payload))
            return True
        finally:
            if lock._is_owned():  # type: ignore[attr-defined]
                lock.release()

    def take(self) -> Letter | None:
        try:
            return self._letters.popleft()
        except IndexError:
            return None


class LocalTokens:
    """Between threads of one interpreter."""

    def __init__(self) -> None:
        self._tokens: deque[None] = deque()  # append and pop are atomic
        self.count = self._tokens.__len__

    def put(self) -> None:
        self._tokens.append(None)

    def take(self) -> bool:
        try:
            self._tokens.pop()
        except IndexError:
            return False
        return True


class InterpreterLetterbox:
    """Between interpreters: natively shareable payloads through `_interpqueues`.

    Whatever is asked of a queue looks it up in the list of all queues, under a lock that all interpreters share.  So
    what can be known without is: who counted remembers what he found, and `newest`, a word in shared memory, is the
    label of the letter that was put last.  Both may be out of date, and what depends on them is right all the same.
    """

    by_reference = False

    def __init__(self, queue: cpython.QueueId, bound: int, credits: Credits, newest: memoryview[int]) -> None:
        self._put = cpython.putter(queue)
        self._get = cpython.getter(queue)
        self._bound = bound
        self._room = 0  # for how many more there was room when somebody counted last
        self._known = 0  # how many were left when somebody counted last
        self._newest, self._seen = newest, 0  # the newest that was taken here, or looked for in vain
        self._credits = credits
        self.count = cpython.counter(queue)

    def put(self, label: int, payload: Any, credit: int) -> bool:
        if self._bound:
            if self._room <= 0:  # to count is cheaper than to be told by an exception
                self._room = self._bound - self.count()
                if self._room <= 0:
                    return False
            self._room -= 1
        if credit < 0:
            return self._put_in_heap(label, payload)
        self._credits[credit] = 1
        try:
            self._put((label, payload))
        except BaseException as error:
            self._credits[credit] = 0
            if isinstance(error, Exception) and cpython.is_full(error):  # another end was faster
                self._room = 0
                return False
            raise
        self._newest[0] = label
        return True

    def _put_in_heap(self, label: int, payload: Any) -> bool:
        block = _heap().store(marshal.dumps((label, payload)))
        try:
            self._put(block)
        except Exception as error:
            _heap().fetch(block)
            if cpython.is_full(error):
                self._room = 0
                return False
            raise
        self._newest[0] = label
        return True

    def take(self) -> Letter | None:
        newest = self._newest[0]
        if self._known > 0:
            self._known -= 1
        elif newest == self._seen:
            left = self.count()
            if not left:
                return None
            self._known = left - 1
        try:
            letter = self._get()
        except cpython.QueueEmpty:  # somebody was faster
            self._known, self._seen = 0, newest
            return None
        if type(letter) is int:
            label, payload = marshal.loads(_heap().fetch(letter))
            self._seen = label
            return label, payload
        self._seen = label = letter[0]
        self._credits[label >> _CREDIT_AT & _CREDIT_INDEX_MASK] = 0
        return letter  # type: ignore[no-any-return]


class InterpreterTokens:
    """Between interpreters.  A token of an interpreter that has ended is worth nothing."""

    def __init__(self, queue: cpython.QueueId) -> None:
        self._put = cpython.putter(queue)
        self._get = cpython.getter(queue)
        self.count = cpython.counter(queue)

    def put(self) -> None:
        self._put(1)

    def take(self) -> bool:
        while self.count():
            try:
                self._get()
            except cpython.QueueEmpty:
                break
            except cpython.ItemLost:
                continue
            return True
        return False


class _Heap:
    """Blocks of the process's heap, known by address in every interpreter.

    A block is its length (8 bytes) and then the data.  Whoever fetches a block frees it.
    """

    def __init__(self) -> None:
        import ctypes  # noqa: PLC0415 - costs milliseconds in each interpreter, and most never need it

        # prototypes of our own: those of ctypes.pythonapi's attributes are everybody's
        malloc = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t)
        free = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
        self._malloc = malloc(("PyMem_RawMalloc", ctypes.pythonapi))
        self._free = free(("PyMem_RawFree", ctypes.pythonapi))
        self._write, self._read = ctypes.memmove, ctypes.string_at

    def store(self, data: bytes) -> int:
        address: int | None = self._malloc(8 + len(data))
        if not address:
            raise MemoryError(f"no memory for a message of {len(data)} bytes")
        self._write(address, len(data).to_bytes(8, "little"), 8)
        self._write(address + 8, data, len(data))
        return address

    def fetch(self, address: int) -> bytes:
        length = int.from_bytes(self._read(address, 8), "little")
        data: bytes = self._read(address + 8, length)
        self._free(address)
        return data


_the_heap: _Heap | None = None


def _heap() -> _Heap:
    global _the_heap
    if _the_heap is None:
        _the_heap = _Heap()
    return _the_heap
