"""A thread follows a run, hears a stop at once, ends with the run, and cannot hurt it."""

import threading

import pytest

import runtime
from tests.runtime.programs.examples import squares
from tests.vizlib.running.fakes import PATIENCE_S, FakeRun, failing
from vizlib.running.outcomes import End
from vizlib.running.watching import Running, Watch


def watch(run, show=lambda phase, told: None):
    outcomes = []
    watch = Watch(lambda: run, show, outcomes.append)
    watch.outcomes = outcomes
    return watch


def test_a_run_can_be_watched():
    with squares(count=3).start() as run:
        assert isinstance(run, Running)


def test_it_looks_until_the_run_ends_and_then_says_how():
    phases = []
    watching = watch(FakeRun(looks=3), lambda phase, told: phases.append((phase, told.now_ns)))
    watching.start()
    assert watching.join(PATIENCE_S)
    assert [phase for phase, _ in phases] == ["starting", "running", "running", "reading what was recorded"]
    assert [now for _, now in phases] == sorted(now for _, now in phases)
    assert [outcome.end for outcome in watching.outcomes] == [End.FINISHED]


@pytest.mark.parametrize("how", ["woken", "interrupted", "killed"])
def test_a_stop_ends_the_run_and_says_what_it_took(how):
    run = FakeRun(how=how)
    watching = watch(run)
    watching.start()
    assert run.looked.wait(PATIENCE_S)
    watching.stop()
    assert watching.join(PATIENCE_S)
    assert run.stops == 1
    assert watching.outcome.end is End.STOPPED


def test_what_goes_wrong_in_the_run_is_its_outcome():
    run = FakeRun(error=failing())
    run.finish()
    watching = watch(run)
    watching.start()
    assert watching.join(PATIENCE_S)
    assert watching.outcome.end is End.FAILED
    assert watching.outcome.trace is run.error.trace


def test_a_program_that_cannot_begin_is_an_outcome():
    def begin():
        raise runtime.ProgramError("no workers")

    outcomes = []
    watching = Watch(begin, lambda phase, told: None, outcomes.append)
    watching.start()
    assert watching.join(PATIENCE_S)
    assert outcomes[0].sentence == "ProgramError: no workers"
    assert outcomes[0].trace is None


@pytest.mark.parametrize("catches", ["Exception", "nothing"])
def test_a_program_that_is_never_made_can_be_stopped(catches):
    making = threading.Event()

    def begin():
        while True:
            try:
                while True:
                    making.set()
            except Exception:
                pass

    def begin_plainly():
        while True:
            making.set()

    watching = Watch(begin if catches == "Exception" else begin_plainly, lambda phase, told: None, lambda outcome: None)
    watching.start()
    assert making.wait(PATIENCE_S)
    watching.stop()
    assert watching.join(PATIENCE_S)
    assert watching.outcome.sentence == "Stopped: its program was still being made."


def test_a_run_that_cannot_be_looked_at_goes_on_unseen(caplog):
    run = FakeRun()
    run.progress = lambda after=None: 1 / 0
    watching = watch(run)
    watching.start()
    run.finish()
    assert watching.join(PATIENCE_S)
    assert watching.outcome.end is End.FINISHED
    assert len(caplog.records) == 1


def test_a_view_that_fails_is_switched_off_and_said_once(caplog):
    calls = []

    def show(phase, told):
        calls.append(phase)
        raise ZeroDivisionError

    run = FakeRun()
    watching = watch(run, show)
    watching.start()
    assert run.looked.wait(PATIENCE_S)
    run.finish()
    assert watching.join(PATIENCE_S)
    assert len(calls) == 1
    assert watching.outcome.end is End.FINISHED
    assert len(caplog.records) == 1


def test_no_thread_is_left():
    before = threading.active_count()
    watching = watch(FakeRun(looks=1))
    watching.start()
    assert watching.join(PATIENCE_S)
    assert threading.active_count() == before


def test_a_real_run_is_told_from_beginning_to_end():
    told = []
    run = squares(count=100).start()
    watching = watch(run, lambda phase, one: told.append(one))
    watching.start()
    assert watching.join(PATIENCE_S)
    assert watching.outcome.trace.results["total"] == sum(n * n for n in range(100))
    assert (told[-1].sent, told[-1].received) == (200, 200)
