"""Awaiting at a gate, for workers that run asyncio: the event loop waits, with everything else that it waits for.

The steps are those of `parking.Gate.wait`: shut the gate, raise the flag, look, sleep until the gate is open, look
again.  Only the sleep is the loop's: it watches the gate's descriptor.  An object is taken between two awaits, never in
a callback, so a task that is cancelled has either received it or left it in the channel.

Several tasks of one loop may await at one gate.  The loop watches a descriptor once, for all of them.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable
from typing import Any

from runtime.channels.parking import BLOCKED, NO_DESCRIPTOR, Cancelled, Deadline, Gate

type _Future = asyncio.Future[int]

_watched: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, set[_Future]]] = weakref.WeakKeyDictionary()


async def wait_at(
    gate: Gate, attempt: Callable[[], Any], deadline: Deadline = None, cancel_fd: int = NO_DESCRIPTOR
) -> Any:
    """Make the attempt whenever it may succeed, until it does not return `BLOCKED`; return what the last one did.

    Returns `BLOCKED` when the deadline came first.  Raises `Cancelled` when `cancel_fd` becomes readable.
    """
    unseen = False  # whether the gate was shut and nobody has looked since, or has seen something
    try:
        while True:
            unseen = True
            gate.shut()
            outcome = attempt()
            if outcome is not BLOCKED:
                return outcome
            unseen = False
            in_time = await _readable(gate.readable, deadline, cancel_fd)
            outcome = attempt()
            if outcome is not BLOCKED or not in_time:
                return outcome
    except BaseException:
        unseen = True
        raise
    finally:
        if unseen:
            gate.open()


async def _readable(fd: int, deadline: Deadline, cancel_fd: int) -> bool:
    """Await until a descriptor is readable.  False when the deadline came first."""
    loop = asyncio.get_running_loop()
    future: _Future = loop.create_future()
    descriptors = [fd] if cancel_fd == NO_DESCRIPTOR else [fd, cancel_fd]
    alarm = None
    if deadline is not None:
        seconds = (deadline - time.monotonic_ns()) / 1e9
        if seconds <= 0:
            return False
        alarm = loop.call_later(seconds, _resolve, future, NO_DESCRIPTOR)
    for each in descriptors:
        _watch(loop, each, future)
    try:
        ready = await future
    finally:
        for each in descriptors:
            _forget(loop, each, future)
        if alarm is not None:
            alarm.cancel()
    if ready == cancel_fd != NO_DESCRIPTOR:
        raise Cancelled
    return ready != NO_DESCRIPTOR


def _resolve(future: _Future, what: int) -> None:
    if not future.done():
        future.set_result(what)


def _watch(loop: asyncio.AbstractEventLoop, fd: int, future: _Future) -> None:
    waiting = _watched.setdefault(loop, {}).setdefault(fd, set())
    if not waiting:
        loop.add_reader(fd, _wake, waiting, fd)
    waiting.add(future)


def _wake(waiting: set[_Future], fd: int) -> None:
    for future in waiting:
        _resolve(future, fd)


def _forget(loop: asyncio.AbstractEventLoop, fd: int, future: _Future) -> None:
    waiting = _watched[loop][fd]
    waiting.discard(future)
    if not waiting:
        del _watched[loop][fd]
        loop.remove_reader(fd)
