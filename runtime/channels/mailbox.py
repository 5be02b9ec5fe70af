"""Where a channel's objects wait: the interpreters' own queue, or a deque between threads of one interpreter.

Putting and taking never block (waiting is `parking`'s business) and are atomic.

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
from collections import deque
from typing import Any, Protocol

from runtime import cpython

# A letter's label is one integer: who sent it, which of his messages it is, how it is encoded, which credit it holds.
TRANSFER_BITS, CREDIT_BITS, ROW_BITS, WORKER_BITS = 3, 7, 8, 12
CREDIT_SHIFT = TRANSFER_BITS
ROW_SHIFT = CREDIT_SHIFT + CREDIT_BITS
WORKER_SHIFT = ROW_SHIFT + ROW_BITS
SERIAL_SHIFT = WORKER_SHIFT + WORKER_BITS
TRANSFER_MASK = (1 << TRANSFER_BITS) - 1
CREDIT_MASK = (1 << CREDIT_BITS) - 1
ROW_MASK = (1 << ROW_BITS) - 1
WORKER_MASK = (1 << WORKER_BITS) - 1
SERIAL_MASK = (1 << 32) - 1

MAX_CREDITS = 1 << CREDIT_BITS  # of one interpreter, over all its sending ends; CPython's list holds 300
MIN_CREDITS = 4


class Credits(Protocol):
    """The credit bytes of all ends of one channel, in shared memory."""

    def __getitem__(self, index: int) -> int: ...
    def __setitem__(self, index: int, value: int) -> None: ...


class Mailbox(Protocol):
    """Where objects wait.  `put` takes (label, payload); `take` gives them back, or raises `cpython.QueueEmpty`."""

    by_reference: bool  # whether the object itself crosses

    def put(self, label: int, payload: Any, credit: int) -> None:
        """Append.  `credit` is the index of the credit byte that the letter holds, or -1 for none."""

    def take(self) -> tuple[int, Any]: ...
    def __len__(self) -> int: ...


class LocalMailbox:
    """Between threads of one interpreter: the object itself is handed over."""

    by_reference = True

    def __init__(self) -> None:
        self._letters: deque[tuple[int, Any]] = deque()  # append and popleft are atomic

    def put(self, label: int, payload: Any, credit: int) -> None:
        self._letters.append((label, payload))

    def take(self) -> tuple[int, Any]:
        try:
            return self._letters.popleft()
        except IndexError:
            raise cpython.QueueEmpty from None

    def __len__(self) -> int:
        return len(self._letters)


class InterpreterMailbox:
    """Between interpreters: natively shareable payloads through `_interpqueues`."""

    by_reference = False

    def __init__(self, queue: cpython.QueueId, credits: Credits) -> None:
        self.queue = queue
        self._put = cpython.putter(queue)
        self._get = cpython.getter(queue)
        self._credits = credits

    def put(self, label: int, payload: Any, credit: int) -> None:
        if credit < 0:
            self._put(_heap().store(marshal.dumps((label, payload))))
            return
        self._credits[credit] = 1
        self._put((label, payload))

    def take(self) -> tuple[int, Any]:
        letter = self._get()
        if type(letter) is int:
            label, payload = marshal.loads(_heap().fetch(letter))
            return label, payload
        label, payload = letter
        row, credit = label >> ROW_SHIFT & ROW_MASK, label >> CREDIT_SHIFT & CREDIT_MASK
        self._credits[row * MAX_CREDITS + credit] = 0
        return label, payload

    def __len__(self) -> int:
        return cpython.queue_length(self.queue)


class _Heap:
    """Blocks of the process's heap, known by address in every interpreter.

    A block is its length (8 bytes, native) and then the data.  Whoever fetches a block frees it.
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
