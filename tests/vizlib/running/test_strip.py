"""The words above a run that goes on, and those at its end."""

from dataclasses import replace

import pytest

import runtime
from runtime.tracing.model import State
from tests.vizlib import builders
from tests.vizlib.running.fakes import ENDED, failing, line, stretch
from vizlib.running import outcomes, strip

EVIL = "<img src=x onerror=alert(1)>"


def test_it_says_how_long_how_many_and_who_does_what():
    told = stretch(0, 3_240, now=(State.RUNNING, State.RECV_BLOCKED), sent=1_204, received=1_203)
    said = strip.strip("squares on threads", "running", told, [line("5 so far")], 12)
    assert "<b>squares on threads</b> running" in said
    assert "<span>3.2 s · 1,204 messages sent, 1,203 received · 12 lines printed</span>" in said
    assert "produce <em>running</em>" in said
    assert "square #1 <em>recv-blocked</em>" in said
    assert "<span>produce:</span> 5 so far" in said


def test_it_says_who_has_ended():
    said = strip.strip("squares", "running", stretch(0, 1, now=ENDED))
    assert "produce <em>returned</em>" in said
    assert "square #1 <em>raised</em>" in said


def test_many_workers_are_counted():
    crew = tuple(builders.worker(n, f"w #{n}") for n in range(64))
    told = replace(stretch(0, 1), workers=crew, now=(State.RUNNING,) * 60 + (None,) * 4)
    said = strip.strip("many", "running", told)
    assert "60 <em>running</em>" in said
    assert "4 <em>not yet begun</em>" in said


def test_nothing_from_a_program_becomes_markup():
    told = replace(stretch(0, 1), workers=(builders.worker(0, EVIL), builders.worker(1, "b")))
    end = outcomes.failed(runtime.WorkerError(f"{EVIL}\n{EVIL}", builders.trace(name=EVIL)))
    for said in (strip.strip(EVIL, EVIL, told, [line(EVIL)], 1), strip.outcome(EVIL, end)):
        assert "<img" not in said
        assert "&lt;img" in said


def test_what_is_not_exact_is_said():
    assert strip.notes(0, joined=False, estimated=False) == ""
    assert "gathered" in strip.notes(0, joined=True, estimated=False)
    assert "estimated from a part" in strip.notes(0, joined=True, estimated=True)
    assert "The recorder is full: 3 records" in strip.notes(3, joined=False, estimated=False)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("woken", "Stopped after 3.00 ms: it was enough to wake the workers that waited."),
        ("interrupted", "an exception had to be raised in a worker that computed"),
        ("killed", "its process had to be killed"),
        ("", "it had just ended by itself"),
    ],
)
def test_a_stop_says_what_it_took(how, says):
    trace = builders.trace([builders.worker(0, "a", 0, 3_000_000)])
    end = outcomes.failed(runtime.RunStoppedError("stopped", trace), how)
    assert says in strip.outcome("squares", end)
    assert end.end is outcomes.End.STOPPED
    assert not end.comparable


def test_a_worker_that_fails_because_of_the_stop_is_no_news():
    assert outcomes.failed(failing(), "woken").end is outcomes.End.STOPPED
    assert outcomes.failed(failing()).end is outcomes.End.FAILED


def test_a_failure_is_told_in_a_line_and_its_traceback():
    end = outcomes.failed(failing())
    assert end.sentence == "WorkerError: worker 'produce' failed: <b>no</b>"
    assert end.details == "Traceback ..."
    assert end.trace is not None


def test_a_deadlock_is_called_one():
    error = runtime.DeadlockError("two wait for each other:\n  'a' ...\nThe trace so far is in the error's .trace")
    end = outcomes.failed(error)
    assert end.sentence == "Deadlock: two wait for each other:"
    assert end.details.endswith("The trace so far is in the picture")


def test_a_finished_run_can_be_compared():
    assert outcomes.finished(builders.squares(items=3)).comparable
    assert not outcomes.finished(builders.failing()).comparable
