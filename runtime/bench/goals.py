"""What the runtime promises of its speed, as ratios of one run, and whether they hold."""

from __future__ import annotations

from typing import NamedTuple

from runtime.bench.results import Figure, Results, ratio
from runtime.bench.tables import times


class Goal(NamedTuple):
    """A ratio and its bound.  `upside_down`: it is told as "so many times faster", and must be at least `bound`."""

    text: str
    suite: str
    quantity: str
    one: str
    others: tuple[str, ...]  # the first that was measured
    bound: float
    upside_down: bool = False
    its_quantity: str = ""  # of the other, where it is another one


STANDARD = ("standard queue", "backport queue")

GOALS = (
    Goal("recorded round trip: times the bare primitive's, at most", "pair", "round trip", "recorded", ("bare",), 1.5),
    Goal(
        "recorded round trip: times faster than the standard library's interpreter queue, at least",
        *("pair", "round trip", "recorded", STANDARD, 500),
        upside_down=True,
    ),
    Goal(
        "recorded round trip: times faster than multiprocessing.Pipe, at least",
        *("pair", "round trip", "recorded", ("pipe",), 2),
        upside_down=True,
    ),
    Goal(
        "recorded round trip: times faster than multiprocessing.Pipe with a core for each side, at least",
        *("pair", "round trip", "recorded", ("pipe apart",), 2),
        upside_down=True,
    ),
    Goal(
        "recorded round trip: times queue.SimpleQueue's between threads, at most",
        *("pair", "round trip", "recorded", ("simple queue",), 2),
    ),
    Goal(
        "recorded stream of 8 B: times the bare primitive's, at most",
        *("pair", "stream of 8 B", "recorded", ("bare",), 1 / 0.6),
    ),
    Goal(
        "two that compute: times faster than one after the other, at least",
        *("speedup", "both", "unobserved", ("in turn",), 1.9),
        upside_down=True,
    ),
    Goal(
        "the same, with an observer who needs some of both cores, at least",
        *("speedup", "both", "interpreters", ("in turn",), 1.9),
        upside_down=True,
    ),
    Goal(
        "a pool's small task: times InterpreterPoolExecutor's, at most",
        *("pool", "task", "recorded", ("interpreter pool",), 1),
    ),
    Goal(
        "64 channels: a message costs, times that of one channel's, at most",
        *("many", "64", "recorded", ("recorded",), 4 / 3),
        its_quantity="1",
    ),
    Goal(
        "select over 4 channels: times a plain receive, at most",
        *("select", "select", "recorded", ("recorded",), 3),
        its_quantity="recv",
    ),
    Goal(
        "a million messages: the last cost, times the first, at most",
        *("flood", "last tenth", "recorded", ("recorded",), 4 / 3),
        its_quantity="first tenth",
    ),
    Goal(
        "a buffer of 100 MB that is moved: times one of 8 B, at most",
        *("sizes", "100 MB", "move", ("move",), 3),
        its_quantity="8 B",
    ),
    Goal(
        "start-up of 16 workers: times 8 workers', at most",
        *("startup", "16", "interpreters", ("interpreters",), 2.4),
        its_quantity="8",
    ),
)


class Rate(NamedTuple):
    """A figure that must be at most `bound_ns`, told in words."""

    text: str
    suite: str
    quantity: str
    contestant: str
    bound_ns: float


RATES = (
    Rate("recorded stream of 8 B: at least 200,000 a second", "pair", "stream of 8 B", "recorded", 1e9 / 200_000),
    Rate("recorded, in batches: at least 2 million items a second", "pair", "stream in batches", "recorded", 500.0),
    Rate("a buffer of 100 MB that is moved: at most 1 ms", "sizes", "100 MB", "move", 1e6),
    Rate("first line after run(), cold: at most 350 ms", "startup", "first line", "interpreters", 350e6),
    Rate("first line after run(), with a warm host: at most 120 ms", "startup", "first line", "warm", 120e6),
)


class Verdict(NamedTuple):
    """A goal, what was measured (empty: nothing), and whether it is met."""

    text: str
    measured: str
    met: bool


def judge(results: Results) -> list[Verdict]:
    """Every goal whose figures are there.  The median counts, and the best is told beside it."""
    verdicts = []
    for goal in GOALS:
        found = _ratio_of(results, goal)
        if found is not None:
            met = found.median >= goal.bound if goal.upside_down else found.median <= goal.bound
            text = f"{goal.text} {times(goal.bound)}"
            verdicts.append(Verdict(text, f"{times(found.median)} (bests: {times(found.best)})", met))
    for rate in RATES:
        suite = results.suites.get(rate.suite)
        entry = suite.entry(rate.contestant) if suite else None
        figure = entry.figure(rate.quantity) if entry else None
        if figure is not None:
            measured = _in_words(figure, rate.bound_ns)
            verdicts.append(Verdict(rate.text, measured, figure.median <= rate.bound_ns))
    return verdicts


def _ratio_of(results: Results, goal: Goal) -> Figure | None:
    suite = results.suites.get(goal.suite)
    if suite is None:
        return None
    for other in map(suite.entry, goal.others):
        found = ratio(suite.entry(goal.one), goal.quantity, other, goal.its_quantity or goal.quantity)
        if found is not None:
            return Figure(1 / found.median, 1 / found.best) if goal.upside_down else found
    return None


def _in_words(figure: Figure, bound_ns: float) -> str:
    if bound_ns >= 1e6:
        return f"{figure.median / 1e6:.3g} ms (best: {figure.best / 1e6:.3g} ms)"
    return f"{1e9 / figure.median:,.0f} (best: {1e9 / figure.best:,.0f})"
