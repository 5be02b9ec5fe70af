"""The runs of an experiment: what was chosen, how it ended, and how many times as fast as the first it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.running.outcomes import End, Outcome

MOST = 12
"""Runs that are kept; beyond, the oldest but the yardstick is forgotten."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One run.  `chosen` are the values that a reader can change; `speedup` is over the yardstick."""

    number: int
    chosen: Mapping[str, Any]
    outcome: Outcome
    speedup: float | None = None
    over: int = 0  # the yardstick's number
    predicted: float | None = None

    @property
    def face(self) -> str:
        """What its button shows: `1.9×`, or that it has no time to compare."""
        if self.speedup is not None:
            return words.ratio(self.speedup) if self.speedup >= 1.1 else f"{self.speedup:.1f}×"
        return "✕" if self.outcome.end is End.FAILED else "■"

    def in_words(self) -> str:
        """`run 3: copies 2, backend threads; finished in 412 ms, 1.9× as fast as run 1`."""
        chosen = ", ".join(f"{name} {words.plain(str(value), 24)}" for name, value in self.chosen.items())
        told = self.outcome.sentence.rstrip(".")
        told = told[:1].lower() + told[1:] if self.outcome.end is not End.FAILED else told
        if self.speedup is not None and self.over != self.number:
            told += f", {self.face} as fast as run {self.over}"
        return f"run {self.number}: {chosen}; {told}" if chosen else f"run {self.number}: {told}"


@dataclass(slots=True)
class History:
    """All runs so far, oldest first."""

    entries: list[Entry] = field(default_factory=list)
    count: int = 0

    @property
    def yardstick(self) -> Entry | None:
        """The first run whose time can be compared."""
        return next((entry for entry in self.entries if entry.outcome.comparable), None)

    def add(self, chosen: Mapping[str, Any], outcome: Outcome, predicted: float | None = None) -> Entry:
        """Append a run, and forget one when there are too many."""
        self.count += 1
        speedup, over = None, 0
        if outcome.comparable and outcome.trace is not None:
            first = self.yardstick
            whole = first.outcome.trace if first else outcome.trace
            assert whole is not None
            speedup, over = outcome.trace.speedup_over(whole), first.number if first else self.count
        entry = Entry(self.count, dict(chosen), outcome, speedup, over, predicted)
        self.entries.append(entry)
        if len(self.entries) > MOST:
            self.entries.remove(next(one for one in self.entries if one is not self.yardstick))
        return entry

    def changed(self) -> set[str]:
        """The names of what differs between runs: what tells them apart."""
        names = {name for entry in self.entries for name in entry.chosen}
        return {name for name in names if len({repr(entry.chosen.get(name)) for entry in self.entries}) > 1}


def named(entries: Iterable[Entry], changed: set[str]) -> list[Trace]:
    """The traces of runs under names that tell them apart: `run 3, copies 2`."""
    traces = []
    for entry in entries:
        if entry.outcome.trace is not None:
            told = [f"{name} {words.plain(str(value), 16)}" for name, value in entry.chosen.items()
                    if name in changed and name != "backend"]  # fmt: skip
            traces.append(replace(entry.outcome.trace, name=", ".join([f"run {entry.number}", *told])))
    return traces
