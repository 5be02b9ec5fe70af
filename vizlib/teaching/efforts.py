"""Where a run's time went, as an exercise can ask for it.

All of these rest on measurements, so they are marked `measured`.  Choose bounds that tell the mistakes apart and leave
room for a busy machine.  What other programs take away appears as `core-wait`: `time_in` leaves it out, and only
`faster_than` suffers from it, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from runtime.tracing.breakdown import Life
from runtime.tracing.model import State
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.played import gil
from vizlib.teaching.requirements import Requirement, Verdict


def faster_than(baseline: Trace, times: float, *, tolerance: float = 0.1) -> Requirement:
    """The run was about `times` as fast as `baseline`: up to `tolerance` less is still accepted.

    Time in which other programs had the cores and no worker could do anything is left out of both.  Not judged where
    only one core was at hand.
    """

    def judge(trace: Trace) -> Verdict:
        if trace.environment.cores == 1:
            return Verdict(None, "Only one core could be used, so nothing can run side by side: not judged here.")
        if not trace.complete:
            return Verdict(False, "The run was cut short, so the time it took says nothing.")
        if not trace.wall_ns or not baseline.wall_ns:
            return Verdict(None, "One of the two runs took no time at all: give it more to do.")
        before, now = (one.wall_ns - _taken_away(one) for one in (baseline, trace))
        gain = before / now
        left_out = before < 0.95 * baseline.wall_ns or now < 0.95 * trace.wall_ns
        told = f"{words.ratio(gain)} as fast ({words.duration(before)} before, {words.duration(now)} now"
        told += ", without the time in which other programs had the cores)" if left_out else ")"
        if gain >= times * (1 - tolerance):
            return Verdict(True, f"{told}.")
        busy = _share(trace.breakdown(), State.CORE_WAIT)
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
    """The workers spent at most, or at least, this part (0 to 1) of their lives in `state`.

    Time in which they only waited for a core is left out, unless that is asked for: a busy machine has more of it.
    """
    if (at_most is None) == (at_least is None):
        raise ValueError("time_in() expected one of at_most and at_least: pass exactly one of them")

    def judge(trace: Trace) -> Verdict:
        lives = trace.breakdown()
        left_out = 0.0 if state == State.CORE_WAIT else _share(lives, State.CORE_WAIT)
        share = _share(lives, state) / (1 - left_out) if left_out < 1 else 0.0
        met = share <= at_most if at_most is not None else share >= (at_least or 0.0)
        told = f"The workers spent {words.part(share)} of their lives in {state.label}"
        told += ", without the time in which they had no core" if left_out > 0.05 else ""
        return Verdict(met, f"{told}.")

    bound = f"at most {at_most:.0%}" if at_most is not None else f"at least {at_least:.0%}"
    return Requirement(f"{bound} of the time in {state.label}".replace("%", " %"), judge, measured=True)


def blocked_at_most(share: float, worker: str | None = None) -> Requirement:
    """The workers, or those called `worker`, were blocked on channels for at most this part (0 to 1) of their lives."""

    def judge(trace: Trace) -> Verdict:
        lives = [life for life in trace.breakdown() if worker is None or _is(life, worker)]
        if not lives:
            known = words.listed([repr(one.name) for one in trace.workers])
            return Verdict(False, f"There is no worker {worker!r}; the workers of this run: {known}.")
        found = _share(lives, State.SEND_BLOCKED, State.RECV_BLOCKED)
        return Verdict(found <= share, f"Blocked for {words.part(found)} of their lives.")

    who = "" if worker is None else f" by {words.plain(worker)}"
    return Requirement(f"at most {share:.0%} of the time blocked{who}".replace("%", " %"), judge, measured=True)


_ON_A_CORE = (State.RUNNING, State.ENCODE, State.DECODE)


def _taken_away(trace: Trace) -> int:
    """Nanoseconds in which some worker waited for a core and none had one, although there was one for each."""
    if len(trace.workers) > trace.environment.cores:
        return 0
    changes: list[tuple[int, int, int]] = []  # when, more or fewer on a core, more or fewer waiting for one
    for span in trace.spans:
        has, waits = int(span.state in _ON_A_CORE), int(span.state == State.CORE_WAIT)
        if has or waits:
            changes += [(span.began_ns, has, waits), (span.ended_ns, -has, -waits)]
    total = since = having = waiting = 0
    for at, has, waits in sorted(changes):
        if waiting and not having:
            total += at - since
        since, having, waiting = at, having + has, waiting + waits
    return min(total, trace.wall_ns - 1)


def parallel_at_least(workers: float) -> Requirement:
    """On average so many workers could go on at once: they computed, copied, or waited for nothing but a core.

    That says what the program allows, not what the machine gives it, so it is judged on one core too, and on a busy
    machine.  A worker that waits for the GIL, a message or room does not count.
    """

    def judge(trace: Trace) -> Verdict:
        if not trace.wall_ns:
            return Verdict(None, "The run took no time at all: give it more to do.")
        found = _at_once(trace)
        return Verdict(found >= workers, f"On average {found:.1f} could go on at once.")

    return Requirement(f"on average {workers:g} workers or more can go on at once", judge, measured=True)


def _at_once(trace: Trace) -> float:
    lives = trace.breakdown()
    had_a_core, ready = (
        sum(life.states.get(state, 0) for life in lives for state in states) / trace.wall_ns
        for states in ((*_ON_A_CORE, State.OBSERVER), (State.CORE_WAIT,))
    )
    if gil(trace) == "one":
        # Who waits for the one GIL wakes now and then to ask for it, and needs a core to do so: of those that only
        # wait for a core, one at most could have gone on.
        return max(had_a_core, min(had_a_core + ready, 1.0))
    return had_a_core + ready


def _is(life: Life, worker: str) -> bool:
    """Whether it is the worker of that name, or one of its copies: `square #2`."""
    return life.worker == worker or life.worker.rpartition(" #")[0] == worker


def _share(lives: Sequence[Life], *states: State) -> float:
    wall = sum(life.wall_ns for life in lives)
    return sum(life.states.get(state, 0) for life in lives for state in states) / wall if wall else 0.0
