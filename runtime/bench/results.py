"""What was measured, as plain data, and as a file.

A result file is JSON:

    {"format": "interpreter-lab-bench", "version": 1, "machine": {...}, "settings": {...},
     "suites": {suite: {"title", "note", "tables": [{"title", "quantities", "reference", "unit"}],
                        "entries": [{"name", "title", "missing", "turns": [{quantity: [typical, best]}]}]}}}

Turns with the same index were taken in the same round, one right after the other.  Figures are nanoseconds, or bytes
where the table says so.  A later version of this program reads every earlier version.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from runtime.bench.suites import Slices, Table

FORMAT, VERSION = "interpreter-lab-bench", 1

type Turn = dict[str, tuple[float, float]]  # by quantity: the median of the slices, and the best


class Figure(NamedTuple):
    """One quantity of one contestant, over all rounds."""

    median: float
    best: float


@dataclass
class Entry:
    """One contestant of a suite.  `missing` says why it took no part, or how it failed."""

    name: str
    title: str
    missing: str = ""
    turns: list[Turn] = field(default_factory=list)

    def add(self, measured: Slices) -> None:
        """Take in one turn."""
        self.turns.append({name: (statistics.median(seen), min(seen)) for name, seen in measured.items() if seen})

    def figure(self, quantity: str) -> Figure | None:
        """The median of the turns' medians, and the best of all slices; None where it was not measured."""
        seen = [turn[quantity] for turn in self.turns if quantity in turn]
        if not seen:
            return None
        return Figure(statistics.median(typical for typical, _ in seen), min(best for _, best in seen))


@dataclass
class SuiteResult:
    """What the contestants of one suite measured."""

    title: str
    tables: tuple[Table, ...]
    entries: list[Entry]
    note: str = ""

    def entry(self, name: str) -> Entry | None:
        """A contestant's, by its name."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def reference_of(self, table: Table) -> Entry | None:
        """The contestant that a table compares with: where that is missing, the first that is not."""
        present = [entry for entry in self.entries if entry.figure(table.quantities[0])]
        if not table.reference or not present:
            return None
        return next((entry for entry in present if entry.name == table.reference), present[0])


@dataclass
class Results:
    """Everything of one call."""

    machine: dict[str, Any]
    settings: dict[str, Any]
    suites: dict[str, SuiteResult]

    def ratio(self, suite: str, quantity: str, one: str, other: str) -> Figure | None:
        """How many times as much `one` takes as `other`: the median of the rounds' ratios, and the ratio of the bests.

        None where either was not measured.
        """
        found = self.suites.get(suite)
        entries = (found.entry(one), found.entry(other)) if found else (None, None)
        return ratio(entries[0], quantity, entries[1], quantity)


def ratio(one: Entry | None, quantity: str, other: Entry | None, its_quantity: str) -> Figure | None:
    """The same of two entries and two quantities."""
    if one is None or other is None:
        return None
    above, below = one.figure(quantity), other.figure(its_quantity)
    if above is None or below is None or not below.best or not below.median:
        return None
    rounds = [
        mine[quantity][0] / its[its_quantity][0]
        for mine, its in zip(one.turns, other.turns, strict=False)
        if quantity in mine and its.get(its_quantity, (0, 0))[0]
    ]
    return Figure(statistics.median(rounds) if rounds else above.median / below.median, above.best / below.best)


def ratios(results: Results) -> Iterator[tuple[str, Figure]]:
    """Every ratio that the tables show, by a name of its own."""
    for name, suite in results.suites.items():
        for table in suite.tables:
            reference = suite.reference_of(table)
            for entry in suite.entries:
                for quantity in table.quantities:
                    compared = (reference, quantity) if reference else (entry, table.quantities[0])
                    found = ratio(entry, quantity, *compared)
                    if found is not None and (entry, quantity) != compared:
                        yield f"{name} / {quantity} / {entry.name} : {compared[0].name}", found


def geometric_mean(values: Iterable[float]) -> float:
    """The mean of ratios."""
    return math.exp(statistics.fmean(map(math.log, values)))


def save(results: Results, path: str) -> None:
    """Write a result file."""
    content: dict[str, Any] = {"format": FORMAT, "version": VERSION} | asdict(results)
    for name, suite in results.suites.items():
        content["suites"][name]["tables"] = [table._asdict() for table in suite.tables]
    Path(path).write_text(json.dumps(content) + "\n", encoding="utf-8")


def load(path: str) -> Results:
    """Read a result file.  Raises `ValueError`, which says what is wrong with it."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["version"] > VERSION:
            raise ValueError(f"{path} is of format {content['format']!r}, version {content['version']}")
        return Results(
            content["machine"],
            content["settings"],
            {
                name: SuiteResult(
                    suite["title"],
                    tuple(Table(**table | {"quantities": tuple(table["quantities"])}) for table in suite["tables"]),
                    [Entry(**entry) for entry in suite["entries"]],
                    suite["note"],
                )
                for name, suite in content["suites"].items()
            },
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no JSON: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no result file of this program: {error!r}") from None
