"""The results as text: ratios first, then what they come from, with bars.

One table of a suite:

    Round trip: an integer goes there and comes back
      × bare primitive    ratio   (bests)      median        best
      bare primitive       1.00    (1.00)     12.3 µs     10.9 µs  ███
      this runtime         1.31    (1.25)     16.1 µs     13.6 µs  ████
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from runtime.bench.results import Entry, Results, SuiteResult, ratio
from runtime.bench.suites import Table
from runtime.tracing.wording import bytes_in, duration

_BAR = 30
_WIDE_SPREAD = 20  # from the shortest to the longest: beyond that, bars are logarithmic


def report(results: Results) -> str:
    """All tables."""
    return "\n\n".join("\n".join(lines_of(suite)) for suite in results.suites.values())


def lines_of(suite: SuiteResult) -> Iterator[str]:
    """The tables of one suite, and who took no part."""
    for number, table in enumerate(suite.tables):
        if number:
            yield ""
        yield from _one_column(suite, table) if len(table.quantities) == 1 else _columns(suite, table)
    if suite.note:
        yield ""
        yield suite.note
    absent = [f"  {entry.title}: {entry.missing}" for entry in suite.entries if entry.missing]
    if absent:
        yield ""
        yield "Took no part:"
        yield from absent


def _shown(value: float, table: Table) -> str:
    if table.unit == "bytes":
        return bytes_in(round(value))
    if table.unit == "times":
        return f"{value:.2f}"
    return duration(value) if value >= 10 else f"{value:.1f} ns"


def times(value: float) -> str:
    """A ratio, with as many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _one_column(suite: SuiteResult, table: Table) -> Iterator[str]:
    (quantity,) = table.quantities
    measured = [(entry, figure) for entry in suite.entries if (figure := entry.figure(quantity))]
    reference = suite.reference_of(table)
    yield table.title
    if not measured or reference is None:
        yield "  nobody could be measured"
        return
    against = f"× {reference.title}"
    width = max(len(against), *(len(entry.title) for entry, _ in measured))
    scale = _Scale([figure.median for _, figure in measured])
    yield f"  {against:{width}}    ratio   (bests)      median        best{scale.note}"
    for entry, figure in measured:
        compared = ratio(entry, quantity, reference, quantity)
        shown = f"{times(compared.median):>9}{'(' + times(compared.best) + ')':>10}" if compared else " " * 19
        yield (
            f"  {entry.title:{width}}{shown}{_shown(figure.median, table):>12}"
            f"{_shown(figure.best, table):>12}  {scale.bar(figure.median)}"
        ).rstrip()


def _columns(suite: SuiteResult, table: Table) -> Iterator[str]:
    """Ratios first; the figures that they come from below them."""
    measured = [entry for entry in suite.entries if entry.figure(table.quantities[0])]
    reference = suite.reference_of(table)
    yield table.title
    if not measured:
        yield "  nobody could be measured"
        return
    against = f"× {reference.title if reference else table.quantities[0]}"
    width = max(len(against), *(len(entry.title) for entry in measured))
    yield f"  {against:{width}}" + "".join(f"{quantity:>14}" for quantity in table.quantities)
    for entry in measured:
        yield f"  {entry.title:{width}}" + "".join(_ratio_in(table, entry, reference, q) for q in table.quantities)
    yield "  medians"
    for entry in measured:
        figures = [entry.figure(quantity) for quantity in table.quantities]
        yield f"  {entry.title:{width}}" + "".join(
            f"{_shown(figure.median, table) if figure else '':>14}" for figure in figures
        )


def _ratio_in(table: Table, entry: Entry, reference: Entry | None, quantity: str) -> str:
    compared = (reference, quantity) if reference else (entry, table.quantities[0])
    found = ratio(entry, quantity, *compared)
    return f"{times(found.median) if found else '':>14}"


class _Scale:
    """How long a bar is: linear, or logarithmic where the shortest could not be seen."""

    def __init__(self, values: list[float]) -> None:
        positive = [value for value in values if value > 0]
        self._low, self._high = (min(positive), max(positive)) if positive else (1.0, 1.0)
        self._logarithmic = self._high > _WIDE_SPREAD * self._low
        self.note = "  (bars: logarithmic)" if self._logarithmic else ""

    def bar(self, value: float) -> str:
        if value <= 0:
            return ""
        if self._logarithmic:
            share = (1 + math.log(value / self._low)) / (1 + math.log(self._high / self._low))
        else:
            share = value / self._high
        return "█" * max(1, round(share * _BAR))
