"""Results made by hand."""

from __future__ import annotations

from runtime.bench.results import Entry, Results, SuiteResult
from runtime.bench.suites import Table

ROUND_TRIP = Table("Round trip", ("round trip",), reference="bare")
BY_CHANNELS = Table("By channels", ("1", "64"))


def entry(name: str, *turns: float, quantity: str = "round trip", title: str = "") -> Entry:
    """A contestant whose turns had one slice each."""
    built = Entry(name, title or name)
    for took in turns:
        built.add({quantity: [took]})
    return built


def results(*entries: Entry, table: Table = ROUND_TRIP, suite: str = "pair") -> Results:
    """The results of one suite."""
    machine = {"python": "3.14.0", "build": "GCC", "os": "Linux", "processor": "fast", "cores": 2, "date": "today"}
    return Results(machine, {}, {suite: SuiteResult("A pair", (table,), list(entries))})
