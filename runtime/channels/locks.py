"""Locks between interpreters.

A lock is a channel of capacity 1 with one token in it.  To take the lock is to receive the token, to give it back is to
send it.  So waiting for a lock is waiting in a channel: without polling, with timeouts, ended by Stop, seen by the
deadlock watch; and a trace shows who handed the lock to whom, as messages.

Who has the lock stands in the channel's words.  There the deadlock watch looks, too: only the holder of a lock can
release those who wait for it.  A worker that ends while it has a lock gives back a token that says so: whoever takes
that one is told, puts it back for the others, and has nothing.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

from runtime.channels.context import current
from runtime.channels.core import Core, Handle, Shared
from runtime.channels.end import HasEnds, come_in, line_in, set_out
from runtime.channels.marks import read_text, sign, write_text
from runtime.channels.receiving import RecvChannel
from runtime.channels.sending import SendChannel
from runtime.errors import ChannelClosedError, ChannelEmptyError, ChannelError, ChannelTimeoutError

_now = time.monotonic_ns
_me = threading.get_native_id
_THREAD, _WORKER, _SINCE, _LINE = (
    int(word) for word in (Shared.HELD_BY_THREAD, Shared.HELD_BY_WORKER, Shared.HELD_SINCE, Shared.HELD_LINE)
)


def lay(name: str | None, *, local: bool = False) -> Core:
    """Make the channel that a new lock is, with its token."""
    core = Core.create(name, 1, local=local)
    core.words[Shared.LOCK] = 1
    core.post(0, None, 0)
    return core


class Lock(HasEnds):
    """A lock that the workers of a program share, in whatever interpreters, threads or processes they run.

    `with lock:` takes it and gives it back.  It is not reentrant, and is given back by the thread that took it.  It can
    be sent through channels; each copy is the same lock.
    """

    __slots__ = ("__weakref__", "_giving", "_mine", "_taking", "_words")

    def __init__(self, name: str | None = None) -> None:
        """Create a lock, free.  In a program, declare it: `program.lock(name)`."""
        core = lay(name)
        context = current()
        lane = context.lane
        sign(core, context.owner, 0 if lane is None else line_in(lane.filename, sys._getframe(1)))
        if lane is not None:
            lane.created(core.key, core.name, 1, lock=True)
        self._attach(RecvChannel(core), SendChannel(core))

    @classmethod
    def of(cls, core: Core, taking: Handle, giving: Handle) -> Lock:
        """The lock that was laid as `core`, with two ends that were opened for this one."""
        return _join(RecvChannel(core, row=taking), SendChannel(core, row=giving))

    def _attach(self, taking: RecvChannel, giving: SendChannel) -> None:
        self._taking, self._giving = taking, giving
        self._words = taking.words
        self._mine = False  # whether it was taken through this copy

    @property
    def name(self) -> str:
        """The lock's name."""
        return self._taking.name

    def locked(self) -> bool:
        """Whether somebody has it now."""
        return not len(self._taking)

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take the lock; return whether that was done.

        Blocks, without polling, while another has it: at most `timeout` seconds, or not at all if not `blocking`.
        Raises `RuntimeError` when this thread has it already, and `ChannelClosedError` when the worker that had it
        ended without giving it back.
        """
        lane = current().lane
        line = 0 if lane is None else line_in(lane.filename, sys._getframe(1))
        return self._acquire(blocking, timeout, line)

    def _acquire(self, blocking: bool, timeout: float | None, line: int) -> bool:
        words, me = self._words, _me()
        if words[_THREAD] == me:
            raise RuntimeError(f"this thread has lock {self.name!r} already: a Lock is not reentrant")
        try:
            left_by = self._taking.receive(timeout, blocking, line)
        except (ChannelTimeoutError, ChannelEmptyError):
            return False
        except ChannelError as error:
            if type(error) is not ChannelError:
                raise
            left_by = None  # the token was lost with the interpreter that gave it back: we have taken it all the same
        if left_by is not None:
            self._giving.send_nowait(left_by)
            raise ChannelClosedError(f"lock {self.name!r} was taken by {left_by}, which ended without giving it back")
        context = current()
        words[_LINE], words[_SINCE], words[_WORKER] = line, _now(), context.owner
        write_text(words, Shared.HELD_BY_NAME, context.name)
        words[_THREAD] = me
        self._mine = True
        return True

    def release(self) -> None:
        """Give the lock back.  Never blocks.  Raises `RuntimeError` when this thread has not taken it."""
        lane = current().lane
        self._release(None, 0 if lane is None else line_in(lane.filename, sys._getframe(1)))

    def _release(self, left_by: str | None, line: int) -> None:
        words = self._words
        if words[_THREAD] != _me():
            holder = f"{self._holder()} has it" if self.locked() else "nobody has it"
            raise RuntimeError(f"lock {self.name!r} is given back by the thread that took it, and {holder}")
        self._mine = False
        words[_THREAD] = words[_WORKER] = 0
        self._giving.put(left_by, line)

    def __enter__(self) -> bool:
        lane = current().lane
        return self._acquire(True, None, 0 if lane is None else line_in(lane.filename, sys._getframe(1)))

    def __exit__(self, *_: object) -> None:
        self.release()

    def close(self) -> None:
        """Use the lock no more.  Who has it then leaves it taken: whoever waits for it is told.

        A worker's locks are closed when it ends.
        """
        if self._taking.closed:
            return
        if self._mine and self._words[_THREAD] == _me():
            self._release(self._holder(), 0)
        self._taking.close()
        self._giving.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter is being torn down
            pass

    def _holder(self) -> str:
        words = self._words
        name = read_text(words, Shared.HELD_BY_NAME)
        who = f"worker {name!r}" if name else f"thread {words[_THREAD]}"
        return f"{who} at line {words[_LINE]}" if words[_LINE] else who

    def __repr__(self) -> str:
        since = self._words[_SINCE]
        if self._taking.closed:
            state = "closed"
        elif not self.locked():
            state = "free"
        elif not self._words[_THREAD]:
            state = "changing hands"
        else:
            state = f"held by {self._holder()} for {(_now() - since) / 1e6:.1f} ms"
        return f"<Lock {self.name!r}, {state}>"

    def set_out(self, clones: list[tuple[Core, Handle]]) -> Lock:
        """A copy of this lock for another thread."""
        return _join(set_out(self._taking, clones), set_out(self._giving, clones))

    def come_in(self) -> None:
        """Belong to the thread that calls this."""
        come_in((self._taking, self._giving))

    def __reduce__(self) -> tuple[Any, ...]:
        return _join, (self._taking, self._giving)


def _join(taking: RecvChannel, giving: SendChannel) -> Lock:
    lock = Lock.__new__(Lock)
    lock._attach(taking, giving)
    return lock
