"""What the host sees of channels: of the program's, which it holds, and of those that workers have made.

It does not hold those, or none would ever end, and it is not told when one is made, or making one would cost more.  It
looks for them when it must: a worker that waits says in its lane's head at which of them, and an end on its way says
in which channel it lies (see `marks`).  Where all share one process, the descriptor of a channel's words is given, and
whoever maps it reads in the words whether it still is that channel; between processes the broker keeps what its number
stands for.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from runtime import cpython
from runtime.channels import broker, ground
from runtime.channels.core import ROW_WORDS, Core, Row, Shared, Side
from runtime.channels.ground import WORDS_BYTES
from runtime.channels.marks import read_text
from runtime.channels.processbox import COUNT
from runtime.errors import ChannelNotFoundError
from runtime.tracing.layout import MOST_PARKED_AT, PAGE_BYTES, Head, Layout

type Words = memoryview[int]


class Seen(NamedTuple):
    """A channel, to look at."""

    key: int
    words: Words
    queued: Callable[[], int]  # how many objects wait in it
    name: str

    @property
    def capacity(self) -> int | None:
        """How many may wait in it; None: no bound."""
        return (self.words[Shared.CAPACITY] or None) and self.words[Shared.CAPACITY] - 1

    @property
    def lock(self) -> bool:
        """Whether it is a lock."""
        return bool(self.words[Shared.LOCK])

    @property
    def made_by(self) -> int:
        """The worker that made it, or -1."""
        return self.words[Shared.MADE_BY] - 1

    @property
    def made_line(self) -> int:
        """The line at which it did, or 0."""
        return self.words[Shared.MADE_LINE]

    def rows(self, side: Side) -> Iterator[int]:
        """Where, in `words`, the rows of the open ends of one side begin."""
        words = self.words
        for at in range(ROW_WORDS, (words[Shared.ROWS_USED] + 1) * ROW_WORDS, ROW_WORDS):
            if words[at + Row.SIDE] == side and words[at + Row.TICKET]:
                yield at


def of(core: Core) -> Seen:
    """A channel that the host holds."""
    return Seen(core.key, core.words, core.letterbox.count, core.name)


class Sight:
    """The channels that matter now: the program's, and those at which some worker waits."""

    def __init__(self, cores: Iterable[Core], heads: Sequence[Words]) -> None:
        self._own = {core.key: of(core) for core in cores}
        self._found: dict[int, Seen] = {}
        self._heads = heads

    def look(self) -> list[Seen]:
        """All channels at which somebody may wait."""
        wanted = dict(place for head in self._heads for place in _places(head))
        self._found = {key: seen for key, seen in self._found.items() if key in wanted}
        for key, state in wanted.items():
            self.find(key, state)
        return [*self._own.values(), *(self._found[key] for key in wanted if key in self._found)]

    def find(self, key: int, state: int) -> Seen | None:
        """The channel of this number, whose words are known by a descriptor + 1.  None when it cannot be seen."""
        seen = self._own.get(key) or self._found.get(key)
        if seen is None:
            with contextlib.suppress(OSError, ValueError, OverflowError, ChannelNotFoundError):
                seen = _fetched(key) if broker.bound() is not None else _mapped(key, state - 1)
            if seen is not None:
                self._found[key] = seen
        return seen

    def tickets(self) -> dict[int, int]:
        """How many ends each channel in sight ever had: while that does not change, none has come."""
        return {key: seen.words[Shared.TICKETS] for key, seen in (self._own | self._found).items()}


def heads_of(recording_fd: int, layout: Layout) -> list[Words]:
    """The heads of the workers' lanes."""
    whole = memoryview(mmap.mmap(recording_fd, layout.total_bytes))
    starts = map(layout.lane_at, range(layout.lanes - 1))
    return [whole[start : start + PAGE_BYTES].cast("Q") for start in starts]


def _places(head: Words) -> Iterator[tuple[int, int]]:
    at = int(Head.PARKED_AT)
    for number in range(min(head[at], MOST_PARKED_AT)):
        yield head[at + 1 + 2 * number], head[at + 2 + 2 * number]


def _mapped(key: int, fd: int) -> Seen | None:
    """A channel between interpreters."""
    words = _words(fd, WORDS_BYTES)[:WORDS_BYTES].cast("Q")
    if words[Shared.KEY] != key or not cpython.queue_exists(key):
        return None  # the descriptor is another's by now
    return Seen(key, words, cpython.counter(key), read_text(words, Shared.NAME))


def _fetched(key: int) -> Seen | None:
    """A channel between processes."""
    home = broker.bound()
    assert home is not None
    descriptors = home.fetch(key)
    try:
        memory = _words(descriptors[-1], ground.STATE_BYTES + mmap.PAGESIZE)
    finally:
        for fd in descriptors:
            os.close(fd)
    words, box = memory[:WORDS_BYTES].cast("Q"), memory[ground.STATE_BYTES :].cast("Q")
    return Seen(key, words, lambda: box[COUNT], read_text(words, Shared.NAME))


def _words(fd: int, size: int) -> memoryview:
    if os.name == "posix":
        return memoryview(mmap.mmap(fd, size, access=mmap.ACCESS_READ, trackfd=False))
    return memoryview(mmap.mmap(fd, size, access=mmap.ACCESS_READ))
