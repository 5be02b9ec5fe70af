"""Lessons live and from recordings: which it is, is said; a recording stands for its own program; errors come again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import runtime
from vizlib.teaching import lesson, replay
from vizlib.teaching.replay import ReplayError

HOUSE = Path(__file__).resolve().parents[3]


def greeting(text="hello"):
    program = runtime.Program("greeting")
    words_in, words_out = program.channel("words", None)

    @program.worker(words_out, text)
    def says(out, text):
        out.send(text)

    @program.worker(words_in)
    def hears(words):
        return words.recv()

    return program


def stuck():
    program = runtime.Program("stuck")
    in_, out = program.channel("self")

    @program.worker(in_, out)
    def waits(inbox, outbox):
        outbox.send(inbox.recv())

    return program


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Recordings of two real runs."""
    folder = tmp_path_factory.mktemp("recorded")
    recording = lesson("01", mode="record", folder=folder)
    recording.run(greeting())
    with pytest.raises(runtime.DeadlockError):
        recording.run(stuck(), "threads")
    assert recording.measured("T", 0.25) == 0.25
    return folder


@pytest.fixture
def again(folder):
    return lesson("01", mode="replay", folder=folder)


class NeverRun(runtime.Program):
    def run(self, *_, **__):
        raise AssertionError("this was to be replayed")


def test_a_recorded_run_is_replayed_and_says_so(again, capsys):
    program = greeting()
    program.__class__ = NeverRun
    trace = again.run(program)
    assert trace.results == {"says": None, "hears": "hello"}
    assert len(trace.messages) == 1
    assert capsys.readouterr().out == "~ greeting on interpreters: replayed from a recording\n"


def test_a_recording_tells_nothing_of_whose_machine_it_was(again):
    trace = again.run(greeting())
    assert [worker.filename for worker in trace.workers] == ["says", "hears"]
    assert " " not in trace.environment.os


def test_another_line_or_another_argument_is_another_program(again, capsys):
    changed = greeting()

    @changed.worker(*changed.workers["hears"][1])
    def hears(words):
        return words.recv() + "!"

    assert again.run(changed, "threads").results["hears"] == "hello!"
    assert again.run(greeting("good day"), "threads").results["hears"] == "good day"
    assert capsys.readouterr().out == "~ greeting on threads: run live\n" * 2


def test_a_measured_argument_is_that_of_the_recorded_program(tmp_path, capsys):
    recording = lesson("01", mode="record", folder=tmp_path)
    recording.run(greeting(recording.measured("size", 3)), "threads")
    there = lesson("01", mode="replay", folder=tmp_path)
    assert there.run(greeting(int(there.measured("size", 5))), "threads").results["hears"] == 3
    assert capsys.readouterr().out.endswith("replayed from a recording\n")


def test_a_recorded_error_is_raised_again_with_its_trace(again):
    program = stuck()
    program.__class__ = NeverRun
    with pytest.raises(runtime.DeadlockError, match="one worker waits for itself") as caught:
        again.run(program, "threads")
    assert len(caught.value.trace.deadlock) == 1
    (waiting,) = caught.value.ring
    assert (waiting.worker, waiting.channel, waiting.sending) == ("waits", "self", False)
    assert waiting.source.strip() == "outbox.send(inbox.recv())"


def test_a_recorded_failure_is_raised_again_with_what_failed(folder):
    program = runtime.Program("failing")

    @program.worker()
    def fails():
        raise ValueError("as it should")

    with pytest.raises(runtime.WorkerError) as first:
        lesson("02", mode="record", folder=folder).run(program, "threads")
    with pytest.raises(runtime.WorkerError) as second:
        lesson("02", mode="replay", folder=folder).run(program, "threads")
    assert str(second.value) == re.sub(r'File ".*/', 'File "', str(first.value))  # not where on that machine it lay
    (failure,) = second.value.failures
    assert failure.message == "as it should"
    assert 'File "test_replay.py", line' in failure.traceback
    assert __file__ not in (folder / "02.json").read_text("utf-8")


def test_two_programs_are_not_recorded_as_one(tmp_path):
    recording = lesson("01", mode="record", folder=tmp_path)
    recording.run(greeting(), "threads")
    recording.run(greeting(), "threads")
    with pytest.raises(ValueError, match="tell them apart by name="):
        recording.run(greeting("good day"), "threads")
    recording.run(greeting("good day"), "threads", name="by day")


def test_a_measured_number_is_that_of_the_recording(again, folder):
    assert again.measured("T", 9.0) == 0.25
    assert again.measured("unknown", 9.0) == 9.0
    assert lesson("01", mode="live", folder=folder).measured("T", 9.0) == 9.0


def test_live_runs_record_nothing(tmp_path, capsys):
    live = lesson("01", mode="live", folder=tmp_path / "none")
    assert live.run(greeting(), "threads").complete
    assert capsys.readouterr().out == "~ greeting on threads: run live\n"
    assert not (tmp_path / "none").exists()


def test_the_banner_is_one_masked_line_in_both_modes(again, tmp_path):
    for one, told in ((again, "replay, because"), (lesson("01", mode="live"), "live: its runs take place")):
        assert repr(one).startswith(f"~ lesson 01: {told}")
        assert len(repr(one).splitlines()) == 1
    assert f"{os.process_cpu_count()} core" in again.banner
    assert "nothing is recorded for this lesson, so it runs here" in lesson("77", mode="replay", folder=tmp_path).banner


def test_what_can_neither_run_nor_be_replayed_says_so(again, folder, monkeypatch):
    monkeypatch.setattr(replay, "_can_run", lambda backend: False)
    monkeypatch.setattr(replay, "why_replay", lambda cores: "this Python has no interpreters to run workers in")
    changed = greeting()
    changed.name = "other"
    with pytest.raises(
        ReplayError,
        match=r"'other' cannot run on 'interpreters' here \(this Python has no .*, and there is no recording",
    ) as caught:
        again.run(changed)
    assert caught.value._render_traceback_() == [f"ReplayError: {caught.value}"]
    assert "so only what needs none runs here" in lesson("77", mode="replay", folder=folder / "none").banner


def test_the_mode_follows_the_machine_and_the_environment(monkeypatch):
    monkeypatch.delenv("LAB_MODE", raising=False)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 1)
    assert lesson("01").mode == "replay"
    assert "one core" in lesson("01").banner
    assert lesson("01", cores=1).mode == "live"
    monkeypatch.setattr(os, "process_cpu_count", lambda: 2)
    assert lesson("01").mode == "live"
    assert "only 2 cores here, and it takes four" in lesson("01", cores=4).banner
    monkeypatch.setenv("LAB_MODE", "replay")
    assert lesson("01").mode == "replay"
    with pytest.raises(ValueError, match="mode must be one of"):
        lesson("01", mode="dead")


def test_it_replays_where_there_are_no_interpreters(folder, tmp_path):
    script = tmp_path / "lesson.py"
    script.write_text(
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('_interpreters', '_interpqueues', '_interpchannels')))\n"
        "from tests.vizlib.teaching.test_replay import greeting\n"
        "from vizlib.teaching import lesson\n"
        f"one = lesson('01', folder={str(folder)!r})\n"
        "print(one)\n"
        "print(one.run(greeting()).results)\n"
    )
    env = {name: value for name, value in os.environ.items() if name != "LAB_MODE"} | {"PYTHONPATH": str(HOUSE)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=env, cwd=HOUSE, timeout=60)
    assert "this Python has no interpreters" in done.stdout, done.stderr
    assert done.stdout.endswith("{'says': None, 'hears': 'hello'}\n")
