"""Spelling of what students and teachers read, by aspell where it is installed: a long check, left out by default.

A word is right when British or American English knows it, or `words.txt` does; code and links are no words.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

pytestmark = pytest.mark.soak

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parents[1] / "notebooks"
TEXTS = [*sorted(NOTEBOOKS.glob("*.ipynb")), NOTEBOOKS / "TEACHING.md", HERE.parents[1] / "README.md"]
KNOWN = set((HERE / "words.txt").read_text("utf-8").split())
NO_WORDS = re.compile(r"```.*?```|`[^`]*`|<[^>]*>|\]\([^)]*\)|https?://\S+|\S*[_/\\.=]\S+|\w*\d\w*", re.DOTALL)


def prose(path):
    """Everything in a file that is written for people."""
    if path.suffix == ".md":
        return path.read_text("utf-8")
    cells = nbformat.read(path, as_version=4).cells
    asked = [cell.source for cell in cells if "ui" in cell.metadata.get("tags", ())]
    strings = [
        node.value
        for source in asked
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
    ]
    return "\n".join([*(cell.source for cell in cells if cell.cell_type == "markdown"), *strings])


def unknown(text, language):
    command = ["aspell", "list", "--lang", language, "--encoding=utf-8", "--ignore-case"]
    found = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return set(found.lower().split())


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_words_are_spelled_as_in_a_dictionary(path):
    if not shutil.which("aspell"):
        pytest.skip("aspell is not installed")
    text = NO_WORDS.sub(" ", prose(path)).replace("’", "'")
    assert sorted(unknown(text, "en_GB") & unknown(text, "en_US") - KNOWN) == []


def test_a_misspelled_word_is_found():
    if not shutil.which("aspell"):
        pytest.skip("aspell is not installed")
    assert unknown("a recieved mesage", "en_GB") == {"recieved", "mesage"}
