"""What a reader has done: kept over restarts, never in the way, shown, and handed in so that changes are noticed."""

from __future__ import annotations

import json

import pytest

from tests.vizlib import builders
from vizlib.teaching import (
    NotDoneError,
    Puzzle,
    answers,
    ask,
    check,
    estimate,
    export_progress,
    predict,
    progress,
    quiz,
    read_exported,
    right,
    runs_on,
    store,
    wrong,
)

EVIL = "</li><script>alert(1)</script>"
OPTIONS = [wrong("after T", "they share one lock"), right("after 2 T", "they take turns")]
TRACE = builders.trace([builders.worker(0, "a")])


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """A record of our own."""
    file = tmp_path / "kept.json"
    monkeypatch.setenv("LAB_PROGRESS", str(file))
    monkeypatch.setenv("JPY_SESSION_NAME", "work/01_threads.ipynb")
    restart()
    yield file
    restart()


def restart():
    """What a restarted kernel knows: nothing but the file."""
    answers._locked.clear()
    answers._remembered.clear()


def lock(form, value, number=0):
    form.panels[number].field.value = value
    form.panels[number].button.click()


def work():
    lock(predict("When?", OPTIONS, key="when"), "after T")
    lock(estimate("How many?", key="gain"), 1.5)
    form = quiz(ask("One?", OPTIONS, key="one"), ask("Two?", OPTIONS, key="two"))
    lock(form, "after 2 T", 0)
    lock(form, "after T", 1)
    check(TRACE, runs_on("threads"))
    check(TRACE, runs_on("interpreters"), key="second")


def test_it_is_counted_by_lesson():
    assert repr(progress()).splitlines()[:2] == ["Your progress", "~ progress: nothing is recorded yet"]
    work()
    assert repr(progress()).splitlines()[1] == (
        "~ 01_threads: 2 predictions, self-test 1 right of 2, second done, exercise tried"
    )


def test_it_survives_a_restart_and_the_first_answer_stays():
    work()
    restart()
    assert answers.prediction("gain") == 1.5
    form = predict("When?", OPTIONS, key="when")
    assert form.panels[0].field.disabled
    lock(form, "after 2 T")
    restart()
    assert answers.prediction("when") == "after T"


def test_what_is_done_once_stays_done(file):
    check(TRACE, runs_on("interpreters"))
    check(None, runs_on("interpreters"))
    kept = json.loads(file.read_text())["lessons"]["01_threads"]["checks"]["exercise"]
    assert kept == {"done": True, "tries": 2, "met": 0, "of": 0}


def test_a_puzzle_is_recorded_under_its_name():
    puzzle = Puzzle("nothing can go wrong")
    puzzle.worker()(rests)
    puzzle.check("none")
    assert "nothing can go wrong done" in repr(progress())


def rests():
    pass


def test_a_question_that_was_rewritten_is_forgotten_for_good():
    work()
    predict("When exactly?", OPTIONS, key="when")
    restart()
    assert answers.prediction("when") is None


def test_two_lessons_do_not_meet(monkeypatch):
    work()
    monkeypatch.setenv("JPY_SESSION_NAME", "02_other.ipynb")
    assert store.known("checks") == {}
    check(TRACE, runs_on("interpreters"))
    assert [one.name for one in progress().lessons] == ["01_threads", "02_other"]


@pytest.mark.parametrize("content", ["", "no json", "[]", '{"lessons": 1}', '{"version": 2, "lessons": {}}'])
def test_a_damaged_file_is_set_aside_and_costs_nothing_else(file, content):
    file.write_text(content)
    assert progress().lessons == ()
    work()
    assert "2 predictions" in repr(progress())
    assert file.with_name("kept.json.damaged").read_text() == content


def test_odd_entries_are_passed_over(file):
    lesson = {"answers": {"a": 1, "b": {"value": [], "question": "?", "shown": ""}}, "checks": [1]}
    file.write_text(json.dumps({"version": 1, "lessons": {"01_threads": lesson, "x": 3, EVIL: {}}}))
    assert answers.locked("b") is None
    bundle = progress()._repr_mimebundle_()
    assert "<script" not in bundle["text/html"]


def test_a_place_that_cannot_be_written_costs_nothing_else(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_PROGRESS", str(tmp_path / "no" / "folder" / "kept.json"))
    work()
    assert answers.prediction("gain") == 1.5
    assert progress().lessons == ()


@pytest.mark.parametrize("told", ["off", None])
def test_nothing_is_kept_where_nobody_reads(monkeypatch, tmp_path, told):
    monkeypatch.chdir(tmp_path)
    if told:
        monkeypatch.setenv("LAB_PROGRESS", told)
    else:
        monkeypatch.delenv("LAB_PROGRESS")  # a test, not a notebook
    work()
    assert list(tmp_path.iterdir()) == []
    assert "it is not kept here" in repr(progress())


def test_it_is_handed_in_as_text_and_data(tmp_path):
    work()
    path = export_progress("Ada", tmp_path / "hand-in.txt")
    text = path.read_text()
    assert text.splitlines()[2] == "01_threads: 2 predictions, self-test 1 right of 2, second done, exercise tried"
    content = read_exported(path)
    assert content["name"] == "Ada"
    assert content["lessons"]["01_threads"]["checks"]["second"]["done"] is True


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"tries": 1', '"tries": 2', "digest does not match"),
        ("exercise tried", "exercise done", "text is not that of its data"),
        ("--- the same", "--- not the same", "is no exported progress"),
    ],
)
def test_a_file_that_was_changed_is_noticed(tmp_path, old, new, why):
    work()
    path = export_progress("Ada", tmp_path / "hand-in.txt")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ValueError, match=why):
        read_exported(path)


def test_only_a_grader_is_told_by_an_exception(monkeypatch):
    assert not check(TRACE, runs_on("threads")).done
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert check(TRACE, runs_on("interpreters")).done
    with pytest.raises(NotDoneError, match="it runs on threads"):
        check(TRACE, runs_on("threads"))
