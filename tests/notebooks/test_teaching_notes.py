"""The teacher's notes keep up with the lessons: a section for each, the same minutes, and names that exist."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import nbformat
import pytest

import vizlib.teaching

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTES = (FOLDER / "TEACHING.md").read_text("utf-8")
LESSONS = sorted(FOLDER.glob("*.ipynb"))
SECTIONS = dict(re.findall(r"^### (\d\d .*)\n((?:(?!^##).*\n)*)", NOTES, re.MULTILINE))


def header(path):
    return nbformat.read(path, as_version=4).cells[0].source


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_each_lesson_has_its_notes_with_its_own_title_and_minutes(path):
    source = header(path)
    title = re.match(r"# (.*)", source)[1]
    notes = SECTIONS.get(f"{path.stem[:2]} {title}")
    assert notes, f"TEACHING.md has no section '### {path.stem[:2]} {title}'"
    for part in ("Minutes", "They stall at", "You will see"):
        assert f"- **{part}:**" in notes, f"{title}: {part}"
    minutes = re.findall(r"\d+", re.search(r"\*\*Time:\*\*(.*)", source)[1])
    assert re.findall(r"\d+", re.search(r"\*\*Minutes:\*\*(.*)", notes)[1]) == minutes


def test_there_are_notes_of_no_lesson_that_is_not_there():
    assert sorted(title[:2] for title in SECTIONS) == [path.stem[:2] for path in LESSONS]


def test_paths_name_lessons_that_are_there_and_their_minutes_add_up():
    minutes = {path.stem[:2]: re.findall(r"\d+", re.search(r"\*\*Time:\*\*(.*)", header(path))[1]) for path in LESSONS}
    hour = re.search(r"^\| one hour \| (.*?) \| (\d+) \|", NOTES, re.MULTILINE)
    half_day = re.search(r"^\| half a day \| (.*?) \| (\d+)", NOTES, re.MULTILINE)
    lessons, total = re.findall(r"\d\d", hour[1]), int(hour[2])
    assert sum(int(minutes[one][0]) for one in lessons) == total
    lessons, total = re.findall(r"\d\d", half_day[1]), int(half_day[2])
    assert sum(int(part) for one in lessons for part in minutes[one]) == total


def test_headings_are_in_order_and_links_are_whole():
    levels = [len(marks) for marks in re.findall(r"^(#+) ", NOTES, re.MULTILINE)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert re.findall(r"\]\((?!https://|#)[^)]*\)", NOTES) == []


def test_functions_that_it_names_exist():
    called = set(re.findall(r"`(?:\w+ = )?(\w+)\(", NOTES))
    ours = called & {"progress", "export_progress", "read_exported", "contrast", "lesson", "check"}
    assert ours >= {"progress", "export_progress", "read_exported", "contrast", "lesson"}
    assert all(hasattr(vizlib.teaching, name) for name in ours)
    misconceptions = re.findall(r"`contrast\(\"([^\"]+)\"", NOTES)
    assert set(misconceptions) <= set(vizlib.teaching.MISCONCEPTIONS)
