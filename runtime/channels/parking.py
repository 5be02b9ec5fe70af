"""Waiting without polling: the one room in which anybody waits.

The problem.  A receiver in one interpreter must sleep until a sender in another has put something into a queue, wake
within microseconds, use no CPU meanwhile, and still notice a timeout, a closed channel and Stop.  Interpreters share
no Python object, so no lock or condition variable of the `threading` module can serve.  The standard library's own
interpreter queue therefore sleeps 10 ms and looks again (python/cpython issue 143017), which makes a round trip take
10 to 20 ms.

What interpreters of one process do share is file descriptors and memory.  An eventfd (eventfd(2)) is a counter in the
kernel that threads, interpreters and processes change atomically, and that poll(2) can sleep on.  PEP 554 itself
names pipes as the way to synchronise interpreters.

**The gate.**  Waiters stand before a gate, an eventfd that is open while its count is not zero.  The queue alone says
whether there is something to take; the gate only says "look again".  So a permit can neither be lost (by a timeout or
by Ctrl-C between two bytecodes) nor counted twice, and opening it once too often costs one look.  Beside each gate is
a flag in shared memory: "somebody may be asleep".

    to wait:                              to wake:
        1. shut the gate                      1. change the queue
        2. raise the flag                     2. if the flag is up: lower it, open the gate
        3. look at the queue once more
           - now it can go on: open the gate for the others, and go on
        4. sleep until the gate is open; look; if others were faster, again from 1

While nobody sleeps, a channel costs no system call at all: a sender reads a word that is 0.

*Why no wake-up is lost.*  Suppose that somebody sleeps for ever though the queue would let him go on.  Then the gate is
shut; let X be the last who shut it.  X looked (3) after that and saw nothing, or X would have opened it again.  So
somebody, S, changed the queue after X's look.  Both hold the queue's own lock while they look and change, so what X did
before his look, S sees after her change: the flag, raised.  Unless somebody lowered it in between; but who lowers it
opens the gate afterwards, and that opening came before X shut the gate (X was the last), hence before X raised the
flag.  So S sees the flag and opens the gate: a contradiction.  The argument needs only the order that locks and
system calls give, so it holds on processors that reorder memory accesses, too.

The price: an open gate wakes everyone who sleeps before it; one gets the object, the others go back to sleep.  A
futex-like "wake one" would have to be passed on by each who is woken but does not need it, and by each who is
interrupted; a lesson with a dozen workers is better served by what cannot go wrong.

**A short spin.**  To put a thread to sleep and wake it takes 2 microseconds when both are on one core, and 25 to 60
when the other has to be woken on a core of its own.  An answer often comes sooner.  So a worker that has a GIL and,
probably, a core to itself looks some forty times, for about as long as a wake-up takes, before it sleeps (the
competitive spinning of Karlin, Li, Manasse and Owicki, SOSP 1991).  On a busy machine, where the one that is waited
for shares our core, each look only keeps it from running; so a gate remembers how its spins ended (`_Luck`), stops
when most were in vain, and tries again after 16 waits, then 32, up to 256.  Under a shared GIL nobody spins: it would
keep the lock from the very worker that is waited for.

**Why poll** and not a blocking read: a waiter must wake for Stop too.  Each worker has a cancel descriptor that becomes
readable, and stays so, when the run is to stop; poll waits for both.

**Ctrl-C.**  CPython looks for signals when a Python function begins, when a loop jumps back and when a call has
returned, so `KeyboardInterrupt` can appear right after a system call has had its effect.  Therefore: what must follow
an effect stands in a `finally` and is one call straight into C (`post`, `open`), with nothing before it that could be
interrupted; a mutex notes its permit in a buffer that the system call itself fills.

Where there is no eventfd (macOS, Windows) a pair of connected sockets takes its place: a byte is a permit.  What a
socket buffers is limited, and so is how often a gate is opened before somebody shuts it: as often as there are ends.
Windows has no poll: select waits there.
"""

from __future__ import annotations

import functools
import os
import select as _select
import time
from collections.abc import Callable
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


# --- semaphores ---------------------------------------------------------------------------------------------------


class Semaphore(Protocol):
    """A counting semaphore that all interpreters of a process can use, known by its file descriptors."""

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What another interpreter needs to attach."""

    @property
    def readable(self) -> int:
        """The descriptor that poll reports as readable while there is a permit."""

    @property
    def post(self) -> Callable[[], object]:
        """Release one permit, by one call straight into C."""

    def try_acquire(self) -> bool:
        """Take a permit if there is one.  Never blocks."""

    def take(self, note: bytearray) -> bool:
        """The same; the system call that takes the permit also writes into `note`, which then is not all zeros."""

    def take_all(self) -> None:
        """Take all permits.  For gates: of a semaphore that was made to count, it may take only one."""

    def release(self, permits: int = 1) -> None:
        """Add permits.  Never blocks."""


class EventSemaphore:
    """A semaphore in an eventfd."""

    __slots__ = ("descriptors", "post", "readable")

    def __init__(self, fd: int) -> None:
        self.readable = fd
        self.descriptors: tuple[int, ...] = (fd,)
        self.post: Callable[[], object] = functools.partial(os.eventfd_write, fd, 1)

    @classmethod
    def create(cls, permits: int, *, counting: bool = True) -> EventSemaphore:
        mode = os.EFD_SEMAPHORE if counting else 0
        return cls(os.eventfd(permits, mode | os.EFD_NONBLOCK | os.EFD_CLOEXEC))

    def try_acquire(self) -> bool:
        try:
            os.eventfd_read(self.readable)
        except BlockingIOError:
            return False
        return True

    def take(self, note: bytearray) -> bool:
        try:
            os.readv(self.readable, (note,))
        except BlockingIOError:
            return False
        return True

    def take_all(self) -> None:
        try:
            os.eventfd_read(self.readable)
        except BlockingIOError:
            pass

    def release(self, permits: int = 1) -> None:
        os.eventfd_write(self.readable, permits)


_SOCKET_BYTES = 1 << 20  # some systems count several hundred bytes for each byte in flight


class SocketSemaphore:
    """A semaphore in a pair of connected sockets: each byte in flight is a permit."""

    __slots__ = ("_receiving", "_sending", "descriptors", "post", "readable")

    def __init__(self, receiving_fd: int, sending_fd: int) -> None:
        import socket  # noqa: PLC0415 - costs milliseconds in each interpreter, and Linux needs it never

        # detached in the end: the descriptors belong to the channel, not to these two objects
        self._receiving = socket.socket(fileno=receiving_fd)
        self._sending = socket.socket(fileno=sending_fd)
        self.readable = receiving_fd
        self.descriptors: tuple[int, ...] = (receiving_fd, sending_fd)
        self.post: Callable[[], object] = functools.partial(self._sending.send, b"\1")

    @classmethod
    def create(cls, permits: int) -> SocketSemaphore:
        import socket  # noqa: PLC0415

        receiving, sending = socket.socketpair()
        sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
        receiving.setblocking(False)
        sending.setblocking(False)
        semaphore = cls(receiving.detach(), sending.detach())
        if permits:
            semaphore.release(permits)
        return semaphore

    def try_acquire(self) -> bool:
        return self.take(bytearray(1))

    def take(self, note: bytearray) -> bool:
        try:
            return bool(self._receiving.recv_into(note, 1))
        except BlockingIOError:
            return False

    def take_all(self) -> None:
        try:
            while len(self._receiving.recv(4096)) == 4096:
                pass
        except BlockingIOError:
            pass

    def release(self, permits: int = 1) -> None:
        try:
            sent = self._sending.send(b"\1" * permits)
        except BlockingIOError:
            sent = 0
        if sent != permits:
            raise OverflowError(f"a semaphore holds only what a socket buffers here: no room for {permits} more")

    def __del__(self) -> None:
        for end in (self._receiving, self._sending):
            end.detach()


HAS_EVENTFD = hasattr(os, "eventfd")


def create_semaphore(permits: int = 0) -> Semaphore:
    """Create a semaphore that holds `permits`."""
    return EventSemaphore.create(permits) if HAS_EVENTFD else SocketSemaphore.create(permits)


def create_bell() -> Semaphore:
    """Create what a gate stands on: a semaphore whose permits are taken all at once."""
    return EventSemaphore.create(0, counting=False) if HAS_EVENTFD else SocketSemaphore.create(0)


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
    poller = poller_of(semaphore.readable, cancel_fd)
    while sleep(poller, deadline, cancel_fd):
        if semaphore.try_acquire():
            return True
    return semaphore.try_acquire()


class Mutex:
    """Mutual exclusion between interpreters: a semaphore with one permit.  For the rare, slow operations.

    Use it as `mutex.acquire()`, `try:`, ..., `finally: mutex.release()`.  A `with` statement would call a Python
    function to release it, and Ctrl-C can come at the beginning of that.  `spins` is how often it looks again before it
    sleeps, where others hold it for no longer than that takes.
    """

    __slots__ = ("_semaphore", "_spins", "release")

    def __init__(self, semaphore: Semaphore, spins: int = 0) -> None:
        self._semaphore, self._spins = semaphore, spins
        self.release = semaphore.post

    def acquire(self) -> None:
        """Wait until nobody else has it."""
        note = bytearray(8)
        spins = self._spins
        try:
            while not self._semaphore.take(note):
                if spins > 0:
                    spins -= 1
                    continue
                sleep(poller_of(self._semaphore.readable, NO_DESCRIPTOR), None, NO_DESCRIPTOR)
        except BaseException:
            if any(note):
                self.release()
            raise


# --- gates --------------------------------------------------------------------------------------------------------


BLOCKED: Any = object()  # what an attempt returns when it must be made again later


_MOST_LUCK = 8
_SHORTEST_REST, _LONGEST_REST = 16, 256  # waits without a spin


class Luck:
    """Whether it pays to spin, from how it went: one point for each spin that found something, one off for a vain one.

    Who has no points left rests, for so many waits, and then has one try to begin again.
    """

    __slots__ = ("_points", "_rest", "_resting")

    def __init__(self) -> None:
        self._points, self._rest, self._resting = _MOST_LUCK // 2, _SHORTEST_REST, 0

    def try_it(self) -> bool:
        """Whether to spin this time."""
        if self._resting:
            self._resting -= 1
            return False
        return True

    def found(self) -> None:
        """The spin has found something."""
        if self._points < _MOST_LUCK:
            self._points += 1
        else:
            self._rest = _SHORTEST_REST

    def in_vain(self) -> None:
        """The spin has found nothing."""
        self._points -= 1
        if not self._points:
            self._points, self._resting = 1, self._rest
            self._rest = min(2 * self._rest, _LONGEST_REST)


class Gate:
    """Where those wait who cannot go on yet.  The flag "somebody may be asleep" is the word `flag` of `words`.

    Whoever changes what they wait for looks at the flag, lowers it and then calls `open`, in this order.
    """

    __slots__ = ("_bell", "_flag", "_idle", "_luck", "_words", "descriptors", "open")

    def __init__(self, bell: Semaphore, words: memoryview[int], flag: int) -> None:
        self._bell, self._words, self._flag = bell, words, flag
        self.descriptors = bell.descriptors
        self.open = bell.post
        self._luck = Luck()
        self._idle: dict[int, list[Any]] = {}  # poll objects, by cancel descriptor; each serves one thread at a time

    def wait(
        self, attempt: Callable[[], Any], deadline: Deadline = None, cancel_fd: int = NO_DESCRIPTOR, spins: int = 0
    ) -> Any:
        """Make the attempt again and again, whenever it may succeed, until it does not return `BLOCKED`.

        `spins` attempts are made at once before it sleeps, where that pays.  Return what the last one returned;
        `BLOCKED` when the deadline came first.  Raises `Cancelled` when `cancel_fd` becomes readable, and whatever the
        attempt raises.
        """
        idle = self._idle.setdefault(cancel_fd, [])
        poller = None
        try:
            try:
                poller = idle.pop()
            except IndexError:
                poller = poller_of(self._bell.readable, cancel_fd)
            if spins and self._luck.try_it():
                for _ in range(spins):
                    outcome = attempt()
                    if outcome is not BLOCKED:
                        self._luck.found()
                        return outcome
                self._luck.in_vain()
            while True:
                self._bell.take_all()
                self._words[self._flag] = 1
                outcome = attempt()
                if outcome is not BLOCKED:
                    self.open()  # others may have been shut out of what is left
                    return outcome
                in_time = sleep(poller, deadline, cancel_fd)
                outcome = attempt()
                if outcome is not BLOCKED or not in_time:
                    return outcome
        except BaseException:
            self.open()  # perhaps it was shut, and nobody has looked since
            raise
        finally:
            if poller is not None:
                idle.append(poller)

    def shut(self) -> None:
        """Shut it, and raise the flag.  Whoever does so looks afterwards whether he can go on."""
        self._bell.take_all()
        self._words[self._flag] = 1

    @property
    def readable(self) -> int:
        """The descriptor that is readable while the gate is open."""
        return self._bell.readable


# --- sleeping -----------------------------------------------------------------------------------------------------


_POLLIN = getattr(_select, "POLLIN", 1)
_LONGEST_MS = 1e9  # poll takes no more than a C int


def sleep(poller: Any, deadline: Deadline, cancel_fd: int) -> bool:
    """Sleep until a descriptor is readable.  False when the deadline came first."""
    if deadline is None:
        ready = poller.poll()
    else:
        remaining_ms = (deadline - time.monotonic_ns()) / 1e6
        if remaining_ms <= 0:
            return False
        ready = poller.poll(min(remaining_ms, _LONGEST_MS))
    for fd, _ in ready:
        if fd == cancel_fd:
            raise Cancelled
    return True


class _SelectPoller:
    """The part of `select.poll` that we use, over select(2)."""

    def __init__(self) -> None:
        self._descriptors: list[int] = []

    def register(self, fd: int, _events: int) -> None:
        self._descriptors.append(fd)

    def poll(self, timeout_ms: float | None = None) -> list[tuple[int, int]]:
        timeout_s = None if timeout_ms is None else timeout_ms / 1e3
        return [(fd, _POLLIN) for fd in _select.select(self._descriptors, [], [], timeout_s)[0]]


_new_poller = getattr(_select, "poll", _SelectPoller)


def poller_of(*descriptors: int) -> Any:
    """A poll object for these descriptors, except `NO_DESCRIPTOR`.  It serves one thread at a time."""
    poller = _new_poller()
    for fd in descriptors:
        if fd != NO_DESCRIPTOR:
            poller.register(fd, _POLLIN)
    return poller


def is_readable(fd: int) -> bool:
    """Whether a descriptor is readable now."""
    return bool(poller_of(fd).poll(0))


def wait_readable(fd: int) -> None:
    """Wait until a descriptor is readable, and leave it so."""
    while not poller_of(fd, NO_DESCRIPTOR).poll():
        pass
