"""A pool of warm interpreters: the `concurrent.futures.Executor` interface, and a trace with every task in it.

with runtime.Pool() as pool:
    squares = list(pool.map(square, range(100)))
vizlib.show(pool.trace)

It lives in a host of its own, like every run, and not in the notebook's process as the standard library's
`InterpreterPoolExecutor` does: a task that crashes, or never ends, or takes all memory, breaks the pool and not the
notebook; the notebook's own threads, and its GIL, are not in the picture; any backend and any Python can run it.  The
price is that arguments and results cross one more border: twice a copy, some ten microseconds.

What runs is isolated as a worker is.  A function that a module has is imported there; one that was written in the
notebook crosses as text, and sees its arguments and what it imports.
"""

from __future__ import annotations

import itertools
import os
import pickle
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from types import FunctionType
from typing import TYPE_CHECKING, Any

from runtime.errors import NotShareableError, ProgramError
from runtime.host.job import Limits
from runtime.pools.history import TaskRecord, tasks_of
from runtime.pools.link import Link, Request
from runtime.pools.tasks import COLLECT, INITIALIZER, SUBMIT, Task
from runtime.portable import dumped, pack
from runtime.program import MAX_WORKERS, Program
from runtime.run import Run
from runtime.tracing.recorder import preview_of
from runtime.tracing.traces import Trace

if TYPE_CHECKING:
    import socket

    from runtime.channels.ends import RecvChannel, SendChannel

_SLOWEST_START_S = 30.0
_numbers = itertools.count()


class Pool(Executor):
    """Runs calls in workers that stay warm.  See the module for how it differs from the standard library's."""

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        *,
        backend: str = "interpreters",
        cores: int | Iterable[int] | None = None,
        python: str | None = None,
        record: bool = True,
        sample_interval: float | None = 0.001,
        limits: Limits | None = None,
    ) -> None:
        """Start the workers, as many as there are cores unless `max_workers` says otherwise; return when they have.

        `initializer(*initargs)` is called in each worker first; when it raises, the pool is broken.  The first four
        parameters are those of `InterpreterPoolExecutor` (the prefix names the workers), the others of `Program.run`.
        """
        if max_workers is None:
            max_workers = min(_usable_cores(), MAX_WORKERS - 2)
        if not 0 < max_workers <= MAX_WORKERS - 2:
            raise ValueError(f"max_workers must be a number from 1 to {MAX_WORKERS - 2}, not {max_workers!r}")
        self._codes: weakref.WeakKeyDictionary[Any, bytes] = weakref.WeakKeyDictionary()
        self._name = thread_name_prefix or f"pool-{next(_numbers)}"
        self._max_workers = max_workers
        first = None
        if initializer is not None:
            first = Task(INITIALIZER, b"initializer", self._code_of(initializer), pickle.dumps((initargs, {})))
        with _Rendezvous() as rendezvous:
            program = _program(self._name, max_workers, rendezvous.address, first)
            self._run: Run = program.start(
                backend, cores=cores, python=python, record=record, sample_interval=sample_interval, limits=limits
            )
            try:
                submit, collect = rendezvous.meet(self._run)
            except BaseException:
                self._run.stop()
                raise
        self._link = Link(max_workers, submit, collect, self._run.wait)
        self._tasks = itertools.count()
        self._finalizer = weakref.finalize(self, self._link.close)

    def __repr__(self) -> str:
        return f"<Pool {self._name!r}: {self._max_workers} workers>"

    @property
    def trace(self) -> Trace:
        """What has been recorded so far; all of it after `shutdown`."""
        return self._run.trace

    def tasks(self) -> list[TaskRecord]:
        """Every task in the trace: its call, who ran it, when it was submitted, began and ended."""
        return tasks_of(self.trace)

    def submit[T](self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Schedule `fn(*args, **kwargs)`; return the future of what it returns.  Never blocks for long.

        Raises `NotShareableError` for arguments that cannot cross, `ProgramError` for a function that cannot run on its
        own, `BrokenPoolError` when the pool is broken, `RuntimeError` after `shutdown`.
        """
        if isinstance(fn, _Many):
            (rows,) = args
            return self._schedule(fn.function, _pickled(rows), _name(fn.function) + b" x %d" % len(rows), many=True)
        return self._schedule(fn, _pickled((args, kwargs)), _call(fn, args))

    def map[T](
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        **more: Any,
    ) -> Iterator[T]:
        """As `map(fn, *iterables)`, side by side; results come in the order of the arguments.

        `timeout` is for each result, in seconds from this call, then `TimeoutError`.  With a `chunksize` above 1, so
        many calls are one task, which costs less for each and shows as one in the trace.  `buffersize`, from Python
        3.14 on, is how many tasks are submitted ahead.
        """
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        if chunksize == 1:
            return super().map(fn, *iterables, timeout=timeout, **more)
        rows = zip(*iterables)  # noqa: B905 - as the built-in map
        chunks = super().map(_Many(fn), _batches(rows, chunksize), timeout=timeout, **more)
        return itertools.chain.from_iterable(chunks)

    def _schedule(self, fn: Any, arguments: bytes, call: bytes, *, many: bool = False) -> Future[Any]:
        task = Task(next(self._tasks), call, self._code_of(fn), arguments, many)
        future: Future[Any] = Future()
        self._link.submit(Request(future, task, getattr(fn, "__globals__", {})))
        return future

    def _code_of(self, fn: Callable[..., Any]) -> bytes:
        """What is called, as bytes: the same for the same function."""
        try:
            return self._codes[fn]
        except (KeyError, TypeError):  # not known, or nothing that could be
            code = pack(fn)
        if type(fn) is FunctionType:
            self._codes[fn] = code
        return code

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks; wait until those that were submitted are done, unless `wait` is false.

        With `cancel_futures`, those that no worker has been given yet are cancelled.  Ctrl-C while it waits stops the
        pool.
        """
        try:
            self._link.close(cancel=cancel_futures)
            if wait:
                self._link.join()
        except KeyboardInterrupt:
            self.stop()
            raise

    def stop(self) -> None:
        """End the pool now, whatever its workers do: what was not done fails with `BrokenPoolError`."""
        self._link.break_down("the pool was stopped")
        self._run.stop()
        if threading.current_thread() is not self._link._thread:
            self._link.join()


class _Many:
    """Stands for a function that is to be called once for each of several tuples of arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, rows: list[tuple[Any, ...]]) -> list[Any]:
        """What the worker does instead."""
        return [self.function(*row) for row in rows]


def _batches(rows: Iterable[tuple[Any, ...]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    rows = iter(rows)
    while batch := list(itertools.islice(rows, size)):
        yield batch


def _name(fn: Any) -> bytes:
    return getattr(fn, "__name__", type(fn).__name__).encode("utf-8", "replace")


def _call(fn: Any, args: tuple[Any, ...]) -> bytes:
    """How a call is shown: `square(3)`, `power(2, ..)`."""
    first = preview_of(args[0]) if args else b""
    return _name(fn) + b"(" + first + (b", ..)" if len(args) > 1 else b")")


def _pickled(arguments: Any) -> bytes:
    try:
        return dumped(arguments)
    except NotShareableError as error:
        reason = str(error).replace("message[0]", "argument ", 1).replace("message[1]", "keyword ", 1)
        raise NotShareableError(reason, error.path) from None


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _program(name: str, workers: int, address: str, initializer: Task | None) -> Program:
    """The program that the host runs."""
    program = Program(name)
    tasks_in, tasks_out = program.channel("tasks", capacity=None)
    answers_in, answers_out = program.channel("answers", capacity=None)

    @program.worker(tasks_out, address)
    def submit(tasks: SendChannel, address: str) -> None:
        from runtime.pools.tasks import feed

        feed(tasks, address)

    @program.worker(tasks_in, answers_out, initializer, copies=workers, name=name)
    def work(tasks: RecvChannel, answers: SendChannel, initializer: Task | None) -> None:
        from runtime.pools import tasks as pool

        pool.work(tasks, answers, initializer)

    @program.worker(answers_in, address)
    def collect(answers: RecvChannel, address: str) -> None:
        from runtime.pools import tasks as pool

        pool.collect(answers, address)

    return program


class _Rendezvous:
    """A place where the host's two workers that talk to us find us: a socket in a folder that only we may enter."""

    def __enter__(self) -> _Rendezvous:
        import socket  # slow to import, and only pools need it
        import tempfile

        if not hasattr(socket, "AF_UNIX"):
            raise ProgramError("a pool needs sockets between processes of one machine, which this system does not have")
        self._folder = tempfile.mkdtemp(prefix="pool-")
        self.address = os.path.join(self._folder, "socket")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.address)
        self._socket.listen(2)
        return self

    def meet(self, run: Run) -> tuple[socket.socket, socket.socket]:
        """Wait for both.  Raises as `Run.wait` when the host ends instead."""
        found: dict[bytes, socket.socket] = {}
        self._socket.settimeout(0.1)
        while len(found) < 2:
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                if not run.running:
                    run.wait()
                    raise ProgramError("the pool's host ended before it began") from None
                continue
            connection.settimeout(_SLOWEST_START_S)
            found[connection.recv(1)] = connection
            connection.settimeout(None)
        return found[SUBMIT], found[COLLECT]

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        os.unlink(self.address)
        os.rmdir(self._folder)
