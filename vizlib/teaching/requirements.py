"""What an exercise can ask of a run: small predicates on traces, each with its title and its words for the student.

A requirement never raises for a wrong answer.  What a machine cannot show (a speed-up on one core) is not judged, and
says so.  One that rests on a measurement is marked `measured`: its verdict may differ between two runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runtime.tracing.model import NONE, Ending, State
from runtime.tracing.traces import Trace
from vizlib import words


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
        others = [
            f"{words.name(one)} {words.ending(trace, one)}" for one in trace.workers if one.ending != Ending.RETURNED
        ]
        return Verdict(not others, f"{words.listed(others)}." if others else "All came to their end.")

    return Requirement("every worker finishes", judge)


def workers_at_least(count: int) -> Requirement:
    """The run had `count` workers or more."""

    def judge(trace: Trace) -> Verdict:
        return Verdict(len(trace.workers) >= count, f"This run had {words.count(len(trace.workers), 'worker')}.")

    noun = "worker" if count == 1 else "workers"
    return Requirement(f"{words.number(count)} {noun} or more", judge)


def every_message_received() -> Requirement:
    """Nothing that was sent stayed in a channel."""

    def judge(trace: Trace) -> Verdict:
        lost = sum(1 for message in trace.messages if message.receiver == NONE)
        if not len(trace.messages):
            return Verdict(False, "No message was sent at all.")
        if lost:
            return Verdict(False, f"{lost:,} of {words.count(len(trace.messages), 'message')} were never received.")
        return Verdict(True, f"All {words.count(len(trace.messages), 'message')}.")

    return Requirement("every message is received", judge)


def faster_than(baseline: Trace, times: float, *, tolerance: float = 0.1) -> Requirement:
    """The run was about `times` as fast as `baseline`: up to `tolerance` less is still accepted.

    Not judged where only one core was at hand.
    """

    def judge(trace: Trace) -> Verdict:
        if trace.environment.cores == 1:
            return Verdict(None, "Only one core could be used, so nothing can run side by side: not judged here.")
        if not trace.wall_ns or not baseline.wall_ns:
            return Verdict(None, "One of the two runs took no time at all: give it more to do.")
        gain = trace.speedup_over(baseline)
        before, now = words.duration(baseline.wall_ns), words.duration(trace.wall_ns)
        told = f"{words.ratio(gain)} as fast ({before} before, {now} now)"
        if gain >= times * (1 - tolerance):
            return Verdict(True, f"{told}.")
        busy = _share(trace, State.CORE_WAIT)
        hint = (
            f" Other programs took cores for {words.part(busy)} of the workers’ lives: run it again."
            if busy > 0.1
            else ""
        )
        return Verdict(False, f"{told}; asked for is {times:g}×.{hint}")

    return Requirement(f"at least {times:g} times as fast as before", judge, measured=True)


def work_divided(at_most: float) -> Requirement:
    """No worker did more than `at_most` (a part, 0 to 1) of all computing.

    It counts time spent computing, not time passed, so that one core suffices.
    """

    def judge(trace: Trace) -> Verdict:
        times = {life.worker: life.states.get(State.RUNNING, 0) for life in trace.breakdown()}
        total = sum(times.values())
        if not total:
            return Verdict(None, "No computing was recorded in this run.")
        most = max(times, key=lambda name: times[name])
        share = times[most] / total
        told = f"{words.plain(most)} did {share:.0%} of all computing".replace("%", " %")
        return Verdict(share <= at_most, f"{told}.")

    return Requirement("the work is divided evenly", judge, measured=True)


def time_in(state: State, *, at_most: float | None = None, at_least: float | None = None) -> Requirement:
    """The workers spent at most, or at least, this part (0 to 1) of their lives in `state`."""
    if (at_most is None) == (at_least is None):
        raise ValueError("time_in() expected one of at_most and at_least: pass exactly one of them")

    def judge(trace: Trace) -> Verdict:
        share = _share(trace, state)
        met = share <= at_most if at_most is not None else share >= (at_least or 0.0)
        return Verdict(met, f"The workers spent {words.part(share)} of their lives in {state.label}.")

    bound = f"at most {at_most:.0%}" if at_most is not None else f"at least {at_least:.0%}"
    return Requirement(f"{bound} of the time in {state.label}".replace("%", " %"), judge, measured=True)


def _share(trace: Trace, state: State) -> float:
    lives = trace.breakdown()
    wall = sum(life.wall_ns for life in lives)
    return sum(life.states.get(state, 0) for life in lives) / wall if wall else 0.0
