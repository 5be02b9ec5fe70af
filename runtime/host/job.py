"""What the kernel tells the host to do, and what the host answers: plain data, and how it crosses their pipe."""

from __future__ import annotations

import os
import pickle
import struct
from typing import Any, NamedTuple

from runtime.snippets import Snippet
from runtime.tracing.layout import Layout

SAMPLE_NS = 1_000_000
_LENGTH = struct.Struct("<I")


class Limits(NamedTuple):
    """What a run may use at most.

    `events` is how many records each worker may write (a send or a receive is one), `output_bytes` how much text each
    may print; what does not fit is counted in `trace.dropped`.  `memory_bytes` is how much memory of its own the host
    may have (Linux), `threads` how many threads (Linux); None is no bound of ours.
    """

    events: int = 1_200_000
    output_bytes: int = 1 << 20
    memory_bytes: int | None = 4 << 30
    threads: int | None = 500


class EndArgument(NamedTuple):
    """Stands, in a worker's arguments, for an end of a channel of the program."""

    channel: int
    sending: bool


class LockArgument(NamedTuple):
    """Stands for a lock of the program, which is one of its channels."""

    channel: int


class BufferArgument(NamedTuple):
    """Stands for a buffer of the program."""

    buffer: int


class ChannelJob(NamedTuple):
    """A channel of the program, or a lock."""

    name: str
    capacity: int | None
    lock: bool = False


class WorkerJob(NamedTuple):
    """`arguments` is a pickle of (arguments, default values, keyword default values)."""

    name: str
    snippet: Snippet
    arguments: bytes


class HostJob(NamedTuple):
    """One run."""

    name: str
    backend: str
    workers: tuple[WorkerJob, ...]
    channels: tuple[ChannelJob, ...]
    buffers: tuple[int, ...] = ()  # the size of each
    timeout: float | None = None
    cores: int | tuple[int, ...] | None = None
    record: bool = True
    trace_lines: bool = False
    sample_ns: int = SAMPLE_NS  # from one look of the observer to the next; 0: nobody looks
    limits: Limits = Limits()

    @property
    def layout(self) -> Layout:
        """One lane per worker, and one for the observer."""
        return Layout(len(self.workers) + 1, self.limits.events, self.limits.output_bytes)


class Outcome(NamedTuple):
    """How a worker ended.  `result` is a pickle of what it returned.

    `interrupted`: to stop it, an exception had to be raised in the middle of its own code.
    `raised_ns`: when it raised (`time.monotonic_ns`), if it did: others may fail because of it and arrive before it.
    """

    worker: int
    ending: str  # model.Ending
    result: bytes = b""
    error_type: str = ""
    error_message: str = ""
    error_traceback: str = ""
    error_line: int = -1
    missing_name: str = ""  # of a NameError
    interrupted: bool = False
    raised_ns: int = 0
    exit_code: int = 0  # of a worker's process that died (`Ending.LOST`); negative for the signal that ended it


class Told(NamedTuple):
    """One worker's wait in a deadlock's ring."""

    worker: int
    channel: int  # key
    sending: bool
    since_ns: int
    name: str  # of the channel
    capacity: int | None
    lock: bool
    made_by: int  # worker, or -1
    made_line: int
    lies_in: str  # the channel in which lies the end that the next one needs; empty when he has one
    lies_in_key: int


def write_frame(fd: int, content: Any) -> None:
    """Write one object.  Blocks while the pipe is full; raises `BrokenPipeError` when nobody reads."""
    data = pickle.dumps(content, protocol=5)
    view = memoryview(_LENGTH.pack(len(data)) + data)
    while view:
        view = view[os.write(fd, view) :]


class FrameReader:
    """Objects out of a pipe, in the order they were written."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._buffer = bytearray()

    def read_available(self) -> list[Any] | None:
        """Read once, blocking only if nothing is there; return the frames that are complete, None at the end."""
        data = os.read(self._fd, 1 << 20)
        if not data:
            return None
        self._buffer += data
        frames = []
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                break
            frames.append(pickle.loads(bytes(self._buffer[_LENGTH.size : end])))
            del self._buffer[:end]
        return frames
