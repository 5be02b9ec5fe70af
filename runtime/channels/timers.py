"""Timers that are used as channels: `after` gives one moment, `tick` gives one moment after the other.

A timer is nothing but moments on the monotonic clock, which is the same in every interpreter and process of a machine.
Nobody counts time for it, no thread and no poll: whoever receives from it sleeps until the moment, and `select` sleeps
no longer than until the next one.  So a timer that nobody waits for costs nothing.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from typing import Any, Self

from runtime.channels import vigil
from runtime.channels.context import current
from runtime.channels.core import END, NOTHING, SOMETHING
from runtime.channels.end import line_in
from runtime.channels.parking import Cancelled, deadline_after
from runtime.errors import ChannelClosedError, ChannelEmptyError, ChannelTimeoutError
from runtime.tracing.layout import SEVERAL, Op, Status

_now = time.monotonic_ns
_NO_DEFAULT: Any = object()
_NEVER = 1 << 62


class Timer:
    """The receiving end of a channel into which time sends.  What is received is the moment, as `time.monotonic()`.

    `after` makes one that gives a single moment and is closed then; one of `tick` gives moments until it is closed.  A
    moment that is not received in time is left out: at most one waits.  Sent to another interpreter, it is copied.
    """

    __slots__ = ("_due", "_period")

    def __init__(self, due_ns: int, period_ns: int) -> None:
        self._due, self._period = due_ns, period_ns

    @property
    def name(self) -> str:
        """What it is: `tick(0.5)`, or `after(...)`."""
        return f"tick({self._period / 1e9:g})" if self._period else "after(...)"

    @property
    def closed(self) -> bool:
        """Whether it gives no moment any more."""
        return self._due == _NEVER

    @property
    def due_ns(self) -> int:
        """The next moment, on the clock of `time.monotonic_ns`."""
        return self._due

    def __len__(self) -> int:
        """How many moments wait to be received: 0 or 1."""
        return int(self._due <= _now())

    def __bool__(self) -> bool:
        return True

    def recv(self, timeout: float | None = None) -> float:
        """Wait for the next moment, and return it.  Blocks without polling.

        Raises `ChannelTimeoutError` after `timeout` seconds, `ChannelClosedError` when none will come.
        """
        deadline = None if timeout is None else deadline_after(timeout)
        self._check_open()
        context = current()
        lane = context.lane
        line = 0 if lane is None else line_in(lane.filename, sys._getframe(1))
        late = deadline is not None and deadline < self._due
        asked, status = _now(), Status.TIMEOUT
        if lane is not None:
            lane.parked(Op.RECV, SEVERAL, line, asked)
        try:
            vigil.rest(deadline if late else self._due, context.cancel_fd)
        except Cancelled:
            status = Status.CANCELLED
            raise
        finally:
            if lane is not None:
                lane.unparked()
                lane.received(SEVERAL, 0, 0, 0, status, line, 0, asked, _now())
        if late:
            raise ChannelTimeoutError(f"{self.name} had nothing to give within {timeout} s")
        return self.take()

    def recv_nowait(self, default: Any = _NO_DEFAULT) -> Any:
        """Return the moment, if it has come; else `default`, or raise `ChannelEmptyError` without one.

        Raises `ChannelClosedError` when none will come.
        """
        self._check_open()
        if len(self):
            return self.take()
        if default is _NO_DEFAULT:
            raise ChannelEmptyError(f"{self.name} has nothing to give now")
        return default

    def __iter__(self) -> Iterator[float]:
        return self

    def __next__(self) -> float:
        try:
            return self.recv()
        except ChannelClosedError:
            raise StopIteration from None

    @property
    def ready(self) -> int:
        """What there is to receive now: `core.SOMETHING`, `END` or `NOTHING`."""
        return END if self._due == _NEVER else SOMETHING if self._due <= _now() else NOTHING

    def receive_ready(self, line: int, asked: int) -> float:
        """Receive in a select that was called at `line`, at the moment `asked`."""
        self._check_open()
        lane = current().lane
        if lane is not None:
            lane.received(SEVERAL, 0, 0, 0, Status.TIMEOUT, line, 0, asked, _now())
        return self.take()

    def take(self) -> float:
        """The moment that has come; the next one is due after it, and after now."""
        due = self._due
        self._due = due + self._period * max(1, (_now() - due) // self._period + 1) if self._period else _NEVER
        return due / 1e9

    def close(self) -> None:
        """Give no moment any more.  A second time does nothing."""
        self._due = _NEVER

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"next in {max(0, self._due - _now()) / 1e9:.3f} s"
        return f"<Timer {self.name}, {state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Timer, (self._due, self._period)

    def _check_open(self) -> None:
        if self.closed:
            raise ChannelClosedError(f"{self.name} is closed: no moment will come")


def after(seconds: float) -> Timer:
    """A timer that gives one moment, so many seconds from now, and is closed then.

    In a `select` it is a timeout for all that is done until then, not only for one wait.  Raises `ValueError` for what
    is no length of time.
    """
    return Timer(_now() + _nanoseconds(seconds, 0), 0)


def tick(seconds: float) -> Timer:
    """A timer that gives a moment every so many seconds, the first one so many seconds from now.

    Moments stay where they were planned: one that is received late does not move the others.  Raises `ValueError` for
    what is no length of time, or too short.
    """
    period = _nanoseconds(seconds, 1_000)
    return Timer(_now() + period, period)


def _nanoseconds(seconds: float, least: int) -> int:
    if not isinstance(seconds, int | float) or not least / 1e9 <= seconds < 1e9 or math.isnan(seconds):
        what = "0 or more" if not least else f"at least {least / 1e9:g}"
        raise ValueError(f"a timer takes a number of seconds, {what}, not {seconds!r}")
    return int(seconds * 1e9)
