"""What an end needs to know of the worker that uses it: whom to tell, and what wakes it for Stop.

A worker binds its context once per thread; ends that come to it later (through a channel, or made by
`create_channel`) find it here.  Outside a program there is none, and ends work without being recorded.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from runtime.channels.parking import NO_DESCRIPTOR
from runtime.tracing.recorder import LaneWriter


class Context(NamedTuple):
    """A worker's recorder lane, and the descriptor that becomes readable when the run is to stop."""

    lane: LaneWriter | None = None
    cancel_fd: int = NO_DESCRIPTOR
    owner: int = 0  # worker + 1


NOBODY = Context()
_bound = threading.local()


def bind(context: Context) -> None:
    """Make `context` that of this thread."""
    _bound.context = context


def current() -> Context:
    """The context of this thread's worker."""
    context: Context = getattr(_bound, "context", NOBODY)
    return context
