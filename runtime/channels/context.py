"""What an end needs to know of the thread that uses it.

A worker binds its context once per thread: whom to tell, and what wakes it for Stop.  Ends that come to it later
(through a channel, or made by `create_channel`) find it here.  Outside a program there is none, and ends work without
being recorded.

While a thread pickles or unpickles a message, the ends in it travel beside the pickle, as passengers: so they are
known, and closed, when the message cannot be sent, or is never received.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from runtime.channels.parking import NO_DESCRIPTOR
from runtime.tracing.recorder import LaneWriter


class Context(NamedTuple):
    """A worker's recorder lane, and the descriptor that becomes readable when the run is to stop."""

    lane: LaneWriter | None = None
    cancel_fd: int = NO_DESCRIPTOR
    owner: int = 0  # worker + 1
    spins: int = 0  # how often an end that must wait looks again before it sleeps


NOBODY = Context()
SPINS = 20  # for a worker with a GIL of its own, where there are cores for more than one


class _Thread(threading.local):
    context: Context = NOBODY
    departing: list[Any] | None = None
    arriving: list[Any] | None = None
    rehearsing: bool = False


travel = _Thread()
"""`departing` collects the ends in the message that this thread pickles: (address, handle, side) each; `arriving` has
those of the message that it unpickles.  While `rehearsing`, none departs: it is only tried what can be pickled."""


def bind(context: Context) -> None:
    """Make `context` that of this thread."""
    travel.context = context


def current() -> Context:
    """The context of this thread's worker."""
    return travel.context
