"""The observer: looks at every worker's thread about once a millisecond, from an interpreter of its own.

It has its own GIL, so looking never takes a worker's.  Linux tells three things of a thread, without privileges:

| file of /proc/PID/task/TID | what it tells |
| --- | --- |
| `schedstat` | nanoseconds on a core, and nanoseconds runnable but waiting for one |
| `stat` | the scheduler's state (R: runnable, S: asleep) and the core that it is, or was last, on |
| `syscall` | of a sleeping thread, the system call that it sleeps in, and its arguments |

A thread that waits for the GIL sleeps in futex(2) on a word of that GIL's own condition variables.  Where they lie is
found once per host by letting two threads contend for it.  So waiting for the GIL is seen, not guessed.

Looking takes time on a core that workers could use, so a look reads as little as it can: `syscall` and `schedstat`, and
`stat`, the dearest, only when the thread was given a core since the last look (schedstat's third number counts that).
What reads the same as last time is not taken apart again.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import time
from collections.abc import Iterable
from typing import NamedTuple, NoReturn

from runtime.channels.parking import acquire, attach_semaphore
from runtime.tracing.layout import PAGE_BYTES, Head, Layout
from runtime.tracing.recorder import LaneWriter

# numbers of system calls: the kernel's tables for each machine
_CALLS = {
    "x86_64": {"futex": (202,), "channel": (7, 23, 232, 270, 271, 281), "sleep": (35, 230)},
    "aarch64": {"futex": (98,), "channel": (22, 72, 73), "sleep": (101, 115)},
}
NOT_ASLEEP, ON_GIL, ON_CHANNEL, ON_TIMER, ON_OTHER = range(5)
_STATES = {b"R": 1, b"S": 2, b"D": 3}
_RUNNING, _SLEEPING = 1, 2
_AWAKE = b"running"  # of `syscall`
_GIL_BYTES = 192
_ENOUGH = 10  # sightings of one word
CONTEND_NS = 15_000_000  # three of the GIL's switch intervals

available = os.path.exists("/proc/thread-self/schedstat")


class Sleep(NamedTuple):
    """What a thread sleeps on: the system call's number, and its first argument."""

    call: int
    argument: int


def folder_of(thread: int, process: int = 0) -> str:
    """Where Linux tells about a thread of a process; 0 is this one."""
    return f"/proc/{process or 'self'}/task/{thread}"


class ThreadProbe:
    """One thread's files, kept open."""

    __slots__ = ("_schedstat", "_stat", "_syscall")

    def __init__(self, folder: str) -> None:
        self._schedstat = os.open(f"{folder}/schedstat", os.O_RDONLY)
        self._stat = os.open(f"{folder}/stat", os.O_RDONLY)
        try:
            self._syscall = os.open(f"{folder}/syscall", os.O_RDONLY)
        except OSError:  # a kernel or a container that hides it
            self._syscall = -1

    def times(self) -> bytes:
        """On-CPU and run-queue ns since the thread began, how often it was given a core: as the kernel writes it."""
        return os.pread(self._schedstat, 64, 0)

    def state(self) -> tuple[int, int]:
        """(scheduler state, core)."""
        fields = os.pread(self._stat, 512, 0).rpartition(b") ")[2].split(b" ", 37)
        return _STATES.get(fields[0], 0), int(fields[36])

    def call(self) -> bytes:
        """The system call that it sleeps in, as the kernel writes it; empty when nobody can tell."""
        if self._syscall < 0:
            return b""
        try:
            return os.pread(self._syscall, 256, 0)
        except OSError:
            return b""

    def sleep(self) -> Sleep | None:
        """What it sleeps on; None when it does not sleep, or nobody can tell."""
        return sleep_in(self.call())

    def close(self) -> None:
        for fd in (self._schedstat, self._stat, self._syscall):
            if fd >= 0:
                os.close(fd)


def sleep_in(call: bytes) -> Sleep | None:
    """What a line of `syscall` says that a thread sleeps on: the call and its first argument."""
    fields = call.split(b" ", 2)
    if len(fields) < 3 or fields[0] == b"-1":
        return None
    return Sleep(int(fields[0]), int(fields[1], 16))


def find_gil(threads: Iterable[int], until: int) -> list[int]:
    """The futex words on which `threads`, which contend for one GIL, were seen asleep before the moment `until`."""
    probes = [ThreadProbe(folder_of(thread)) for thread in threads]
    calls = _CALLS.get(os.uname().machine, {})
    seen: dict[int, int] = {}
    while time.monotonic_ns() < until and max(seen.values(), default=0) < _ENOUGH:
        for probe in probes:
            sleep = probe.sleep()
            if sleep is not None and sleep.call in calls.get("futex", ()):
                seen[sleep.argument] = seen.get(sleep.argument, 0) + 1
        time.sleep(0.0002)
    for probe in probes:
        probe.close()
    return _around(seen)


def _around(seen: dict[int, int]) -> list[int]:
    """The word seen most often, and those near it.

    A GIL is two condition variables and their mutexes side by side: one for who wants it, one on which who gave it up
    waits until somebody has taken it (`struct _gil_runtime_state` in CPython's Include/internal/pycore_gil.h).
    """
    if not seen:
        return []
    usual = max(seen, key=lambda word: seen[word])
    return list(range(usual - _GIL_BYTES, usual + _GIL_BYTES, 4))


def sleeps_in_channel(folder: str) -> bool:
    """Whether a thread sleeps where channel operations wait.  Raises `OSError` for a thread that has ended."""
    probe = ThreadProbe(folder)
    try:
        state, _ = probe.state()
        sleep = probe.sleep()
    finally:
        probe.close()
    return state != _RUNNING and sleep is not None and sleep.call in _CALLS.get(os.uname().machine, {})["channel"]


class _Watched:
    """One worker's thread, and what the last look at it found."""

    __slots__ = ("call", "core", "on_cpu", "probe", "run_queue", "state", "times", "turns", "waits_on")

    def __init__(self, folder: str) -> None:
        self.probe = ThreadProbe(folder)
        self.call = self.times = self.turns = b""
        self.state = self.waits_on = self.core = self.on_cpu = self.run_queue = 0

    def take(self, times: bytes) -> bool:
        """Take in the thread's times; return whether it was given a core since the last look."""
        if times == self.times:
            return False
        on_cpu, run_queue, turns = times.split()
        self.times, self.on_cpu, self.run_queue = times, int(on_cpu), int(run_queue)
        before, self.turns = self.turns, turns
        return turns != before


class Observer:
    """Samples the workers' threads into a lane of its own."""

    def __init__(self, lane: LaneWriter, gil_words: Iterable[int], interval_ns: int, *, gil_shared: bool) -> None:
        self._lane = lane
        self._interval_ns = interval_ns
        calls = _CALLS.get(os.uname().machine, {})
        self._kinds = dict.fromkeys(calls.get("channel", ()), ON_CHANNEL)
        self._kinds |= dict.fromkeys(calls.get("sleep", ()), ON_TIMER)
        self._futex = calls.get("futex", ())
        self._gil_words = frozenset(gil_words)
        self._gil_sought = gil_shared
        self._watched: dict[int, _Watched] = {}

    def watch(self, worker: int, folder: str) -> None:
        """Look at the thread of this folder too, from now on."""
        self._watched[worker] = _Watched(folder)

    def look(self) -> None:
        """Take one sample of every worker.  A thread that has ended is looked at no more."""
        now, sampled = time.monotonic_ns, self._lane.sampled
        for worker, seen in list(self._watched.items()):
            at = now()
            try:
                self._look_at(seen)
            except (OSError, ValueError):
                self._watched.pop(worker).probe.close()
                continue
            sampled(worker, seen.state, seen.waits_on, seen.core, seen.on_cpu, seen.run_queue, at, now() - at)

    def _look_at(self, seen: _Watched) -> None:
        """Bring up to date what is known of a thread.  First its state: if it sleeps, the times are final."""
        call = seen.probe.call()
        if not call:  # only `stat` tells
            seen.state, seen.core = seen.probe.state()
            seen.take(seen.probe.times())
            return
        if call != seen.call:
            seen.call = call
            sleep = sleep_in(call)
            awake = call.startswith(_AWAKE)
            seen.state = _RUNNING if awake else _SLEEPING
            seen.waits_on = NOT_ASLEEP if awake or sleep is None else self._waits_on(sleep)
        if seen.take(seen.probe.times()):
            _, seen.core = seen.probe.state()

    def _waits_on(self, sleep: Sleep) -> int:
        if sleep.call in self._futex:
            if self._gil_sought and not self._gil_words:
                return NOT_ASLEEP  # it may be the GIL's: nobody can tell
            return ON_GIL if sleep.argument in self._gil_words else ON_OTHER
        return self._kinds.get(sleep.call, ON_OTHER)

    def run(self) -> NoReturn:
        """Look again and again, `interval_ns` apart and never more often, until the host ends.

        Keeps count of its own CPU time.
        """
        due, cpu_before = time.monotonic_ns(), time.thread_time_ns()
        while True:
            self.look()
            self._lane.used_cpu(time.thread_time_ns() - cpu_before)
            due += self._interval_ns
            now = time.monotonic_ns()
            if due > now:
                time.sleep((due - now) / 1e9)
            else:  # too busy to keep up: from here on
                due = now


class ObserverPost(NamedTuple):
    """What the observer's interpreter needs.  `contenders` are threads that will contend for the shared GIL."""

    layout: Layout
    lane: int
    recording_fd: int
    interval_ns: int
    contenders: tuple[int, ...]
    ready: tuple[int, ...]  # semaphores
    calibrate: tuple[int, ...]
    calibrated: tuple[int, ...]
    start: tuple[int, ...]


def main(post: ObserverPost) -> NoReturn:
    """What the observer's interpreter runs: find the GIL's words, then look until the host ends."""
    mapping = mmap.mmap(post.recording_fd, post.layout.total_bytes)
    lane = LaneWriter(mapping, post.layout, post.lane)
    attach_semaphore(post.ready).release()
    acquire(attach_semaphore(post.calibrate))
    gil_words = find_gil(post.contenders, time.monotonic_ns() + CONTEND_NS) if post.contenders else []
    attach_semaphore(post.calibrated).release()
    acquire(attach_semaphore(post.start))
    observer = Observer(lane, gil_words, post.interval_ns, gil_shared=bool(post.contenders))
    for worker in range(post.lane):
        begins = post.layout.lane_at(worker)
        words = memoryview(mapping)[begins : begins + PAGE_BYTES].cast("Q")
        with contextlib.suppress(OSError):  # a process may have died before it began
            observer.watch(worker, folder_of(words[Head.THREAD], words[Head.PROCESS]))
    attach_semaphore(post.calibrated).release()
    observer.run()
