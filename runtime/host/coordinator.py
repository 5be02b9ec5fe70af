"""The host process: runs one program once, in its main interpreter's main thread.

It starts the workers, lets them go at one moment, tells the kernel how each ended, and leaves with `os._exit` after
its last word: tearing down interpreters while threads live is where CPython crashes.  It ends when the kernel does:
see `_die_with_kernel`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import platform
import queue
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from runtime import cpython
from runtime.backends import BACKENDS
from runtime.channels import locks, sharing
from runtime.channels.context import SPINS
from runtime.channels.core import Core, Row, Side
from runtime.channels.memory import create as create_block
from runtime.channels.parking import Semaphore, acquire, attach_semaphore, create_semaphore, is_readable
from runtime.host import deadlock, memory, observer, sight
from runtime.host.job import BufferArgument, EndArgument, FrameReader, HostJob, LockArgument, Outcome, write_frame
from runtime.host.runners import Life, Runner, create_runner, get_ready, observer_is_ready
from runtime.host.worker import Post
from runtime.tracing.recorder import calibrate
from runtime.tracing.vocabulary import Ending

GRACE_S = 1.0  # from Stop to the end of a worker that can be interrupted


def main() -> NoReturn:
    """Read the job from the kernel, run it, report, end.  Never returns."""
    incoming, outgoing = _take_pipes()
    reader = FrameReader(incoming)
    if observer.available and not is_readable(incoming):
        get_ready()  # we are a spare
    with contextlib.suppress(BrokenPipeError):  # reading tells that the kernel is gone
        write_frame(outgoing, ("ready", None))
    frames: list[Any] | None = []
    while not frames:
        frames = reader.read_available()
        if frames is None:
            _end_with_all()
    path, recording_fd, lifeline, job = frames[0]
    if path:
        sys.path[:] = path
    sys.path_importer_cache.clear()  # we may have waited for long; all of invalidate_caches() takes 13 ms
    _die_with_kernel(lifeline)
    code = 1
    try:
        Host(job, recording_fd, reader, incoming, outgoing).run()
        code = 0
    except BrokenPipeError:
        _end_with_all()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)  # also when there is no memory left to complain with


def _take_pipes() -> tuple[int, int]:
    """Keep the kernel's pipes for ourselves: what snippets print must not get into them."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    faulthandler.enable()
    return incoming, outgoing


class Host:
    """One run of one program."""

    def __init__(self, job: HostJob, recording_fd: int, reader: FrameReader, incoming: int, outgoing: int) -> None:
        self._job = job
        self._recording_fd = recording_fd
        self._reader, self._incoming, self._outgoing = reader, incoming, outgoing
        self._backend = BACKENDS[job.backend]
        self._gil_shared = self._backend.gil_shared and cpython.gil_enabled()
        self._ended: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._bell = create_semaphore()  # rings when something is in `_ended`
        self._cancel = create_semaphore()
        self._start = create_semaphore()
        self._stopping_since: float | None = None
        self._open: set[int] = set(range(len(job.workers)))
        self._folders = [""] * len(job.workers)  # of /proc, where it tells about the workers' threads
        self._runner: Runner

    def run(self) -> None:
        """From the job to its last outcome."""
        self._set_limits()
        self._runner = create_runner(self._backend, self._cancel.readable, self._job.limits.memory_bytes)
        self._channels = [
            locks.lay(channel.name, local=self._backend.by_reference)
            if channel.lock
            else Core.create(channel.name, channel.capacity, local=self._backend.by_reference)
            for channel in self._job.channels
        ]
        self._sight = sight.Sight(self._channels, sight.heads_of(self._recording_fd, self._job.layout))
        self._buffers = [create_block(size) for size in self._job.buffers]
        ready = create_semaphore()
        ledger = None if self._backend.processes else memory.Ledger(self._recording_fd, self._job.layout)
        ahead = observer_is_ready()
        threads = self._backend.by_reference  # they are there at once; the observer's interpreter takes its time
        observing = None if threads else self._prepare_observer(ready)
        for post in self._posts(ready):
            runner = self._runner.prepare(post._replace(asked_ns=time.monotonic_ns()))
            threading.Thread(target=self._live, args=(post, runner), name=post.job.name, daemon=True).start()
        for _ in range(len(self._job.workers) + (observing is not None)):
            self._await(ready)
        if ledger is not None:
            ledger.ready(0.0 if observing is None or ahead else memory.OBSERVER_SHARE)
        if threads:
            observing = self._prepare_observer(ready)
            if observing is not None:
                self._await(ready)
        self._observed = observing is not None
        if observing is not None:
            observing()
        if ledger is not None:
            ledger.start()
        facts = {
            "channels": [core.key for core in self._channels],
            "interval_ns": self._job.sample_ns if observing is not None else 0,
            "record_ns": calibrate() if self._job.record else 0.0,
            **_environment(),
        }
        cpu_before = self._cpu_of_others()
        deadline = None if self._job.timeout is None else time.monotonic() + self._job.timeout
        epoch_ns = time.monotonic_ns()
        self._say("running", {"epoch_ns": epoch_ns, **facts})
        self._start.release(len(self._job.workers))
        self._attend(deadline)
        cpu_ns = self._cpu_of_others() - cpu_before
        if ledger is not None:
            ledger.ended()
        self._runner.end()
        self._say("done", {"host_cpu_ns": max(cpu_ns, 0)})

    def _cpu_of_others(self) -> int:
        """CPU time of all our processes by the operating system's account, less this thread's own."""
        return time.process_time_ns() - time.thread_time_ns() + self._runner.cpu_ns()

    def _set_limits(self) -> None:
        cores = self._job.cores
        if cores is not None and hasattr(os, "sched_setaffinity"):
            usable = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, usable[:cores] if isinstance(cores, int) else cores)
        if self._job.limits.memory_bytes is not None and sys.platform == "linux":
            import resource  # noqa: PLC0415

            # the data limit counts private memory only: the recording is shared, and sparse
            resource.setrlimit(resource.RLIMIT_DATA, (self._job.limits.memory_bytes,) * 2)

    def _posts(self, ready: Semaphore) -> list[Post]:
        """What each worker needs.  Its ends are opened here, all before any worker runs, so that no channel seems to
        have lost its last end when it only has not got its first."""
        posts = []
        for index, worker in enumerate(self._job.workers):
            arguments, _, _ = pickle.loads(worker.arguments)
            rows = [row for argument in arguments for row in self._opened(argument, index + 1)]
            posts.append(
                Post(
                    number=index,
                    job=worker,
                    channels=tuple(core.address for core in self._channels),
                    rows=tuple(rows),
                    buffers=tuple(block.stand() for block in self._buffers),
                    layout=self._job.layout,
                    recording_fd=self._recording_fd,
                    record=self._job.record,
                    trace_lines=self._job.trace_lines,
                    cancel_fd=self._cancel.readable,
                    by_reference=self._backend.by_reference,
                    spins=0 if self._gil_shared or _usable_cores() < 2 else SPINS,
                    asked_ns=0,
                    ready=ready.descriptors,
                    start=self._start.descriptors,
                )
            )
        return posts

    def _opened(self, argument: Any, owner: int) -> Iterator[int]:
        """Open the ends that an argument stands for; a buffer gets one more holder."""
        if isinstance(argument, EndArgument):
            yield self._channels[argument.channel].open_end(Side.SEND if argument.sending else Side.RECV, owner)
        elif isinstance(argument, LockArgument):
            yield self._channels[argument.channel].open_end(Side.RECV, owner)
            yield self._channels[argument.channel].open_end(Side.SEND, owner)
        elif isinstance(argument, BufferArgument):
            self._buffers[argument.buffer].expect()

    def _live(self, post: Post, life: Life) -> None:
        """A worker's thread: its whole life, and then its outcome."""
        self._folders[post.number] = self._runner.folder(post.number)
        try:
            outcome = life()
        except BaseException as error:  # its interpreter could not even begin
            outcome = Outcome(
                post.number,
                Ending.RAISED,
                error_type=type(error).__name__,
                error_message=str(error),
                raised_ns=time.monotonic_ns(),
            )
        if outcome.ending == Ending.LOST or outcome.ending == Ending.RAISED:
            attach_semaphore(post.ready).release()  # perhaps it had not come so far; once too often does no harm
        self._ended.put(outcome)
        self._bell.release()

    def _prepare_observer(self, ready: Semaphore) -> Any:
        """Start the observer in its interpreter.  Returns what calibrates and starts it; None where there is none."""
        if not (observer.available and self._job.record and self._job.sample_ns):
            return None
        contenders = _Contenders() if self._gil_shared else None
        looking_for_gil, found, start = create_semaphore(), create_semaphore(), create_semaphore()
        post = observer.ObserverPost(
            layout=self._job.layout,
            lane=len(self._job.workers),
            recording_fd=self._recording_fd,
            interval_ns=self._job.sample_ns,
            contenders=contenders.threads if contenders else (),
            ready=ready.descriptors,
            calibrate=looking_for_gil.descriptors,
            calibrated=found.descriptors,
            start=start.descriptors,
        )
        self._runner.start_observer(post)

        def go() -> None:
            looking_for_gil.release()
            if contenders:
                contenders.contend(observer.CONTEND_NS)
            acquire(found)
            start.release()
            acquire(found)  # it has begun to look

        return go

    def _await(self, ready: Semaphore) -> None:
        """Wait until one more is ready, or the kernel is gone."""
        while not ready.try_acquire():
            poller = select.poll()
            for fd in (ready.readable, self._incoming):
                poller.register(fd, select.POLLIN)
            if any(fd == self._incoming for fd, _ in poller.poll()):
                self._listen()

    def _attend(self, deadline: float | None) -> None:
        """Wait for the workers to end; meanwhile do what the kernel asks and keep the time."""
        poller = select.poll()
        for fd in (self._bell.readable, self._incoming):
            poller.register(fd, select.POLLIN)
        while self._open:
            for fd, _ in poller.poll(deadlock.LOOK_S * 1e3):
                self._listen() if fd == self._incoming else self._collect()
            now = time.monotonic()
            if self._stopping_since is not None:
                if now > self._stopping_since + GRACE_S:
                    return  # who has not stopped by now never will
            elif deadline is not None and now >= deadline:
                self._say("timeout", {})
                self._stop()
            else:
                self._look_for_deadlock()
                self._count_threads()

    def _look_for_deadlock(self) -> None:
        stuck = deadlock.find(self._sight, self._can_only_be_woken, self._allies)
        if stuck and not (self._backend.by_reference and sharing.in_modules()):
            self._say("deadlock", deadlock.told(deadlock.ring(stuck), self._sight))
            self._stop()

    def _allies(self) -> Mapping[int, frozenset[int]]:
        """Who could use whose ends; where workers are threads, that can be others than the ends' owners."""
        if not self._backend.by_reference or not sharing.noted:
            return {}
        receivers = {core.key: [core.words[at + Row.OWNER] for at in core.rows(Side.RECV)] for core in self._channels}
        found = sharing.allies(receivers)
        return {worker - 1: frozenset(each - 1 for each in group) for worker, group in found.items()}

    def _count_threads(self) -> None:
        most = self._job.limits.threads
        if most is not None and os.path.exists("/proc/self/task"):
            # a folder's link count is two more than the folders in it: cheaper than listing them
            count = os.stat("/proc/self/task").st_nlink - 2 + self._runner.threads()
            if count > most:
                self._say(
                    "limit", f"it has {count} threads; limits=runtime.Limits(threads=...) allows more than {most}"
                )
                self._stop()

    def _can_only_be_woken(self, worker: int) -> bool:
        """Whether the worker's thread sleeps in poll(2) and nobody could act for it, where the system tells."""
        if not observer.available:
            return True
        threads = 1 + len(self._open) + len(self._job.workers) + self._observed  # watchdogs stay
        if self._runner.helped(worker, threads):
            return False
        folder = self._folders[worker]
        with contextlib.suppress(OSError, ValueError):
            return folder != "" and observer.sleeps_in_channel(folder)
        return False

    def _collect(self) -> None:
        """Pass on the outcomes of workers that have ended.  When one has raised, the others are stopped."""
        if not self._bell.try_acquire():
            return
        outcome = self._ended.get()
        self._open.discard(outcome.worker)
        if self._stopping_since is not None and outcome.error_type == "Cancelled":
            outcome = outcome._replace(ending=Ending.STOPPED)
        self._say("outcome", outcome)
        if outcome.ending in (Ending.RAISED, Ending.LOST):
            self._stop()

    def _listen(self) -> None:
        """Do what the kernel asks: stop, or end when it is gone."""
        frames = self._reader.read_available()
        if frames is None:
            _end_with_all()
        if "stop" in frames:
            self._stop()

    def _stop(self) -> None:
        if self._stopping_since is None:
            self._stopping_since = time.monotonic()
            self._cancel.release()

    def _say(self, what: str, content: Any) -> None:
        write_frame(self._outgoing, (what, content))


class _Contenders:
    """Two threads that contend for this interpreter's GIL for a moment, so that the observer can see how that looks.

    Until then they wait in poll, as everybody here does: a lock's futex would be taken for the GIL's.
    """

    def __init__(self) -> None:
        self._gate = create_semaphore()
        self._until = 0
        numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._both = [threading.Thread(target=self._contend, args=(numbers,), daemon=True) for _ in range(2)]
        for thread in self._both:
            thread.start()
        self.threads = (numbers.get(), numbers.get())

    def _contend(self, numbers: queue.SimpleQueue[int]) -> None:
        numbers.put(threading.get_native_id())
        acquire(self._gate)
        while time.monotonic_ns() < self._until:
            pass

    def contend(self, duration_ns: int) -> None:
        """Let them go, and wait until they are done."""
        self._until = time.monotonic_ns() + duration_ns
        self._gate.release(2)
        for thread in self._both:
            thread.join()


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _environment() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "os": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cores": _usable_cores(),
        "gil": cpython.gil_enabled(),
    }


def _end_with_all() -> NoReturn:
    """The kernel is gone: end, with the workers' processes and whatever snippets have started."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _die_with_kernel(lifeline: int) -> None:
    """Let the operating system end this process when the kernel's end of `lifeline` closes, however busy Python is.

    The descriptor's owner gets SIGIO when something happens on it, and nothing ever does except that; the default
    action of SIGIO is to end the process.  The owner is our process group, which the kernel made for us: so it ends
    workers that have processes of their own, and whatever a snippet has started.
    """
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl  # noqa: PLC0415

        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
        signal.signal(signal.SIGIO, signal.SIG_DFL)
