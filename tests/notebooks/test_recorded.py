"""What was recorded for replay: small, whole, of a machine that could show it, and of the programs as they are now.

A lesson need not have recordings: then it runs where it is, and says so.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from runtime.tracing.model import State
from runtime.tracing.traces import Trace
from tests.notebooks import record
from tests.notebooks.record import CALL, MOST_TAKEN, NOTICED_NS, number_of, taken
from tests.vizlib import builders

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
RECORDED = NOTEBOOKS / "recorded"
LESSONS = {number: path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if (number := number_of(path))}
KEPT = sorted(path.stem for path in RECORDED.glob("*.json"))


def test_every_recording_is_of_a_lesson_that_replays():
    assert set(KEPT) <= set(LESSONS)
    assert {path.name[:2] for path in RECORDED.iterdir()} == set(KEPT)


@pytest.mark.parametrize("number", KEPT)
def test_recordings_are_whole_and_of_an_idle_machine_with_two_cores(number):
    index = json.loads((RECORDED / f"{number}.json").read_text("utf-8"))
    named = {one["file"] for one in index["runs"].values()}
    assert named == {path.name for path in RECORDED.glob(f"{number}-*.trace")}
    traces = [Trace.load(RECORDED / name) for name in sorted(named)]
    assert all(trace.environment.cores >= 2 for trace in traces)
    assert max(map(taken, traces)) <= MOST_TAKEN
    assert sum((RECORDED / name).stat().st_size for name in named) < 400_000


@pytest.mark.parametrize("number", KEPT)
def test_recordings_tell_nothing_of_whose_machine_it_was(number):
    for path in RECORDED.glob(f"{number}-*.trace"):
        trace = Trace.load(path)
        assert trace.environment.os in ("Linux", "Darwin", "Windows")
        assert all("/" not in worker.filename for worker in trace.workers)
        assert all("/" not in failure.traceback for failure in trace.errors)


@pytest.mark.parametrize("number", KEPT)
def test_the_programs_that_were_recorded_are_those_of_the_lesson(number):
    """Each recorded worker's text stands in the notebook as it is now: else readers on one core would see no replay."""
    cells = nbformat.read(LESSONS[number], as_version=4).cells
    sources = flush("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
    for path in RECORDED.glob(f"{number}-*.trace"):
        for worker in Trace.load(path).workers:
            assert flush(worker.source) in sources, f"{path.name}: {worker.name} has changed: run record.py"


def flush(source):
    """Without indentation: a worker may be defined within a function."""
    return "\n".join(line.strip() for line in source.strip().splitlines())


@pytest.mark.soak
@pytest.mark.parametrize("number", KEPT)
def test_every_run_of_a_recorded_lesson_is_replayed(number, monkeypatch):
    """Another argument of a program is enough, and a recording stands for it no longer."""
    monkeypatch.setenv("LAB_MODE", "replay")
    monkeypatch.setenv("LAB_PROGRESS", "off")
    notebook = nbformat.read(LESSONS[number], as_version=4)
    place = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(notebook, kernel_name="python3", timeout=120, resources=place).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    told = "".join(output.get("text", "") for output in outputs)
    assert "replayed from a recording" in told
    assert re.findall(r"^~ (.*): run live$", told, re.MULTILINE) == []


@pytest.mark.parametrize("number", LESSONS)
def test_a_lesson_names_itself_by_its_own_number(number):
    assert LESSONS[number].stem[:2] == number


def test_a_lesson_says_its_number_in_a_code_cell(tmp_path):
    cells = [nbformat.v4.new_markdown_cell('lesson("02")'), nbformat.v4.new_code_cell('here = lesson("01")')]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "one.ipynb")
    assert number_of(tmp_path / "one.ipynb") == "01"
    assert CALL.search("from vizlib.teaching import lesson") is None


def test_only_what_others_took_counts_against_a_recording():
    assert taken(waited(30)) == pytest.approx(0.3)
    assert taken(waited(30, workers=3)) == 0.0  # there are two cores
    assert taken(waited(30, of=NOTICED_NS)) == 0.0  # too short to be seen


def waited(share, *, workers=2, of=100 * NOTICED_NS):
    """A run whose workers wait for a core for so many of a hundred parts of its time."""
    crew = [builders.worker(i, f"w{i}", 0, of) for i in range(workers)]
    lives = [(State.CORE_WAIT, 0, of * share // 100), (State.RUNNING, of * share // 100, of)]
    return builders.trace(crew, [builders.span(i, *life) for i in range(workers) for life in lives])


def test_it_is_tried_until_the_machine_was_idle(tmp_path, capsys, monkeypatch):
    pauses = []
    monkeypatch.setattr(record.time, "sleep", pauses.append)
    shares = iter([40, 20, 10])

    def runs(path):
        waited(next(shares)).save(tmp_path / "04-one.trace")
        (tmp_path / "04.json").write_text("{}")

    assert record.record(Path("04_x.ipynb"), "04", 5, folder=tmp_path, run=runs)
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in told] == ["04_x.ipynb, try 1", "04_x.ipynb, try 2", "04_x.ipynb"]
    assert "recorded 1 runs at try 3" in told[-1]
    assert pauses == [2, 4]
    assert {path.name for path in tmp_path.iterdir()} == {"04.json", "04-one.trace"}


def test_what_was_recorded_before_stays_where_nothing_better_came(tmp_path, capsys):
    (tmp_path / "04.json").write_text("before")

    def runs(path):
        waited(40).save(tmp_path / "04-one.trace")
        (tmp_path / "04.json").write_text("after")

    assert not record.record(Path("04_x.ipynb"), "04", 1, folder=tmp_path, run=runs)
    assert "NOT recorded" in capsys.readouterr().out
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("04.json", "before")]


def test_a_lesson_that_fails_leaves_what_was_recorded_before(tmp_path):
    (tmp_path / "04.json").write_text("before")

    def fails(path):
        (tmp_path / "04.json").write_text("half")
        raise RuntimeError("a cell raised")

    with pytest.raises(RuntimeError, match="a cell raised"):
        record.record(Path("04_x.ipynb"), "04", 3, folder=tmp_path, run=fails)
    assert (tmp_path / "04.json").read_text() == "before"
