"""What the observer's samples make of a life, for lives whose truth is known."""

from collections import Counter

import pytest

from runtime.tracing.decode import decode
from runtime.tracing.model import NONE, Evidence, State
from tests.runtime.tracing.lanes import MS, end, receive, recording, sample, send, start

R, S = 1, 2
GIL, CHANNEL, TIMER, OTHER = 1, 2, 3, 4


def seen(life, samples, **facts):
    """Decode one worker's records with what the observer saw of it."""
    return decode(recording([life, b"".join(samples)], workers=recording([life]).workers, observer_lane=1, **facts))


def times(decoded):
    """Milliseconds by state."""
    found = Counter()
    for span in decoded.spans:
        found[State(span.state).label] += span.length_ns / MS
    return {state: round(ms, 6) for state, ms in found.items()}


def layout_of(decoded):
    return [(State(s.state).label, s.began_ns / MS, s.ended_ns / MS) for s in decoded.spans]


def evidence(decoded, state):
    return {Evidence(s.evidence) for s in decoded.spans if s.state == state}


def test_a_worker_that_computes_is_running_and_measured():
    decoded = seen(start() + end(10 * MS), [sample(0, at * MS, R, at * MS) for at in range(11)])
    assert layout_of(decoded) == [("running", 0, 10)]
    assert evidence(decoded, State.RUNNING) == {Evidence.MEASURED}


def test_the_account_of_a_running_thread_lags_until_its_tick():
    ticks = [sample(0, at * MS, R, at // 4 * 4 * MS) for at in range(13)]
    decoded = seen(start() + end(12 * MS), ticks, gil_shared=True)
    assert layout_of(decoded) == [("running", 0, 12)]
    assert evidence(decoded, State.RUNNING) == {Evidence.MEASURED}


def test_after_the_last_tick_nobody_knows():
    ticks = [sample(0, at * MS, R, min(at, 8) // 4 * 4 * MS) for at in range(11)]
    decoded = seen(start() + end(10 * MS), ticks, gil_shared=True)
    assert times(decoded) == {"running": 10}


def test_the_worker_s_own_account_fills_what_the_kernel_s_leaves_open():
    # 3 ms on a core of 10, as the thread itself read at its end; the kernel's account shows none of it
    found = [sample(0, at * MS, R, 5 * MS) for at in range(1, 10)]
    decoded = seen(start(0, 5 * MS) + end(10 * MS, on_cpu=8 * MS), found, gil_shared=True)
    assert times(decoded) == {"running": 3, "gil-wait": 7}
    assert decoded.sampling.samples == 9


def test_a_worker_that_always_computed_is_measured_from_its_first_moment_to_its_last():
    found = [sample(0, at * MS, R, (5 + at) * MS) for at in range(1, 10)]
    decoded = seen(start(0, 5 * MS) + end(10 * MS, on_cpu=15 * MS), found)
    assert layout_of(decoded) == [("running", 0, 10)]
    assert evidence(decoded, State.RUNNING) == {Evidence.MEASURED}


def test_what_a_thread_waited_before_its_life_is_not_a_part_of_it():
    # a life between two looks, all of it on a core; the wait for one was over when it began
    found = [sample(0, 1 * MS, S, 5 * MS, run_queue=0), sample(0, 7 * MS, R, 8 * MS, run_queue=4 * MS)]
    decoded = seen(start(3 * MS, 5 * MS) + end(6 * MS, on_cpu=8 * MS), found)
    assert layout_of(decoded) == [("running", 3, 6)]


def turns(slices, gil=GIL):
    """Samples of a thread that computes and waits for the GIL in turns, as long as given in ms."""
    at, on_cpu, found = 0, 0, []
    for turn, length in enumerate(slices):
        for _ in range(length):
            found.append(sample(0, at * MS, S if turn % 2 else R, on_cpu * MS, sleeps_on=gil if turn % 2 else 0))
            at, on_cpu = at + 1, on_cpu + (not turn % 2)
    return found, at


def test_two_threads_that_take_turns_spend_half_their_lives_waiting_for_the_gil():
    found, ended = turns([5, 5] * 6)
    decoded = seen(start() + end(ended * MS), found, gil_shared=True)
    assert times(decoded)["gil-wait"] == pytest.approx(ended / 2, abs=1)
    assert times(decoded)["running"] == pytest.approx(ended / 2, abs=1)
    assert evidence(decoded, State.GIL_WAIT) == {Evidence.MEASURED}


def test_sleep_is_sleep():
    found, ended = turns([5, 10, 5], gil=TIMER)
    decoded = seen(start() + end(ended * MS), found)
    assert times(decoded) == {"running": pytest.approx(10, abs=1), "sleeping": pytest.approx(10, abs=1)}


def test_runnable_without_a_core_is_core_wait():
    # on a core for 4 ms, in the queue for 8, and so on; the kernel says how long when the wait is over
    found, on_cpu, queued = [], 0, 0
    for at in range(37):
        turn, place = divmod(at, 12)
        on_cpu, queued = 4 * turn + min(place, 4), 8 * turn
        found.append(sample(0, at * MS, R, on_cpu * MS, queued * MS))
    decoded = seen(start() + end(36 * MS), found)
    assert times(decoded) == {"running": pytest.approx(12, abs=0.5), "core-wait": pytest.approx(24, abs=0.5)}
    assert layout_of(decoded)[:2] == [("running", 0, 4), ("core-wait", 4, 12)]


def test_total_running_time_is_the_time_on_a_core():
    on_cpu = [0, 300_000, 1_000_000, 1_400_000, 2_400_000]
    found = [sample(0, at * MS, S if at % 2 else R, on_cpu[at], sleeps_on=OTHER if at % 2 else 0) for at in range(5)]
    decoded = seen(start() + end(4 * MS), found)
    assert times(decoded) == {"running": 2.4, "sleeping": 1.6}


def test_what_nothing_explains_is_inferred_gil_wait_where_the_gil_is_shared():
    found = [sample(0, at * MS, R, at * MS // 2) for at in range(11)]
    decoded = seen(start() + end(10 * MS), found, gil_shared=True)
    assert times(decoded) == {"running": 5, "gil-wait": 5}
    assert evidence(decoded, State.GIL_WAIT) == evidence(decoded, State.RUNNING) == {Evidence.INFERRED}


def test_what_nothing_explains_is_inferred_running_where_it_is_not():
    found = [sample(0, at * MS, R, at * MS // 2) for at in range(11)]
    decoded = seen(start() + end(10 * MS), found, gil_shared=False)
    assert times(decoded) == {"running": 10}
    assert evidence(decoded, State.RUNNING) == {Evidence.INFERRED}


def test_inferred_waits_lie_in_the_longest_gaps():
    # within one interval: short gaps, and one of 600 µs of which the thread was on a core for 100
    sends = [send(n, at, at + 10_000, at + 10_000, at + 20_000) for n, at in enumerate([0, 40_000, 660_000, 700_000])]
    found = [sample(0, -MS, R, 0), sample(0, 0, R, 0), sample(0, MS, R, 500_000), sample(0, 2 * MS, R, 1_500_000)]
    decoded = seen(start() + b"".join(sends) + end(2 * MS), found, gil_shared=True)
    assert times(decoded)["gil-wait"] == 0.5
    (wait,) = [span for span in decoded.spans if span.state == State.GIL_WAIT]
    assert (wait.began_ns, wait.ended_ns) == (60_000, 560_000)


def test_a_receiver_that_was_woken_but_waits_for_the_gil():
    life = start() + receive(1, 0, 0, 10 * MS, 10 * MS + 1_000) + end(10 * MS + 1_000)
    found = [sample(0, at * MS, S, 0, sleeps_on=CHANNEL if at < 7 else GIL) for at in range(10)]
    decoded = seen(life, [*found, sample(0, 10 * MS + 500, R, 500)], gil_shared=True)
    assert times(decoded)["recv-blocked"] == pytest.approx(6.75, abs=0.5)
    assert times(decoded)["gil-wait"] == pytest.approx(3.25, abs=0.5)
    assert {s.channel for s in decoded.spans if s.state == State.GIL_WAIT} == {NONE}


def test_a_receiver_that_sleeps_on_its_channel_stays_blocked():
    life = start() + receive(1, 0, 0, 10 * MS, 10 * MS) + end(10 * MS)
    decoded = seen(life, [sample(0, at * MS, S, 0, sleeps_on=CHANNEL) for at in range(11)], gil_shared=True)
    assert layout_of(decoded) == [("recv-blocked", 0, 10)]


def test_where_nobody_looked_running_is_inferred():
    found = [sample(0, at * MS, R, at * MS) for at in range(4, 7)]
    decoded = seen(start() + end(10 * MS), found)
    assert layout_of(decoded) == [("running", 0, 4), ("running", 4, 6), ("running", 6, 10)]
    assert [s.evidence for s in decoded.spans] == [Evidence.INFERRED, Evidence.MEASURED, Evidence.INFERRED]


def test_without_accounts_the_scheduler_s_states_decide():
    found, ended = turns([5, 5] * 2, gil=GIL)
    flat = [record[:8] + record[8:16] + bytes(8) + record[24:] for record in found]
    decoded = seen(start() + end(ended * MS), flat, gil_shared=True)
    assert times(decoded) == {"running": pytest.approx(10, abs=1), "gil-wait": pytest.approx(10, abs=1)}


def test_samples_that_run_backwards_are_dropped():
    found = [sample(0, 2 * MS, R, 5 * MS), sample(0, MS, R, 6 * MS), sample(0, 3 * MS, R, 4 * MS), sample(9, 0, R, 0)]
    assert seen(start() + end(10 * MS), found).dropped == 3


def test_what_the_observer_did_is_counted():
    decoded = seen(start() + end(10 * MS), [sample(0, at * MS, R, at * MS) for at in (0, 1, 2, 5)])
    assert (decoded.sampling.samples, decoded.sampling.median_interval_ns) == (4, MS)


# --- cores -------------------------------------------------------------------------------------------------------


def cores(decoded):
    return [(s.core, s.began_ns / MS, s.ended_ns / MS) for s in decoded.core_spans]


def test_time_on_one_core_is_one_span():
    found = [sample(0, at * MS, R, at * MS, core=at // 5) for at in range(10)]
    assert cores(seen(start() + end(9 * MS), found)) == [(0, 0, 4), (1, 4, 9)]


def test_a_worker_that_slept_was_on_no_core():
    on_cpu = [0, 1, 2, 2, 2, 2, 3]
    found = [
        sample(0, at * MS, S if at in (3, 4, 5) else R, ms * MS, sleeps_on=TIMER if at in (3, 4, 5) else 0)
        for at, ms in enumerate(on_cpu)
    ]
    assert cores(seen(start() + end(6 * MS), found)) == [(0, 0, 2), (0, 5, 6)]


def test_where_nobody_looked_for_long_there_is_no_core():
    found = [sample(0, at * MS, R, at * MS) for at in (0, 1, 2, 3, 8, 9, 10)]
    assert cores(seen(start() + end(10 * MS), found)) == [(0, 0, 3), (0, 8, 10)]
