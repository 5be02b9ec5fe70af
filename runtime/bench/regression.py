"""Whether anything became slower than it was, by ratios: they travel better between machines than microseconds."""

from __future__ import annotations

from typing import NamedTuple

from runtime.bench.results import Results, ratios

MUCH = 4 / 3  # worse by more than a third
SECOND_LOOKS = 2  # a machine that is busy for a while is not a regression


class Worse(NamedTuple):
    """A ratio that is worse than it was."""

    name: str
    was: float
    now: float


def worse(results: Results, baseline: Results) -> list[Worse]:
    """This runtime's ratios that are more than a third above those of the baseline: the median and the best, both.

    What only one of the two measured is not compared.
    """
    before = dict(ratios(baseline))
    found = []
    for name, now in ratios(results):
        was = before.get(name)
        if was is None or not _ours(name):
            continue
        if now.median > was.median * MUCH and now.best > was.best * MUCH:
            found.append(Worse(name, was.median, now.median))
    return found


_OURS = (
    "recorded", "unrecorded", "rendezvous", "unbounded",
    "interpreters", "shared-gil", "threads", "processes", "warm",
)  # fmt: skip


def _ours(name: str) -> bool:
    """Whether a ratio is one of this runtime's, and not of a peer to another."""
    return name.split(" / ")[2].split(" : ")[0] in _OURS
