"""One run of a program, seen from the kernel: the host process, what it says, and the recording that both map."""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from runtime import snippets
from runtime.backends import BACKENDS
from runtime.errors import HostCrashError, ProgramError, RunStoppedError, RunTimeoutError, WorkerError
from runtime.host.job import FrameReader, HostJob, Outcome, write_frame
from runtime.tracing import recording
from runtime.tracing.model import NONE, Ending, Environment, Worker, WorkerFailure
from runtime.tracing.trace import Trace

_START_CODE = "import sys; sys.path[:0] = sys.argv[1:]; from runtime.host.coordinator import main; main()"
_OUR_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_STOP_PATIENCE_S = 1.5  # a little more than the host's own


class Run:
    """A program that runs, or has run.

    `trace` is what has been recorded so far, at any moment; `wait` blocks until the end; `stop` ends it.
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
        self._outcomes: list[Outcome] = []
        self._started: dict[str, Any] = {}
        self._timed_out = self._done = False
        self._stopped_by = ""
        self._final: Trace | None = None
        self._memory_fd = _create_memory(job.layout.total_bytes)
        self._memory = mmap.mmap(self._memory_fd, job.layout.total_bytes)
        self._began = time.monotonic_ns()
        self._launch(python or sys.executable)

    def _launch(self, python: str) -> None:
        # What the host prints when it crashes; gone when the last descriptor closes.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _release
        lifeline, self._lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(
                [python, "-c", _START_CODE, _OUR_ROOT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                pass_fds=(self._memory_fd, lifeline),
                start_new_session=True,  # the kernel's interrupt is for us: we stop the host
            )
        except OSError as error:
            self._release()
            raise ProgramError(f"cannot start {python}: {error.strerror}") from None
        finally:
            os.close(lifeline)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to_host, self._from_host = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._reader = FrameReader(self._from_host)
        with contextlib.suppress(BrokenPipeError):  # `wait` finds out why
            write_frame(self._to_host, (_module_path(python), self._memory_fd, lifeline, self._job))

    # --- what users do ------------------------------------------------------------------------------------------

    @property
    def trace(self) -> Trace:
        """What has been recorded so far."""
        return self._final if self._final is not None else self._read_trace()

    @property
    def running(self) -> bool:
        """Whether the host lives."""
        return self._final is None and self._process.poll() is None

    def wait(self) -> Trace:
        """Block until the program has ended and return its trace.  Raises as `Program.run` does.

        Ctrl-C stops the run and raises `KeyboardInterrupt`; `trace` then holds what was recorded.
        """
        try:
            self._listen(None)
        except KeyboardInterrupt:
            self.stop()
            raise
        trace = self._finish()
        self._raise_for(trace)
        return trace

    def stop(self) -> str:
        """End the run and return when the host is gone.

        Returns what it took: "" when it had ended already, "cancelled" when the workers could be woken or interrupted,
        "killed" when the host had to be killed.
        """
        if self._final is not None:
            return self._stopped_by
        if self._process.poll() is None and not self._done:
            self._stopped_by = "cancelled"
            with contextlib.suppress(OSError):
                write_frame(self._to_host, "stop")
            self._listen(time.monotonic() + _STOP_PATIENCE_S)
            if self._process.poll() is None and not self._done:
                self._stopped_by = "killed"
        self._finish()
        return self._stopped_by

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __del__(self) -> None:
        if getattr(self, "_final", None) is None and hasattr(self, "_process"):
            with contextlib.suppress(Exception):
                self._finish()

    # --- listening to the host ----------------------------------------------------------------------------------

    def _listen(self, until: float | None) -> None:
        """Take in what the host says, until it has said all or `until` has come."""
        with self._lock, selectors.DefaultSelector() as selector:
            if self._final is not None:
                return
            selector.register(self._from_host, selectors.EVENT_READ)
            while not self._done:
                if not selector.select(None if until is None else max(0.0, until - time.monotonic())):
                    return
                frames = self._reader.read_available()
                if frames is None:
                    return
                for what, content in frames:
                    self._take(what, content)

    def _take(self, what: str, content: Any) -> None:
        if what == "running":
            self._started = content
        elif what == "outcome":
            self._outcomes.append(content)
        elif what == "timeout":
            self._timed_out = True
        elif what == "done":
            self._done = True

    def _finish(self) -> Trace:
        """See the host out, read the recording for good, and give everything back."""
        with self._lock:
            if self._final is not None:
                return self._final
            if not self._done:
                # said its last word without the word "done": it is dead, or will not end by itself
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(0.2 if not self._stopped_by else 0)
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._complaints.seek(0)
            self._last_words = self._complaints.read().decode("utf-8", "replace")
            self._final = self._read_trace()
            self._release()
            return self._final

    def _release(self) -> None:
        self._complaints.close()
        os.close(self._lifeline)
        if hasattr(self, "_process"):
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
        self._memory.close()
        os.close(self._memory_fd)

    def _read_trace(self) -> Trace:
        job, started = self._job, self._started
        outcomes = {outcome.worker: outcome for outcome in self._outcomes}
        keys = started.get("channels", range(len(job.channels)))
        return recording.read(
            self._memory,
            recording.RunFacts(
                name=job.name,
                backend=job.backend,
                layout=job.layout,
                workers=tuple(Worker(index, worker.name, *worker.snippet) for index, worker in enumerate(job.workers)),
                channels=tuple((key, *channel) for key, channel in zip(keys, job.channels, strict=True)),
                gil_shared=BACKENDS[job.backend].gil_shared and started.get("gil", True),
                epoch_ns=started.get("epoch_ns", self._began),
                interval_ns=started.get("interval_ns", 0),
                record_ns=started.get("record_ns", 0.0),
                environment=self._environment(),
                results={
                    job.workers[worker].name: _unpickle_result(outcome.result)
                    for worker, outcome in sorted(outcomes.items())
                    if outcome.ending == Ending.RETURNED
                },
                errors=tuple(self._failure(outcome) for outcome in self._outcomes if outcome.ending == Ending.RAISED),
                complete=len(outcomes) == len(job.workers)
                and all(outcome.ending == Ending.RETURNED for outcome in self._outcomes),
            ),
        )

    def _environment(self) -> Environment:
        fields = Environment.__dataclass_fields__
        return Environment(**{name: value for name, value in self._started.items() if name in fields})

    # --- saying what went wrong ---------------------------------------------------------------------------------

    def _failure(self, outcome: Outcome) -> WorkerFailure:
        job = self._job.workers[outcome.worker]
        message = outcome.error_message
        if outcome.missing_name and outcome.missing_name in self._notebook_names(job.snippet.name):
            message += (
                f". It exists in the notebook, but a worker sees only its arguments and what it imports: pass it as an "
                f"argument, @program.worker(..., {outcome.missing_name}), or import it inside {job.snippet.name}"
            )
        return WorkerFailure(job.name, outcome.error_type, message, outcome.error_traceback, outcome.error_line)

    def _raise_for(self, trace: Trace) -> None:
        if trace.errors:
            raise WorkerError(self._describe_failures(trace.errors), trace, trace.errors)
        if self._timed_out:
            raise RunTimeoutError(
                f"program {self._job.name!r} had not ended after {self._job.timeout} s and was stopped. "
                f"The trace so far is in the error's .trace",
                trace,
            )
        if self._stopped_by:
            raise RunStoppedError(f"program {self._job.name!r} was stopped", trace)
        if not self._done:
            raise HostCrashError(self._describe_crash(), trace)

    def _describe_failures(self, failures: tuple[WorkerFailure, ...]) -> str:
        first = failures[0]
        where = f" at line {first.line}" if first.line != NONE else ""
        text = f"worker {first.worker!r} failed{where}: {first.type}: {first.message}"
        if first.traceback:
            text += f"\n\n{first.traceback.rstrip()}"
        others = ", ".join(repr(failure.worker) for failure in failures[1:])
        return text + (f"\n\nThen these failed too: {others}." if others else "")

    def _describe_crash(self) -> str:
        code = self._process.returncode
        if code is not None and code < 0:
            how = f"was ended by signal {signal.Signals(-code).name}"
        else:
            how = f"ended with exit code {code} before its workers had"
        text = f"the process that ran program {self._job.name!r} {how}"
        place = _place_in(self._last_words, {worker.snippet for worker in self._job.workers})
        text += f", in worker {place}" if place else ""
        return f"{text}. The notebook is unharmed, and what was recorded until then is in the error's .trace"


def _create_memory(size: int) -> int:
    """Create the file for the recording: anonymous and sparse."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("recording", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, size)
    return fd


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


def _place_in(last_words: str, written: set[snippets.Snippet]) -> str:
    """Which snippet's line a crashing interpreter said it was at; empty when it said nothing."""
    crashed = last_words.partition("Current thread")[2] or last_words
    for filename, number in re.findall(r'File "(.*)", line (\d+)', crashed):
        for snippet in written:
            offset = int(number) - snippet.first_line
            lines = snippet.source.splitlines()
            if snippet.filename == filename and 0 <= offset < len(lines):
                return f"{snippet.name!r} at line {number}: {lines[offset].strip()}"
    return ""
