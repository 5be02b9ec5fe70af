"""The suite about sizes: every way to pass an object, from 8 bytes to 100 MB, and who pays.

All comes from the traces of the runs themselves.  For a latency one side sends, and waits for an answer before it sends
again, so that the other side is already waiting: it is from the call to `send` until `recv` has returned.  For the
throughput a few objects are on their way at any time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from runtime.bench import scripts
from runtime.bench.suites import Contestant, Plan, Slices, Suite, Table
from runtime.program import Program
from runtime.tracing.traces import Trace

_THERE = 0  # the number of the channel that is measured
WINDOW = 4  # objects on their way at once, in a stream


class _Way(NamedTuple):
    """One way to pass an object: what `scripts.give` calls it, and where the workers run."""

    title: str
    kind: str
    backend: str = "interpreters"
    largest: int = 1 << 30


WAYS: dict[str, _Way] = {
    "share": _Way("bytes: shared, the receiver copies", "share"),
    "pickle": _Way("a bytearray: pickled, both sides copy", "pickle"),
    "floats": _Way("a list of floats: pickled one by one", "floats", largest=1_000_000),
    "array": _Way("the same floats as bytes, in one message", "array"),
    "lend": _Way("send_buffer(bytearray): shown", "lend"),
    "buffer": _Way("a Buffer: shared", "buffer"),
    "move": _Way("a Buffer: moved", "move"),
    "reference": _Way("threads, a bytearray: by reference", "pickle", "threads"),
    "processes, pickle": _Way("processes, a bytearray: pickled", "pickle", "processes"),
    "processes, move": _Way("processes, a Buffer: moved", "move", "processes"),
}


def _measure(way: _Way, plan: Plan) -> Slices:
    trips = [(name, size, count) for name, (size, count) in plan["sizes"].items() if size <= way.largest]
    trace = _passing(way.kind, [(size, count + 1) for _, size, count in trips]).run(way.backend)
    sent = [message for message in trace.messages if message.channel == _THERE]
    measured: Slices = {}
    for name, _, count in trips:
        seen, sent = sent[1 : count + 1], sent[count + 1 :]  # the first of each size warms up
        measured[name] = [float(message.latency_ns) for message in seen]
        measured[f"send {name}"] = [
            float(message.encode_ns + message.sent_ns - message.admitted_ns) for message in seen
        ]
        measured[f"recv {name}"] = [float(message.decode_ns) for message in seen]
    measured |= _flow(way, trips, plan["flow"])
    if os.path.exists("/proc/self/smaps_rollup"):
        size = plan["held"]
        if size <= way.largest:
            measured["memory"] = [_held(_holding(way.kind, size).run(way.backend)) / size]
    return measured


def _flow(way: _Way, trips: list[tuple[str, int, int]], least: int) -> Slices:
    """How long an object takes in a stream of them, by size."""
    counts = [(name, size, max(2 * count, least)) for name, size, count in trips]
    trace = _passing(way.kind, [(size, count) for _, size, count in counts], WINDOW).run(way.backend)
    sent = [message for message in trace.messages if message.channel == _THERE]
    measured: Slices = {}
    for name, _, count in counts:
        seen, sent = sent[:count], sent[count:]
        first, last = seen[WINDOW], seen[-1]  # from when all that are on their way at once are
        measured[f"flow {name}"] = [(last.received_ns - first.began_ns) / (count - WINDOW)]
    return measured


def _passing(kind: str, trips: list[tuple[int, int]], window: int = 1) -> Program:
    program = Program("passing")
    there_in, there_out = program.channel("there", capacity=window)
    back_in, back_out = program.channel("back", capacity=window)
    program.worker(there_out, back_in, kind, trips, window)(scripts.give)
    program.worker(there_in, back_out, kind, [count for _, count in trips], window)(scripts.take)
    return program


def _holding(kind: str, size: int) -> Program:
    program = Program("holding")
    there_in, there_out = program.channel("there", capacity=1)
    back_in, back_out = program.channel("back", capacity=1)
    program.worker(there_out, back_in, kind, size)(scripts.give_and_hold)
    program.worker(there_in, back_out)(scripts.take_and_hold)
    return program


def _held(trace: Trace) -> float:
    """By how many bytes the processes of a run grew, while both sides had the object."""
    grown: dict[int, int] = {}
    for process, growth in trace.results.values():
        grown[process] = max(growth, grown.get(process, 0))
    return float(sum(grown.values()))


def _sizes(form: Callable[[str], str] = str) -> tuple[str, ...]:
    return tuple(form(name) for name in _PLAN["sizes"])


_PLAN: Plan = {
    "sizes": {
        "8 B": (8, 50),
        "1 kB": (1_000, 50),
        "100 kB": (100_000, 30),
        "1 MB": (1_000_000, 20),
        "100 MB": (100_000_000, 5),
    },
    "flow": 3 * WINDOW,  # objects of each size at least, in a stream
    "held": 100_000_000,
}

SIZES = Suite(
    "Every way, every size",
    {name: Contestant(way.title, partial(_measure, way)) for name, way in WAYS.items()},
    (
        Table("From the call of send() until recv() returned", _sizes(), reference="share"),
        Table(
            f"Throughput: what each object of a stream takes, {WINDOW} on their way",
            _sizes("flow {}".format),
            reference="share",
        ),
        Table("What the sender pays: encoding it, and putting it", _sizes("send {}".format), reference="share"),
        Table("What the receiver pays: decoding it", _sizes("recv {}".format), reference="share"),
        Table(
            "Memory while both sides have 100 MB, for each byte of them", ("memory",), reference="move", unit="times"
        ),
    ),
    plan=_PLAN,
    quick={"sizes": {name: _PLAN["sizes"][name] for name in ("8 B", "1 kB", "1 MB")}, "held": 10_000_000},
    rounds=3,
    note=(
        "A latency has the time in it that it takes to wake the other side: some ten microseconds.  In a stream, what "
        "is moved comes back to be moved again."
    ),
)
