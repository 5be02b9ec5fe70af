"""The two ends of a channel: what users hold, and how they come to them."""

from __future__ import annotations

import sys

from runtime.channels.context import current
from runtime.channels.core import Core
from runtime.channels.end import ChannelStats as ChannelStats
from runtime.channels.end import line_in
from runtime.channels.marks import sign
from runtime.channels.receiving import RecvChannel as RecvChannel
from runtime.channels.sending import SendChannel as SendChannel


def create_channel(name: str | None = None, capacity: int | None = 0) -> tuple[RecvChannel, SendChannel]:
    """Create a channel and return its ends, the receiving end first (as in PEP 554).

    `capacity` is how many objects may wait in it: 0 is a rendezvous (`send` returns when a receiver took the object),
    None is no bound.  Works between the interpreters of one process and between threads.
    """
    if capacity is not None and (not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 0):
        raise ValueError(f"capacity must be None or a whole number from 0 on, not {capacity!r}")
    core = Core.create(name, capacity)
    context = current()
    lane = context.lane
    sign(core, context.owner, 0 if lane is None else line_in(lane.filename, sys._getframe(1)))
    if lane is not None:
        lane.created(core.key, core.name, capacity)
    return RecvChannel(core), SendChannel(core)
