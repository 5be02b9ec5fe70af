"""How a run ended, in words: what a live view says when there is nothing more to watch."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from enum import Enum

from runtime.errors import DeadlockError, ProgramError, RunError, RunStoppedError
from runtime.tracing.traces import Trace
from vizlib import words

_TOOK = {
    "": "it had just ended by itself",
    "woken": "it was enough to wake the workers that waited",
    "interrupted": "an exception had to be raised in a worker that computed",
    "beginning": "its program was still being made",
    "killed": "its process had to be killed, since a worker stayed in a call that nothing can interrupt",
}
_ELSEWHERE = ("in the error's .trace", "in the picture")


class End(Enum):
    """The ways in which a run ends."""

    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.  `sentence` says it in one line, `details` are what else there is to read; both plain text."""

    end: End
    sentence: str
    details: str = ""
    trace: Trace | None = None
    error: BaseException | None = None

    @property
    def comparable(self) -> bool:
        """Whether its time can be compared with another's: it ran to its end."""
        return self.end is End.FINISHED and self.trace is not None and self.trace.complete and self.trace.wall_ns > 0


def finished(trace: Trace) -> Outcome:
    """It ran to its end."""
    return Outcome(End.FINISHED, f"Finished in {words.duration(trace.wall_ns)}.", trace=trace)


def stopped(trace: Trace | None, how: str, error: BaseException | None = None) -> Outcome:
    """It was stopped; `how` is what `Run.stop` returned."""
    after = f" after {words.duration(trace.wall_ns)}" if trace is not None else ""
    return Outcome(End.STOPPED, f"Stopped{after}: {_TOOK.get(how, how)}.", trace=trace, error=error)


def failed(error: BaseException, how: str = "") -> Outcome:
    """It raised `error`; `how` is what stopping it took, if it was stopped.

    A worker may fail because others were stopped before it: that is no news.
    """
    trace = getattr(error, "trace", None)
    if isinstance(error, RunStoppedError) or (isinstance(error, RunError) and how):
        return stopped(trace, how, error)
    message = str(error).replace(*_ELSEWHERE) if isinstance(error, RunError) else str(error)
    first, _, rest = message.partition("\n")
    kind = "Deadlock" if isinstance(error, DeadlockError) else type(error).__name__
    details = rest.strip("\n") if isinstance(error, RunError | ProgramError) else _place(error)
    return Outcome(End.FAILED, f"{kind}: {first}" if first else kind, details, trace, error)


def _place(error: BaseException) -> str:
    """The line at which a function that makes a program failed."""
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    return f"at line {last.lineno}, in {last.name}: {last.line}" if last and last.line else ""
