"""Blocks of memory between processes: anonymous files that each of them maps.

Here nothing has to be counted.  A file lives as long as somebody has a descriptor of it or maps it, and the kernel
knows that, whoever is killed.  What crosses is a number of the broker (see `broker`), under which the file is published
for one journey: whoever takes it, receiver or sender, ends the journey, and nobody else can.
"""

from __future__ import annotations

import contextlib
import mmap
import os

from runtime.channels import broker
from runtime.errors import ChannelNotFoundError

BETWEEN_PROCESSES = 0  # in the place of a block's process: known by a number of the broker

type Ticket = tuple[int, int, int, int]  # number, 0, size, BETWEEN_PROCESSES


class MappedBlock:
    """One process's descriptor and mapping of a block."""

    __slots__ = ("_fd", "_map", "_standing", "size")

    def __init__(self, fd: int, size: int) -> None:
        """Take over a descriptor."""
        self._fd, self.size = fd, size
        self._map: mmap.mmap | None = mmap.mmap(fd, size, trackfd=False) if size else None
        self._standing = 0

    @classmethod
    def create(cls, size: int) -> MappedBlock:
        """Make a block of zeros.  Raises `MemoryError` when it is more than a run may use.

        The system itself gives out more than it has, and ends the process that then touches it.
        """
        if size > _home().memory_bytes:
            raise MemoryError(f"no memory for a buffer of {size:,} bytes")
        fd = os.memfd_create("buffer", os.MFD_CLOEXEC)
        try:
            os.ftruncate(fd, size)
            return cls(fd, size)
        except (OSError, OverflowError) as error:
            os.close(fd)
            raise MemoryError(f"no memory for a buffer of {size:,} bytes") from error

    @classmethod
    def adopt(cls, claim: int, ticket: Ticket) -> MappedBlock:
        """Receive a block that travelled.  Raises `ChannelNotFoundError` when another has it."""
        return cls(_home().take(claim)[0], ticket[2])

    @classmethod
    def attach(cls, ticket: Ticket) -> MappedBlock:
        """Get hold of a block that stands for all, until the run ends."""
        return cls(_home().fetch(ticket[0])[0], ticket[2])

    @property
    def ticket(self) -> Ticket:
        """What a receiver needs beside the claim."""
        return 0, 0, self.size, BETWEEN_PROCESSES

    def stand(self) -> Ticket:
        """Let every process of the run attach this one."""
        self._standing = self._standing or _home().publish((self._fd,))
        return self._standing, 0, self.size, BETWEEN_PROCESSES

    def expect(self) -> None:
        """One more will attach it."""

    def view(self) -> memoryview:
        """A view of the memory, which keeps it alive."""
        return memoryview(b"") if self._map is None else memoryview(self._map)

    def depart(self, *, shared: bool) -> int:
        """Begin a journey; return its claim."""
        return _home().publish((self._fd,))

    def take_back(self, claim: int) -> bool:
        """End a journey before it arrives.  False when it has arrived."""
        try:
            (fd,) = _home().take(claim)
        except ChannelNotFoundError:
            return False
        os.close(fd)
        return True

    def gone(self) -> None:
        """It has moved to another."""
        self.release()

    def release(self) -> None:
        """Give this process's part back.  Views of it keep the memory."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._map = None


def give_up(claim: int) -> None:
    """Nobody will receive this message."""
    with contextlib.suppress(ChannelNotFoundError, OSError):
        _home().forget(claim)


def _home() -> broker.Broker:
    home = broker.bound()
    if home is None:
        raise ChannelNotFoundError("a buffer is between the processes of a run that is over")
    return home
