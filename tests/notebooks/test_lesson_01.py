"""Lesson 01's exercise: its folded solution passes the check; known wrong answers fail it, with the right words."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "01_threads_take_turns.ipynb"


@pytest.fixture(scope="module")
def cells():
    return {cell.id: cell.source for cell in nbformat.read(LESSON, as_version=4).cells}


@pytest.fixture(scope="module")
def names(cells, tmp_path_factory):
    """The names that the exercise starts from, with a job of a size that any machine can do."""
    file = tmp_path_factory.mktemp("lesson") / "whole_job.py"
    file.write_text(f"import runtime\nbelow = 80_000\n{cells['whole-job']}")
    names = {}
    exec(compile(file.read_text(), file, "exec"), names)
    return names


@pytest.fixture
def marked(cells, names):
    """Mark an answer as the notebook does."""

    def mark(answer):
        scope = dict(names)
        exec(answer, scope)
        exec(cells["make-check"].replace("check(\n", "report = check(\n", 1), scope)
        return {requirement.title: verdict for requirement, verdict in scope["report"].marks}

    return mark


@pytest.fixture(scope="module")
def solution(cells):
    return re.findall(r"```python\n(.*?)```", cells["hints"], re.DOTALL)[-1]


def test_the_solution_is_right_and_evenly_divided(marked, solution):
    found = marked(solution)
    assert found["the results add up"].met
    assert found["two workers or more"].met
    assert found["the work is divided evenly"].met
    # The speed-up depends on what else the machine does: that it is judged at all is enough here.
    assert "as fast" in found["at least 1.6 times as fast as before"].words or (
        found["at least 1.6 times as fast as before"].met is None
    )


def test_the_stub_runs_and_is_not_enough(marked, cells):
    found = marked(cells["make-stub"])
    assert found["the results add up"].met
    assert found["two workers or more"].words == "This run had 1 worker."
    assert not found["the work is divided evenly"].met


@pytest.mark.parametrize(
    ("change", "title", "told"),
    [
        (("0.7 * size", "0.5 * size"), "the work is divided evenly", "second part did"),
        (("worker(middle, size", "worker(2, size"), "the results add up", "counted twice"),
        (("worker(middle, size", "worker(middle + 1000, size"), "the results add up", "left out"),
    ],
)
def test_known_mistakes_are_named(marked, solution, change, title, told):
    assert change[0] in solution
    found = marked(solution.replace(*change))
    assert found[title].met is False
    assert told in found[title].words


def test_threads_do_not_make_it_faster(marked, solution):
    found = marked(solution.replace('"interpreters"', '"threads"'))
    assert found["the results add up"].met
    assert not found["at least 1.6 times as fast as before"].met


def test_the_last_hint_is_the_solution_with_gaps(cells, solution):
    hint = re.findall(r"```python\n(.*?)```", cells["hints"], re.DOTALL)[0]
    gaps = [line for line in hint.splitlines() if line not in solution.splitlines()]
    assert all("..." in line for line in gaps)
    assert len(gaps) == 2
