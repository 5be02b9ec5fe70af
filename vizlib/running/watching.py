"""Following one run from a thread of its own, so that the kernel stays free for other cells.

The thread looks at the run a few times a second, and less often when looking costs much; it hears at once when the run
ends or is to stop.  It ends with the run.  Nothing that goes wrong in showing can hurt the run.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from runtime.errors import RunError, RunStoppedError
from runtime.tracing.progress import Progress
from runtime.tracing.traces import Trace
from vizlib.running import outcomes
from vizlib.running.outcomes import Outcome

_log = logging.getLogger(__name__)
LOOK_S = 0.15
"""From one look to the next."""
_SLICE_S = 0.025  # how fast a stop is heard
_SHARE = 5  # a look that took t is followed by a pause of at least so many times t
_LONGEST_S = 1.5


@runtime_checkable
class Running(Protocol):
    """What a run must be able to do to be watched: `runtime.Run` can."""

    @property
    def name(self) -> str:
        """The program's."""

    @property
    def backend(self) -> str:
        """Where its workers run."""

    @property
    def trace(self) -> Trace:
        """What has been recorded so far."""

    def progress(self, after: Progress | None = None) -> Progress:
        """What happened since `after`."""

    def poll(self, timeout: float = 0.0) -> bool:
        """Hear the host for a moment; whether the run has ended."""

    def stop(self) -> str:
        """End it; what that took."""

    def wait(self) -> Trace:
        """Block until it has ended; raises what went wrong."""


class StoppedWhileBeginningError(BaseException):
    """The run was to stop while the program was still being made.  No `except Exception` catches it."""


class Watch:
    """One run, watched.  `show` is called with every look, `done` once, both by the watching thread."""

    def __init__(
        self,
        begin: Callable[[], Running],
        show: Callable[[str, Progress], None],
        done: Callable[[Outcome], None],
    ) -> None:
        self._begin, self._show, self._done = begin, show, done
        self._stop = threading.Event()
        self._lock = threading.RLock()  # an interrupt may come while its own thread is stopping
        self._beginning = True
        self._thread = threading.Thread(target=self._watch, name="vizlib watch", daemon=True)
        self._cost_s = 0.0
        self._blind = False
        self.outcome: Outcome | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Have the run stopped; returns at once."""
        with self._lock:
            if self._beginning and not self._stop.is_set() and self._thread.ident is not None:
                # what makes the program may never end, and is Python of this process
                identity = ctypes.c_ulong(self._thread.ident)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(StoppedWhileBeginningError))
            self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the run has ended and all is shown; whether that is so."""
        if self._thread is not threading.current_thread() and self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _watch(self) -> None:
        self.outcome = self._followed()
        try:
            self._done(self.outcome)
        except Exception:
            _log.exception("The finished run cannot be shown")

    def _followed(self) -> Outcome:
        run: Running | None = None
        try:
            run = self._begin()
            with self._lock:
                self._beginning = False
            return self._to_its_end(run)
        except StoppedWhileBeginningError:
            if run is not None:
                run.stop()
            error = RunStoppedError("the run was stopped while its program was still being made")
            return outcomes.stopped(None, "beginning", error)
        except Exception as error:
            return outcomes.failed(error)

    def _to_its_end(self, run: Running) -> Outcome:
        told, how = self._look(run, None, "starting"), ""
        while not self._over(run):
            began = time.thread_time()
            told = self._look(run, told, "running")
            self._cost_s = time.thread_time() - began
        if self.stopping:
            self._look(run, told, "stopping")
            how = run.stop()
        else:
            self._look(run, told, "reading what was recorded")
        try:
            return outcomes.finished(run.wait())
        except RunError as error:
            return outcomes.failed(error, how)

    def _over(self, run: Running) -> bool:
        """Let the time from one look to the next pass; whether there will be no other."""
        looks_again = time.monotonic() + min(max(LOOK_S, _SHARE * self._cost_s), _LONGEST_S)
        while not self.stopping:
            if run.poll(_SLICE_S):
                return True
            if time.monotonic() >= looks_again:
                return False
        return True

    def _look(self, run: Running, after: Progress | None, phase: str) -> Progress | None:
        """Look and show, until that fails once: the run goes on unseen."""
        if self._blind:
            return after
        try:
            told = run.progress(after)
            begun = any(now is not None for now in told.now)
            self._show(phase if begun or phase != "running" else "starting", told)
            return told
        except Exception:
            self._blind = True
            _log.exception("The live view shows nothing more until the run has ended; the run goes on")
            return after
