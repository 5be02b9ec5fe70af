"""Where a channel's objects wait between processes: in memory that all of them map.

Processes have no queue in common as interpreters have, so this is one: a list of letters, linked by their places, in
the file behind the channel's words.  Everybody who looks at the list or changes it holds the list's own lock, a
semaphore; `parking`'s proof stands on that.

    words | letter | letter | ...        first -> letter -> letter <- last
    letter:  next, length, label | payload, as bytes

**A change is one step.**  A signal handler may raise between any two bytecodes, so what makes a letter a part of the
list, or no longer, is a single write of three words: first, last and how many.  What an interrupt can leave behind is a
letter that nobody finds: memory until the run ends, never a list that is wrong.

**Memory.**  There are few sizes of places, and a letter that was read leaves its place to the next of its size: so the
file is as large as what once waited at the same time, and a short queue stays in the processor's caches.  Long letters
are copied outside of the lock, and their pages go back to the system at once.  The file is sparse: what was never
written takes nothing.
"""

from __future__ import annotations

import enum
import marshal
import mmap
import struct
from typing import Any

from runtime.channels.letterbox import Letter
from runtime.channels.parking import Mutex, Semaphore

WORDS_BYTES = mmap.PAGESIZE  # of the list itself, in front of the letters

_LETTER = struct.Struct("<QQQ")  # next, length << 1 | whether it is the payload itself, label
_ENDS = struct.Struct("<QQQ")  # first, last, count: written as one
_LINK = struct.Struct("<Q")
_SMALLEST = 64
_LONG = 1 << 16  # letters from here on are copied outside of the lock
_GIVEN_BACK = 1 << 20  # from here on their pages are given back
_SPINS = 30  # looks at a taken lock before sleeping: about as long as others hold it


class _Word(enum.IntEnum):
    """The 64-bit words in front of the letters.  The first three are written as one."""

    FIRST = 0
    LAST = 1
    COUNT = 2
    USED = 3  # bytes of the file that ever were a letter's
    FREE = 8  # and following: the first free place of each size


COUNT = int(_Word.COUNT)
"""The word, in front of the letters, that says how many there are."""
_COUNT, _USED, _FREE = int(_Word.COUNT), int(_Word.USED), int(_Word.FREE)


class ProcessLetterbox:
    """Between processes: every payload crosses as bytes."""

    by_reference = False

    def __init__(self, memory: memoryview, bound: int, lock: Semaphore) -> None:
        self._file = memory
        self._words = memory[:WORDS_BYTES].cast("Q")
        self._bound = bound
        self._lock = Mutex(lock, _SPINS)
        if not self._words[_USED]:
            self._words[_USED] = WORDS_BYTES
        self.count = self._count

    def _count(self) -> int:
        """How many wait.  Takes the lock for a moment, which orders it with what others do: see `parking`."""
        self._lock.acquire()
        try:
            return self._words[_COUNT]
        finally:
            self._lock.release()

    def put(self, label: int, payload: Any, credit: int) -> bool:
        """Append; False when it is full.  Raises `MemoryError` when there is no room in the file."""
        as_it_is = type(payload) is bytes
        data = payload if as_it_is else marshal.dumps(payload)
        length = len(data)
        note = length << 1 | as_it_is
        if length >= _LONG:
            return self._put_long(note, label, data)
        lock = self._lock
        lock.acquire()
        try:
            if self._is_full():
                return False
            at = self._reserve(_LETTER.size + length)
            self._write(at, note, label, data)
            self._link(at)
        finally:
            lock.release()
        return True

    def _put_long(self, note: int, label: int, data: bytes) -> bool:
        lock, size = self._lock, _LETTER.size + len(data)
        lock.acquire()
        try:
            if self._is_full():
                return False
            at = self._reserve(size)
        finally:
            lock.release()
        self._write(at, note, label, data)
        lock.acquire()
        try:
            full = self._is_full()
            if full:
                self._give_back(at, size)
            else:
                self._link(at)
        finally:
            lock.release()
        return not full

    def take(self) -> Letter | None:
        """Take the first; None when nothing is there."""
        lock, file = self._lock, self._file
        lock.acquire()
        try:
            first, last, count = _ENDS.unpack_from(file)
            if not count:
                return None
            following, note, label = _LETTER.unpack_from(file, first)
            _ENDS.pack_into(file, 0, following, last, count - 1)
            length = note >> 1
            if length < _LONG:
                payload = self._read(first, length, note & 1)
                self._give_back(first, _LETTER.size + length)
                return label, payload
        finally:
            lock.release()
        payload = self._read(first, length, note & 1)
        if length >= _GIVEN_BACK:
            self._empty(first, _LETTER.size + length)
        lock.acquire()
        try:
            self._give_back(first, _LETTER.size + length)
        finally:
            lock.release()
        return label, payload

    def _is_full(self) -> bool:
        return bool(self._bound) and self._words[_COUNT] >= self._bound

    def _write(self, at: int, note: int, label: int, data: bytes) -> None:
        _LETTER.pack_into(self._file, at, 0, note, label)
        at += _LETTER.size
        self._file[at : at + len(data)] = data

    def _read(self, at: int, length: int, as_it_is: int) -> Any:
        at += _LETTER.size
        data = self._file[at : at + length]
        return bytes(data) if as_it_is else marshal.loads(data)

    def _link(self, at: int) -> None:
        """Make a written letter the last of the list."""
        first, last, count = _ENDS.unpack_from(self._file)
        if count:
            _LINK.pack_into(self._file, last, at)
        _ENDS.pack_into(self._file, 0, first if count else at, at, count + 1)

    # --- places ---------------------------------------------------------------------------------------------------

    def _reserve(self, size: int) -> int:
        """A place for a letter of so many bytes."""
        words = self._words
        index, size = _size_class(size)
        place = words[_FREE + index]
        if place:
            words[_FREE + index] = _LINK.unpack_from(self._file, place)[0]
            return place
        alignment = 8 if size % mmap.PAGESIZE else mmap.PAGESIZE
        place = -(-words[_USED] // alignment) * alignment
        if place + size > len(self._file):
            raise MemoryError(
                f"no room for {size} more bytes in this channel: {words[_COUNT]} objects wait in it already. "
                "Give it a capacity, so that its senders wait for its receivers"
            )
        words[_USED] = place + size
        return place

    def _give_back(self, place: int, size: int) -> None:
        words = self._words
        index, _ = _size_class(size)
        _LINK.pack_into(self._file, place, words[_FREE + index])
        words[_FREE + index] = place

    def _empty(self, place: int, size: int) -> None:
        """Give the pages of a long letter, which nobody else knows now, back to the system."""
        whole: Any = self._file.obj
        begins = len(whole) - len(self._file)  # the letters are the last part of the mapping
        whole.madvise(mmap.MADV_REMOVE, begins + place, _size_class(size)[1])


def _size_class(size: int) -> tuple[int, int]:
    """(number, bytes) of the smallest kind of place that holds so many bytes.  There are four from one power of two to
    the next, so at most a fifth of a place is empty."""
    if size <= _SMALLEST:
        return 0, _SMALLEST
    bits = (size - 1).bit_length()
    step_bits = bits - 3
    steps = (size - 1 >> step_bits) + 1  # from 5 to 8
    return (bits << 2) + steps, steps << step_bits


class ProcessTokens:
    """Between processes: a semaphore, which counts by itself."""

    def __init__(self, semaphore: Semaphore) -> None:
        self._semaphore = semaphore
        self.count = _nobody_knows

    def put(self) -> None:
        self._semaphore.post()

    def take(self) -> bool:
        return self._semaphore.try_acquire()


def _nobody_knows() -> int:
    """How many tokens there are cannot be told without taking one: there may be one."""
    return 1
