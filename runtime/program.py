"""Programs: named workers and the channels that join them.  Written once, run many times, on any backend."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from runtime import snippets
from runtime.backends import BACKENDS
from runtime.channels import broker, diagnosis
from runtime.errors import ProgramError
from runtime.host.job import BufferArgument, ChannelJob, EndArgument, HostJob, Limits, LockArgument, WorkerJob
from runtime.run import Run
from runtime.tracing.traces import Trace

MAX_WORKERS = 64
SHORTEST_INTERVAL_S = 0.0001  # a look at a few threads takes a good part of that


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """An end of a program's channel, to be given to workers.  It opens when the program runs."""

    program: str
    channel: str
    sending: bool

    def _not_here(self, *_: object, **__: object) -> NoReturn:
        raise ProgramError(
            f"channel {self.channel!r} is open only while program {self.program!r} runs: give this end to a worker, "
            "@program.worker(end), and use it there"
        )

    send = send_nowait = recv = recv_nowait = close = __iter__ = __len__ = _not_here

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        side = "sending" if self.sending else "receiving"
        return f"<{side} end of channel {self.channel!r} of program {self.program!r}>"


@dataclass(frozen=True, slots=True)
class ProgramLock:
    """A lock of a program, to be given to workers.  It exists when the program runs."""

    program: str
    lock: str

    def _not_here(self, *_: object, **__: object) -> NoReturn:
        raise ProgramError(
            f"lock {self.lock!r} exists only while program {self.program!r} runs: give it to workers, "
            "@program.worker(lock), and use it there"
        )

    acquire = release = locked = __enter__ = __exit__ = _not_here


@dataclass(frozen=True, slots=True)
class ProgramBuffer:
    """A buffer of a program, to be given to workers, who then share it.  It exists when the program runs."""

    program: str
    buffer: str
    size: int

    def _not_here(self, *_: object, **__: object) -> NoReturn:
        raise ProgramError(
            f"buffer {self.buffer!r} exists only while program {self.program!r} runs: give it to workers, "
            "@program.worker(buffer), and use it there"
        )

    view = __getitem__ = __setitem__ = _not_here

    def __len__(self) -> int:
        return self.size


@dataclass(frozen=True, slots=True)
class _Worker:
    function: Callable[..., Any]
    snippet: snippets.Snippet
    arguments: tuple[Any, ...]
    copies: int

    def names(self, name: str) -> list[str]:
        return [name] if self.copies == 1 else [f"{name} #{number}" for number in range(1, self.copies + 1)]


class Program:
    """Named workers and the channels that join them.

    Declaring a worker or a channel again under the same name replaces it, so a notebook cell can be run twice.
    """

    def __init__(self, name: str = "program") -> None:
        self.name = name
        self._channels: dict[str, int | None] = {}
        self._locks: dict[str, None] = {}
        self._buffers: dict[str, int] = {}
        self._workers: dict[str, _Worker] = {}

    def __repr__(self) -> str:
        return f"<Program {self.name!r}: workers {list(self._workers)}, channels {list(self._channels)}>"

    def channel(self, name: str, capacity: int | None = 0) -> tuple[ProgramEnd, ProgramEnd]:
        """Declare a channel and return its ends, the receiving end first.

        `capacity` is how many objects may wait in it: 0 is a rendezvous, None is no bound.
        """
        if capacity is not None and (not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 0):
            raise ValueError(f"capacity must be None or a whole number from 0 on, not {capacity!r}")
        self._channels[name] = capacity
        return ProgramEnd(self.name, name, sending=False), ProgramEnd(self.name, name, sending=True)

    def lock(self, name: str) -> ProgramLock:
        """Declare a lock, and return it to be given to workers, where it is a `runtime.Lock`."""
        self._locks[name] = None
        return ProgramLock(self.name, name)

    def buffer(self, name: str, size: int) -> ProgramBuffer:
        """Declare memory that workers share: so many bytes, all zero when the program begins.

        To a worker it is given as a `runtime.Buffer`.  What several of them write, they write with a lock, or in turns.
        """
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ValueError(f"a buffer's size must be a number of bytes from 0 on, not {size!r}")
        self._buffers[name] = size
        return ProgramBuffer(self.name, name, size)

    @property
    def channels(self) -> dict[str, int | None]:
        """The capacity of each channel that was declared, by name."""
        return dict(self._channels)

    @property
    def workers(self) -> dict[str, tuple[Callable[..., Any], tuple[Any, ...], int]]:
        """What was declared of each worker, by name: its function, its arguments and how many copies of it run."""
        return {name: (one.function, one.arguments, one.copies) for name, one in self._workers.items()}

    def worker[Function: Callable[..., Any]](
        self, *arguments: Any, copies: int = 1, name: str | None = None
    ) -> Callable[[Function], Function]:
        """Declare the decorated function a worker.  `arguments`, ends and plain values, are what it is called with.

        `copies` workers of it run side by side.  Raises `ProgramError` for a function that cannot run on its own, or
        that does not take these arguments.
        """
        if not isinstance(copies, int) or copies < 1:
            raise ValueError(f"copies must be a whole number from 1 on, not {copies!r}")

        def declare(function: Function) -> Function:
            snippet = snippets.capture(function)
            worker = _Worker(function, snippet, arguments, copies)
            self._check(worker)
            self._workers[name or snippet.name] = worker
            return function

        return declare

    def _check(self, worker: _Worker) -> None:
        import inspect  # noqa: PLC0415

        for argument in worker.arguments:
            if not self._declares(argument):
                raise ProgramError(f"{argument!r} is not of program {self.name!r}")
        try:
            inspect.signature(worker.function).bind(*worker.arguments)
        except TypeError as error:
            name, count = worker.snippet.name, len(worker.arguments)
            raise ProgramError(
                f"worker {name!r} is given {count} argument{'s' * (count != 1)} by @program.worker(...), but its "
                f"definition is {name}{inspect.signature(worker.function)}: {error}"
            ) from None

    def run(
        self,
        backend: str = "interpreters",
        *,
        timeout: float | None = None,
        cores: int | Iterable[int] | None = None,
        python: str | None = None,
        record: bool = True,
        trace_lines: bool = False,
        sample_interval: float | None = 0.001,
        limits: Limits | None = None,
    ) -> Trace:
        """Run the program and return its trace.  Blocks until it ends; Ctrl-C or the notebook's interrupt stops it.

        `backend` is a name in `BACKENDS`; `timeout` seconds until `RunTimeoutError`; `cores` how many cores the workers
        may use, or which; `python` another executable to run them; `record=False` runs without recording operations;
        `trace_lines=True` records each line that a snippet executes, which costs about two records a line;
        `sample_interval` seconds from one look at the workers' threads to the next (None: nobody looks; what they do
        between channel operations is inferred); `limits` what the run may use at most.

        Raises `ProgramError` for a program that cannot run as it is written, `WorkerError` when a worker raised,
        `RunTimeoutError`, `HostCrashError`; the last three with the trace so far.
        """
        return self.start(
            backend,
            timeout=timeout,
            cores=cores,
            python=python,
            record=record,
            trace_lines=trace_lines,
            sample_interval=sample_interval,
            limits=limits,
        ).wait()

    def start(
        self,
        backend: str = "interpreters",
        *,
        timeout: float | None = None,
        cores: int | Iterable[int] | None = None,
        python: str | None = None,
        record: bool = True,
        trace_lines: bool = False,
        sample_interval: float | None = 0.001,
        limits: Limits | None = None,
    ) -> Run:
        """Start the program and return the `Run`.  See `run` for the parameters."""
        if backend not in BACKENDS:
            raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, not {backend!r}")
        if BACKENDS[backend].processes and not broker.available:
            raise ProgramError(f"backend {backend!r} needs Linux's eventfd and memfd: run it on 'interpreters' here")
        job = self._job(backend)._replace(
            timeout=timeout,
            cores=cores if cores is None or isinstance(cores, int) else tuple(cores),
            record=record,
            trace_lines=trace_lines,
            sample_ns=_nanoseconds(sample_interval),
            limits=limits or Limits(),
        )
        functions = {worker.snippet.name: worker.function for worker in self._workers.values()}
        return Run(job, python=python, notebook_names=lambda snippet: functions[snippet].__globals__)

    def _declares(self, argument: Any) -> bool:
        """Whether an argument is declared here, or needs no declaration."""
        if isinstance(argument, ProgramEnd):
            return argument.channel in self._channels
        if isinstance(argument, ProgramLock):
            return argument.lock in self._locks
        return not isinstance(argument, ProgramBuffer) or argument.buffer in self._buffers

    def _stand_in(self, argument: Any) -> Any:
        """What stands for an argument on its way to the host."""
        if isinstance(argument, ProgramEnd):
            return EndArgument(list(self._channels).index(argument.channel), argument.sending)
        if isinstance(argument, ProgramLock):
            return LockArgument(len(self._channels) + list(self._locks).index(argument.lock))
        if isinstance(argument, ProgramBuffer):
            return BufferArgument(list(self._buffers).index(argument.buffer))
        return argument

    def _job(self, backend: str) -> HostJob:
        workers = [
            WorkerJob(
                name=name,
                snippet=worker.snippet,
                arguments=_pickle_arguments(worker, tuple(map(self._stand_in, worker.arguments))),
            )
            for declared, worker in self._workers.items()
            for name in worker.names(declared)
        ]
        self._check_ends(workers)
        return HostJob(
            name=self.name,
            backend=backend,
            workers=tuple(workers),
            channels=(
                *(ChannelJob(name, capacity) for name, capacity in self._channels.items()),
                *(ChannelJob(name, 1, lock=True) for name in self._locks),
            ),
            buffers=tuple(self._buffers.values()),
        )

    def _check_ends(self, workers: list[WorkerJob]) -> None:
        if not workers:
            raise ProgramError(f"program {self.name!r} has no workers: write one with @program.worker(...)")
        if len(workers) > MAX_WORKERS:
            raise ProgramError(f"program {self.name!r} has {len(workers)} workers; at most {MAX_WORKERS} can run")
        given = {
            (argument.channel, argument.sending)
            for worker in self._workers.values()
            for argument in worker.arguments
            if isinstance(argument, ProgramEnd)
        }
        for channel in self._channels:
            has_sender, has_receiver = (channel, True) in given, (channel, False) in given
            if has_sender != has_receiver:
                missing, there = ("receiving", "sending") if has_sender else ("sending", "receiving")
                raise ProgramError(
                    f"no worker has the {missing} end of channel {channel!r}, so its {there} end leads nowhere: "
                    f"give the {missing} end to a worker"
                )


def _nanoseconds(sample_interval: float | None) -> int:
    if sample_interval is None:
        return 0
    if not isinstance(sample_interval, int | float) or not SHORTEST_INTERVAL_S <= sample_interval <= 3600:
        raise ValueError(
            f"sample_interval must be None or seconds, from {SHORTEST_INTERVAL_S} to 3600, not {sample_interval!r}"
        )
    return round(sample_interval * 1e9)


def _pickle_arguments(worker: _Worker, arguments: tuple[Any, ...]) -> bytes:
    everything = (arguments, worker.function.__defaults__, worker.function.__kwdefaults__)
    try:
        return pickle.dumps(everything, protocol=5)
    except Exception as error:
        _, reason = diagnosis.explain(everything, error)
        reason = reason.replace("message[0]", "argument ").replace("message[1]", "default ")
        raise ProgramError(f"worker {worker.snippet.name!r}: {reason}") from None
