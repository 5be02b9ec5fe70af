"""Which workers may hold objects of each other: the price of handing over objects themselves, between threads.

Between interpreters an end has one owner.  Between threads a list that was sent is the same list at both sides, and
either may put an end into it, or take one out, at any later time, and nobody sees that.  So the deadlock watch takes it
that workers who have such an object in common can use each other's ends.

What goes round without a message, through a module, is looked for when it matters: an end, or a list of ends, that is
a module's attribute can be used by everybody.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any

from runtime.channels.context import Passenger
from runtime.channels.end import End, HasEnds

_OURS = __name__.partition(".")[0]
_PLAIN = frozenset([type(None), bool, int, float, complex, str, bytes])

noted: set[tuple[int, int]] = set()
"""(worker + 1, channel): this worker has sent or received, through this channel, what can hold other objects."""


def note(obj: Any, owner: int, key: int) -> None:
    """Note that `owner` sends or receives this object itself, if it is one of those."""
    if type(obj) not in _PLAIN and (owner, key) not in noted and _holds_others(obj):
        noted.add((owner, key))


def note_passengers(passengers: Iterable[tuple[Any, ...]], owner: int, key: int) -> None:
    """Note that `owner` sends or receives these, if there are objects themselves among them."""
    if any(kind == Passenger.HERE for kind, *_ in passengers):
        noted.add((owner, key))


def _holds_others(obj: Any) -> bool:
    if type(obj) is tuple:
        return any(map(_holds_others, obj))
    return type(obj) not in _PLAIN and not isinstance(obj, End | HasEnds)


def allies(receivers: Mapping[int, Sequence[int]]) -> dict[int, frozenset[int]]:
    """With whom each worker (+ 1) may have objects in common; `receivers` are the owners of each channel's ends."""
    groups: dict[int, set[int]] = {}
    for owner, key in list(noted):
        group = {owner, *receivers.get(key, ()), *(other for other, channel in list(noted) if channel == key)}
        for member in tuple(group):
            group |= groups.get(member, set())
        for member in group:
            groups[member] = group
    return {worker: frozenset(group) for worker, group in groups.items()}


def in_modules() -> bool:
    """Whether a module that every thread can import has an end for an attribute, or one that has ends in it.

    Takes a few milliseconds.  What lies deeper is not seen.
    """
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != _OURS:
            for value in list(getattr(module, "__dict__", {}).values()):
                if isinstance(value, End | HasEnds) or any(isinstance(one, End | HasEnds) for one in _within(value)):
                    return True
    return False


def _within(value: Any) -> list[Any]:
    """What a list and the like has in it, and an object that is no class among its attributes."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset | deque):
        return list(value)
    own = None if isinstance(value, type | ModuleType | FunctionType) else getattr(value, "__dict__", None)
    return list(own.values()) if isinstance(own, dict) else []
