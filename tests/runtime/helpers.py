"""What the runtime's tests share: snippets that run elsewhere, and waiting until something is certain."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime import cpython
from runtime.channels import broker
from runtime.host.job import FrameReader, write_frame

PATIENCE_S = 60.0

_BOOT = """
import sys
sys.path[:] = path.split("\\n")
from tests.runtime.helpers import run_here
import pickle
run_here(source, pickle.loads(pickled), outcomes)
"""
_idle: list[int] = []  # interpreters: making one takes longer than most tests
_resting: list[Helper] = []  # processes: the same
HOME = broker.Home(1 << 30)


def end_all() -> None:
    """End what the tests leave behind."""
    while _idle:
        cpython.destroy_interpreter(_idle.pop())
    while _resting:
        _resting.pop().end()


@dataclass
class Point:
    """A class that every interpreter can import."""

    x: int
    y: int


MARK = "LAB_TEST_MARK"
"""The variable by which the processes of one test are known, as they and all their children inherit it."""


def processes_marked(mark: str) -> list[int]:
    """Every process that has this mark in its environment (Linux)."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            environment = Path("/proc", process, "environ").read_bytes()
            if f"{MARK}={mark}".encode() in environment.split(b"\0"):
                found.append(int(process))
    return found


def wait_until(condition: Callable[[], bool], timeout: float = PATIENCE_S) -> None:
    """Return when `condition()` is true.  The one place in the tests that spins, and it fails rather than hangs."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        os.sched_yield()


class Helper:
    """A process that runs snippets, one after the other."""

    def __init__(self) -> None:
        answering, asking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        code = "import sys; from tests.runtime.helpers import serve; serve(int(sys.argv[1]))"
        with asking:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, str(asking.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=(asking.fileno(),),
            )
        threading.Thread(target=HOME.serve, args=(answering,), daemon=True).start()

    def run(self, source: str, pickled: bytes) -> tuple[bool, Any]:
        """What became of a snippet."""
        write_frame(self._process.stdin.fileno(), (source, pickled))
        reader = FrameReader(self._process.stdout.fileno())
        while not (frames := reader.read_available()):
            assert frames is not None, f"the process ended with {self._process.wait()}"
        return frames[0]

    def end(self) -> None:
        """Let it go, and wait until it has."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def serve(broker_fd: int) -> None:
    """What a helper's process does."""
    broker.bind(broker.Away(broker_fd, HOME.memory_bytes))
    reader = FrameReader(0)
    while (frames := reader.read_available()) is not None:
        for source, pickled in frames:
            write_frame(1, outcome_of(source, pickle.loads(pickled)))


def run_here(source: str, names: dict[str, Any], outcomes: int) -> None:
    """Run a snippet and report."""
    cpython.putter(outcomes)(pickle.dumps(outcome_of(source, names)))


def outcome_of(source: str, names: dict[str, Any]) -> tuple[bool, Any]:
    """Run a snippet, close the ends that it was given; return whether it succeeded, and `result` or the error."""
    ends = [value for value in names.values() if hasattr(value, "close")]
    try:
        exec(compile(source, "<snippet>", "exec"), names)
        outcome = True, names.get("result")
    except BaseException as error:
        outcome = False, f"{type(error).__name__}: {error}"
    for end in ends:
        end.close()
    return outcome


class Elsewhere:
    """A snippet that runs in a thread of its own: in another interpreter, in another process, or in this one.

    It owns the ends that it is given: they are closed here, and closed there when it is over.
    """

    def __init__(self, source: str, names: dict[str, Any], place: str) -> None:
        self._outcomes = cpython.create_queue()
        pickled = b"" if place == "local" else pickle.dumps(names)
        if place != "local":
            for value in names.values():
                if hasattr(value, "close"):
                    value.close()
        places = {"interpreter": self._run_in_interpreter, "process": self._run_in_process}
        run = places.get(place, self._run_in_thread)
        self._thread = threading.Thread(target=run, args=(source, names if place == "local" else pickled))
        self._thread.start()

    def _run_in_thread(self, source: str, names: Any) -> None:
        run_here(source, names if isinstance(names, dict) else pickle.loads(names), self._outcomes)

    def _run_in_interpreter(self, source: str, pickled: bytes) -> None:
        interpreter = _idle.pop() if _idle else cpython.create_interpreter(own_gil=True)
        names = {"path": "\n".join(sys.path), "source": source, "pickled": pickled, "outcomes": self._outcomes}
        self._failure = cpython.run_in_interpreter(interpreter, _BOOT, names)
        _idle.append(interpreter)

    def _run_in_process(self, source: str, pickled: bytes) -> None:
        helper = _resting.pop() if _resting else Helper()
        cpython.putter(self._outcomes)(pickle.dumps(helper.run(source, pickled)))
        _resting.append(helper)

    def result(self) -> Any:
        """What the snippet left in `result`.  Raises `AssertionError` with its error when it failed."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the snippet does not end"
        if not cpython.queue_length(self._outcomes):
            raise AssertionError(self._failure)
        succeeded, value = pickle.loads(cpython.getter(self._outcomes)())
        cpython.destroy_queue(self._outcomes)
        assert succeeded, value
        return value

    def error(self) -> str:
        """The error that the snippet ended with, as `Type: message`."""
        try:
            value = self.result()
        except AssertionError as error:
            return str(error.args[0]).partition("\n")[0]
        raise AssertionError(f"it ended well, with {value!r}")
