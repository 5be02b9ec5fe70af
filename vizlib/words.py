"""Numbers and names in words: one way to say each thing, for the hover, the headings and the text form.

What a terminal needs too comes from `runtime.tracing.wording`, so that a time reads the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.tracing import wording
from runtime.tracing.model import Ending, Worker
from runtime.tracing.traces import Trace
from runtime.tracing.wording import bytes_in as size
from runtime.tracing.wording import count_of as count
from runtime.tracing.wording import listed

__all__ = [
    "backend",
    "count",
    "duration",
    "end",
    "ending",
    "listed",
    "moment",
    "name",
    "number",
    "part",
    "percents",
    "plain",
    "ratio",
    "setting",
    "short",
    "size",
    "source_line",
    "subtitle",
]

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_FRACTIONS = (
    (1 / 4, "a quarter"),
    (1 / 3, "a third"),
    (1 / 2, "half"),
    (2 / 3, "two thirds"),
    (3 / 4, "three quarters"),
)


@dataclass(frozen=True, slots=True)
class BackendWords:
    """How a backend is called, and what its workers share."""

    title: str
    shares: str
    one: str
    many: str


_BACKENDS = {
    "interpreters": BackendWords("Interpreters", "own GIL each", "interpreter", "interpreters"),
    "shared-gil": BackendWords(
        "Shared GIL", "interpreters, one GIL for all", "interpreter under one GIL", "interpreters under one GIL"
    ),
    "threads": BackendWords("Threads", "one GIL for all", "thread", "threads"),
    "processes": BackendWords("Processes", "own memory and own GIL each", "process", "processes"),
}


def backend(trace: Trace) -> BackendWords:
    """The words for the backend of `trace`; a backend without words of its own is called by its name."""
    known = _BACKENDS.get(trace.backend)
    if known is None:
        return BackendWords(plain(trace.backend).capitalize(), "", "worker", "workers")
    if trace.backend == "threads" and not trace.environment.gil:
        return BackendWords(known.title, "free-threaded, no GIL", known.one, known.many)
    return known


def duration(ns: float) -> str:
    """A time in the unit that fits: `850 ns`, `12.3 µs`, `3.13 ms`, `2.05 s`, `4 min 10 s`, `1 h 2 min`."""
    seconds = round(ns / 1e9)
    if seconds < 120:
        return wording.duration(ns)
    if seconds < 3_600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3_600} h {seconds // 60 % 60} min"


def moment(ns: int, span_ns: int) -> str:
    """A point in time, precise enough to tell it from one `span_ns` later: `1.482 ms` rather than `1.5 ms`."""
    for scale, unit in ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")):
        if abs(ns) >= scale:
            decimals = next((d for d in range(10) if scale / 10**d <= max(span_ns, 1) / 1_000), 9)
            return f"{ns / scale:,.{min(max(decimals, 1), 6)}f} {unit}"
    return f"{ns} ns"


def number(value: int) -> str:
    """A small number as a word, a larger one in figures."""
    return _NUMBERS[value] if value < len(_NUMBERS) else f"{value:,}"


def ratio(value: float) -> str:
    """How many times, as `1.9` with a multiplication sign; large ratios without decimals."""
    return (f"{value:.2f}" if value < 1.1 else f"{value:.1f}" if value < 20 else f"{value:,.0f}") + "\u00d7"


def part(share: float) -> str:
    """A share of a whole as one says it: `about half (48 %)`, or just `12 %`."""
    percent = f"{share:.0%}".replace("%", " %")
    name = next((name for value, name in _FRACTIONS if abs(share - value) <= 0.025), "")
    return f"about {name} ({percent})" if name else percent


def percents(parts: Sequence[int], whole: int) -> list[int]:
    """Whole percentages of `whole` whose sum is right: rounding errors go to where they matter least.

    >>> percents([1, 1, 1], 3)
    [34, 33, 33]
    """
    if whole <= 0:
        return [0] * len(parts)
    exact = [value * 100 / whole for value in parts]
    rounded = [int(value) for value in exact]
    missing = round(sum(exact)) - sum(rounded)
    by_remainder = sorted(range(len(parts)), key=lambda i: rounded[i] - exact[i])
    for i in by_remainder[: max(missing, 0)]:
        rounded[i] += 1
    return rounded


def plain(text: str, limit: int = 60) -> str:
    """One line of harmless text: what does not print (line ends, control and direction marks) is shown escaped."""
    return wording.escaped(text, limit)


def short(text: str, limit: int) -> str:
    """As `plain`, but of a long text both ends are kept, where names usually differ: `the_worker_t…free #12`."""
    shown = plain(text, 1_000)
    if len(shown) <= limit:
        return shown
    number = re.search(r" #\d+$", shown)
    tail = len(number[0]) if number else limit // 3
    return f"{shown[: limit - tail - 1]}…{shown[-tail:]}"


def name(worker: Worker, limit: int = 40) -> str:
    """The worker's name as plain text."""
    return short(worker.name, limit)


def ending(trace: Trace, worker: Worker) -> str:
    """How the worker's life ended: `returned`, `raised ValueError: ...`, `was stopped`, `was lost with its process`."""
    if worker.ending is Ending.RAISED:
        failure = next((error for error in trace.errors if error.worker == worker.name), None)
        return f"raised {plain(failure.type)}: {plain(failure.message, 120)}" if failure else "raised"
    return {
        Ending.RETURNED: "returned",
        Ending.STOPPED: "was stopped",
        Ending.LOST: "was lost with its process",
    }[worker.ending]


def end(trace: Trace) -> str:
    """How the run ended, in a word or two."""
    return "done" if trace.complete else "deadlock" if trace.deadlock else "cut short"


def source_line(worker: Worker, line: int) -> tuple[int, str] | None:
    """The number of `line` within the worker's snippet, from 1, and its text; None where it is not known.

    `line` counts in the numbering of the worker's file, as records do.
    """
    lines = worker.source.splitlines()
    index = line - worker.first_line
    if line < 0 or not 0 <= index < len(lines):
        return None
    return index + 1, plain(lines[index].strip(), 80)


def setting(trace: Trace) -> str:
    """What a program ran as, the same on every machine: `own GIL each · 4 workers`."""
    return " · ".join(part for part in (backend(trace).shares, count(len(trace.workers), "worker")) if part)


def subtitle(trace: Trace) -> str:
    """What stands beside the backend's name: `own GIL each · 4 workers · 2 cores`."""
    cores = trace.environment.cores
    return f"{setting(trace)} · {count(cores, 'core')}" if cores else setting(trace)
