"""`python -m vizlib` as one uses it."""

import json

import pytest

from tests.vizlib import builders
from vizlib.__main__ import main


@pytest.fixture
def saved(tmp_path):
    builders.squares(items=4).save(tmp_path / "run.trace")
    return tmp_path / "run.trace"


def test_it_says_a_trace_in_words(saved, capsys):
    assert main([str(saved), "--view", "summary"]) == 0
    assert capsys.readouterr().out.startswith("squares in numbers: own GIL each")


def test_it_writes_a_page(saved, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main([str(saved), "-o", str(page)]) == 0
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert capsys.readouterr().out == f"wrote {page}\n"


def test_it_compares_several(saved, capsys):
    assert main([str(saved), str(saved)]) == 0
    assert capsys.readouterr().out.startswith("Interpreters · run 1 and Interpreters · run 2 compared")


def test_it_writes_for_perfetto(saved, tmp_path):
    assert main([str(saved), "-o", str(tmp_path / "run.json")]) == 0
    assert json.loads((tmp_path / "run.json").read_text("utf-8"))["displayTimeUnit"] == "ns"


def test_it_says_what_is_wrong_with_a_file(tmp_path, capsys):
    (tmp_path / "no.trace").write_bytes(b"nothing")
    assert main([str(tmp_path / "no.trace")]) == 1
    assert main([str(tmp_path / "absent.trace")]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "absent.trace" in said[1]
