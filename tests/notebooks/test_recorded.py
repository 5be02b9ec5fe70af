"""What was recorded for replay: small, whole, of a machine that could show it, and of the programs as they are now."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from runtime.tracing.model import State
from runtime.tracing.traces import Trace
from tests.notebooks.record import CALL, MOST_TAKEN, number_of, taken
from tests.vizlib import builders

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
RECORDED = NOTEBOOKS / "recorded"
LESSONS = {number: path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if (number := number_of(path))}


def test_every_recording_is_of_a_lesson_that_replays():
    assert {path.stem for path in RECORDED.glob("*.json")} == set(LESSONS)


@pytest.mark.parametrize("number", LESSONS)
def test_recordings_are_whole_and_of_an_idle_machine_with_two_cores(number):
    index = json.loads((RECORDED / f"{number}.json").read_text("utf-8"))
    named = {one["file"] for one in index["runs"].values()}
    assert named == {path.name for path in RECORDED.glob(f"{number}-*.trace")}
    traces = [Trace.load(RECORDED / name) for name in sorted(named)]
    assert all(trace.environment.cores >= 2 for trace in traces)
    assert max(map(taken, traces)) <= MOST_TAKEN
    assert sum((RECORDED / name).stat().st_size for name in named) < 400_000


@pytest.mark.parametrize("number", LESSONS)
def test_recordings_tell_nothing_of_whose_machine_it_was(number):
    for path in RECORDED.glob(f"{number}-*.trace"):
        trace = Trace.load(path)
        assert trace.environment.os in ("Linux", "Darwin", "Windows")
        assert all("/" not in worker.filename for worker in trace.workers)
        assert all("/" not in failure.traceback for failure in trace.errors)


@pytest.mark.parametrize("number", LESSONS)
def test_the_programs_that_were_recorded_are_those_of_the_lesson(number):
    """Each recorded worker's text stands in the notebook as it is now: else readers on one core would see no replay."""
    cells = nbformat.read(LESSONS[number], as_version=4).cells
    sources = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    for path in RECORDED.glob(f"{number}-*.trace"):
        for worker in Trace.load(path).workers:
            assert worker.source.strip() in sources, f"{path.name}: {worker.name} has changed: run record.py"


@pytest.mark.parametrize("number", LESSONS)
def test_a_lesson_names_itself_by_its_own_number(number):
    assert LESSONS[number].stem[:2] == number


def test_a_lesson_says_its_number_in_a_code_cell(tmp_path):
    cells = [nbformat.v4.new_markdown_cell('lesson("02")'), nbformat.v4.new_code_cell('here = lesson("01")')]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "one.ipynb")
    assert number_of(tmp_path / "one.ipynb") == "01"
    assert CALL.search("from vizlib.teaching import lesson") is None


def test_only_what_others_took_counts_against_a_recording():
    def run(workers):
        crew = [builders.worker(i, f"w{i}") for i in range(workers)]
        lives = [(State.CORE_WAIT, 0, 30), (State.RUNNING, 30, 100)]
        return builders.trace(crew, [builders.span(i, *life) for i in range(workers) for life in lives])

    assert taken(run(2)) == pytest.approx(0.3)
    assert taken(run(3)) == 0.0  # there are two cores
