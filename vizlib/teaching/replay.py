"""Lessons on machines that cannot show them: too few cores, or no interpreters.  There, runs come from recordings.

    lesson = vizlib.teaching.lesson("01")       # displays: live, or replay and why
    lesson = vizlib.teaching.lesson("05", cores=1)  # one whose pictures are the same on a single core
    threads = lesson.run(primes, "threads")     # primes.run("threads"), or what it was on the machine that recorded it
    T = lesson.measured("T", T)                 # a number that belongs to the runs: this machine's, or that machine's

Recordings lie in `notebooks/recorded`, made from real runs by `tests/notebooks/record.py`: an index for each lesson,
and one trace for each run.  Whoever changes a program gets it run here, on what there is: a recording stands only for
the very program that it was made of, with the very arguments: one that is measured is made the recorded one by
`measured`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import inspect
import json
import os
import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from runtime import errors
from runtime.errors import DeadlockError, RunError, WorkerError
from runtime.reports import Stuck
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.teaching.markup import card, escaped
from vizlib.teaching.scheduler.puzzle import Declared

MODES = ("live", "replay", "record")
_HOUSE = Path(__file__).resolve().parents[2]


class Runnable(Declared, Protocol):
    """A `runtime.Program`, as a lesson uses it."""

    def run(self, backend: str = ..., **settings: Any) -> Trace:
        """Run it and return its trace."""


class ReplayError(RuntimeError):
    """A run that this machine cannot do, and of which there is no recording."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message alone."""
        return [f"{type(self).__name__}: {self}"]


def why_replay(cores: int = 2) -> str:
    """Why this machine cannot show a lesson that needs so many `cores`; empty where it can."""
    if sys.platform in ("emscripten", "wasi"):
        return "a browser's Python can start no workers"
    if importlib.util.find_spec("_interpreters") is None:
        return "this Python has no interpreters to run workers in"
    found = os.process_cpu_count() or 1
    if found < cores:
        few = "is one core" if found == 1 else f"are only {found} cores"
        return f"there {few} here, and it takes {words.number(cores)} to run side by side what this lesson shows"
    return ""


def lesson(
    number: str, *, cores: int = 2, mode: str | None = None, folder: str | os.PathLike[str] | None = None
) -> Lesson:
    """The lesson of this number, ready to run its programs: live where the machine can show them, else by replay.

    `cores` is how many its pictures need: 1 for a lesson of which a single core shows the same.  `mode` (or the
    environment variable LAB_MODE) is `live`, `replay` or `record`; `folder` is where recordings lie.

    Raises ValueError for a mode that there is not.
    """
    chosen = mode or os.environ.get("LAB_MODE", "")
    if chosen and chosen not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, not {chosen!r}")
    why = why_replay(cores)
    if not chosen:
        chosen = "replay" if why else "live"
    return Lesson(number, chosen, why or "it was asked for", Path(folder) if folder else _recordings())


def _recordings() -> Path:
    """Beside the notebook, else in this checkout."""
    here = Path("recorded")
    return here if here.is_dir() else _HOUSE / "notebooks" / "recorded"


class Lesson:
    """One lesson's runs.  `mode` is `live`, `replay` or `record`."""

    def __init__(self, number: str, mode: str, why: str, folder: Path) -> None:
        self.number, self.mode, self.why, self.folder = number, mode, why, folder
        self._index = self._read() if mode == "replay" else {"runs": {}, "numbers": {}}

    # --- what it says -------------------------------------------------------------------------------------------

    @property
    def banner(self) -> str:
        """Whether runs are live or replayed, and why."""
        if self.mode == "replay":
            made = self._index.get("made")
            if not made:
                rest = "it runs here after all" if _can_run("interpreters") else "only what needs none runs here"
                return f"replay, because {self.why}; but nothing is recorded for this lesson, so {rest}."
            return (
                f"replay, because {self.why}: its runs were recorded on {words.plain(str(made))}. "
                "What you change yourself runs here."
            )
        return "live: its runs take place on this machine, now."

    def __repr__(self) -> str:
        return f"~ lesson {self.number}: {self.banner}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        html = card(f'<p class="lab-verdict"><b>Lesson {escaped(self.number)}</b>, {escaped(self.banner)}</p>')
        return {"text/plain": repr(self), "text/html": html}

    # --- what it does -------------------------------------------------------------------------------------------

    def run(self, program: Runnable, backend: str = "interpreters", *, name: str = "", **settings: Any) -> Trace:
        """Run `program` on `backend`, or return what was recorded; prints which of the two.

        `name` tells apart runs of one program on one backend; `settings` go to `Program.run`.  Raises what
        `Program.run` raises, also in replay; `ReplayError` for what can neither be run here nor has been recorded.
        """
        key = " ".join(part for part in (program.name, backend, name) if part)
        told = f"~ {program.name} on {backend}" + (f", {name}" if name else "")
        found = self._index["runs"].get(key)
        if self.mode == "replay" and found is not None and found["program"] == _digest(program):
            print(f"{told}: replayed from a recording")
            return self._replayed(found)
        if self.mode == "replay" and not _can_run(backend):
            what = "no recording of it" if found is None else "a recording only of the program as it was"
            raise ReplayError(
                f"{program.name!r} cannot run on {backend!r} here ({why_replay(1)}), and there is {what}. "
                "Read on with the outputs that are stored in the notebook, or open it on another machine"
            )
        print(f"{told}: run live")
        try:
            trace = program.run(backend, **settings)
        except RunError as error:
            self._record(key, program, error.trace, error)
            raise
        self._record(key, program, trace)
        return trace

    def measured(self, name: str, value: float) -> float:
        """`value`, which was measured here; in replay the one that belongs to the recorded runs."""
        numbers = self._index["numbers"]
        if self.mode == "replay":
            return float(numbers.get(name, value))
        if self.mode == "record":
            numbers[name] = value
            self._write()
        return value

    # --- recordings ---------------------------------------------------------------------------------------------

    @property
    def _index_file(self) -> Path:
        return self.folder / f"{self.number}.json"

    def _read(self) -> dict[str, Any]:
        if not self._index_file.exists():
            return {"runs": {}, "numbers": {}}
        return dict(json.loads(self._index_file.read_text("utf-8")))

    def _write(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self._index_file.write_text(json.dumps(self._index, indent=1, sort_keys=True) + "\n", "utf-8")

    def _record(self, key: str, program: Runnable, trace: Trace | None, error: RunError | None = None) -> None:
        if self.mode != "record" or trace is None:
            return
        trace = _published(trace)
        place, digest = trace.environment, _digest(program)
        if self._index["runs"].get(key, {"program": digest})["program"] != digest:
            raise ValueError(f"two different programs were run as {key!r}: tell them apart by name=")
        self._index["made"] = f"{place.implementation} {place.python}, {place.os}, {words.count(place.cores, 'core')}"
        file = f"{self.number}-{re.sub(r'[^a-z0-9]+', '-', key.lower()).strip('-')}.trace"
        self._index["runs"][key] = {
            "file": file,
            "program": digest,
            "error": None if error is None else _told(error),
        }
        self.folder.mkdir(exist_ok=True)
        trace.save(self.folder / file)
        self._write()

    def _replayed(self, found: Mapping[str, Any]) -> Trace:
        trace = Trace.load(self.folder / Path(found["file"]).name)
        if found["error"]:
            raise _again(found["error"], trace)
        return trace


def _told(error: RunError) -> list[Any]:
    """What is kept of an error, besides its trace: its kind, its words, and of a deadlock the ring."""
    told: list[Any] = [type(error).__name__, _without_places(str(error))]
    return [*told, [list(one) for one in error.ring]] if isinstance(error, DeadlockError) else told


def _again(told: list[Any], trace: Trace) -> RunError:
    """The error as it was."""
    name, said, *ring = told
    kind = getattr(errors, name, RunError)
    if kind is DeadlockError:
        return DeadlockError(said, trace, tuple(Stuck(*one) for one in (ring[0] if ring else ())))
    if kind is WorkerError:
        return WorkerError(said, trace, trace.errors)
    return kind(said, trace) if issubclass(kind, RunError) else RunError(said, trace)


def _published(trace: Trace) -> Trace:
    """The trace without what tells of one person's machine: its system's build, and where files lay."""
    return dataclasses.replace(
        trace,
        environment=dataclasses.replace(trace.environment, os=trace.environment.os.partition(" ")[0]),
        workers=tuple(dataclasses.replace(worker, filename=worker.snippet) for worker in trace.workers),
        errors=tuple(dataclasses.replace(one, traceback=_without_places(one.traceback)) for one in trace.errors),
    )


def _without_places(text: str) -> str:
    """Text with a traceback in it, of which each file's name is left, not its folder."""
    return re.sub(r'File "[^"\n]*[/\\]', 'File "', text)


def _can_run(backend: str) -> bool:
    if sys.platform in ("emscripten", "wasi"):
        return False
    return backend in ("threads", "processes") or importlib.util.find_spec("_interpreters") is not None


def _digest(program: Declared) -> str:
    """What a program is made of: its channels, and each worker's name, text, arguments and number of copies.

    An argument without a `repr` of its own makes every program another one, which is then run here.
    """
    parts: list[Any] = [sorted(program.channels.items(), key=str)]
    for name, (function, arguments, copies) in program.workers.items():
        text = textwrap.dedent(inspect.getsource(function)).strip()
        parts.append([name, copies, text, [repr(one) for one in arguments]])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
