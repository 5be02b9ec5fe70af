"""`python -m runtime`: programs without a notebook, and clear refusals."""

from __future__ import annotations

import textwrap

import pytest

from runtime import doctor
from runtime.__main__ import main
from runtime.tracing.traces import Trace

SUM = """
import runtime

program = runtime.Program("sum")
numbers_in, numbers_out = program.channel("numbers", capacity=2)

@program.worker(numbers_out)
def send(out):
    for n in range(5):
        out.send(n)

@program.worker(numbers_in)
def add(numbers):
    return sum(numbers)
"""


@pytest.fixture
def written(tmp_path):
    """Write a file and return its path."""

    def write(text: str) -> str:
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return str(path)

    return write


def test_a_program_runs_and_its_timeline_is_printed(written, backend, tmp_path, capsys):
    saved = tmp_path / "sum.trace"

    assert main(["run", written(SUM), "--backend", backend, "--save", str(saved)]) == 0
    printed = capsys.readouterr().out
    assert "add returned 10" in printed
    assert "numbers" in printed
    assert len(Trace.load(saved).messages) == 5
    assert main(["show", str(saved)]) == 0
    assert "numbers" in capsys.readouterr().out


def test_a_program_that_fails_prints_its_timeline_and_the_error(written, capsys):
    assert main(["run", written(SUM.replace("sum(numbers)", "1 / 0"))]) == 1
    printed = capsys.readouterr()
    assert "WorkerError: worker 'add' failed at line 14: ZeroDivisionError: division by zero" in printed.err
    assert "send" in printed.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def f(:\n", "line 1 does not parse: "),
        ("x = 1\n", "makes no program: it needs one at its top level"),
        ("import runtime\na = runtime.Program('a')\nb = runtime.Program('b')\n", "choose one with --program a or b"),
        ("import runtime\na = runtime.Program('a')\n", "program 'a' has no workers"),
        ("import runtime\na = runtime.Program('a')\na.worker()(print)\n", "must be a function written with def"),
    ],
)
def test_a_file_that_cannot_be_run_is_refused_in_words(written, capsys, text, says):
    assert main(["run", written(text)]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error


def test_a_file_that_is_not_there(capsys):
    assert main(["run", "/nowhere/program.py"]) == 2
    assert "there is no file /nowhere/program.py" in capsys.readouterr().err


def test_a_file_that_is_no_trace(written, capsys):
    assert main(["show", written("not a trace")]) == 2
    assert "trace" in capsys.readouterr().err


def test_the_doctor_tries_every_backend():
    report = doctor.report(doctor.examine())
    for topic in ("python", "GIL", "cores", "observing", "interpreters", "shared-gil", "threads"):
        assert topic in report
    assert "does not work" not in report
