"""How descriptors get from one process of a run to another.

Processes share files, not their numbers for them: what is descriptor 12 here is another file there.  So what a channel
between processes stands on (its memory and its semaphores) is published once, under a number that means the same
everywhere, and whoever meets the number fetches descriptors of his own.  The host keeps everything that is published
(`Home`) and hands it out over a socket to each worker's process (`Away`, `Home.serve`), as SCM_RIGHTS (unix(7)).

A process `bind`s its broker once, before it has any channel.  Where none is bound, all interpreters are in one process,
and numbers of descriptors are good everywhere.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from runtime.errors import ChannelNotFoundError

if TYPE_CHECKING:
    import socket

type Number = int

available = hasattr(os, "memfd_create") and hasattr(os, "eventfd")
"""Whether channels between processes work here: their semaphores must be files, and their memory a sparse one."""

_PUBLISH, _FETCH, _FORGET, _TAKE = range(4)
_REQUEST = struct.Struct("<BQQ")  # what, which question of this process, number
_ANSWER = struct.Struct("<QQ")  # which question, number; 0 for what is not known
_MOST = 16  # descriptors in one message


class Broker(Protocol):
    """Keeps descriptors for the other processes of the run."""

    memory_bytes: int  # how much a channel may hold at most

    def publish(self, descriptors: Sequence[int]) -> Number:
        """Let others have these.  They stay the caller's own, too.  Returns a number that is never used again."""

    def fetch(self, number: Number) -> list[int]:
        """New descriptors of what was published, the caller's own.  Raises `ChannelNotFoundError` if it is gone."""

    def take(self, number: Number) -> list[int]:
        """Fetch what was published, and forget it: of several who try, one succeeds.  Raises as `fetch`."""

    def forget(self, number: Number) -> None:
        """Nobody will fetch this any more.  Never blocks; a second time does nothing."""


class Home:
    """The broker of the process to which all others are connected."""

    def __init__(self, memory_bytes: int, first: Number = 1) -> None:
        self.memory_bytes = memory_bytes
        self._next = first
        self._kept: dict[Number, tuple[int, ...]] = {}
        self._lock = threading.RLock()  # a collector that runs in here may forget, too

    def publish(self, descriptors: Sequence[int]) -> Number:
        return self._keep(map(os.dup, descriptors))

    def _keep(self, descriptors: Iterable[int]) -> Number:
        with self._lock:
            number = self._next
            self._next += 1
            self._kept[number] = tuple(descriptors)
        return number

    def fetch(self, number: Number) -> list[int]:
        with self._lock:
            return [os.dup(fd) for fd in self._kept_as(number)]

    def take(self, number: Number) -> list[int]:
        with self._lock:
            found = self._kept_as(number)
            del self._kept[number]
        return list(found)

    def _kept_as(self, number: Number) -> tuple[int, ...]:
        try:
            return self._kept[number]
        except KeyError:
            raise ChannelNotFoundError(f"channel {number} no longer exists: every end of it is gone") from None

    def forget(self, number: Number) -> None:
        with self._lock:
            for fd in self._kept.pop(number, ()):
                os.close(fd)

    def serve(self, connection: socket.socket) -> None:
        """Answer one process until it is gone.  For a thread of its own."""
        import socket  # noqa: PLC0415 - costs milliseconds, and only hosts of processes need it

        with connection:
            while True:
                request, descriptors, _, _ = socket.recv_fds(connection, _REQUEST.size, _MOST, socket.MSG_CMSG_CLOEXEC)
                if not request:
                    return
                what, question, number = _REQUEST.unpack(request)
                if what == _FORGET:
                    self.forget(number)
                elif what == _PUBLISH:
                    socket.send_fds(connection, [_ANSWER.pack(question, self._keep(descriptors))], ())
                else:
                    with self._lock:  # nobody closes them meanwhile
                        found = self._kept.get(number, ())
                        socket.send_fds(connection, [_ANSWER.pack(question, number if found else 0)], found)
                        if what == _TAKE:
                            self.forget(number)


class Away:
    """The broker of a process that has a connection to the home of all."""

    def __init__(self, connection_fd: int, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self._fd = connection_fd
        self._connection: socket.socket | None = None
        self._lock = threading.RLock()  # a collector that runs in here may ask, too
        self._asked = 0
        self._answers: dict[int, tuple[Number, list[int]]] = {}

    def publish(self, descriptors: Sequence[int]) -> Number:
        return self._ask(_PUBLISH, 0, descriptors)[0]

    def fetch(self, number: Number) -> list[int]:
        known, descriptors = self._ask(_FETCH, number)
        if not known:
            raise ChannelNotFoundError(f"channel {number} no longer exists: every end of it is gone")
        return descriptors

    def take(self, number: Number) -> list[int]:
        known, descriptors = self._ask(_TAKE, number)
        if not known:
            raise ChannelNotFoundError(f"number {number} was taken by another, or given up")
        return descriptors

    def forget(self, number: Number) -> None:
        self._connect().send(_REQUEST.pack(_FORGET, 0, number))

    def _connect(self) -> socket.socket:
        if self._connection is None:
            import socket  # noqa: PLC0415 - costs milliseconds, and most workers never need it

            self._connection = socket.socket(fileno=self._fd)
        return self._connection

    def _ask(self, what: int, number: Number, descriptors: Sequence[int] = ()) -> tuple[Number, list[int]]:
        import socket  # noqa: PLC0415

        connection = self._connect()
        with self._lock:
            self._asked += 1
            question = self._asked
            socket.send_fds(connection, [_REQUEST.pack(what, question, number)], descriptors)
            while question not in self._answers:  # it may be another's: one that was interrupted, or interrupts
                answer, received, _, _ = socket.recv_fds(connection, _ANSWER.size, _MOST, socket.MSG_CMSG_CLOEXEC)
                if not answer:
                    raise ChannelNotFoundError("the process that keeps this run's channels is gone")
                of, found = _ANSWER.unpack(answer)
                self._answers[of] = found, received
            return self._answers.pop(question)


_bound: Broker | None = None


def bind(broker: Broker | None) -> None:
    """From now on, let this process's new channels reach other processes through `broker`."""
    global _bound
    _bound = broker


def bound() -> Broker | None:
    """The broker of this process, or None where all interpreters are in one process."""
    return _bound
