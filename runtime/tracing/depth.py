"""How many objects a channel held over time, and how long they were in it.

A message is in its channel from the moment that its sender found room (`admitted_ns`) until a receiver took it
(`taken_ns`).  Both are moments that the two workers read themselves, next to what they tell of: the sender just
before it puts the object, the receiver just after it got one.  So when a channel is full, the sender that was let in
may write its moment down before the receiver that made room does.  Room there must have been: the object that leaves
next has left at that moment.  A rendezvous hands objects from worker to worker and never holds one.
"""

from __future__ import annotations

from itertools import compress
from typing import NamedTuple

from runtime.tracing.model import NONE, Message
from runtime.tracing.tables import Table


class QueueTime(NamedTuple):
    """How long the messages of one channel were in it, from the admission of each until it was taken, in ns."""

    channel: int
    messages: int  # that were received; of the others nobody knows
    shortest_ns: int
    median_ns: int
    longest_ns: int


def depth_of(messages: Table[Message], channel: int, capacity: int | None = None) -> list[tuple[int, int]]:
    """(time in ns, objects in the channel from then on), a step for each message that entered or left.

    Of two things at the same nanosecond the order is not known: a message leaves first, unless the channel was empty.
    """
    if capacity == 0:
        return []
    chosen = bytes(number == channel for number in messages.column("channel"))
    stays = list(compress(zip(messages.column("admitted_ns"), messages.column("taken_ns"), strict=True), chosen))
    stays.sort(key=_admitted)  # those of one nanosecond stay as they were sent
    entered, left = [admitted for admitted, _ in stays], _left([taken for _, taken in stays])
    if capacity is not None:
        left = _at_the_latest(left, entered[capacity:])
    steps: list[tuple[int, int]] = []
    inside = gone = 0
    while inside < len(entered) or gone < len(left):
        leaves = gone < len(left) and (
            inside == len(entered) or left[gone] < entered[inside] or (left[gone] == entered[inside] and inside > gone)
        )
        at = left[gone] if leaves else entered[inside]
        gone, inside = gone + leaves, inside + (not leaves)
        steps.append((at, inside - gone))
    return steps


def _median(times: list[int]) -> int:
    return sorted(times)[(len(times) - 1) // 2]  # `statistics` takes as long to import as all of this package


def _admitted(stay: tuple[int, int]) -> int:
    return stay[0]


def _left(taken: list[int]) -> list[int]:
    """When objects left, given in the order in which they came in.

    A channel gives out what came first.  So an object that nobody has, while a later one was taken, was lost on its way
    to a receiver (which was stopped, or could not decode it): it had left by then.
    """
    left: list[int] = []
    next_taken = NONE
    for at in reversed(taken):
        if at != NONE:
            next_taken = at if next_taken == NONE else min(next_taken, at)
            left.append(at)
        elif next_taken != NONE:
            left.append(next_taken)
    return sorted(left)


def _at_the_latest(left: list[int], pushed: list[int]) -> list[int]:
    """When objects left, each at the latest when the one that needed its room came in."""
    both = min(len(left), len(pushed))
    return [*map(min, left, pushed), *left[both:], *pushed[both:]]


def queue_times(messages: Table[Message], channels: int) -> Table[QueueTime]:
    """The time in queue of every channel from which something was received."""
    found: list[list[int]] = [[] for _ in range(channels)]
    for channel, receiver, admitted, taken in zip(
        *(messages.column(name) for name in ("channel", "receiver", "admitted_ns", "taken_ns")), strict=True
    ):
        if receiver != NONE:
            found[channel].append(taken - admitted)
    rows = [
        QueueTime(channel, len(times), min(times), _median(times), max(times))
        for channel, times in enumerate(found)
        if times
    ]
    return Table.of(QueueTime, rows)
