"""What a channel costs, against the bare primitive and the standard library, in one run.

    python tests/benchmarks/bench_channels.py [rounds]

Two interpreters, each in its thread.  A round trip: an integer goes there and comes back.  A stream: integers go one
way, and the last is acknowledged.  The contestants take turns, in short slices, so that a busy machine hurts all alike,
and the best slice counts.  Ratios first: they travel better between machines than microseconds.
"""

from __future__ import annotations

import mmap
import os
import pickle
import select
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from runtime import cpython
from runtime.channels import context
from runtime.channels.ends import create_channel
from runtime.tracing.layout import Layout
from runtime.tracing.recorder import LaneWriter

SLICES, TRIPS, STREAM, WINDOW = 10, 200, 2_000, 64
RECORDS = 400_000

_HELLO = """
import sys
sys.path[:] = path.split("\\n")
from tests.benchmarks.bench_channels import *
import pickle
serve(*pickle.loads(arguments))
"""


class Bare:
    """An eventfd to count, an `_interpqueues` queue to carry, and nothing around: one direction."""

    def __init__(self, numbers: tuple[int, int, int] | None = None) -> None:
        counting = os.EFD_SEMAPHORE
        self.numbers = numbers or (cpython.create_queue(), os.eventfd(0, counting), os.eventfd(WINDOW, counting))
        queue, self._items, self._slots = self.numbers
        self._put, self._get = cpython.putter(queue), cpython.getter(queue)

    def send(self, obj: Any) -> None:
        os.eventfd_read(self._slots)
        self._put((0, obj))
        os.eventfd_write(self._items, 1)

    def recv(self) -> Any:
        os.eventfd_read(self._items)
        obj = self._get()
        os.eventfd_write(self._slots, 1)
        return obj[1]


class Stoppable(Bare):
    """The same, but who waits could be woken for Stop too: poll on two descriptors instead of a read that blocks."""

    def __init__(self, numbers: tuple[int, int, int] | None = None) -> None:
        super().__init__(numbers)
        self._poller = select.poll()
        self._poller.register(self._items, select.POLLIN)
        self._poller.register(os.eventfd(0), select.POLLIN)

    def recv(self) -> Any:
        self._poller.poll()
        return super().recv()


def bare_pair(kind: str) -> tuple[Bare, Bare]:
    one = BARE[kind]()
    return one, one


BARE = {"bare": Bare, "stoppable": Stoppable}


def standard_pair() -> tuple[Any, Any]:
    from concurrent import interpreters

    queue = interpreters.create_queue()
    queue.send, queue.recv = queue.put, queue.get
    return queue, queue


def record_here() -> None:
    """Give this thread a worker's context: from now on its ends record."""
    layout = Layout(1, RECORDS, 0)
    writer = LaneWriter(mmap.mmap(-1, layout.total_bytes), layout, 0, __file__)
    context.bind(context.Context(writer, cancel_fd=os.eventfd(0), owner=1, spins=context.SPINS))


def serve(kind: str, pickled: Any, slices: int, trips: int, stream: int) -> None:
    """The other side, in its interpreter."""
    if kind == "recorded":
        record_here()
    if kind in BARE:
        incoming, outgoing = (BARE[kind](numbers) for numbers in pickled)
    elif kind == "standard":
        from concurrent import interpreters

        incoming, outgoing = (interpreters.Queue(number) for number in pickled)
        incoming.recv, outgoing.send = incoming.get, outgoing.put
    else:
        incoming, outgoing = pickle.loads(pickled)
    recv, send = incoming.recv, outgoing.send
    send("ready")
    for _ in range(slices):
        for _ in range(trips):
            send(recv())
        for _ in range(stream):
            recv()
        send("done")


def measure(kind: str, capacity: int | None, slices: int, trips: int, stream: int) -> tuple[float, float]:
    """Microseconds per round trip and per message of a stream: the best slice of each."""
    if kind in BARE:
        (there, away), (back, home) = bare_pair(kind), bare_pair(kind)
        passed: Any = there.numbers, back.numbers
    elif kind == "standard":
        (there, away), (back, home) = standard_pair(), standard_pair()
        passed = there.id, back.id
    else:
        if kind == "recorded":
            record_here()
        (there, away), (back, home) = create_channel(capacity=capacity), create_channel(capacity=capacity)
        passed = pickle.dumps((there, home))
        context.bind(context.NOBODY)
    interpreter = cpython.create_interpreter(own_gil=True)
    names = {"path": "\n".join(sys.path), "arguments": pickle.dumps((kind, passed, slices, trips, stream))}
    thread = threading.Thread(
        target=lambda: print(cpython.run_in_interpreter(interpreter, _HELLO, names) or "", end="")
    )
    thread.start()
    send, recv = away.send, back.recv
    recv()
    best_trip = best_message = float("inf")
    for _ in range(slices):
        began = time.perf_counter_ns()
        for n in range(trips):
            send(n)
            recv()
        middle = time.perf_counter_ns()
        for n in range(stream):
            send(n)
        recv()
        ended = time.perf_counter_ns()
        best_trip = min(best_trip, (middle - began) / trips / 1e3)
        best_message = min(best_message, (ended - middle) / stream / 1e3)
    thread.join()
    cpython.destroy_interpreter(interpreter)
    return best_trip, best_message


CONTESTANTS: dict[str, tuple[str, int | None]] = {
    "bare primitive": ("bare", WINDOW),
    "bare, stoppable": ("stoppable", WINDOW),
    "channel": ("plain", WINDOW),
    "channel, recorded": ("recorded", WINDOW),
    "unbounded": ("plain", None),
    "unbounded, recorded": ("recorded", None),
    "rendezvous": ("plain", 0),
    "rendezvous, recorded": ("recorded", 0),
}


def main(rounds: int = 5, say: Callable[[str], object] = print) -> dict[str, tuple[float, float]]:
    """Measure, print the table, return the best microseconds of each: (round trip, message of a stream)."""
    contestants = dict(CONTESTANTS)
    best: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for name, (kind, capacity) in contestants.items():
            trip, message = measure(kind, capacity, SLICES, TRIPS, STREAM)
            before = best.get(name, (trip, message))
            best[name] = min(trip, before[0]), min(message, before[1])
    if sys.version_info >= (3, 14):
        best["standard library"] = measure("standard", None, 1, 50, 50)
    bare_trip, bare_message = best["bare primitive"]
    say(f"{'':22}{'round trip':>26}{'stream':>28}")
    for name, (trip, message) in best.items():
        say(
            f"{name:22}{trip / bare_trip:10.2f} x bare {trip:8.1f} µs"
            f"{bare_message / message:8.0%} of bare {message:8.2f} µs"
        )
    return best


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
