"""Exercises are marked from traces: every requirement on good and bad runs, and answers that are no runs at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

import vizlib.teaching as teaching
from runtime.errors import WorkerError
from runtime.tracing.model import NONE, Channel, Deadlocked, Ending, State, WorkerFailure
from tests.vizlib import builders
from vizlib.teaching import Requirement, Verdict, check

EVIL = "</p><script>alert(1)</script>"


def run(*lives, wall=100, **more):
    """A run of workers a, b, ...: each life is a list of (state, nanoseconds)."""
    workers, spans = [], []
    for index, life in enumerate(lives):
        at = 0
        for state, ns in life:
            spans.append(builders.span(index, state, at, at + ns))
            at += ns
        workers.append(builders.worker(index, "abcdef"[index], 0, at))
    return builders.trace(workers, spans, wall_ns=wall, **more)


COMPUTES = [(State.RUNNING, 100)]


def verdict(trace, requirement):
    ((_, found),) = check(trace, requirement).marks
    return found


@pytest.mark.parametrize(
    ("results", "met", "told"),
    [
        ({"a": 3, "b": 4}, True, "Together 7"),
        ({"a": 3, "b": None, "c": 4}, True, "Together 7"),
        ({"a": 3, "b": 5}, False, "1 more than 7: something is counted twice"),
        ({"a": 3}, False, "4 fewer than 7: something is left out"),
        ({}, False, "7 fewer than 7"),
        ({"a": "seven"}, False, "a returned 'seven', which is not a number"),
    ],
)
def test_results_add_up(results, met, told):
    found = verdict(run(COMPUTES, results=results), teaching.results_add_up_to(7))
    assert found.met is met
    assert told in found.words


@pytest.mark.parametrize(
    ("results", "met", "told"),
    [
        ({"a": [1, 2]}, True, "as expected"),
        ({"a": [2, 1]}, False, "returned [2, 1]; expected was [1, 2]"),
        ({"b": 1}, False, "No worker 'a' returned anything"),
    ],
)
def test_result_is(results, met, told):
    found = verdict(run(COMPUTES, results=results), teaching.result_is("a", [1, 2]))
    assert found.met is met
    assert told in found.words


REASONS = {"a": teaching.wrong("it is new", "So was the wheel."), "b": teaching.right("it fits", "It does.")}


@pytest.mark.parametrize(
    ("given", "met", "told"),
    [
        ("b", True, "It does."),
        ("a", False, "So was the wheel."),
        ("c", False, "'c' is none of the reasons: choose one of 'a' and 'b'"),
        (..., False, "Ellipsis is none of the reasons"),
        (["b"], False, "['b'] is none of the reasons"),
    ],
)
def test_reason_is(given, met, told):
    found = verdict(run(COMPUTES), teaching.reason_is(given, REASONS))
    assert found.met is met
    assert told in found.words


def test_reason_is_needs_one_that_is_right():
    with pytest.raises(ValueError, match="exactly one is right"):
        teaching.reason_is("a", {"a": REASONS["a"]})


def test_all_returned():
    assert verdict(run(COMPUTES), teaching.all_returned()).met
    found = verdict(builders.failing(), teaching.all_returned())
    assert found.met is False
    assert "raised ValueError" in found.words


def test_what_became_of_the_others_after_a_failure_is_not_told_in_detail():
    failed, stopped = replace(builders.worker(0, "a"), ending=Ending.RAISED), replace(builders.worker(1, "b"))
    words = {
        verdict(
            builders.trace(
                [failed, replace(stopped, ending=ending)], errors=(WorkerFailure("a", "TypeError", "no", "", NONE),)
            ),
            teaching.all_returned(),
        ).words
        for ending in (Ending.RAISED, Ending.STOPPED, Ending.LOST)
    }
    assert words == {"a raised TypeError: no. After that, b did not finish either."}


def test_workers_at_least():
    assert verdict(run(COMPUTES, COMPUTES), teaching.workers_at_least(2)).met
    assert verdict(run(COMPUTES), teaching.workers_at_least(2)).words == "This run had 1 worker."


@pytest.mark.parametrize(
    ("messages", "met", "told"),
    [
        ([builders.message(0, 1, 10, 20)], True, "All 1 message"),
        ([builders.message(0, 1, 10, 20), builders.message(0, NONE, 30, NONE, 1)], False, "1 of 2 messages"),
        ([], False, "No message was sent"),
    ],
)
def test_every_message_received(messages, met, told):
    trace = run(COMPUTES, COMPUTES, channels=(Channel(0, "numbers", 8),), messages=messages)
    found = verdict(trace, teaching.every_message_received())
    assert found.met is met
    assert told in found.words


@pytest.mark.parametrize(("wall", "met"), [(100, True), (135, True), (145, False), (300, False)])
def test_faster_than_accepts_a_little_less(wall, met):
    found = verdict(run(COMPUTES, wall=wall), teaching.faster_than(run(COMPUTES, wall=200), 1.6))
    assert found.met is met
    assert "as fast" in found.words


def test_faster_than_is_not_judged_on_one_core():
    one_core = replace(builders.PLACE, cores=1)
    report = check(run(COMPUTES, environment=one_core), teaching.faster_than(run(COMPUTES), 1.6))
    assert report.marks[0][1].met is None
    assert "one core" in repr(report)
    assert not report.done


def test_faster_than_leaves_out_what_other_programs_took():
    disturbed = run([(State.RUNNING, 50), (State.CORE_WAIT, 100), (State.RUNNING, 50)], wall=200)
    two = run([(State.RUNNING, 50), (State.GIL_WAIT, 50)], [(State.GIL_WAIT, 50), (State.RUNNING, 50)])
    found = verdict(two, teaching.faster_than(disturbed, 1.6))
    assert found.met is False
    assert "1.00× as fast (100 ns before, 100 ns now, without the time in which other programs" in found.words
    # with more workers than cores, waiting for one is the program's own affair
    crowd = run(*[[(State.CORE_WAIT, 100), (State.RUNNING, 50)]] * 3, wall=150)
    assert "0.67× as fast (100 ns before, 150 ns now)" in verdict(crowd, teaching.faster_than(run(COMPUTES), 1)).words


def test_faster_than_says_when_the_machine_was_busy():
    busy = run([(State.RUNNING, 50), (State.CORE_WAIT, 50)], COMPUTES)
    assert "Other programs took cores" in verdict(busy, teaching.faster_than(run(COMPUTES), 1.6)).words


def test_work_divided_counts_computing_only():
    even = run([(State.RUNNING, 50), (State.CORE_WAIT, 50)], [(State.RUNNING, 50)])
    uneven = run([(State.RUNNING, 70)], [(State.RUNNING, 30), (State.CORE_WAIT, 70)])
    assert verdict(even, teaching.work_divided(0.65)).met
    assert verdict(uneven, teaching.work_divided(0.65)).words == "a did 70 % of all computing."
    assert verdict(run([(State.SLEEPING, 10)]), teaching.work_divided(0.65)).met is None


def test_a_run_that_was_cut_short_is_not_faster():
    found = verdict(run(COMPUTES, wall=10, complete=False), teaching.faster_than(run(COMPUTES, wall=200), 1.6))
    assert found == Verdict(False, "The run was cut short, so the time it took says nothing.")


def test_parallel_counts_what_the_program_allows_not_what_the_machine_gives():
    one_core = run([(State.RUNNING, 50), (State.CORE_WAIT, 50)], [(State.CORE_WAIT, 50), (State.RUNNING, 50)])
    one_lock = run([(State.RUNNING, 50), (State.GIL_WAIT, 50)], [(State.GIL_WAIT, 50), (State.RUNNING, 50)])
    assert verdict(one_core, teaching.parallel_at_least(1.5)) == Verdict(True, "On average 2.0 could go on at once.")
    assert verdict(one_lock, teaching.parallel_at_least(1.5)) == Verdict(False, "On average 1.0 could go on at once.")
    assert verdict(run([], wall=0), teaching.parallel_at_least(1.5)).met is None
    # under one GIL whoever asks for it may have to wait for a core to do so
    busy = [(State.RUNNING, 30), (State.CORE_WAIT, 70)]
    assert "1.0 could" in verdict(run(busy, busy, backend="threads"), teaching.parallel_at_least(1.5)).words


def test_blocked_at_most_counts_both_directions_of_the_workers_asked_for():
    trace = run([(State.SEND_BLOCKED, 30), (State.RECV_BLOCKED, 30), (State.RUNNING, 40)], COMPUTES)
    assert verdict(trace, teaching.blocked_at_most(0.3)).met
    assert verdict(trace, teaching.blocked_at_most(0.5, "a")) == Verdict(False, "Blocked for 60 % of their lives.")
    assert verdict(trace, teaching.blocked_at_most(0.0, "b")).met
    assert "no worker 'c'" in verdict(trace, teaching.blocked_at_most(0.5, "c")).words


def test_no_deadlock():
    ring = (Deadlocked(0, 1, 0, False, 5, 11), Deadlocked(1, 0, 0, True, 6, 13))
    stuck = run(COMPUTES, COMPUTES, channels=(Channel(0, "numbers", 0),), deadlock=ring, complete=False)
    assert verdict(run(COMPUTES), teaching.no_deadlock()).met
    assert "a waits for b to send to numbers" in verdict(stuck, teaching.no_deadlock()).words


def test_time_in_a_state():
    waits = run([(State.RUNNING, 40), (State.GIL_WAIT, 60)])
    assert verdict(waits, teaching.time_in(State.GIL_WAIT, at_least=0.5)).met
    assert verdict(waits, teaching.time_in(State.GIL_WAIT, at_most=0.5)).met is False
    with pytest.raises(ValueError, match="exactly one"):
        teaching.time_in(State.GIL_WAIT)


def test_time_in_a_state_leaves_out_what_other_programs_took():
    busy = run([(State.RUNNING, 16), (State.GIL_WAIT, 24), (State.CORE_WAIT, 60)])
    told = verdict(busy, teaching.time_in(State.GIL_WAIT, at_most=0.25))
    assert told.met is False
    assert "60 % of their lives in gil-wait, without the time in which they had no core." in told.words
    assert "60 % of their lives in core-wait." in verdict(busy, teaching.time_in(State.CORE_WAIT, at_most=0.5)).words
    assert verdict(run([(State.CORE_WAIT, 9)]), teaching.time_in(State.GIL_WAIT, at_most=0.25)).met


@pytest.mark.parametrize("handed_in", [None, ..., 42, "trace", EVIL, [], builders])
def test_what_is_no_trace_gets_a_sentence(handed_in):
    report = check(handed_in, teaching.workers_at_least(2))
    assert not report.done
    assert "hand in the trace" in repr(report)
    assert "<script" not in report.html()


def test_a_failed_run_is_marked_by_its_trace():
    report = check(WorkerError("no", builders.failing()), teaching.all_returned())
    assert "✗ not yet: every worker finishes" in repr(report)


def test_a_result_that_cannot_be_compared_is_no_exception():
    class Awkward:
        def __eq__(self, other):
            raise RuntimeError(EVIL)

        __hash__ = None

    report = check(run(COMPUTES, results={"a": Awkward()}), teaching.result_is("a", 1))
    assert not report.done
    assert "RuntimeError" in repr(report)
    assert "<script" not in report.html()


def test_what_a_student_wrote_never_becomes_markup():
    worker = builders.worker(0, EVIL, ending=Ending.STOPPED)
    trace = builders.trace([worker], [builders.span(0, State.RUNNING, 0, 100)], results={EVIL: EVIL})
    report = check(trace, teaching.results_add_up_to(1), teaching.all_returned(), teaching.work_divided(0.5))
    assert "<script" not in report.html()
    assert "&lt;script&gt;" in report.html()


def test_a_report_says_what_is_next_and_when_it_is_done():
    asked = (teaching.workers_at_least(2), teaching.results_add_up_to(7))
    assert repr(check(run(COMPUTES, results={"a": 7}), *asked)).startswith(
        "~ in all: 1 of 2 done. Next: two workers or more."
    )
    done = check(run(COMPUTES, COMPUTES, results={"a": 7}), *asked)
    assert done.done
    assert "Done: everything asked for is there." in done.html()


def test_measured_lines_are_marked_in_the_text():
    lines = repr(check(run(COMPUTES), teaching.work_divided(0.5), teaching.workers_at_least(1))).splitlines()
    assert lines[1].startswith("~ the work is divided evenly: ✗ not yet")
    assert lines[2] == "  ✓ done: one worker or more"


def test_check_needs_a_requirement():
    with pytest.raises(ValueError, match="at least one requirement"):
        check(run(COMPUTES))


def test_requirements_are_values():
    assert isinstance(teaching.workers_at_least(2), Requirement)
