"""The notebook's end of a pool: one thread that hands tasks to the host, and answers to their futures.

**How many tasks are with the host.**  A task that is there cannot be cancelled any more, so as few as possible should
be; but a worker that has answered must find another at once.  So at first it is one for each worker and one more.  When
answers come while workers are idle, tasks are short and the notebook is slow to hand them out: the number is doubled.
"""

from __future__ import annotations

import os
import pickle
import select
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from typing import TYPE_CHECKING, Any, NamedTuple

from runtime.channels.parking import create_bell
from runtime.errors import HostCrashError, NotShareableError, RunError, TaskError
from runtime.host.job import FrameReader, write_frame
from runtime.pools.tasks import INITIALIZER, Answer, Failure, Task

if TYPE_CHECKING:
    import socket

_MOST_WITH_THE_HOST = 512
_SHUT_WR = 1  # socket.SHUT_WR


class BrokenPoolError(BrokenExecutor):
    """The pool can run nothing more: its initializer failed, or its host died.  Says what happened."""


class _RemoteTraceback(Exception):
    """Stands as the cause of what a task raised, for the traceback that it had there."""

    def __str__(self) -> str:
        return f"\n\n{self.args[0]}"


class Request(NamedTuple):
    """A task that waits to be handed over.  `names` are those of the notebook that its function came from."""

    future: Future[Any]
    task: Task
    names: dict[str, Any]


class Link:
    """Connects futures to a host.  `finish` sees the run out: it returns, or raises, when the host has ended."""

    def __init__(
        self, workers: int, submit: socket.socket, collect: socket.socket, finish: Callable[[], object]
    ) -> None:
        self._workers = workers
        self._window = workers + 1
        self._submit, self._collect, self._finish = submit, collect, finish
        self._waiting: deque[Request] = deque()
        self._with_host: dict[int, Request] = {}
        self._bell = create_bell()  # something was submitted, or it is to close
        self._rung = False
        self._closing = False
        self._broken: BrokenPoolError | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._live, name="pool", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> None:
        """Hand over a task when its turn comes.  Raises `BrokenPoolError`, or `RuntimeError` after `close`."""
        with self._lock:
            if self._broken is not None:
                raise self._broken
            if self._closing:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._waiting.append(request)
            self._ring()

    def close(self, *, cancel: bool = False) -> None:
        """Take nothing more.  What was submitted is still done, or `cancel`led if it was not handed over yet."""
        with self._lock:
            self._closing = True
            dropped = list(self._waiting) if cancel else []
            if cancel:
                self._waiting.clear()
            self._ring()
        for request in dropped:
            request.future.cancel()
            request.future.set_running_or_notify_cancel()

    def join(self) -> None:
        """Wait until all is done."""
        self._thread.join()

    def break_down(self, reason: str) -> None:
        """From now on all that was submitted, or will be, fails."""
        with self._lock:
            self._broken = self._broken or BrokenPoolError(reason)
            left = [*self._with_host.values(), *self._waiting]
            self._with_host.clear()
            self._waiting.clear()
            self._closing = True
            self._ring()
        for request in left:
            if not request.future.done() and (
                request.future.running() or request.future.set_running_or_notify_cancel()
            ):
                request.future.set_exception(self._broken)

    # --- its thread -----------------------------------------------------------------------------------------------

    def _ring(self) -> None:
        """Wake the thread.  The caller has the lock."""
        if not self._rung:  # it looks at what was submitted after it has taken the bell
            self._rung = True
            self._bell.post()

    def _live(self) -> None:
        reader = FrameReader(self._collect.fileno())
        poller = select.poll()
        for fd in (self._bell.readable, self._collect.fileno()):
            poller.register(fd, select.POLLIN)
        alive = True
        while alive:
            for fd, _ in poller.poll():
                if fd == self._bell.readable:
                    self._bell.take_all()
                    self._rung = False
                else:
                    alive = self._take_in(reader)
            self._hand_over()
        self._see_out()

    def _take_in(self, reader: FrameReader) -> bool:
        """Settle the futures whose answers are there.  False when there will be no more."""
        try:
            frames = reader.read_available()
        except ConnectionError:
            frames = None
        if frames is None:
            return False
        for batch in frames:
            for answer in map(Answer._make, batch):
                self._settle(answer)
        if self._waiting and len(self._with_host) < self._workers:
            self._window = min(2 * self._window, _MOST_WITH_THE_HOST)
        return True

    def _settle(self, answer: Answer) -> None:
        if answer.number == INITIALIZER:
            failure: Failure = pickle.loads(answer.content)
            self.break_down(f"the initializer raised {failure.type}: {failure.message}\n\n{failure.traceback}".rstrip())
            return
        request = self._with_host.pop(answer.number, None)
        if request is None:
            return
        try:
            content = pickle.loads(answer.content)
        except Exception as error:
            request.future.set_exception(TaskError(f"what the task returned cannot be made again here: {error!r}"))
            return
        if answer.succeeded:
            request.future.set_result(content)
        else:
            request.future.set_exception(_exception(content, request))

    def _hand_over(self) -> None:
        """Let the host have as many tasks as it may."""
        batch: list[Task] = []
        with self._lock:
            while self._waiting and len(self._with_host) < self._window:
                request = self._waiting.popleft()
                if request.future.set_running_or_notify_cancel():
                    self._with_host[request.task.number] = request
                    batch.append(request.task)
            over = self._closing and not self._waiting
        try:
            if batch:
                write_frame(self._submit.fileno(), batch)
            if over:
                self._submit.shutdown(_SHUT_WR)
        except OSError:  # the host is gone, or told already: its silence will say so
            pass

    def _see_out(self) -> None:
        """The host has said all."""
        reason = "its host ended before all tasks were done"
        try:
            self._finish()
        except HostCrashError as error:
            reason = str(error)
        except RunError as error:
            reason = f"its run did not end well: {error}"
        if self._with_host or self._waiting:
            self.break_down(reason)
        with self._lock:
            if not self._closing:
                self._broken = self._broken or BrokenPoolError(reason)
            self._closing = self._rung = True  # nobody rings any more
        self._submit.close()
        self._collect.close()
        for fd in self._bell.descriptors:
            os.close(fd)


def _exception(failure: Any, request: Request) -> BaseException:
    """What a task's future raises."""
    failure = Failure._make(failure)
    error: BaseException | None = None
    try:
        error = pickle.loads(failure.exception) if failure.exception else None
    except Exception:  # made of arguments that its class does not take
        error = None
    if not isinstance(error, BaseException):
        kind = NotShareableError if failure.type == "NotShareableError" else TaskError
        text = failure.message if kind is NotShareableError else f"{failure.type}: {failure.message}"
        error = kind(text)
    if failure.missing_name and failure.missing_name in request.names:
        error.add_note(
            f"{failure.missing_name} exists in the notebook, but a task sees only its arguments and what it imports: "
            "pass it as an argument of submit or map, or import it inside the function"
        )
    if failure.traceback:
        error.__cause__ = _RemoteTraceback(failure.traceback)
    return error
