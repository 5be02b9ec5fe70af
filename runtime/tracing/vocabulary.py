"""The words that records use: what a worker does, how an object crosses, how we know, how a life ends.

On its own, because every worker imports it, and little else of a trace.
"""

from __future__ import annotations

import enum

NONE = -1


class State(enum.IntEnum):
    """What a worker is doing.  The states partition its whole life: at each moment it is in exactly one."""

    RUNNING = 0
    GIL_WAIT = 1
    CORE_WAIT = 2
    SEND_BLOCKED = 3
    RECV_BLOCKED = 4
    ENCODE = 5
    DECODE = 6
    SLEEPING = 7
    OBSERVER = 8

    @property
    def label(self) -> str:
        """The word that a person reads: `gil-wait`."""
        return self.name.lower().replace("_", "-")


class Transfer(enum.IntEnum):
    """How an object crossed from sender to receiver."""

    SHARE = 0  # immutable; the interpreter's own cheap path
    PICKLE = 1  # copied by pickle, twice: once out, once in
    BUFFER = 2  # zero-copy memoryview
    MOVE = 3  # buffer whose sender loses access
    REFERENCE = 4  # the object itself: threads only

    @property
    def label(self) -> str:
        """The word that a person reads: `pickle`."""
        return self.name.lower()


class Evidence(enum.IntEnum):
    """How we know the state of a span."""

    MEASURED = 0  # recorded by the worker itself, or seen by the observer
    INFERRED = 1  # concluded from what is known before and after


class Ending(enum.StrEnum):
    """How a worker's life ended."""

    RETURNED = "returned"
    RAISED = "raised"
    STOPPED = "stopped"  # by Stop, a limit, or because another worker failed
    LOST = "lost"  # its process died with it
