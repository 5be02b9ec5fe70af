"""Who waited for whom, and for how long: every moment that a worker was blocked, put down to another.

- A wait to receive ended when a message came: it was the message's **sender** that was waited for.
- A wait to send ended when there was room: it was the **receiver** that made it.  Under a rendezvous that is the one
  that took the object.  In a channel of capacity n, the k-th object that came in found the room that the (k - n)-th
  take made.
- A wait that no message ended (a timeout, a closed channel, the end of the run) was for nobody: `awaited` is NONE.
  So is one of a sender whose room was made by a take that is not recorded.

What is added up are the trace's own `send-blocked` and `recv-blocked` spans, each once.  So for each worker, the
waits come to exactly what `Trace.breakdown()` says that it was blocked.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import compress
from typing import NamedTuple

from runtime.tracing.model import NONE, Channel, Message, Span, State
from runtime.tracing.tables import Table

_IS_WAIT = bytes(state in (State.SEND_BLOCKED, State.RECV_BLOCKED) for state in range(256))


class Wait(NamedTuple):
    """All the time that one worker was blocked on one channel, in one direction, until another worker came."""

    waiter: int  # worker
    awaited: int  # worker, or NONE: nothing ended these waits
    channel: int  # NONE: a select's wait for several, or for a timer, that no channel ended
    state: int  # State.SEND_BLOCKED or State.RECV_BLOCKED
    times: int  # how many spans it was
    waited_ns: int


class _Operations:
    """What one worker sent to, or received from, one channel: (when a wait ended, when it began, who ended it)."""

    __slots__ = ("ended", "rows")

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int]] = []
        self.ended: list[int] = []

    def awaited_in(self, began: int, ended: int) -> int:
        """Whom a span from `began` to `ended` waited for."""
        if not self.ended:
            self.rows.sort()
            self.ended = [row[0] for row in self.rows]
        at = bisect_left(self.ended, ended)
        if at == len(self.rows) or self.rows[at][1] > began:
            return NONE
        return self.rows[at][2]


def waits_of(spans: Table[Span], messages: Table[Message], channels: Sequence[Channel]) -> Table[Wait]:
    """The waits, longest first."""
    operations = _operations(messages, channels)
    nothing = _Operations()
    sums: dict[tuple[int, int, int, int], list[int]] = {}
    names = ("worker", "state", "channel", "began_ns", "ended_ns")
    waiting = bytes(spans.column("state")).translate(_IS_WAIT)
    for worker, state, channel, began, ended in zip(
        *(compress(spans.column(name), waiting) for name in names), strict=True
    ):
        awaited = operations.get((worker, state, channel), nothing).awaited_in(began, ended)
        total = sums.setdefault((worker, awaited, channel, state), [0, 0])
        total[0] += 1
        total[1] += ended - began
    return Table.of(Wait, sorted(((*key, *total) for key, total in sums.items()), key=lambda wait: -wait[-1]))


def _operations(messages: Table[Message], channels: Sequence[Channel]) -> dict[tuple[int, int, int], _Operations]:
    """By worker, state and channel."""
    found: dict[tuple[int, int, int], _Operations] = {}
    names = ("sender", "channel", "receiver", "encoded_ns", "admitted_ns", "asked_ns", "taken_ns")
    columns = [messages.column(name) for name in names]
    for row, maker in zip(zip(*columns, strict=True), _room_makers(messages, channels), strict=True):
        sender, channel, receiver, encoded, admitted, asked, taken = row
        if admitted > encoded:
            found.setdefault((sender, State.SEND_BLOCKED, channel), _Operations()).rows.append(
                (admitted, encoded, maker)
            )
        if receiver != NONE:
            found.setdefault((receiver, State.RECV_BLOCKED, channel), _Operations()).rows.append((taken, asked, sender))
    return found


def _room_makers(messages: Table[Message], channels: Sequence[Channel]) -> list[int]:
    """For each message, the receiver that made room for it."""
    makers = [NONE] * len(messages)
    receivers, of_channel = messages.column("receiver"), messages.column("channel")
    admitted, taken = messages.column("admitted_ns"), messages.column("taken_ns")
    rows_of: dict[int, list[int]] = {}
    for row, number in enumerate(of_channel):
        rows_of.setdefault(number, []).append(row)
    for number, rows in rows_of.items():
        capacity = channels[number].capacity
        if capacity == 0:
            for row in rows:
                makers[row] = receivers[row]
        elif capacity is not None:
            takes = sorted((row for row in rows if receivers[row] != NONE), key=taken.__getitem__)
            comings = sorted(rows, key=admitted.__getitem__)
            for row, take in zip(comings[capacity:], takes, strict=False):
                makers[row] = receivers[take]
    return makers
