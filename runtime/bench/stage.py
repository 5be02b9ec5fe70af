"""Playing a scene: as a program of this runtime, or by parties that a peer's lines join."""

from __future__ import annotations

import os
import pickle
import sys
import threading
import traceback
from typing import Any, NamedTuple, NoReturn

from runtime import cpython
from runtime.bench import scripts
from runtime.bench.lines import KINDS
from runtime.bench.scenes import WINDOW, End, Party, Scene
from runtime.program import Program

_BOOT = """
import sys
sys.path[:] = path.split("\\n")
import pickle
from runtime.bench.stage import play_part
play_part(*pickle.loads(part))
"""

ANY_CORE = -1


class _Passed(NamedTuple):
    """Stands for a line in the arguments of a party that lives elsewhere."""

    what: Any


def play_in_program(scene: Scene, *, capacity: int | None = WINDOW, **settings: Any) -> Any:
    """Run a scene as a program; return what its first party returned.  `settings` are those of `Program.run`."""
    program = Program("bench")
    ends = {name: program.channel(name, capacity) for name in scene.channels}
    for name, script, arguments in scene.parties:
        given = [ends[it.channel][it.sending] if isinstance(it, End) else it for it in arguments]
        program.worker(*given, name=name)(script)
    return program.run(**settings).results[scene.parties[0].name]


def play_on_lines(scene: Scene, kind: str, *, apart: bool = False) -> Any:
    """Play a scene on lines of one kind; return what its first party, who is in this thread, returned.

    `apart` gives each party a core of its own, as far as there are some; else the system puts them where it likes.
    """
    make, place = KINDS[kind]
    lines = {name: make() for name in scene.channels}
    first, *others = scene.parties
    start = {"threads": _in_thread, "interpreters": _in_interpreter, "processes": _in_process}[place]
    allowed = os.sched_getaffinity(0) if apart else set()
    cores = sorted(allowed)
    running = [
        start(kind, party, lines, cores[number % len(cores)] if apart else ANY_CORE)
        for number, party in enumerate(others, 1)
    ]
    try:
        _keep_to(cores[0] if apart else ANY_CORE)
        result = first.script(*(lines[it.channel] if isinstance(it, End) else it for it in first.arguments))
    finally:
        if apart:
            os.sched_setaffinity(0, allowed)
    for thread in running:
        thread.join()
    return result


def _keep_to(core: int) -> None:
    """Let this thread run on one core only."""
    if core != ANY_CORE:
        os.sched_setaffinity(0, {core})


def play_part(kind: str, script: str, arguments: tuple[Any, ...], core: int) -> None:
    """Play one party's part, where it lives."""
    _keep_to(core)
    attach = KINDS[kind][0]
    getattr(scripts, script)(*(attach(it.what) if isinstance(it, _Passed) else it for it in arguments))


def _part(kind: str, party: Party, lines: dict[str, Any], core: int) -> tuple[str, str, tuple[Any, ...], int]:
    given = (_Passed(lines[it.channel].passed) if isinstance(it, End) else it for it in party.arguments)
    return kind, party.script.__name__, tuple(given), core


def _watched(target: Any, *arguments: Any) -> threading.Thread:
    """Run something in a thread.  When it fails, so does the whole measurement: nobody would hear from it again."""

    def run() -> None:
        try:
            target(*arguments)
        except BaseException:
            traceback.print_exc()
            _give_up()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _give_up() -> NoReturn:
    sys.stderr.flush()
    os._exit(3)


def _in_thread(kind: str, party: Party, lines: dict[str, Any], core: int) -> threading.Thread:
    return _watched(play_part, *_part(kind, party, lines, core))


def _in_interpreter(kind: str, party: Party, lines: dict[str, Any], core: int) -> threading.Thread:
    interpreter = cpython.create_interpreter(own_gil=True)
    names = {"path": "\n".join(sys.path), "part": pickle.dumps(_part(kind, party, lines, core))}

    def live() -> None:
        failure = cpython.run_in_interpreter(interpreter, _BOOT, names)
        if failure is not None:
            raise RuntimeError(failure)

    return _watched(live)


def _in_process(kind: str, party: Party, lines: dict[str, Any], core: int) -> threading.Thread:
    import multiprocessing  # noqa: PLC0415 - slow to import, and only these peers need it

    process = multiprocessing.get_context("spawn").Process(target=play_part, args=_part(kind, party, lines, core))
    process.start()  # here: a thread would have to wait for it

    def see_out() -> None:
        process.join()
        if process.exitcode:
            raise RuntimeError(f"{party.name} ended with exit code {process.exitcode}")

    return _watched(see_out)
