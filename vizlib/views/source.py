"""Each snippet's lines with the time that its workers spent on them, and where each worker is at the playhead's moment.

A run that recorded its lines knows them always.  Any other knows the line of each channel operation and of nothing
between two of them: that time is told as such, and a worker stands after the line of its last operation.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from runtime.tracing.model import NONE, Span, Worker
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.page import Panel

LINES = 50_000
"""Executed lines that one picture carries, at most."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One snippet: its lines, its workers, and the nanoseconds of all of them by line, from 1."""

    snippet: str
    lines: tuple[str, ...]
    workers: tuple[int, ...]
    spent: dict[int, int]
    elsewhere: int  # nanoseconds between operations, on lines that are not known
    exact: bool

    def percent(self, line: int) -> float:
        """The part of all its workers' lives that was spent on a line, in percent."""
        whole = sum(self.spent.values()) + self.elsewhere
        return 100 * self.spent.get(line, 0) / whole if whole else 0.0


def listings(trace: Trace) -> list[Listing]:
    """The snippets of a run, in the order of their first workers."""
    crews: dict[tuple[str, str], list[Worker]] = {}
    for worker in trace.workers:
        crews.setdefault((worker.snippet, worker.source), []).append(worker)
    exact = len(trace.lines) > 0
    spent = _by_recorded_line(trace) if exact else _by_operation(trace)
    found = []
    for (snippet, source), crew in crews.items():
        sums: Counter[int] = Counter()
        for worker in crew:
            sums.update(spent.get(worker.index, Counter()))
        elsewhere = sums.pop(NONE, 0)
        lines = tuple(words.plain(line.expandtabs(4), 160) for line in source.splitlines())
        known = {line: ns for line, ns in sums.items() if 1 <= line <= len(lines)}
        elsewhere += sum(sums.values()) - sum(known.values())
        found.append(Listing(words.plain(snippet), lines, tuple(one.index for one in crew), known, elsewhere, exact))
    return found


def _number(worker: Worker, line: int) -> int:
    """A line's number within its snippet, from 1; NONE where it is not known."""
    return line - worker.first_line + 1 if line != NONE else NONE


def _by_operation(trace: Trace) -> dict[int, Counter[int]]:
    spent: dict[int, Counter[int]] = {worker.index: Counter() for worker in trace.workers}
    for span in trace.spans:
        spent[span.worker][_number(trace.workers[span.worker], span.line)] += span.length_ns
    return spent


def _by_recorded_line(trace: Trace) -> dict[int, Counter[int]]:
    spent: dict[int, Counter[int]] = {}
    for worker, life in _lives(trace).items():
        one = trace.workers[worker]
        sums = spent.setdefault(worker, Counter())
        sums[NONE] += max(life[0][0] - one.began_ns, 0)
        for (at, line), (until, _) in zip(life, [*life[1:], (one.ended_ns, 0)], strict=True):
            sums[_number(one, line)] += max(until - at, 0)
    return spent


def _lives(trace: Trace) -> dict[int, list[tuple[int, int]]]:
    """(time, line) of each line that each worker began, by worker."""
    lives: dict[int, list[tuple[int, int]]] = {}
    for worker, line, at in zip(*map(trace.lines.column, ("worker", "line", "at_ns")), strict=True):
        lives.setdefault(worker, []).append((at, line))
    for life in lives.values():
        life.sort()
    return lives


# ---- the picture -----------------------------------------------------------------------------------------------------


def panels(trace: Trace, title: str = "", run: int = 0) -> list[Panel]:
    """A panel for each snippet, for a sheet on which the trace is run number `run`."""
    walks, found = _walks(trace), listings(trace)
    return [
        Panel(
            "source",
            one.snippet,
            _beside(one, title),
            _content(one, walks),
            run,
            _notes(one) if one is found[-1] else (),
        )
        for one in found
    ]


def _beside(one: Listing, title: str) -> str:
    parts = [title, words.count(len(one.workers), "worker")]
    if one.elsewhere and not one.exact:
        parts.append(f"{_percent(100 - sum(map(one.percent, one.spent)))} of its time between operations")
    return " · ".join(part for part in parts if part)


def _content(one: Listing, walks: dict[int, dict[str, list[int]]]) -> dict[str, object]:
    return {
        "lines": one.lines,
        "percent": [_percent(one.percent(at)) for at in range(1, len(one.lines) + 1)],
        "workers": one.workers,
        "walks": [walks[worker] for worker in one.workers],
        "exact": one.exact,
    }


def _percent(value: float) -> str:
    return "" if value == 0 else "<1 %" if value < 0.95 else f"{value:.0f} %"


def _walks(trace: Trace) -> dict[int, dict[str, list[int]]]:
    """For each worker when it began which line, and until when the line is known: columns `at`, `line`, `until`."""
    if len(trace.lines):
        lives = _lives(trace)
        rows = {
            worker.index: [(at, line, worker.ended_ns) for at, line in lives.get(worker.index, [])]
            for worker in trace.workers
        }
    else:
        rows = {worker.index: [] for worker in trace.workers}
        for span in trace.spans:
            _walk(rows[span.worker], span)
    most = max(LINES // max(len(rows), 1), 1)
    return {
        worker: {
            "at": [at for at, _, _ in life[:most]],
            "line": [_number(trace.workers[worker], line) for _, line, _ in life[:most]],
            "until": [until for _, _, until in life[:most]],
        }
        for worker, life in rows.items()
    }


def _walk(life: list[tuple[int, int, int]], span: Span) -> None:
    if span.line == NONE:
        return
    if life and life[-1][1:] == (span.line, span.began_ns):
        life[-1] = (life[-1][0], span.line, span.ended_ns)
    else:
        life.append((span.began_ns, span.line, span.ended_ns))


def _notes(one: Listing) -> list[str]:
    if one.exact:
        return ["Every line was recorded: recording takes time too, which counts here."]
    return ["Lines are known at channel operations only. Run with trace_lines=True to know all."]


# ---- words -----------------------------------------------------------------------------------------------------------


def text(trace: Trace) -> str:
    """Each snippet with the share of time at the left of its lines."""
    blocks = [f"Where the time went, by line, in {words.plain(trace.name)}: {words.setting(trace)}"]
    for one in listings(trace):
        crew = words.count(len(one.workers), "worker")
        block = [f"{one.snippet}, {crew}:"]
        block += [f"    {line}".rstrip() for line in one.lines]
        known = [f"line {line} {_percent(one.percent(line))}" for line in sorted(one.spent) if one.spent[line]]
        if one.elsewhere:
            known.append(f"between operations {_percent(100 - sum(map(one.percent, one.spent)))}")
        block.append(f"~ time of {one.snippet}: {', '.join(known) or 'not recorded'}")
        blocks.append("\n".join(block))
    return "\n\n".join(blocks)
