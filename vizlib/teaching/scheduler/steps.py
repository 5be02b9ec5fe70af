"""The atomic steps that a snippet is made of, as data.

What a worker does with its own variables nobody else sees, so it is folded into the step before it.  Two things get a
step of their own all the same, because that is where people look: a line that does nothing else, and the computing
between a read and a write (`x.n += 1` reads, adds and writes).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import CodeType
from typing import Any

from vizlib.teaching.scheduler.values import Shared

TEMPORARY = "_read"  # values that are in a worker's hand for the length of a line
LOOP = "_rest"  # what a `for` has still to go through
FUNCTIONS: dict[str, Any] = {
    one.__name__: one
    for one in (abs, bool, divmod, float, int, len, list, max, min, range, round, sorted, str, sum, tuple)
}


class Does(StrEnum):
    """What a step does."""

    READ = "read"
    WRITE = "write"
    COMPUTE = "compute"
    TEST = "test"
    SKIP = "skip"  # the rest of an `and` or `or` is not asked
    JUMP = "jump"
    NEXT = "next"
    SEND = "send"
    RECEIVE = "receive"
    CLOSE = "close"
    ACQUIRE = "acquire"
    RELEASE = "release"
    APPEND = "append"
    PUT = "put"
    PASS = "pass"
    ASSERT = "assert"
    RETURN = "return"
    FORGET = "forget"


class PuzzleError(ValueError):
    """A snippet that a puzzle cannot step through; says where, and what it can."""


@dataclass(frozen=True, slots=True)
class Expression:
    """Something to evaluate, and how its author wrote it."""

    text: str
    code: CodeType


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step reads or writes: a shared object's field, a list's place, or a variable that is shared."""

    shared: Shared
    field: str
    index: Expression | None
    text: str


@dataclass(slots=True)
class Step:
    """One atomic step.  `visible` ones are chosen by whoever schedules; the others follow the step before them."""

    does: Does
    line: int  # of the snippet, from 1
    told: str
    visible: bool = False
    first: bool = False  # of its statement
    value: Expression | None = None
    target: tuple[str, ...] = ()
    place: Place | None = None
    goto: int = -1
    wanted: bool = False  # SKIP: jump if it is this
    patient: bool = True  # False: a `_nowait`
    hurried: bool = False  # it has a timeout
    unwinds: tuple[Expression | tuple[tuple[str, ...], int], ...] = ()  # innermost first: locks held, handlers
