"""What holds for every lesson, checked without running it.

Each code cell has exactly one tag: `check` (its output is compared), `live` (it runs an experiment; a check follows) or
`ui` (it asks something).  A check that compares nothing would pass whatever happens, so there must be none.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
import statistics
import sys
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.grading import GRADED, graded

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
KINDS = {"check", "live", "ui"}
MAX_CELLS, MAX_WORDS, MAX_BYTES, MAX_LINE = 50, 2_000, 3_000_000, 80
SHAPE = ("title", "make-stub", "make-check", "hints", "quiz", "key-points")
OUR_IMPORTS = {"runtime", "vizlib"}
LAST_CORE = "10"
EXERCISE = {"make-stub", "whole-job"}  # cells with runs of the reader's own, or to compare these with
PRESENT = {"numpy"}  # Bokeh needs it, so it is there; lesson 09 is about why it stays at home
MACHINE = re.compile(r"/(?:home|root|tmp|work|Users|usr)/|[A-Z]:\\\\|\b3\.\d+\.\d+\b|\bip-\d")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def lesson(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code(lesson):
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def prose(lesson):
    """Every markdown cell without its code blocks."""
    texts = [cell.source for cell in lesson.cells if cell.cell_type == "markdown"]
    return [re.sub(r"```.*?```", "", text, flags=re.DOTALL) for text in texts]


def kind(cell):
    (found,) = KINDS & set(cell.metadata.get("tags", ())) or {None}
    return found


def compared(cell):
    """The lines of the cell's output that nbval compares."""
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(texts).splitlines()


def test_there_are_lessons():
    assert NOTEBOOKS


def test_every_code_cell_is_of_one_kind(lesson):
    for cell in code(lesson):
        tags = set(cell.metadata.get("tags", ()))
        assert len(KINDS & tags) == 1, f"{cell.id}: {tags}"
        assert ("nbval-ignore-output" in tags) == (kind(cell) != "check"), cell.id
        assert "NBVAL" not in cell.source, f"{cell.id}: say it with tags"


def test_it_is_committed_executed_top_to_bottom(lesson):
    assert [cell.execution_count for cell in code(lesson)] == list(range(1, len(code(lesson)) + 1))
    errors = [output.ename for cell in code(lesson) for output in cell.outputs if output.output_type == "error"]
    assert errors == []


def test_no_check_is_vacuous(lesson):
    for cell in code(lesson):
        if kind(cell) == "check":
            firm = [line for line in compared(cell) if line.strip() and not line.startswith("~ ")]
            assert firm, f"{cell.id}: nothing of its output is compared"


def test_every_experiment_is_checked_before_the_next_heading(lesson):
    unchecked = None
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            ends_part = re.search(r"^## ", cell.source, re.MULTILINE)
            assert not (unchecked and ends_part), f"{unchecked} is followed by no check"
        elif kind(cell) == "live":
            unchecked = cell.id
        elif kind(cell) == "check":
            unchecked = None
    assert unchecked is None


def test_no_result_is_seen_before_its_prediction(lesson):
    """The committed outputs of what comes after a prediction are folded; running the cell unfolds them."""
    asked = False
    for cell in code(lesson):
        asked = asked or (kind(cell) == "ui" and "predict(" in cell.source)
        if asked and kind(cell) == "check":
            assert cell.metadata.get("jupyter", {}).get("outputs_hidden"), cell.id


def test_no_compared_output_tells_of_the_machine(lesson):
    for cell in code(lesson):
        if kind(cell) == "check":
            told = [line for line in compared(cell) if not line.startswith("~ ") and MACHINE.search(line)]
            assert not told, f"{cell.id}: {told}"


def test_no_path_of_a_machine_is_stored(path):
    text = re.sub(r'"image/png": "[^"]*"', "", path.read_text("utf-8"))
    assert re.findall(r"/(?:home|root|tmp|work|Users)/[^\s\"]*", text) == []


def test_one_title_and_no_heading_level_is_skipped(lesson):
    levels = [len(marks) for text in prose(lesson) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_header_says_how_long_and_what_for(lesson):
    header = lesson.cells[0].source
    for part in ("minutes", "**Questions:**", "**Afterwards you can**", "**Needs:**"):
        assert part in header


def test_pictures_have_words(lesson):
    for text in prose(lesson):
        assert not re.search(r"!\[\s*\]\(", text), "an image without alternative text"
        assert not re.search(r"<img(?![^>]*\balt=\"[^\"]+\")", text), "an image without alternative text"
    for cell in code(lesson):
        for output in cell.outputs:
            if any(mime.startswith("image/") for mime in output.get("data", ())):
                assert len(output.data["text/plain"]) > 100, f"{cell.id}: a picture without its text form"


def test_it_is_of_a_size_that_can_be_read(lesson, path):
    words = sum(len(re.findall(r"\w+", text)) for text in prose(lesson))
    assert words <= MAX_WORDS
    assert len(lesson.cells) <= MAX_CELLS
    assert path.stat().st_size < MAX_BYTES


def test_a_thought_and_a_few_lines(lesson):
    shown = [cell.source for cell in code(lesson) if not cell.metadata.get("jupyter", {}).get("source_hidden")]
    assert statistics.median(sum(map(bool, source.splitlines())) for source in shown) <= 8  # a worker is six
    too_long = [line for source in shown for line in source.splitlines() if len(line) > MAX_LINE]
    assert too_long == []


def test_it_imports_only_the_lab_and_what_is_there_with_it(lesson):
    allowed = OUR_IMPORTS | PRESENT | sys.stdlib_module_names
    for cell in code(lesson):
        for node in ast.walk(ast.parse(cell.source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert {name.partition(".")[0] for name in names} <= allowed, f"{cell.id}: {names}"


def test_ids_and_metadata_are_stable(lesson):
    ids = [cell.id for cell in lesson.cells]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", one)] == []
    assert set(lesson.metadata) == {"kernelspec", "language_info"}
    assert set(lesson.metadata.language_info) == {"name"}
    for cell in lesson.cells:
        assert set(cell.metadata) <= {"tags", "jupyter", "nbgrader"}


def test_exercises_can_be_handed_out_and_collected(lesson, path):
    """With metadata that nbgrader accepts, on the two cells that it concerns; `execute.py` puts it there."""
    for cell in lesson.cells:
        expected = graded(cell.id, path.stem[:2]) if cell.id in GRADED else None
        assert cell.metadata.get("nbgrader") == expected, f"{cell.id}: run execute.py"


def test_it_has_the_shape_that_all_lessons_have(lesson):
    order = [cell.id for cell in lesson.cells]
    places = [order.index(one) for one in SHAPE]
    assert places == sorted(places)
    heads = [head for text in prose(lesson) for head in re.findall(r"^## (.*)$", text, re.MULTILINE)]
    last = ["Self-test", "Key points", "On a free-threaded build", "Read on"]
    assert heads[-4:] == last
    assert heads[-5].startswith("Make: ")
    asked = [cell.id for cell in code(lesson) if kind(cell) == "ui" and "predict(" in cell.source]
    assert asked, "no prediction is asked for"


def test_questions_have_keys_of_their_own(lesson):
    keys = [key for cell in code(lesson) for key in re.findall(r"\bkey=\"([^\"]+)\"", cell.source)]
    assert len(set(keys)) == len(keys)


def test_every_public_name_that_it_uses_is_documented(lesson):
    for cell in code(lesson):
        for module, name in public_names(ast.parse(cell.source)):
            known = importlib.import_module(module)
            found = getattr(known, name) if hasattr(known, name) else importlib.import_module(f"{module}.{name}")
            # a registry is documented in its module
            assert isinstance(found, dict) or (inspect.getdoc(found) or "").strip(), f"{cell.id}: {module}.{name}"


def public_names(tree):
    """(module, name) of everything of ours that a cell takes: by import, or as `runtime.Program`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] in OUR_IMPORTS:
            yield from ((node.module, alias.name) for alias in node.names)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in OUR_IMPORTS:
            yield node.value.id, node.attr


def test_runs_of_the_core_lessons_can_be_replayed(lesson, path):
    """They are run by `here.run`; only what belongs to the exercise always runs on the machine at hand."""
    if path.stem[:2] > LAST_CORE:
        pytest.skip("its author decides what can be replayed")
    for cell in code(lesson):
        if cell.id not in EXERCISE:
            calls = [node.func for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
            runs = [one for one in calls if isinstance(one, ast.Attribute) and one.attr == "run"]
            assert {ast.unparse(one.value) for one in runs} <= {"here", "asyncio", "subprocess"}, cell.id


def test_lessons_are_numbered_in_reading_order():
    numbers = [path.stem.partition("_")[0] for path in NOTEBOOKS]
    assert all(re.fullmatch(r"\d\d", number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_it_needs_only_lessons_before_it(lesson, path):
    needs = re.search(r"\*\*Needs:\*\*(.*)", lesson.cells[0].source)[1]
    assert all(number < path.stem[:2] for number in re.findall(r"\b(\d\d)\b", needs)), needs


def test_folded_answers_are_closed(lesson):
    for cell in lesson.cells:
        assert cell.source.count("<details>") == cell.source.count("</details>") == cell.source.count("<summary>")


def test_links_are_safe(lesson):
    for text in prose(lesson):
        assert re.findall(r"\]\((?!https://|#)[^)]*\)", text) == []
