"""How each backend brings a worker to life.  One small interface, two ways."""

from __future__ import annotations

import pickle
import sys
import threading
from collections.abc import Callable
from typing import Protocol

from runtime import cpython
from runtime.backends import Backend
from runtime.channels.parking import attach_semaphore
from runtime.host import output, watchdog, worker
from runtime.host.job import Outcome
from runtime.host.observer import ObserverPost
from runtime.host.worker import Post

type Life = Callable[[], Outcome]

_BOOT = """
import sys
sys.path[:] = path.split(separator)
import pickle
from runtime.host.{module} import main
main(*pickle.loads(post))
"""
_SEPARATOR = "\n"


class Runner(Protocol):
    """Makes workers of posts.  `prepare` is called from one thread, one worker after the other."""

    def prepare(self, post: Post) -> Life:
        """Return what, called in a thread of its own, is the worker's whole life."""

    def start_observer(self, post: ObserverPost) -> None:
        """Let the observer live in a thread of its own until the process ends."""


def create_runner(backend: Backend, cancel_fd: int) -> Runner:
    """The runner for a backend."""
    cpython.preload()
    return ThreadRunner(cancel_fd) if backend.by_reference else InterpreterRunner(own_gil=not backend.gil_shared)


def _boot(interpreter: int, module: str, post: tuple[object, ...]) -> str | None:
    """Run `runtime.host.<module>.main(*post)` in an interpreter; return the error it ended with, or None."""
    names = {"path": _SEPARATOR.join(sys.path), "separator": _SEPARATOR, "post": pickle.dumps(post, protocol=5)}
    return cpython.run_in_interpreter(interpreter, _BOOT.format(module=module), names)


class _ObserverStarter:
    def start_observer(self, post: ObserverPost) -> None:
        interpreter = cpython.create_interpreter(own_gil=True)
        threading.Thread(target=_observe, args=(interpreter, post), name="observer", daemon=True).start()


def _observe(interpreter: int, post: ObserverPost) -> None:
    """The observer's thread.  It ends only when the observer fails; the run then goes on without it."""
    print("the observer failed:", _boot(interpreter, "observer", (post,)), file=sys.__stderr__)
    for descriptors in (post.ready, post.calibrated, post.calibrated):
        attach_semaphore(descriptors).release()


class InterpreterRunner(_ObserverStarter):
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


class ThreadRunner(_ObserverStarter):
    """Each worker in a thread of the main interpreter."""

    def __init__(self, cancel_fd: int) -> None:
        output.install()

    def prepare(self, post: Post) -> Life:
        return lambda: worker.live(post, watchdog.start(post.cancel_fd))
