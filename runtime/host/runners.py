"""How each backend brings a worker to life.  One small interface, three ways."""

from __future__ import annotations

import _thread
import os
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Protocol

from runtime import cpython
from runtime.backends import Backend
from runtime.channels import broker
from runtime.channels.parking import attach_semaphore
from runtime.host import output, spawning, watchdog, worker
from runtime.host.job import Outcome
from runtime.host.observer import ObserverPost, folder_of
from runtime.host.worker import Post

type Life = Callable[[], Outcome]

_IMPORTS = """
import sys
sys.path[:] = path.split(separator)
import pickle
from runtime.host.{module} import main
"""
_BOOT = _IMPORTS + "main(*pickle.loads(post))"
_SEPARATOR = "\n"
_MUCH = 1 << 36  # bytes of objects in one channel between processes, for a run without a limit


class Runner(Protocol):
    """Makes workers of posts.  `prepare` is called from one thread, one worker after the other."""

    def prepare(self, post: Post) -> Life:
        """Return what, called in a thread of its own, is the worker's whole life."""

    def start_observer(self, post: ObserverPost) -> None:
        """Let the observer live in a thread of its own until the process ends."""

    def folder(self, worker: int) -> str:
        """Where Linux tells about a worker's thread.  Asked in the thread that lives its life."""

    def cpu_ns(self) -> int:
        """The CPU time of the workers' own processes, if they have some."""

    def threads(self) -> int:
        """How many threads there are in the workers' own processes."""

    def helped(self, worker: int, threads: int) -> bool:
        """Whether others than its own thread could act for a worker: its process has more than so many `threads`."""

    def end(self) -> None:
        """End what would not end with the host."""


def create_runner(backend: Backend, cancel_fd: int, memory_bytes: int | None) -> Runner:
    """The runner for a backend.  Channels are created after this."""
    cpython.preload()
    if backend.processes:
        return ProcessRunner(memory_bytes or _MUCH)
    return ThreadRunner(cancel_fd) if backend.by_reference else InterpreterRunner(own_gil=not backend.gil_shared)


_ready: list[int] = []  # an interpreter for the observer, made in good time


def get_ready() -> None:
    """Make, while the host waits for a run, what each run needs but no worker is: the observer's interpreter.

    The workers' own are not made ahead: what they take to start is part of what a trace tells.
    """
    cpython.preload()
    interpreter = cpython.create_interpreter(own_gil=True)
    names = {"path": _SEPARATOR.join(sys.path), "separator": _SEPARATOR}
    if cpython.run_in_interpreter(interpreter, _IMPORTS.format(module="observer"), names) is None:
        _ready.append(interpreter)


def observer_is_ready() -> bool:
    """Whether the observer's interpreter was made ahead, so that no run's memory has it."""
    return bool(_ready)


def _boot(interpreter: int, module: str, post: tuple[object, ...]) -> str | None:
    """Run `runtime.host.<module>.main(*post)` in an interpreter; return the error it ended with, or None."""
    names = {"path": _SEPARATOR.join(sys.path), "separator": _SEPARATOR, "post": pickle.dumps(post, protocol=5)}
    return cpython.run_in_interpreter(interpreter, _BOOT.format(module=module), names)


class _InThisProcess:
    def start_observer(self, post: ObserverPost) -> None:
        interpreter = _ready.pop() if _ready else cpython.create_interpreter(own_gil=True)
        threading.Thread(target=_observe, args=(interpreter, post), name="observer", daemon=True).start()

    def folder(self, worker: int) -> str:
        return folder_of(threading.get_native_id())

    def cpu_ns(self) -> int:
        return 0

    def threads(self) -> int:
        return 0

    def helped(self, worker: int, threads: int) -> bool:
        return os.stat("/proc/self/task").st_nlink - 2 > threads  # two more than the folders in it

    def end(self) -> None:
        pass


def _observe(interpreter: int, post: ObserverPost) -> None:
    """The observer's thread.  It ends only when the observer fails; the run then goes on without it."""
    print("the observer failed:", _boot(interpreter, "observer", (post,)), file=sys.__stderr__)
    for descriptors in (post.ready, post.calibrated, post.calibrated):
        attach_semaphore(descriptors).release()


class InterpreterRunner(_InThisProcess):
    """Each worker in an interpreter of its own."""

    def __init__(self, *, own_gil: bool) -> None:
        self._own_gil = own_gil
        self._outcomes = cpython.create_queue()
        self._take = cpython.getter(self._outcomes)

    def prepare(self, post: Post) -> Life:
        interpreter = cpython.create_interpreter(own_gil=self._own_gil)

        def life() -> Outcome:
            failure = _boot(interpreter, "worker", (post, self._outcomes))
            if failure is not None:
                raise RuntimeError(f"worker {post.job.name!r} could not be run: {failure}")
            outcome: Outcome = pickle.loads(self._take())
            return outcome

        return life


class ThreadRunner(_InThisProcess):
    """Each worker in a thread of the main interpreter."""

    def __init__(self, cancel_fd: int) -> None:
        output.install()

    def prepare(self, post: Post) -> Life:
        return lambda: worker.live(post, watchdog.start(post.cancel_fd))

    def helped(self, worker: int, threads: int) -> bool:
        return _thread._count() >= threads  # a library's own threads hold no ends; the main thread is not counted


class ProcessRunner(_InThisProcess):
    """Each worker in a process of its own; the observer is here, and looks at them from outside."""

    def __init__(self, memory_bytes: int) -> None:
        self._home = broker.Home(memory_bytes)
        broker.bind(self._home)
        self._children: dict[int, spawning.Child] = {}

    def prepare(self, post: Post) -> Life:
        child = self._children[post.number] = spawning.Child(post, self._home)
        return child.outcome

    def folder(self, worker: int) -> str:
        pid = self._children[worker].pid
        return folder_of(pid, pid)

    def cpu_ns(self) -> int:
        return sum(child.cpu_ns() for child in self._children.values())

    def helped(self, worker: int, threads: int) -> bool:
        return self._children[worker].helped()

    def threads(self) -> int:
        return sum(child.threads() for child in self._children.values())

    def end(self) -> None:
        for child in self._children.values():
            child.end()
