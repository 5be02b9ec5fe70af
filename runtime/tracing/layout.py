"""How a recording lies in shared memory.  One file, mapped by the host's interpreters and by the kernel.

    header   | lane 0 | lane 1 | ...
    lane:    | head (one page) | records (RECORD_BYTES each) | text |

Each lane has exactly one writer (a worker, or the observer), so nothing needs a lock: the writer fills a record and
then raises the count in its head.  The file is sparse: a lane that is not used takes no memory.  What a worker wrote is
there for the reader even when its process is killed at the next instruction.

A record is 80 bytes, little-endian:

| bytes | field   | SEND                       | RECV                    | PRINT       | SAMPLE (observer)   |
| ----- | ------- | -------------------------- | ----------------------- | ----------- | ------------------- |
| 1     | op      | 1                          | 2                       | 3           | 6                   |
| 1     | kind    | transfer                   | transfer                | stream      | scheduler state     |
| 2     | status  | how it ended               | how it ended            | 0           | what it sleeps on   |
| 4     | line    | of the snippet             | of the snippet          | its line    | core                |
| 8     | subject | channel << 32 + serial     | channel << 32 + serial  | offset      | worker              |
| 8     | size    | bytes                      | bytes                   | length      | on-CPU ns           |
| 8     | t0      | send called                | recv called             | at          | at                  |
| 8     | t1      | encoded                    | taken                   |             | run-queue ns        |
| 8     | t2      | admitted                   | sender                  |             | read took ns        |
| 8     | t3      | sent                       | received                |             |                     |
| 24    | preview | UTF-8, padded with zeros   | zeros                   |             |                     |

START (4), END (5) and LINE (8: the worker begins to execute `line`) have t0; the first two have the thread's CPU time,
in ns, in t1.  CHANNEL (7) says that the worker created a channel: its number in subject, its capacity + 1 in size (0:
no bound), its name in preview, and in kind 1 for a lock.  A RECV of channel 0 was a wait that no channel ended: for
several in a select, or for a timer.  Times are those of `time.monotonic_ns`, the same clock in every process of one
machine.
"""

from __future__ import annotations

import enum
import struct
from typing import NamedTuple

RECORD = struct.Struct("<BBHIQQQQQQ24s")
RECORD_BYTES = RECORD.size
PREVIEW_BYTES = 24
PAGE_BYTES = 4096

SEVERAL = 0
"""Stands for a channel's number where an operation was not about one: a wait for several, or for a timer, that none
of them ended.  No channel has this number."""

NOBODY = 0xFFFF
"""Stands for the sender of what was not sent by a worker."""

SERIAL_BITS = 32
SERIAL_MASK = (1 << SERIAL_BITS) - 1


class Op(enum.IntEnum):
    """What a record tells of."""

    SEND = 1
    RECV = 2
    PRINT = 3
    START = 4
    END = 5
    SAMPLE = 6
    CHANNEL = 7
    LINE = 8


class Status(enum.IntEnum):
    """How a channel operation ended."""

    OK = 0
    TIMEOUT = 1
    CLOSED = 2
    CANCELLED = 3
    WOULD_BLOCK = 4
    FAILED = 5


class Head(enum.IntEnum):
    """The 64-bit words at the start of a lane."""

    RECORDS = 0  # written so far
    DROPPED = 1  # did not fit
    TEXT_BYTES = 2  # of printed text, so far
    TEXT_DROPPED = 3  # bytes of printed text that did not fit
    PARKED_SINCE = 4  # ns, or 0 when the worker is not waiting in a channel operation
    PARKED_OP = 5  # Op
    PARKED_CHANNEL = 6
    PARKED_LINE = 7
    EPISODE = 8  # counts the waits, so that a reader can tell one from the next
    THREAD = 9  # the kernel's number of the worker's thread
    CPU_NS = 10  # used so far by the observer
    PROCESS = 11  # the worker's process, where it has one of its own, or 0
    STARTUP_NS = 12  # from the host's first step for this worker until it was ready to start; 0: not yet
    READY_BYTES = 13  # of memory that is the worker's alone, when it was ready; 0: not known
    ENDED_BYTES = 14  # ... when it had ended
    SHARED_BYTES = 15  # of memory that it shares with the other workers
    MEMORY_INFERRED = 16  # 1: these three follow from what all workers of the process have together
    PARKED_AT = 32  # how many channels that a worker made it waits at; then, of each, its number and its descriptor


MOST_PARKED_AT = 200
"""A wait at more channels than that is not told in a lane's head."""


class Layout(NamedTuple):
    """Where everything lies, for so many lanes of so many records and bytes of text."""

    lanes: int
    records: int
    text_bytes: int

    @property
    def lane_bytes(self) -> int:
        wanted = PAGE_BYTES + self.records * RECORD_BYTES + self.text_bytes
        return -(-wanted // PAGE_BYTES) * PAGE_BYTES

    @property
    def total_bytes(self) -> int:
        return self.lanes * self.lane_bytes

    def lane_at(self, lane: int) -> int:
        return lane * self.lane_bytes

    def records_at(self, lane: int) -> int:
        return self.lane_at(lane) + PAGE_BYTES

    def text_at(self, lane: int) -> int:
        return self.records_at(lane) + self.records * RECORD_BYTES
