"""How much memory a process has, and what of it a worker has to itself (Linux).

What is private is what the system counts as anonymous: objects, stacks, and every page of a file that was written to.
Nobody else has it, and it goes when its owner goes.  What is shared is the program and its libraries, pages of files
that all who run them have together.  Shared memory counts as neither: it is the recording, and what waits in channels.
"""

from __future__ import annotations

import contextlib
import mmap
from typing import NamedTuple

from runtime.tracing.layout import PAGE_BYTES, Head, Layout


class Memory(NamedTuple):
    """Bytes.  Both are 0 where the system does not tell."""

    private: int
    shared: int


def measure(process: int | str = "self") -> Memory:
    """The memory of a process now.  Takes a millisecond or two: the system counts pages."""
    private = shared = 0
    with contextlib.suppress(OSError, ValueError, StopIteration):
        with open(f"/proc/{process}/smaps_rollup", "rb") as file:
            private = next(_bytes(line) for line in file if line.startswith(b"Anonymous:"))
        with open(f"/proc/{process}/status", "rb") as file:
            shared = next(_bytes(line) for line in file if line.startswith(b"RssFile:"))
    return Memory(private, shared)


def _bytes(line: bytes) -> int:
    """Of a line of the form `Name:   123 kB`."""
    return int(line.split()[1]) << 10


OBSERVER_SHARE = 0.8
"""What the observer's interpreter takes, as a part of what a worker's takes: it imports less (measured on 3.14)."""


class Ledger:
    """Notes what the workers of one process take, in their lanes.

    Their memory is one heap, so nobody can tell what is whose.  What can be told is how much the process has grown
    since before the first was made; each is given an equal part, and it is noted that this was concluded.
    """

    def __init__(self, recording_fd: int, layout: Layout) -> None:
        self._workers = layout.lanes - 1
        whole = memoryview(mmap.mmap(recording_fd, layout.total_bytes))
        self._heads = [
            whole[layout.lane_at(lane) : layout.lane_at(lane) + PAGE_BYTES].cast("Q") for lane in range(self._workers)
        ]
        self._before = measure()
        self._each = self._counted = 0

    def ready(self, others: float = 0.0) -> None:
        """All workers are ready to start, and with them what took as much as so many `others`."""
        now = measure()
        self._each = max(int((now.private - self._before.private) / (self._workers + others)), 0)
        self._note(Head.READY_BYTES, now)

    def start(self) -> None:
        """The workers start now: what has come since they were ready is not theirs."""
        self._counted = measure().private

    def ended(self) -> None:
        """The run is over."""
        now = measure()
        self._each = max(self._each + (now.private - self._counted) // self._workers, 0)
        self._note(Head.ENDED_BYTES, now)

    def _note(self, word: Head, now: Memory) -> None:
        for words in self._heads:
            words[word] = self._each
            words[Head.SHARED_BYTES] = self._before.private + now.shared
            words[Head.MEMORY_INFERRED] = 1
