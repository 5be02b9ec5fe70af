"""Each worker's life as a strip of characters: one for each part of the run, for the state that it was in longest."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import compress
from operator import sub

from runtime.tracing.model import Span, State
from runtime.tracing.tables import Table
from runtime.tracing.wording import unit_for

LETTERS = {
    State.RUNNING: "#",
    State.GIL_WAIT: "g",
    State.CORE_WAIT: "c",
    State.SEND_BLOCKED: "s",
    State.RECV_BLOCKED: "r",
    State.ENCODE: "e",
    State.DECODE: "d",
    State.SLEEPING: "z",
    State.OBSERVER: "o",
}
_LABEL_ROOM = 10  # characters from one tick of the axis to the next, at least


def strip(spans: Table[Span], worker: int, wall_ns: int, width: int) -> str:
    """The life of one worker in `width` characters; blank where it did not live."""
    if wall_ns <= 0:
        return " " * width
    states, began, ended = _columns(spans, worker)
    return "".join(
        _letter(states, began, ended, wall_ns * place // width, wall_ns * (place + 1) // width)
        for place in range(width)
    )


def _columns(spans: Table[Span], worker: int) -> tuple[bytes, array[int], array[int]]:
    """States, beginnings and ends of one worker's spans."""
    workers = spans.column("worker")
    count = workers.count(worker)
    first = workers.index(worker) if count else 0
    chosen: tuple[array[int], ...] = tuple(spans.column(name) for name in ("state", "began_ns", "ended_ns"))
    if workers[first : first + count] == array(workers.typecode, [worker]) * count:
        chosen = tuple(column[first : first + count] for column in chosen)
    else:  # not ordered by worker
        mask = bytes(map(worker.__eq__, workers))
        chosen = tuple(array(column.typecode, compress(column, mask)) for column in chosen)
    states, began, ended = chosen
    return bytes(states.tolist()), began, ended


def _letter(states: bytes, began: array[int], ended: array[int], left: int, right: int) -> str:
    first, last = bisect_right(ended, left), bisect_left(began, right)
    if first >= last:
        return " "
    starts, stops = began[first:last].tolist(), ended[first:last].tolist()
    starts[0], stops[-1] = max(starts[0], left), min(stops[-1], right)
    lengths = list(map(sub, stops, starts))
    inside = states[first:last]
    times = {
        kind: sum(compress(lengths, inside.translate(bytes(code == kind for code in range(256)))))
        for kind in set(inside)
    }
    longest = max(times, key=lambda kind: (times[kind], -kind))
    return LETTERS[State(longest)] if sum(times.values()) * 2 >= right - left else " "


def axis(wall_ns: int, width: int) -> list[str]:
    """Two lines: ticks, and times in the unit that fits."""
    size, name = unit_for(wall_ns)
    step = _step(wall_ns, max(width // _LABEL_ROOM, 1))
    ruler, labels = ["-"] * width, [" "] * (width + 2 * _LABEL_ROOM)
    for tick in _ticks(wall_ns, step):
        place = min(tick * width // max(wall_ns, 1), width - 1)
        ruler[place] = "+"
        text = f"{tick / size:g}"
        labels[place : place + len(text)] = text
    return ["".join(ruler), "".join(labels).rstrip() + f" {name}"]


def _ticks(wall_ns: int, step: int) -> Iterator[int]:
    yield from range(0, wall_ns + 1, step)


def _step(wall_ns: int, most: int) -> int:
    """A round number of nanoseconds (1, 2 or 5 times a power of ten) that gives at most so many steps."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if wall_ns <= step * factor * most:
                return step * factor
        step *= 10
