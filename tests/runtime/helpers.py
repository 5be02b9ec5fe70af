"""What the runtime's tests share: snippets that run elsewhere, and waiting until something is certain."""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runtime import cpython

PATIENCE_S = 60.0

_BOOT = """
import sys
sys.path[:] = path.split("\\n")
from tests.runtime.helpers import run_here
import pickle
run_here(source, pickle.loads(pickled), outcomes)
"""
_idle: list[int] = []  # interpreters: making one takes longer than most tests


def destroy_interpreters() -> None:
    """End what the tests leave behind."""
    while _idle:
        cpython.destroy_interpreter(_idle.pop())


@dataclass
class Point:
    """A class that every interpreter can import."""

    x: int
    y: int


def wait_until(condition: Callable[[], bool], timeout: float = PATIENCE_S) -> None:
    """Return when `condition()` is true.  The one place in the tests that spins, and it fails rather than hangs."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        os.sched_yield()


def run_here(source: str, names: dict[str, Any], outcomes: int) -> None:
    """Run a snippet, close the ends that it was given, report (whether it succeeded, `result` or the error)."""
    ends = [value for value in names.values() if hasattr(value, "close")]
    try:
        exec(compile(source, "<snippet>", "exec"), names)
        outcome = True, names.get("result")
    except BaseException as error:
        outcome = False, f"{type(error).__name__}: {error}"
    for end in ends:
        end.close()
    cpython.putter(outcomes)(pickle.dumps(outcome))


class Elsewhere:
    """A snippet that runs in a thread of its own: in another interpreter, or in this one.

    It owns the ends that it is given: they are closed here, and closed there when it is over.
    """

    def __init__(self, source: str, names: dict[str, Any], place: str) -> None:
        self._outcomes = cpython.create_queue()
        pickled = b"" if place == "local" else pickle.dumps(names)
        if place != "local":
            for value in names.values():
                if hasattr(value, "close"):
                    value.close()
        run = self._run_in_interpreter if place == "interpreter" else self._run_in_thread
        self._thread = threading.Thread(target=run, args=(source, names if place == "local" else pickled))
        self._thread.start()

    def _run_in_thread(self, source: str, names: Any) -> None:
        run_here(source, names if isinstance(names, dict) else pickle.loads(names), self._outcomes)

    def _run_in_interpreter(self, source: str, pickled: bytes) -> None:
        interpreter = _idle.pop() if _idle else cpython.create_interpreter(own_gil=True)
        names = {"path": "\n".join(sys.path), "source": source, "pickled": pickled, "outcomes": self._outcomes}
        self._failure = cpython.run_in_interpreter(interpreter, _BOOT, names)
        _idle.append(interpreter)

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
