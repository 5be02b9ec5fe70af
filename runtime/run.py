"""One run of a program, seen from the kernel: the host process, what it says, and the recording that both map."""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from runtime import hosting, reports
from runtime.backends import BACKENDS
from runtime.errors import (
    DeadlockError,
    HostCrashError,
    RunInterruptedError,
    RunLimitError,
    RunStoppedError,
    RunTimeoutError,
    WorkerError,
)
from runtime.host.job import FrameReader, HostJob, Outcome, Told, write_frame
from runtime.tracing import progress, recording
from runtime.tracing.decode import Declared
from runtime.tracing.layout import Head
from runtime.tracing.model import NONE, Deadlocked, Ending, Environment, Worker, WorkerFailure
from runtime.tracing.traces import Trace

_LAST_MOMENT_S = 0.5
_SLOWEST_START_S = 30.0
_STOP_PATIENCE_S = 1.5  # a little more than the host's own


class Run:
    """A program that runs, or has run.

    `trace` is what has been recorded so far, at any moment; `wait` blocks until the end; `stop` ends it.  Any thread
    may use it: while one waits, another may look or stop.
    """

    def __init__(
        self,
        job: HostJob,
        *,
        python: str | None = None,
        notebook_names: Callable[[str], Mapping[str, Any]] = lambda snippet: {},
    ) -> None:
        self._job = job
        self._notebook_names = notebook_names
        self._lock = threading.RLock()  # one thread at a time listens to the host
        self._memory_lock = threading.Lock()  # the recording is not given back while a thread reads it
        self._outcomes: list[Outcome] = []
        self._deadlock: list[reports.Stuck] = []
        self._ring: tuple[Deadlocked, ...] = ()  # the same for the trace
        self._met: tuple[Declared, ...] = ()  # its channels
        self._started: dict[str, Any] = {}
        self._timed_out = self._done = False
        self._limit = ""  # which one was hit, in words
        self._stopped_by = ""
        self._over = False  # the host is gone, and nothing is recorded any more
        self._last_facts: recording.RunFacts
        self._final: Trace | None = None  # made of the recording when it is first asked for: that can take long
        self._began = time.monotonic_ns()
        self._python = python or sys.executable
        self._host = hosting.take(self._python)
        try:
            os.ftruncate(self._host.memory_fd, job.layout.total_bytes)
            self._memory = mmap.mmap(self._host.memory_fd, job.layout.total_bytes)
        except BaseException:
            self._host.discard()
            hosting.give_back(self._python)
            raise
        self._process = self._host.process
        self._reader = FrameReader(self._host.from_host)
        with contextlib.suppress(BrokenPipeError):  # `wait` finds out why
            write_frame(
                self._host.to_host, (_module_path(self._python), self._host.memory_fd, self._host.lifeline, job)
            )

    # --- what users do ------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The program's name."""
        return self._job.name

    @property
    def backend(self) -> str:
        """Where its workers run: a name in `BACKENDS`."""
        return self._job.backend

    @property
    def trace(self) -> Trace:
        """What has been recorded so far.

        Of a run that is over it is made once, when it is first asked for: some 10 s for a million messages.
        """
        with self._memory_lock:
            if self._final is None:
                over = self._over
                trace = recording.read(self._memory, self._last_facts if over else self._facts())
                if not over:
                    return trace
                self._final = trace
                self._memory.close()
            return self._final

    def progress(self, after: progress.Progress | None = None) -> progress.Progress:
        """What happened since `after`, or since the beginning, at a cost that does not grow with the run's length.

        Until the host has said that the workers run, and after the run is over, it tells of no stretch of time.  Call
        `poll` in between, which hears what the host says.
        """
        if self._over:
            return progress.finished(self.trace, after)
        with self._memory_lock:
            if self._final is not None:  # it has ended meanwhile
                return progress.finished(self._final, after)
            facts = self._facts()
            if not self._started:
                return progress.waiting(facts)
            return progress.look(self._memory, facts, after, time.monotonic_ns())

    def poll(self, timeout: float = 0.0) -> bool:
        """Hear what the host says for up to `timeout` seconds, and return whether the program has ended.

        Never raises for what went wrong in it: `wait` does, and returns at once after this has returned True.
        """
        ends = time.monotonic() + timeout
        self._listen(lambda: ends)
        return self._over or self._done or self._process.poll() is not None

    @property
    def running(self) -> bool:
        """Whether the host lives."""
        return not self._over and self._process.poll() is None

    def wait(self) -> Trace:
        """Block until the program has ended and return its trace.  Raises as `Program.run` does.

        Ctrl-C stops the run and raises `RunInterruptedError`, a `KeyboardInterrupt` that has what was recorded.
        """
        try:
            self._listen(self._overdue_at)
        except KeyboardInterrupt:
            self.stop()
            raise RunInterruptedError(self.name, lambda: self.trace) from None
        overdue_at = self._overdue_at()
        if overdue_at is not None and not self._done and time.monotonic() >= overdue_at:
            self._timed_out = True  # the host keeps the time itself, but this one is too far gone for that
        self._finish()
        trace = self.trace
        self._raise_for(trace)
        return trace

    def stop(self) -> str:
        """End the run and return when the host is gone.

        However much was recorded, all of it is kept: `trace` is made of it when it is asked for.
        Returns what it took: "" when it had ended already, "woken" when waking the workers that waited was enough,
        "interrupted" when an exception had to be raised in one that computed, "killed" when the host had to be killed.
        """
        if self._over:
            return self._stopped_by
        if self._process.poll() is None and not self._done:
            self._stopped_by = "woken"
            with contextlib.suppress(OSError):
                write_frame(self._host.to_host, "stop")
            patience_ends = time.monotonic() + _STOP_PATIENCE_S
            self._listen(lambda: patience_ends)
            if not self._done:
                self._stopped_by = "killed"
                self._host.kill()  # now: a thread that waits for it holds the lock that `_finish` needs
            elif len(self._outcomes) < len(self._job.workers):
                self._stopped_by = "killed"  # the host left although some had not stopped
            elif any(outcome.interrupted for outcome in self._outcomes):
                self._stopped_by = "interrupted"
        self._finish()
        return self._stopped_by

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __del__(self) -> None:
        if not getattr(self, "_over", True) and hasattr(self, "_process"):
            with contextlib.suppress(Exception):
                self._finish()

    # --- listening to the host ----------------------------------------------------------------------------------

    def _overdue_at(self) -> float | None:
        """When, on the monotonic clock, a host that keeps its time must have ended; None for a run without timeout."""
        if self._job.timeout is None:
            return None
        began_ns = self._started.get("epoch_ns")
        if began_ns is None:
            return self._began / 1e9 + _SLOWEST_START_S + self._job.timeout
        return float(began_ns / 1e9 + self._job.timeout + _STOP_PATIENCE_S)

    def _listen(self, until: Callable[[], float | None]) -> None:
        """Take in what the host says, until it has said all, is dead, or the moment `until()` has come.

        While another thread does so, wait for it to leave off.
        """
        if not self._lock.acquire(timeout=_remaining(until(), threading.TIMEOUT_MAX)):
            return
        try:
            with selectors.DefaultSelector() as selector:
                if self._over:
                    return
                selector.register(self._host.from_host, selectors.EVENT_READ)
                while not self._done:
                    if not selector.select(_remaining(until(), None)):
                        return
                    frames = self._reader.read_available()
                    if frames is None:
                        return
                    for what, content in frames:
                        self._take(what, content)
        finally:
            self._lock.release()

    def _take(self, what: str, content: Any) -> None:
        if what == "running":
            self._started = content
        elif what == "outcome":
            self._outcomes.append(content)
        elif what == "timeout":
            self._timed_out = True
        elif what == "limit":
            self._limit = content
        elif what == "deadlock":
            self._note_deadlock(content)
        elif what == "done":
            self._started |= content
            self._done = True

    def _finish(self) -> None:
        """See the host out, and give everything back but the recording."""
        with self._lock:
            if self._over:
                return
            if not self._done:
                # it is dead, and its exit code tells how; or it will not end by itself
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_LAST_MOMENT_S if not self._stopped_by else 0)
            self._host.kill()
            self._process.wait()
            ended_ns = time.monotonic_ns()
            self._last_words = self._host.last_words()
            hosting.give_back(self._python)
            self._last_facts = self._facts()._replace(ended_ns=ended_ns)
            self._over = True
            self._host.close()

    def _facts(self) -> recording.RunFacts:
        job, started = self._job, self._started
        outcomes = {outcome.worker: outcome for outcome in self._outcomes}
        failed = sorted(
            (outcome for outcome in self._outcomes if outcome.ending == Ending.RAISED),
            key=lambda outcome: outcome.raised_ns,
        )
        keys = started.get("channels", range(len(job.channels)))
        return recording.RunFacts(
            name=job.name,
            backend=job.backend,
            layout=job.layout,
            workers=tuple(Worker(index, worker.name, *worker.snippet) for index, worker in enumerate(job.workers)),
            channels=tuple((key, *channel) for key, channel in zip(keys, job.channels, strict=True)),
            gil_shared=BACKENDS[job.backend].gil_shared and started.get("gil", True),
            epoch_ns=started.get("epoch_ns", self._began),
            interval_ns=started.get("interval_ns", 0),
            record_ns=started.get("record_ns", 0.0),
            host_cpu_ns=started.get("host_cpu_ns", 0),
            environment=self._environment(),
            results={
                job.workers[worker].name: _unpickle_result(outcome.result)
                for worker, outcome in sorted(outcomes.items())
                if outcome.ending == Ending.RETURNED
            },
            errors=tuple(self._failure(outcome) for outcome in failed),
            deadlock=self._ring,
            met=self._met,
            complete=len(outcomes) == len(job.workers)
            and all(outcome.ending == Ending.RETURNED for outcome in self._outcomes),
        )

    def _environment(self) -> Environment:
        fields = Environment.__dataclass_fields__
        return Environment(**{name: value for name, value in self._started.items() if name in fields})

    # --- saying what went wrong ---------------------------------------------------------------------------------

    def _failure(self, outcome: Outcome) -> WorkerFailure:
        job = self._job.workers[outcome.worker]
        message = outcome.error_message
        if outcome.missing_name and outcome.missing_name in self._notebook_names(job.snippet.name):
            message += reports.explain_missing_name(outcome.missing_name, job.snippet.name)
        failure = WorkerFailure(job.name, outcome.error_type, message, outcome.error_traceback, outcome.error_line)
        return reports.explain(failure, self._job.limits.memory_bytes)

    def _note_deadlock(self, waits: list[Told]) -> None:
        """Put the host's numbers into words, while the recording still says at which line each waits."""
        now, epoch_ns = time.monotonic_ns(), self._started["epoch_ns"]
        names = dict(zip(self._started["channels"], (channel.name for channel in self._job.channels), strict=True))
        for wait in waits:
            job = self._job.workers[wait.worker]
            line_at = self._job.layout.lane_at(wait.worker) + 8 * Head.PARKED_LINE
            line = int.from_bytes(self._memory[line_at : line_at + 8], "little")
            self._deadlock.append(
                reports.Stuck(
                    job.name,
                    wait.sending,
                    names.get(wait.channel, wait.name),
                    (now - wait.since_ns) / 1e6,
                    line,
                    reports.source_line(job.snippet, line),
                    wait.lock,
                    self._job.workers[wait.made_by].name if wait.made_by >= 0 else "",
                    wait.made_line,
                    names.get(wait.lies_in_key, wait.lies_in),
                )
            )
        following = [wait.worker for wait in (*waits[1:], waits[0])]
        self._ring = tuple(
            Deadlocked(
                wait.worker, awaited, wait.channel, wait.sending, max(wait.since_ns - epoch_ns, 0), stuck.line or NONE
            )
            for wait, awaited, stuck in zip(waits, following, self._deadlock, strict=True)
        )
        self._met = tuple((wait.channel, wait.name, wait.capacity, wait.lock) for wait in waits)

    def _raise_for(self, trace: Trace) -> None:
        if self._deadlock:
            raise DeadlockError(reports.describe_deadlock(self._job.name, self._deadlock), trace, tuple(self._deadlock))
        crash = self._crash_of_a_worker()
        if crash:
            raise HostCrashError(crash, trace)
        if trace.errors:
            raise WorkerError(reports.describe_failures(trace.errors), trace, trace.errors)
        if self._limit:
            raise RunLimitError(f"program {self._job.name!r} was stopped: {self._limit}", trace)
        if self._timed_out:
            raise RunTimeoutError(
                f"program {self._job.name!r} had not ended after {self._job.timeout} s and was stopped. "
                f"The trace so far is in the error's .trace",
                trace,
            )
        if self._stopped_by:
            raise RunStoppedError(f"program {self._job.name!r} was stopped", trace)
        if not self._done:
            snippets = [worker.snippet for worker in self._job.workers]
            code = self._process.returncode
            raise HostCrashError(reports.describe_crash(self._job.name, code, self._last_words, snippets), trace)

    def _crash_of_a_worker(self) -> str:
        """How a worker's own process died, in words; empty when none did, or the whole run is lost."""
        for outcome in self._outcomes:
            if outcome.ending == Ending.LOST:
                job = self._job.workers[outcome.worker]
                return reports.describe_crash(
                    self._job.name, outcome.exit_code, self._last_words, [job.snippet], worker=job.name
                )
        return ""


def _remaining[Forever: (float, None)](end: float | None, forever: Forever) -> float | Forever:
    """Seconds until the moment `end` of the monotonic clock; `forever` when there is none."""
    return forever if end is None else max(0.0, end - time.monotonic())


def _module_path(python: str) -> list[str]:
    """Where the host looks for modules: as we do.  Empty for another Python, which has places of its own."""
    if python != sys.executable:
        return []
    return [os.path.abspath(entry) if entry else os.getcwd() for entry in sys.path]


def _unpickle_result(data: bytes) -> Any:
    try:
        return pickle.loads(data)
    except Exception as error:
        return RuntimeError(f"the result cannot be read here: {error}")
