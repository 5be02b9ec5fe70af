"""Pythons without a GIL: found where they are, and what threads on them look like."""

from __future__ import annotations

import os
import sys

import pytest

import runtime
from runtime import doctor, pythons
from runtime.tracing.model import State

FOUND = pythons.free_threaded()
needs_one = pytest.mark.skipif(not FOUND, reason="no free-threaded Python (python3.14t) is installed here")
posix = pytest.mark.skipif(os.name != "posix", reason="the stand-ins are shell scripts")


def stand_in(path, answer, code=0):
    """A file that answers as a Python would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with nothing on it."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    monkeypatch.setattr(pythons, "_FOLDERS", [folder for folder in pythons._FOLDERS if folder[0]])
    return tmp_path


@posix
def test_they_are_found_where_people_have_them_the_newest_first(machine):
    stand_in(machine / "bin" / "python3.13t", f"3 13 9 False {machine}/bin/python3.13t")
    stand_in(machine / "pyenv" / "versions" / "3.14.2t" / "bin" / "python", "3 14 2 False /pyenv/python")
    stand_in(machine / "uv" / "cpython-3.15.0+freethreaded-linux" / "bin" / "python3", "3 15 0 False /uv/python3")
    assert [one.version for one in pythons.free_threaded()] == ["3.15.0", "3.14.2", "3.13.9"]


@posix
@pytest.mark.parametrize(
    ("answer", "code"),
    [("3 14 0 True /x", 0), ("3 12 0 False /x", 0), ("3 14 0 False /x", 1), ("hello", 0), ("", 0)],
    ids=["has a GIL", "too old", "does not start", "says something else", "says nothing"],
)
def test_what_is_none_is_left_out(machine, answer, code):
    stand_in(machine / "bin" / "python3.14t", answer, code)
    assert pythons.free_threaded() == []


@posix
def test_the_doctor_says_what_it_found_and_that_it_is_not_needed(machine):
    topic, found, advice = doctor._free_threaded()
    assert (topic, found.partition(" (")[0], advice) == ("free-threaded", "none found", "")
    stand_in(machine / "bin" / "python3.14t", "3 14 1 False /a/python3.14t")
    assert doctor._free_threaded().found == '3.14.1: program.run("threads", python="/a/python3.14t")'


def test_this_python_says_the_truth_about_itself():
    found = pythons._ask(sys.executable)
    assert (found is not None) == (not getattr(sys, "_is_gil_enabled", lambda: True)())


@needs_one
def test_threads_on_it_run_side_by_side_and_the_trace_says_so():
    program = runtime.Program("free")

    @program.worker(copies=2)
    def spin():
        import time

        end = time.thread_time() + 0.3
        while time.thread_time() < end:
            pass

    shares = []
    for _ in range(5):  # a busy machine may spoil one
        trace = program.run("threads", python=FOUND[0].executable, timeout=60)
        assert not trace.environment.gil
        assert all(life.states.get(State.GIL_WAIT, 0) == 0 for life in trace.breakdown())
        shares.append(sum(w.ended_ns - w.began_ns for w in trace.workers) / trace.wall_ns)
        if shares[-1] > 1.5:
            return
    pytest.fail(f"two lives never overlapped: {shares}")
