"""Every error that the runtime raises, in one family tree.

RuntimeError
 ├─ ChannelError
 │   ├─ ChannelClosedError        this end is closed, or the other side is gone
 │   ├─ ChannelEmptyError         nothing to receive now
 │   ├─ ChannelFullError          no room now
 │   ├─ ChannelTimeoutError       the wait was not over in time; also a TimeoutError
 │   ├─ ChannelNotFoundError      the channel behind this end no longer exists
 │   └─ MovedError                this buffer was sent away; says where
 ├─ TaskError                     a pool's task raised what cannot leave its interpreter
 ├─ ProgramError                  the program cannot run as written; says what to change
 └─ RunError                      a run that did not end well; carries the trace so far
     ├─ WorkerError               a worker raised
     ├─ DeadlockError             workers wait for each other for ever
     ├─ RunTimeoutError           the run was not over in time; also a TimeoutError
     ├─ RunLimitError             it used more than its limits allow
     ├─ RunStoppedError           somebody stopped it
     └─ HostCrashError            the host process died, or that of a worker
TypeError
 └─ NotShareableError             the object cannot cross; says which part, why, and what would work
ValueError
 └─ TraceFormatError              a trace file is damaged or foreign; says where
KeyboardInterrupt
 └─ RunInterruptedError           Ctrl-C, or a notebook's ■, came while a run was waited for, and stopped it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime.reports import Stuck
    from runtime.tracing.model import WorkerFailure
    from runtime.tracing.traces import Trace


class ChannelError(RuntimeError):
    """A channel operation that could not be done."""


class ChannelClosedError(ChannelError):
    """This end is closed, or nobody is left at the other side.  From a `select`, `end` tells which of its ends."""

    end: object = None


class ChannelEmptyError(ChannelError):
    """There is nothing to receive now."""


class ChannelFullError(ChannelError):
    """There is no room to send now."""


class ChannelTimeoutError(ChannelError, TimeoutError):
    """The wait was not over in time."""


class ChannelNotFoundError(ChannelError):
    """The channel behind this end no longer exists."""


class MovedError(ChannelError):
    """This buffer is another's now: it was sent with `move=True`.  Says through which channel, and at which line."""


class NotShareableError(TypeError):
    """The object cannot cross.  `path` names the offending part, as the reader would write it: `message['lock']`."""

    def __init__(self, message: str, path: str = "message") -> None:
        super().__init__(message)
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.args[0], self.path)


class ProgramError(RuntimeError):
    """The program cannot run as it is written."""


class TaskError(RuntimeError):
    """A task of a pool raised what cannot leave its interpreter, or returned what cannot be made again here."""


class TraceFormatError(ValueError):
    """The file is not a trace, or not a whole one."""


class RunError(RuntimeError):
    """A run that did not end well.  `trace` holds what was recorded until then."""

    def __init__(self, message: str, trace: Trace | None = None) -> None:
        super().__init__(message)
        self.trace = trace

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message alone.  Our own frames would only bury it."""
        return [f"{type(self).__name__}: {self}"]


class WorkerError(RunError):
    """A worker raised.  `failures` has one entry for each that did, the first to fail first."""

    def __init__(self, message: str, trace: Trace | None = None, failures: tuple[WorkerFailure, ...] = ()) -> None:
        super().__init__(message, trace)
        self.failures = failures


class DeadlockError(RunError):
    """Workers wait for each other for ever.  `ring` has each of them: it waits for the next, the last for the first."""

    def __init__(self, message: str, trace: Trace | None = None, ring: tuple[Stuck, ...] = ()) -> None:
        super().__init__(message, trace)
        self.ring = ring


class RunTimeoutError(RunError, TimeoutError):
    """The run was not over in time."""


class RunLimitError(RunError):
    """The run used more than its limits allow; says which, and how to raise it."""


class RunStoppedError(RunError):
    """The run was stopped before it ended."""


class RunInterruptedError(KeyboardInterrupt):
    """Ctrl-C, or a notebook's ■, came while a run was waited for.  The run was stopped."""

    def __init__(self, program: str, trace_of: Callable[[], Trace]) -> None:
        super().__init__(
            f"program {program!r} was interrupted, and is stopped. What was recorded so far is in the error's .trace"
        )
        self._trace_of = trace_of

    @property
    def trace(self) -> Trace:
        """What was recorded until then."""
        return self._trace_of()

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message alone.  It knows which cell it was."""
        return [f"KeyboardInterrupt: {self}"]


class HostCrashError(RunError):
    """The process that ran the workers died, or the one of a worker that had its own; says how, and where."""
