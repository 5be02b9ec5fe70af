"""How many objects a channel held, over time."""

from __future__ import annotations

from itertools import compress

from runtime.tracing.model import Message
from runtime.tracing.tables import Table


def depth_of(messages: Table[Message], channel: int) -> list[tuple[int, int]]:
    """(time in ns, objects in the channel from then on), a step for each message that entered or left.

    A message is in the channel from the moment that its sender found room until a receiver took it.  Of two things at
    the same nanosecond the order is not known: a message leaves first, unless the channel was empty.
    """
    chosen = bytes(number == channel for number in messages.column("channel"))
    entered = sorted(compress(messages.column("admitted_ns"), chosen))
    left = sorted(at for at in compress(messages.column("taken_ns"), chosen) if at >= 0)
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
