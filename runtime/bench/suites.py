"""What a suite is: contestants that take turns, what they measure, and the tables that this makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

type Plan = dict[str, Any]  # how much of everything: plain data
type Slices = dict[str, list[float]]  # nanoseconds, by quantity: each slice's


class Contestant(NamedTuple):
    """Who takes turns.  `missing` says why it cannot, in words; empty when it can."""

    title: str
    turn: Callable[[Plan], Slices]
    missing: Callable[[], str] = lambda: ""


class Table(NamedTuple):
    """Quantities side by side.

    Ratios are to the contestant `reference`, column by column; without one, each contestant's to its own first column.
    """

    title: str
    quantities: tuple[str, ...]
    reference: str = ""
    unit: str = "time"  # or "bytes", or "times"


class Suite(NamedTuple):
    """What is measured in one go.  `quick` is what of the plan is different when there is little time."""

    title: str
    contestants: Mapping[str, Contestant]
    tables: tuple[Table, ...]
    plan: Plan
    quick: Plan
    rounds: int
    note: str = ""
