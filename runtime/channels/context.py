"""What an end needs to know of the thread that uses it.

A worker binds its context once per thread: whom to tell, and what wakes it for Stop.  Ends that come to it later
(through a channel, or made by `create_channel`) find it here.  Outside a program there is none, and ends work without
being recorded.

While a thread pickles or unpickles a message, the ends and buffers in it travel beside the pickle, as passengers: so
they are known, and given up, when the message cannot be sent, or is never received.
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
    spins: int = 0  # how often an end that must wait looks again before it sleeps, where that pays
    name: str = ""  # the worker's
    by_reference: bool = False  # whether its ends may come to another worker's thread, as they are
    board: LaneWriter | None = None  # where it says at which channels that the host does not know it waits


NOBODY = Context()
SPINS = 40  # for a worker with a GIL of its own, where there are cores for more than one


class Passenger:
    """What travels beside a message: a plain number, the first item of a tuple.  The others are for its receiver."""

    END = 0  # address, handle, side
    BUFFER = 1  # claim, block
    VIEW = 2  # claim, block: of a buffer, to arrive as a memoryview
    LOAN = 3  # claim, loan
    HERE = 4  # the object itself: between threads of one interpreter


class _Thread(threading.local):
    context: Context = NOBODY
    departing: list[tuple[Any, ...]] | None = None
    moving: list[Any] | None = None
    here: bool = False
    arriving: list[Any] | None = None
    rehearsing: bool = False


travel = _Thread()
"""`departing` collects the passengers of the message that this thread pickles, and `moving`, where it is a list, the
buffers among them that leave their sender; `here` when the message stays in this interpreter.  `arriving` has the
passengers of the message that it unpickles.  While `rehearsing`, none departs: it is only tried what can be pickled."""


def passenger(number: int) -> Any:
    """The passenger of this number in the message that this thread unpickles."""
    assert travel.arriving is not None
    return travel.arriving[number]


def bind(context: Context) -> None:
    """Make `context` that of this thread."""
    travel.context = context


def current() -> Context:
    """The context of this thread's worker."""
    return travel.context
