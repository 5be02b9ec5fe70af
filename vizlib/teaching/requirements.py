"""What an exercise can ask of a run: small predicates on traces, each with its title and its words for the student.

A requirement never raises for a wrong answer.  What a machine cannot show (a speed-up on one core) is not judged, and
says so.  One that rests on a measurement is marked `measured`: its verdict may differ between two runs.

Here: what came out, and how the run ended.  `flows` judges what went through the channels, by counts and orders that
no machine's speed changes; `efforts` judges where the time went.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runtime.tracing.model import Ending
from runtime.tracing.rings import sentence
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.teaching.questions import Option


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one requirement.  `met` is None when this machine cannot judge it."""

    met: bool | None
    words: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that an exercise asks for."""

    title: str
    judge: Callable[[Trace], Verdict]
    measured: bool = False


def _cut(value: object) -> str:
    try:
        return words.plain(repr(value), 80)
    except Exception:
        return f"an object of type {type(value).__name__} that cannot be shown"


def results_add_up_to(expected: int | float) -> Requirement:
    """What the workers returned, numbers (or None for nothing), adds up to `expected`."""

    def judge(trace: Trace) -> Verdict:
        returned = {name: value for name, value in trace.results.items() if value is not None}
        for name, value in returned.items():
            if not isinstance(value, int | float):
                return Verdict(False, f"{words.plain(name)} returned {_cut(value)}, which is not a number.")
        total = sum(returned.values())
        if total == expected:
            return Verdict(True, f"Together {total:,}, as expected.")
        more = "more" if total > expected else "fewer"
        why = "something is counted twice" if total > expected else "something is left out"
        return Verdict(
            False,
            f"Together the workers returned {total:,}, {abs(expected - total):,} {more} than {expected:,}: {why}.",
        )

    return Requirement("the results add up", judge)


def result_is(worker: str, expected: object) -> Requirement:
    """The worker of this name returned something equal to `expected`."""

    def judge(trace: Trace) -> Verdict:
        if worker not in trace.results:
            known = words.listed([repr(one.name) for one in trace.workers])
            return Verdict(False, f"No worker {worker!r} returned anything; the workers of this run: {known}.")
        value = trace.results[worker]
        if value == expected:
            return Verdict(True, f"{_cut(value)}, as expected.")
        return Verdict(False, f"It returned {_cut(value)}; expected was {_cut(expected)}.")

    return Requirement(f"the result of {words.plain(worker)} is right", judge)


def all_returned() -> Requirement:
    """Every worker came to its own end: none raised, was stopped or got lost."""

    def judge(trace: Trace) -> Verdict:
        left = [one for one in trace.workers if one.ending != Ending.RETURNED]
        if not left:
            return Verdict(True, "All came to their end.")
        # When one has raised, what became of those who talked to it (closed channels, a stop) is a matter of chance.
        told = [one for one in left if trace.errors and one.name == trace.errors[0].worker] or left
        rest = [words.name(one) for one in left if one not in told]
        others = f" After that, {words.listed(rest)} did not finish either." if rest else ""
        return Verdict(
            False, f"{words.listed([f'{words.name(one)} {words.ending(trace, one)}' for one in told])}.{others}"
        )

    return Requirement("every worker finishes", judge)


def workers_at_least(count: int) -> Requirement:
    """The run had `count` workers or more."""

    def judge(trace: Trace) -> Verdict:
        return Verdict(len(trace.workers) >= count, f"This run had {words.count(len(trace.workers), 'worker')}.")

    noun = "worker" if count == 1 else "workers"
    return Requirement(f"{words.number(count)} {noun} or more", judge)


def no_deadlock() -> Requirement:
    """The run came to its end: no ring of workers that wait for each other, and nothing cut it short.

    A worker that raised has ended, so this does not fail for it; `all_returned` does.
    """

    def judge(trace: Trace) -> Verdict:
        if trace.deadlock:
            return Verdict(False, sentence(trace.deadlock, trace.workers, trace.channels))
        left = [words.name(one) for one in trace.workers if one.ending in (Ending.STOPPED, Ending.LOST)]
        if left and not trace.errors:
            return Verdict(False, f"The run was cut short: {words.listed(left)} had not come to an end.")
        return Verdict(True, "Nobody was left waiting.")

    return Requirement("no deadlock", judge)


def runs_on(backend: str) -> Requirement:
    """The run took place on this backend, such as `"interpreters"`."""

    def judge(trace: Trace) -> Verdict:
        return Verdict(trace.backend == backend, f"This run was on {words.plain(trace.backend)}.")

    return Requirement(f"it runs on {words.plain(backend)}", judge)


def reason_is(given: object, options: Mapping[str, Option]) -> Requirement:
    """The reason that was `given` for a choice is the right one of `options`, by its key; a wrong one is told why.

    Raises ValueError unless exactly one of `options` is right.
    """
    if sum(option.is_right for option in options.values()) != 1:
        raise ValueError("reason_is() expected options of which exactly one is right(...)")
    chosen = options.get(given) if isinstance(given, str) else None

    def judge(trace: Trace) -> Verdict:
        if chosen is None:
            keys = words.listed([repr(key) for key in options])
            return Verdict(False, f"{_cut(given)} is none of the reasons: choose one of {keys}.")
        return Verdict(chosen.is_right, chosen.reason)

    return Requirement("the reason is right", judge)
