"""The runs of an experiment and what they say together."""

import pytest

import runtime
from tests.vizlib import builders
from tests.vizlib.running.fakes import failing
from vizlib.running import history, outcomes
from vizlib.running.history import MOST, History, named


def took(ms):
    return outcomes.finished(builders.trace([builders.worker(0, "a", 0, ms * 1_000_000)]))


STOPPED = outcomes.failed(runtime.RunStoppedError("stopped", builders.failing()), "woken")


@pytest.fixture
def three():
    runs = History()
    for copies, ms in ((1, 380), (2, 271), (4, 200)):
        runs.add({"copies": copies, "backend": "interpreters"}, took(ms))
    return runs


def test_each_run_is_told_by_its_speed_over_the_first(three):
    assert [entry.face for entry in three.entries] == ["1.0×", "1.4×", "1.9×"]


def test_a_slower_run_has_a_speed_below_one(three):
    assert three.add({}, took(760)).face == "0.5×"


def test_a_run_that_did_not_end_well_is_no_yardstick():
    runs = History()
    assert runs.add({}, outcomes.failed(failing())).face == "✕"
    assert runs.add({}, STOPPED).face == "■"
    assert runs.yardstick is None
    assert runs.add({}, took(100)).face == "1.0×"
    assert runs.yardstick.number == 3


def test_only_so_many_are_kept_and_the_yardstick_always(three):
    for _ in range(2 * MOST):
        three.add({}, took(100))
    assert len(three.entries) == MOST
    assert three.entries[0].number == three.yardstick.number == 1
    assert three.entries[-1].number == 3 + 2 * MOST


def test_a_run_in_words(three):
    assert three.entries[0].in_words() == "run 1: copies 1, backend interpreters; finished in 380 ms"
    assert three.entries[1].in_words().endswith("finished in 271 ms, 1.4× as fast as run 1")
    assert three.add({}, outcomes.failed(failing())).in_words().startswith("run 4: WorkerError: worker")


def test_traces_are_named_by_what_tells_them_apart(three):
    assert three.changed() == {"copies"}
    assert [trace.name for trace in named(three.entries, three.changed())] == [
        "run 1, copies 1",
        "run 2, copies 2",
        "run 3, copies 4",
    ]


def test_a_run_without_a_trace_has_none_to_show():
    runs = History()
    runs.add({}, outcomes.failed(runtime.ProgramError("no workers")))
    assert history.named(runs.entries, set()) == []
