"""Waiting without polling: the one room in which anybody waits.

The problem.  A receiver in one interpreter must sleep until a sender in another has put something into a queue, wake
within microseconds, use no CPU meanwhile, and still notice a timeout, a closed channel and Stop.  Interpreters share
no Python object, so no lock or condition variable of the `threading` module can serve.  The standard library's own
interpreter queue therefore sleeps 10 ms and looks again (python/cpython issue 143017), which makes a round trip take
10 to 20 ms.

What interpreters of one process do share is file descriptors.  An eventfd in semaphore mode (eventfd(2)) is a counting
semaphore in the kernel: a write adds to the count, a read takes one or says that there is none, and poll(2) sleeps
until there is one.  It is atomic between threads, interpreters and processes, and costs about half a microsecond.
PEP 554 itself names pipes as the way to synchronise interpreters.

With two of them a channel is the classical bounded buffer of Dijkstra (EWD 123, 1965): one counts the objects queued,
one counts the free slots.  Nobody spins and nobody is woken in vain, except where several waiters see one permit: poll
wakes all who wait, one takes the permit, the others go back to sleep.

Why poll and not a blocking read: a waiter must wake for Stop too.  Each worker has a cancel descriptor that becomes
readable, and stays so, when the run is to stop; poll waits for both.  The permit is tried first, without sleeping, so
a channel that is ready costs one system call.

Where there is no eventfd (macOS, Windows) a pair of connected sockets takes its place: a byte is a permit.  A socket
buffers some thousand bytes, so there a semaphore cannot count further; `release` then raises `OverflowError`.  Windows
has no poll: select waits there.
"""

from __future__ import annotations

import os
import select as _select
import time
from typing import Any, Protocol

NO_DESCRIPTOR = -1

type Deadline = int | None  # on the clock of time.monotonic_ns; None: wait for ever


class Cancelled(BaseException):
    """The run is being stopped: whoever waits is woken by this.

    Not an `Exception`, so that `except Exception` in a snippet does not keep it alive.
    """


def deadline_after(timeout: float | None) -> Deadline:
    """The moment `timeout` seconds from now.  Raises `ValueError` for a timeout that is no length of time."""
    if timeout is None:
        return None
    if not timeout >= 0:  # also catches NaN
        raise ValueError(f"timeout must be None or a number of seconds from 0 on, not {timeout!r}")
    if timeout > 1e9:
        return None
    return time.monotonic_ns() + int(timeout * 1e9)


class Semaphore(Protocol):
    """A counting semaphore that all interpreters of a process can use, known by its file descriptors."""

    descriptors: tuple[int, ...]

    def try_acquire(self) -> bool:
        """Take a permit if there is one.  Never blocks."""

    def release(self, permits: int = 1) -> None:
        """Add permits.  Never blocks."""

    @property
    def readable(self) -> int:
        """The descriptor that poll reports as readable while there is a permit."""


class EventSemaphore:
    """A semaphore in an eventfd."""

    __slots__ = ("_fd", "descriptors")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.descriptors = (fd,)

    @classmethod
    def create(cls, permits: int) -> EventSemaphore:
        return cls(os.eventfd(permits, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC))

    def try_acquire(self) -> bool:
        try:
            os.eventfd_read(self._fd)
        except BlockingIOError:
            return False
        return True

    def release(self, permits: int = 1) -> None:
        os.eventfd_write(self._fd, permits)

    @property
    def readable(self) -> int:
        return self._fd


class SocketSemaphore:
    """A semaphore in a pair of connected sockets: each byte in flight is a permit."""

    __slots__ = ("_receiving", "_sending", "descriptors")

    def __init__(self, receiving_fd: int, sending_fd: int) -> None:
        import socket  # noqa: PLC0415 - costs milliseconds in each interpreter, and Linux needs it never

        # detached: the descriptors belong to the channel, not to these two objects
        self._receiving = socket.socket(fileno=receiving_fd)
        self._sending = socket.socket(fileno=sending_fd)
        self.descriptors = (receiving_fd, sending_fd)

    @classmethod
    def create(cls, permits: int) -> SocketSemaphore:
        import socket  # noqa: PLC0415

        receiving, sending = socket.socketpair()
        receiving.setblocking(False)
        sending.setblocking(False)
        semaphore = cls(receiving.detach(), sending.detach())
        if permits:
            semaphore.release(permits)
        return semaphore

    def try_acquire(self) -> bool:
        try:
            return bool(self._receiving.recv(1))
        except BlockingIOError:
            return False

    def release(self, permits: int = 1) -> None:
        try:
            sent = self._sending.send(b"\0" * permits)
        except BlockingIOError:
            sent = 0
        if sent != permits:
            raise OverflowError("a channel cannot queue more here than a socket buffers")

    @property
    def readable(self) -> int:
        return self._receiving.fileno()

    def __del__(self) -> None:
        for end in (self._receiving, self._sending):
            end.detach()


HAS_EVENTFD = hasattr(os, "eventfd")


def create_semaphore(permits: int = 0) -> Semaphore:
    """Create a semaphore that holds `permits`."""
    return EventSemaphore.create(permits) if HAS_EVENTFD else SocketSemaphore.create(permits)


def attach_semaphore(descriptors: tuple[int, ...]) -> Semaphore:
    """Use, in this interpreter, a semaphore that another one created."""
    return EventSemaphore(*descriptors) if len(descriptors) == 1 else SocketSemaphore(*descriptors)


def acquire(semaphore: Semaphore, deadline: Deadline = None, cancel_fd: int = NO_DESCRIPTOR) -> bool:
    """Take a permit; wait for one if need be.  Return False when the deadline came first.

    Blocks until a permit is released, the deadline passes, or `cancel_fd` becomes readable (raises `Cancelled`).  On
    Ctrl-C in the main thread raises `KeyboardInterrupt`.
    """
    if semaphore.try_acquire():
        return True
    poller = _poller(semaphore.readable, cancel_fd)
    while True:
        if deadline is None:
            ready = poller.poll()
        else:
            remaining_ms = (deadline - time.monotonic_ns()) / 1e6
            if remaining_ms <= 0:
                return semaphore.try_acquire()
            ready = poller.poll(remaining_ms)
        if any(fd == cancel_fd for fd, _ in ready):
            raise Cancelled
        if semaphore.try_acquire():
            return True


class Mutex:
    """Mutual exclusion between interpreters: a semaphore with one permit.  For the rare, slow operations."""

    __slots__ = ("semaphore",)

    def __init__(self, semaphore: Semaphore | None = None) -> None:
        self.semaphore = semaphore or create_semaphore(1)

    def __enter__(self) -> None:
        acquire(self.semaphore)

    def __exit__(self, *_: object) -> None:
        self.semaphore.release()


class _SelectPoller:
    """The part of `select.poll` that we use, over select(2)."""

    def __init__(self) -> None:
        self._descriptors: list[int] = []

    def register(self, fd: int, _events: int) -> None:
        self._descriptors.append(fd)

    def poll(self, timeout_ms: float | None = None) -> list[tuple[int, int]]:
        timeout_s = None if timeout_ms is None else timeout_ms / 1e3
        return [(fd, _POLLIN) for fd in _select.select(self._descriptors, [], [], timeout_s)[0]]


_POLLIN = getattr(_select, "POLLIN", 1)
_new_poller = getattr(_select, "poll", _SelectPoller)


def _poller(readable: int, cancel_fd: int) -> Any:
    poller = _new_poller()
    poller.register(readable, _POLLIN)
    if cancel_fd != NO_DESCRIPTOR:
        poller.register(cancel_fd, _POLLIN)
    return poller


def wait_readable(fd: int) -> None:
    """Wait until a descriptor is readable, and leave it so."""
    while not _poller(fd, NO_DESCRIPTOR).poll():
        pass
