"""Select: wait for whichever of several receiving ends has something first.

**Fair.**  Where several are ready, one of them is chosen by lot, each with the same chance: none waits for ever because
another is always ready.

**First what is there, then the end.**  An end that is closed and empty is ready, as in Go, so that closing a channel
tells all who select.  But an object or a moment at any other end comes first: a sender that sends to one channel and
then closes all would otherwise be heard to have closed, and what it sent would be left lying.  Who shall stop although
there is always something to do must be sent a message.

**Only receiving ends.**  Go selects among sends, too.  At a rendezvous that takes both sides' consent at one moment: a
select that offers to receive from one channel or to send to another must not be taken at its word by two.  Go holds the
locks of all channels for that; here they may be another process's.  A worker that could send to one of several can
try each with `send_nowait`, or let the receivers share one channel.

**Rendezvous.**  So a select does not offer to receive, it waits for a sender that waits.  Then it receives, as
`recv_nowait` does, and goes on waiting if the sender has gone or another receiver was faster.  A `send_nowait` does not
meet it, since that never waits.
"""

from __future__ import annotations

import _random
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from runtime.channels import vigil
from runtime.channels.context import Context, current
from runtime.channels.core import END, SOMETHING
from runtime.channels.end import STATUS, line_in
from runtime.channels.parking import BLOCKED, Deadline, deadline_after
from runtime.channels.receiving import RecvChannel
from runtime.channels.timers import Timer
from runtime.errors import ChannelClosedError, ChannelEmptyError, ChannelTimeoutError
from runtime.tracing.layout import SEVERAL, Op, Status

_now = time.monotonic_ns
_NO_DEFAULT: Any = object()

_IN_THIS_ORDER = (SOMETHING, END)

_lot = _random.Random().random


class Selected(NamedTuple):
    """What a select received, and from which end.  `end` is None when nothing was ready and a default was given."""

    end: Any
    value: Any


def select(*ends: RecvChannel | Timer, timeout: float | None = None, default: Any = _NO_DEFAULT) -> Selected:
    """Receive from whichever of these receiving ends has something first; return the end and the object.

    Of several that are ready one is chosen by lot.  Blocks while none is, without polling; with `default` it never
    blocks and returns (None, default).  Timers (`after`, `tick`) can be among the ends.

    Raises `ChannelTimeoutError` after `timeout` seconds, and `ChannelClosedError`, whose `end` tells which, when one of
    the ends is closed and empty, and none of the others has something.
    """
    context = current()
    lane = context.lane
    asked = 0 if lane is None else _now()
    line = 0 if lane is None else line_in(lane.filename, sys._getframe(1))
    found = _receive_ready(ends, line, asked)
    if found is not BLOCKED:
        return found  # type: ignore[no-any-return]
    if default is not _NO_DEFAULT:
        return Selected(None, default)
    deadline = None if timeout is None else deadline_after(timeout)
    found = _wait(_each_once(ends), context, line, asked, deadline)
    if found is BLOCKED:
        names = ", ".join(repr(end.name) for end in ends)
        raise ChannelTimeoutError(f"nothing came through any of {names} within {timeout} s")
    return found  # type: ignore[no-any-return]


def merge(*ends: RecvChannel | Timer) -> Iterator[Selected]:
    """Receive from all of these ends, in the order in which things come, until every one is closed and empty.

    Yields (end, object).  Blocks and chooses as `select`.
    """
    left = _each_once(ends)
    while left:
        try:
            yield select(*left)
        except ChannelClosedError as closed:
            left = [end for end in left if end is not closed.end]


def _each_once(ends: Sequence[Any]) -> list[Any]:
    return list({id(end): end for end in ends}.values())


def _receive_ready(ends: Sequence[Any], line: int, asked: int) -> Any:
    """Receive from one of the ends that are ready, chosen by lot; `BLOCKED` when none is."""
    try:
        found = [end.ready for end in ends]
    except AttributeError:
        wrong = next(end for end in ends if not isinstance(end, RecvChannel | Timer))
        raise TypeError(
            f"select takes receiving ends and timers, not {wrong!r}; to send to one of several, try send_nowait on each"
        ) from None
    for wanted in _IN_THIS_ORDER:
        ready = [end for end, what in zip(ends, found, strict=True) if what == wanted] if wanted in found else []
        while ready:
            end = ready.pop(int(_lot() * len(ready)))
            try:
                return Selected(end, end.receive_ready(line, asked))
            except ChannelEmptyError:  # another was faster
                continue
            except ChannelClosedError as closed:
                closed.end = end
                raise
    if not ends:
        raise ValueError("select needs at least one receiving end: without any it would wait for ever")
    return BLOCKED


def _wait(ends: list[Any], context: Context, line: int, asked: int, deadline: Deadline) -> Any:
    """Wait until one of the ends is ready, and receive from it; `BLOCKED` when the deadline came first."""
    channels = [end for end in ends if isinstance(end, RecvChannel)]
    timers = [end for end in ends if isinstance(end, Timer)]
    lane, since = context.lane, _now()
    key = channels[0].key if len(ends) == 1 and channels else SEVERAL
    until = _earliest(timers, deadline)
    try:
        for end in channels:
            end.note_wait(since, until or 0, len(ends))
        if lane is not None:
            lane.parked(Op.RECV, key, line, since)
        if context.board is not None:
            context.board.waits_at([end.place for end in channels if end.hidden])
        found = vigil.wait_at_any(
            [end.gate for end in channels],
            lambda: _receive_ready(ends, line, asked),
            until,
            context.cancel_fd,
            context.spins,
        )
    except BaseException as error:
        if lane is not None and type(error) is not ChannelClosedError:  # that one is recorded by its end
            lane.received(key, 0, 0, 0, STATUS.get(type(error), Status.FAILED), line, 0, asked, _now())
        raise
    finally:
        for end in channels:
            end.note_wait(0, 0, 0)
        if lane is not None:
            lane.unparked()
        if context.board is not None:
            context.board.waits_no_more()
    if found is BLOCKED and lane is not None:
        lane.received(key, 0, 0, 0, Status.TIMEOUT, line, 0, asked, _now())
    return found


def _earliest(timers: Sequence[Timer], deadline: Deadline) -> Deadline:
    moments = [timer.due_ns for timer in timers]
    if deadline is not None:
        moments.append(deadline)
    return min(moments, default=None)
