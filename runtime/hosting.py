"""Host processes, as the kernel starts them: one for each run, and perhaps a spare for the next.

To start a Python and let it import what a host needs takes longer than all the rest of a short run's beginning.  So in
an interactive kernel a spare host is started when a run has ended, while nobody measures anything; it imports, and then
sleeps in `read` on its pipe.  The next run takes it, if it is what that run would start now: the same Python, module
path, folder, environment and cores.  A host runs one program all the same, and ends with the kernel, spare or not.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
from typing import Any

from runtime.errors import ProgramError

_START_CODE = "import sys; sys.path[:0] = sys.argv[1:]; from runtime.host.coordinator import main; main()"
_OUR_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_MOST_COMPLAINTS = 1 << 20


class HostProcess:
    """A host that waits for its job, or runs it.

    `memory_fd` is the file of the recording, still empty.  `lifeline` is, in the host, the end of a pipe: it dies when
    our end is gone.  `close` gives every descriptor back.
    """

    def __init__(self, python: str) -> None:
        """Start it.  Raises `ProgramError` when it cannot be started."""
        self.circumstances = _circumstances(python)
        self._complaints_fd = _anonymous_file()  # what the host prints when it crashes
        self.memory_fd = _anonymous_file()  # sparse: lanes that are not used take no memory
        self.lifeline, self._lifeline = os.pipe()
        try:
            self.process = subprocess.Popen(
                [python, "-c", _START_CODE, _OUR_ROOT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints_fd,
                pass_fds=(self.memory_fd, self.lifeline),
                start_new_session=True,  # the kernel's interrupt is for us: we stop the host
            )
        except OSError as error:
            for fd in (self._complaints_fd, self.memory_fd, self._lifeline):
                os.close(fd)
            raise ProgramError(f"cannot start {python}: {error.strerror}") from None
        finally:
            os.close(self.lifeline)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.to_host, self.from_host = self.process.stdin.fileno(), self.process.stdout.fileno()

    def kill(self) -> None:
        """End the host, if it lives, with whatever its workers have started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """What it has printed for nobody: why it crashed."""
        return os.pread(self._complaints_fd, _MOST_COMPLAINTS, 0).decode("utf-8", "replace")

    def close(self) -> None:
        """Give back every descriptor."""
        for fd in (self._complaints_fd, self.memory_fd, self._lifeline):
            os.close(fd)
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def discard(self) -> None:
        """End it without a job, and give everything back."""
        self.kill()
        self.process.wait()
        self.close()


def _circumstances(python: str) -> tuple[Any, ...]:
    """All that a host takes over from the kernel when it is started."""
    cores = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    with contextlib.suppress(FileNotFoundError):
        return python, os.getpid(), os.getcwd(), tuple(sys.path), dict(os.environ), cores
    return (object(),)  # a folder that is gone is like nothing else


def _anonymous_file() -> int:
    """A file without a name, gone with its last descriptor."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("run", os.MFD_CLOEXEC)
    import tempfile  # noqa: PLC0415 - slow to import, and Linux needs it never

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class _Spares:
    """At most one host that waits for the next run, and none while a run goes on."""

    def __init__(self) -> None:
        self.wanted: bool | None = None  # None: as the kernel is
        self._lock = threading.Lock()
        self._spare: HostProcess | None = None
        self._running = 0

    def take(self, python: str) -> HostProcess:
        with self._lock:
            spare, self._spare = self._spare, None
            self._running += 1
        try:
            if spare is not None:
                if spare.circumstances == _circumstances(python) and spare.process.poll() is None:
                    return spare
                _let_go(spare)
            return HostProcess(python)
        except BaseException:
            self.run_ended()
            raise

    def run_ended(self) -> None:
        with self._lock:
            self._running -= 1

    def prepare(self, python: str) -> None:
        """Start a spare, if there is none and none runs."""
        with self._lock:
            if self._spare is None and not self._running:
                with contextlib.suppress(OSError, ProgramError):  # it is only a help
                    self._spare = HostProcess(python)

    def drop(self) -> None:
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            _let_go(spare)

    def ready(self, timeout: float) -> bool:
        with self._lock:
            spare = self._spare
        if spare is None:
            return False
        with selectors.DefaultSelector() as selector:  # select(2) knows no descriptor beyond 1023
            selector.register(spare.from_host, selectors.EVENT_READ)
            return bool(selector.select(timeout))


def _let_go(spare: HostProcess) -> None:
    if spare.circumstances[1:2] == (os.getpid(),):  # else it is that of the process that forked us
        spare.discard()


_spares = _Spares()


def take(python: str) -> HostProcess:
    """A host for a run that begins now: the spare, if it fits, or a new one.  Raises `ProgramError`."""
    return _spares.take(python)


def give_back(python: str) -> None:
    """Say that a run has ended: its host is gone.  Where spares are wanted, the next run's is started now."""
    _spares.run_ended()
    if _interactive() if _spares.wanted is None else _spares.wanted:
        _spares.prepare(python)


def keep_warm(on: bool = True) -> None:
    """Whether to keep a spare host process, so that the next run begins sooner; with `on`, one is started now.

    Unless this is called, it is kept in interactive kernels only (a notebook, a prompt).  It takes the memory of a
    small Python process, and no time while it waits.
    """
    _spares.wanted = on
    if on:
        _spares.prepare(sys.executable)
    else:
        _spares.drop()


def spare_ready(timeout: float = 0.0) -> bool:
    """Whether a spare host waits for the next run.  Blocks for up to `timeout` seconds while it is being started."""
    return _spares.ready(timeout)


def _interactive() -> bool:
    return hasattr(sys, "ps1") or "ipykernel.kernelapp" in sys.modules


@atexit.register
def _leave() -> None:
    _spares.wanted = False
    _spares.drop()
