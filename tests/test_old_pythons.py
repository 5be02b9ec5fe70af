"""A Python that is too old for the lab is told so, not a syntax error somewhere inside."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent


@pytest.mark.parametrize("package", ["runtime", "vizlib"])
def test_an_older_python_can_read_what_it_imports_first(package):
    ast.parse((HOUSE / package / "__init__.py").read_text("utf-8"), feature_version=(3, 8))


def test_an_older_python_is_told_what_is_needed(monkeypatch):
    source = (HOUSE / "runtime" / "__init__.py").read_text("utf-8")
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    with pytest.raises(ImportError, match=r"needs Python 3\.13 or later, and this is 3\.12: choose another kernel"):
        exec(compile(source, "runtime", "exec"), {"__name__": "runtime"})


def test_drawing_asks_first():
    _, first, *_ = ast.parse((HOUSE / "vizlib" / "__init__.py").read_text("utf-8")).body
    assert isinstance(first, ast.Import)
    assert [alias.name for alias in first.names] == ["runtime"]
