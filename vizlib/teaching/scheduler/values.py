"""What a puzzle's variables hold: plain values that never change, so that a state of the whole puzzle can be kept.

A list in a snippet is kept as `Items` and handed to its expressions as a list again.  Ends of channels, locks and
shared objects are references by number.
"""

from __future__ import annotations

from typing import Any, NamedTuple

PLAIN = (bool, int, float, str, bytes)


class Items(tuple[Any, ...]):
    """A list, as it was at one moment."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(list(self))


class End(NamedTuple):
    """One end of a channel, as a worker holds it."""

    channel: int
    sending: bool
    name: str

    def __repr__(self) -> str:
        return f"<{'sending' if self.sending else 'receiving'} end of {self.name}>"


class Lock(NamedTuple):
    """A lock that workers take and give back."""

    number: int
    name: str

    def __repr__(self) -> str:
        return f"<lock {self.name}>"


class Shared(NamedTuple):
    """Memory that all workers see: an object with fields, a list of places, or a single variable."""

    number: int
    name: str
    fields: tuple[str, ...]  # empty for a list, ("",) for a variable

    def __repr__(self) -> str:
        return f"<shared {self.name}>"


def freeze(value: Any) -> Any:
    """`value` as it is kept.  Raises `TypeError` for what a puzzle cannot hold."""
    if value is None or type(value) in PLAIN or isinstance(value, End | Lock | Shared):
        return value
    if isinstance(value, list | Items):
        return Items(map(freeze, value))
    if isinstance(value, tuple | range):
        return tuple(map(freeze, value))
    raise TypeError(
        f"a puzzle's variables hold None, numbers, text, lists, tuples and ends of channels, not {type(value).__name__}"
    )


def thaw(value: Any) -> Any:
    """A kept value as an expression sees it."""
    if isinstance(value, End | Lock | Shared):
        return value
    if isinstance(value, Items):
        return [thaw(one) for one in value]
    return tuple(map(thaw, value)) if isinstance(value, tuple) else value


def ends_in(value: Any) -> list[End]:
    """The ends of channels that a value holds."""
    if isinstance(value, End):
        return [value]
    if isinstance(value, tuple) and not isinstance(value, Lock | Shared):
        return [end for one in value for end in ends_in(one)]
    return []
