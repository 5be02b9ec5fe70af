"""What a puzzle's variables hold: values that never change, so that a state of the whole puzzle can be kept.

A list is kept apart, on the puzzle's heap, and a variable holds a reference to it: two names may stand for one list, as
in Python.  Ends of channels, locks and shared objects are references by number too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

PLAIN = (bool, int, float, str, bytes)


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


class Ref(NamedTuple):
    """A list, by its number on the heap."""

    number: int

    def __repr__(self) -> str:
        return f"<list {self.number}>"


NAMED = (End, Lock, Shared, Ref)
type Heap = Sequence[tuple[Any, ...]]


def checked(value: Any) -> Any:
    """`value`, if a puzzle can hold it; raises `TypeError` otherwise."""
    if isinstance(value, list | tuple) and not isinstance(value, NAMED):
        for one in value:
            checked(one)
    elif not (value is None or type(value) in PLAIN or isinstance(value, NAMED)):
        kind = type(value).__name__
        raise TypeError(
            f"a puzzle's variables hold None, numbers, text, lists, tuples and ends of channels, not {kind}"
        )
    return value


class Lists:
    """The lists that there are now, and which objects an expression saw in their place."""

    def __init__(self, lists: Heap) -> None:
        self.lists: list[tuple[Any, ...]] = list(lists)
        self._seen: dict[int, list[Any]] = {}
        self._numbers: dict[int, int] = {}

    def thaw(self, value: Any) -> Any:
        """A kept value as an expression sees it: the same list for the same reference."""
        if isinstance(value, Ref):
            if value.number not in self._seen:
                made: list[Any] = []
                self._seen[value.number] = made
                self._numbers[id(made)] = value.number
                made += map(self.thaw, self.lists[value.number])
            return self._seen[value.number]
        if isinstance(value, tuple) and not isinstance(value, NAMED):
            return tuple(map(self.thaw, value))
        return value

    def keep(self, value: Any) -> Any:
        """A value as it is kept; a list that was not there before becomes a new one.  Raises `TypeError`."""
        if isinstance(value, list):
            if id(value) in self._numbers:
                return Ref(self._numbers[id(value)])
            self.lists.append(())
            number = len(self.lists) - 1
            self._seen[number], self._numbers[id(value)] = value, number
            self.lists[number] = tuple(map(self.keep, value))
            return Ref(number)
        if isinstance(value, tuple | range) and not isinstance(value, NAMED):
            return tuple(map(self.keep, value))
        return checked(value)

    def put(self, reference: Ref, content: tuple[Any, ...]) -> None:
        """Change a list."""
        self.lists[reference.number] = content
        self._seen.clear()
        self._numbers.clear()

    def copied(self, value: Any) -> Any:
        """A kept value with lists of its own, as a message takes along."""
        copies: dict[int, Ref] = {}

        def copy(one: Any) -> Any:
            if isinstance(one, Ref):
                if one.number not in copies:
                    self.lists.append(())
                    copies[one.number] = made = Ref(len(self.lists) - 1)
                    self.lists[made.number] = tuple(map(copy, self.lists[one.number]))
                return copies[one.number]
            return tuple(map(copy, one)) if isinstance(one, tuple) and not isinstance(one, NAMED) else one

        return copy(value)


def shown(lists: Heap, value: Any) -> str:
    """A kept value as Python writes it."""
    return repr(Lists(lists).thaw(value))


def inside(lists: Heap, value: Any) -> Iterator[Any]:
    """A kept value and everything in it, each list once."""
    waiting, met = [value], set()
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, Ref):
            if one.number not in met:
                met.add(one.number)
                waiting += lists[one.number]
        elif isinstance(one, tuple) and not isinstance(one, NAMED):
            waiting += one


def ends_in(lists: Heap, value: Any) -> list[End]:
    """The ends of channels that a value holds."""
    return [one for one in inside(lists, value) if isinstance(one, End)]


def renumber(lists: Heap) -> tuple[Callable[[Any], Any], Callable[[], tuple[tuple[Any, ...], ...]]]:
    """A function that gives references new numbers in the order in which it meets them; another that makes the heap.

    So two states that differ in nothing but what was made when are the same state, and lists that nobody has are gone.
    """
    numbers: dict[int, int] = {}
    order: list[int] = []

    def rename(value: Any) -> Any:
        if isinstance(value, Ref):
            if value.number not in numbers:
                numbers[value.number] = len(numbers)
                order.append(value.number)
            return Ref(numbers[value.number])
        return tuple(map(rename, value)) if isinstance(value, tuple) and not isinstance(value, NAMED) else value

    def heap() -> tuple[tuple[Any, ...], ...]:
        made: list[tuple[Any, ...]] = []
        while len(made) < len(order):  # renaming what is in a list may meet further lists
            made.append(tuple(map(rename, lists[order[len(made)]])))
        return tuple(made)

    return rename, heap
