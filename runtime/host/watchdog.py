"""Stop, for a worker that computes: a thread in its own interpreter that raises `Cancelled` in it.

A worker that waits in a channel is woken by its cancel descriptor.  One that computes looks at nothing, and Ctrl-C does
not reach a subinterpreter; but `PyThreadState_SetAsyncExc`, called from a thread of the same interpreter, raises an
exception at the worker's next bytecode.  A call that stays in C cannot be stopped so: there the host is killed.
"""

from __future__ import annotations

import _thread
import time

from runtime.channels.parking import Cancelled, wait_readable

_HEAD_START_S = 0.02  # for who waits in a channel: he wakes by himself, at a place where nothing is half done
_AGAIN_S = 0.05  # a snippet may swallow the exception


class Guard:
    """Marks, for the watchdog, when the worker's thread runs the snippet: only there may it be interrupted."""

    def __init__(self) -> None:
        self.thread = _thread.get_ident()
        self._lock = _thread.allocate_lock()
        self._inside = False
        self.interrupted = False  # whether that was ever needed

    def __enter__(self) -> None:
        self._inside = True

    def __exit__(self, *_: object) -> None:
        with self._lock:  # an interruption that has begun is over before the worker goes on
            self._inside = False

    def interrupt(self) -> bool:
        """Raise `Cancelled` in the worker.  False when the snippet does not run (any more)."""
        import ctypes  # noqa: PLC0415 - costs milliseconds, and most runs are never stopped

        with self._lock:
            if self._inside:
                self.interrupted = True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.thread), ctypes.py_object(Cancelled))
            return self._inside


def start(cancel_fd: int) -> Guard:
    """Watch over the thread that calls this; when `cancel_fd` becomes readable, interrupt it until it stops."""
    guard = Guard()
    _thread.start_new_thread(_watch, (cancel_fd, guard))
    return guard


def _watch(cancel_fd: int, guard: Guard) -> None:
    wait_readable(cancel_fd)
    time.sleep(_HEAD_START_S)
    while guard.interrupt():
        time.sleep(_AGAIN_S)
