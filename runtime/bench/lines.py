"""What the peers offer instead of a channel: each a line with `send` and `recv`, and nothing more around it than that.

A line is made on one side and attached on the other by what `passed` says: plain numbers between interpreters, the
object itself between threads and for `multiprocessing`.
"""

from __future__ import annotations

import importlib
import os
import queue
from collections.abc import Callable
from typing import Any, Protocol

from runtime import cpython
from runtime.bench.scenes import WINDOW


class Line(Protocol):
    """One direction, as one side has it."""

    passed: Any
    send: Callable[[Any], object]
    recv: Callable[[], Any]


class Bare:
    """The floor: an eventfd counts objects and another one room, `_interpqueues` carries; nothing around."""

    def __init__(self, passed: tuple[int, int, int] | None = None) -> None:
        counting = os.EFD_SEMAPHORE
        self.passed = passed or (cpython.create_queue(), os.eventfd(0, counting), os.eventfd(WINDOW, counting))
        number, self._items, self._room = self.passed
        self._put, self._get = cpython.putter(number), cpython.getter(number)

    def send(self, obj: Any) -> None:
        """Wait for room, put."""
        os.eventfd_read(self._room)
        self._put((0, obj))
        os.eventfd_write(self._items, 1)

    def recv(self) -> Any:
        """Wait for an object, get."""
        os.eventfd_read(self._items)
        obj = self._get()
        os.eventfd_write(self._room, 1)
        return obj[1]


class WakeUp:
    """The wake-up alone: an eventfd, and no object."""

    def __init__(self, passed: int | None = None) -> None:
        self.passed = os.eventfd(0, os.EFD_SEMAPHORE) if passed is None else passed

    def send(self, obj: Any) -> None:
        """Wake the other side."""
        os.eventfd_write(self.passed, 1)

    def recv(self) -> None:
        """Wait to be woken."""
        os.eventfd_read(self.passed)


class StandardQueue:
    """`concurrent.interpreters.Queue` (3.14)."""

    module = "concurrent.interpreters"

    def __init__(self, passed: int | None = None) -> None:
        module = importlib.import_module(self.module)
        line = module.create_queue(WINDOW) if passed is None else module.Queue(passed)
        self.passed, self.send, self.recv = line.id, line.put, line.get


class BackportQueue(StandardQueue):
    """The same, of the `interpreters-pep-734` package."""

    module = "interpreters_backport.interpreters"


class BackportChannel:
    """A channel of the `interpreters-pep-734` package."""

    def __init__(self, passed: int | None = None) -> None:
        module = importlib.import_module("interpreters_experimental.interpreters.channels")
        if passed is None:
            receiving, sending = module.create()
        else:  # it asks for the channel's default, whose form is another since 3.14
            default = module._serialize_unbound(module.UNBOUND)
            receiving, sending = module.RecvChannel(passed), module.SendChannel(passed, _unbound=default)
        # its blocking send waits for the receiver's next look, 10 ms apart
        self.passed, self.send, self.recv = int(receiving.id), sending.send_nowait, receiving.recv


class ThreadQueue:
    """`queue.Queue`."""

    def __init__(self, passed: Any = None) -> None:
        self.passed = self._make() if passed is None else passed
        self.send, self.recv = self.passed.put, self.passed.get

    def _make(self) -> Any:
        return queue.Queue(WINDOW)


class ThreadSimpleQueue(ThreadQueue):
    """`queue.SimpleQueue`, which has no bound."""

    def _make(self) -> Any:
        return queue.SimpleQueue()


class Aiologic(ThreadQueue):
    """`aiologic.Queue`, as threads use it."""

    def __init__(self, passed: Any = None) -> None:
        self.passed = importlib.import_module("aiologic").Queue(WINDOW) if passed is None else passed
        self.send, self.recv = self.passed.green_put, self.passed.green_get


class Culsans(ThreadQueue):
    """`culsans.Queue`, as threads use it."""

    def __init__(self, passed: Any = None) -> None:
        self.passed = importlib.import_module("culsans").Queue(WINDOW) if passed is None else passed
        self.send, self.recv = self.passed.sync_q.put, self.passed.sync_q.get


class Pipe:
    """`multiprocessing.Pipe`."""

    def __init__(self, passed: Any = None) -> None:
        self.passed = importlib.import_module("multiprocessing").Pipe(duplex=False) if passed is None else passed
        self.send, self.recv = self.passed[1].send, self.passed[0].recv


class ProcessQueue:
    """`multiprocessing.Queue`."""

    def __init__(self, passed: Any = None) -> None:
        if passed is None:
            passed = importlib.import_module("multiprocessing").get_context("spawn").Queue(WINDOW)
        self.passed, self.send, self.recv = passed, passed.put, passed.get


KINDS: dict[str, tuple[type[Any], str]] = {
    "bare": (Bare, "interpreters"),
    "wake-up": (WakeUp, "interpreters"),
    "standard queue": (StandardQueue, "interpreters"),
    "backport queue": (BackportQueue, "interpreters"),
    "backport channel": (BackportChannel, "interpreters"),
    "queue": (ThreadQueue, "threads"),
    "simple queue": (ThreadSimpleQueue, "threads"),
    "aiologic": (Aiologic, "threads"),
    "culsans": (Culsans, "threads"),
    "pipe": (Pipe, "processes"),
    "process queue": (ProcessQueue, "processes"),
}
"""Each kind of line, and where its parties live."""
