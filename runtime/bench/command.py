"""`python -m runtime bench`: who takes turns, in which order, and what is made of it."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from runtime.bench import goals, page, regression, tables
from runtime.bench import results as files
from runtime.bench.catalogue import SUITES
from runtime.bench.results import Entry, Results, SuiteResult
from runtime.bench.suites import Suite
from runtime.bench.turn import TurnFailed, take_turn

type Say = Callable[[str], object]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be asked for on the command line."""
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"which: {', '.join(SUITES)}; all, if none is named")
    parser.add_argument("--quick", action="store_true", help="fewer rounds of less work: a first impression")
    parser.add_argument("--rounds", type=int, help="how many turns each contestant takes")
    parser.add_argument("--only", metavar="NAME,...", help="these contestants only")
    parser.add_argument("--json", metavar="FILE", help="keep all figures in a file")
    parser.add_argument("--page", metavar="FILE.md", help="write the page of results")
    parser.add_argument(
        "--baseline", metavar="FILE", help="fail when a ratio is a third worse than in this result file"
    )


def main(options: argparse.Namespace, say: Say = print) -> int:
    """Measure and report.  Returns 0; 1 when a ratio is worse than the baseline's; raises `ValueError` for a wrong
    request."""
    unknown = [name for name in options.suites if name not in SUITES]
    if unknown:
        raise ValueError(f"there is no suite {unknown[0]!r}; there are {', '.join(SUITES)}")
    baseline = files.load(options.baseline) if options.baseline else None
    only = options.only.split(",") if options.only else None
    results = measure(options.suites or SUITES, quick=options.quick, rounds=options.rounds, only=only, say=say)
    for verdict in goals.judge(results):
        say(f"{'met ' if verdict.met else 'OPEN'}  {verdict.text}: {verdict.measured}")
    if options.json:
        files.save(results, options.json)
        say(f"all figures are in {options.json}")
    if options.page:
        page.write(results, options.page)
        say(f"the page is {options.page}")
    return 0 if baseline is None else _compare(results, baseline, options, say)


def measure(
    names: Iterable[str],
    *,
    quick: bool = False,
    rounds: int | None = None,
    only: Iterable[str] | None = None,
    say: Say = print,
) -> Results:
    """Run suites; say each one's tables when it is done.  In each round every contestant takes one turn.

    Ctrl-C leaves out the suite that is being measured and those after it.
    """
    began = time.monotonic()
    results = Results(_machine(), {"quick": quick, "rounds": rounds}, {})
    for name in names:
        suite = SUITES[name]
        try:
            measured = _measure(name, suite, quick, rounds or (2 if quick else suite.rounds), only)
        except KeyboardInterrupt:
            say(f"stopped before {name!r} was measured")
            break
        results.suites[name] = measured
        say("\n".join(tables.lines_of(measured)) + "\n")
    results.settings["seconds"] = round(time.monotonic() - began)
    results.machine["load after"] = _load()
    return results


def _measure(name: str, suite: Suite, quick: bool, rounds: int, only: Iterable[str] | None) -> SuiteResult:
    plan = suite.plan | (suite.quick if quick else {})
    entries = [
        Entry(key, contestant.title, contestant.missing())
        for key, contestant in suite.contestants.items()
        if only is None or key in only
    ]
    for _ in range(rounds):
        for entry in entries:
            if entry.missing:
                continue
            try:
                entry.add(take_turn(name, entry.name, plan))
            except TurnFailed as failure:
                entry.missing = f"failed: {failure}"
                entry.turns.clear()
    return SuiteResult(suite.title, suite.tables, entries, suite.note)


def _compare(results: Results, baseline: Results, options: argparse.Namespace, say: Say) -> int:
    """Compare with a baseline; what seems worse is measured again before it counts."""
    suspects = regression.worse(results, baseline)
    for _ in range(regression.SECOND_LOOKS):
        if not suspects:
            break
        again = sorted({suspect.name.split(" / ")[0] for suspect in suspects})
        say(f"{len(suspects)} ratios seem worse; once more: {', '.join(again)}")
        results = measure(again, quick=options.quick, rounds=options.rounds, say=lambda _: None)
        still = {suspect.name for suspect in regression.worse(results, baseline)}
        suspects = [suspect for suspect in suspects if suspect.name in still]
    for suspect in suspects:
        say(f"WORSE  {suspect.name}: {tables.times(suspect.was)} -> {tables.times(suspect.now)}")
    say(f"compared with {options.baseline}: {'no ratio is a third worse' if not suspects else 'see above'}")
    return 1 if suspects else 0


def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "build": platform.python_compiler(),
        "gil": bool(getattr(sys, "_is_gil_enabled", lambda: True)()),
        "os": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "date": datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%d"),
        "load before": _load(),
    }


def _load() -> float | None:
    """How many processes wanted a core in the last minute, where the system tells."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
