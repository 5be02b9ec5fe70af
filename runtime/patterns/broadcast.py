"""Broadcast: one message to each of several receivers.

A channel gives each object to one receiver, whoever comes first.  To tell all, send to each, through a channel of his
own.  Every receiver gets the messages in order; the sender waits for the slowest, as long as his channel is full: give
the channels a capacity if they shall not go in step.
"""

from __future__ import annotations

import time
from typing import Any

import runtime


class Broadcast:
    """Sends to all of its ends.  Whoever has closed his receiving end is left out from then on."""

    def __init__(self, *ends: runtime.SendChannel) -> None:
        self._ends = list(ends)

    def __len__(self) -> int:
        """How many receivers are left."""
        return len(self._ends)

    def add(self, end: runtime.SendChannel) -> None:
        """Send to this one, too, from now on."""
        self._ends.append(end)

    def send(self, obj: Any, timeout: float | None = None) -> int:
        """Send an object to every receiver, and return to how many.

        Blocks while a channel is full.  Raises `ChannelTimeoutError` after `timeout` seconds in all; who comes earlier
        in the order of the ends has it by then.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        for end in list(self._ends):
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                end.send(obj, timeout=remaining)
            except runtime.ChannelClosedError:
                self._ends.remove(end)
        return len(self._ends)

    def close(self) -> None:
        """Close every end: all receivers see the end."""
        for end in self._ends:
            end.close()
        self._ends.clear()
