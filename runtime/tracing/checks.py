"""What must hold for the tables of a trace, so that whoever draws them need not look twice.

Checked when a file is read, since a file may come from anywhere, and when one is written, so that nothing is saved that
could not be loaded.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import compress, islice
from operator import gt
from typing import Any, NamedTuple

from runtime.tracing.model import NONE, CoreSpan, Deadlocked, Evidence, Line, Message, Output, Span, State, Transfer
from runtime.tracing.tables import Table

_ANY = (1 << 63) - 1


class Sizes(NamedTuple):
    """How many of each there are to point to."""

    workers: int
    channels: int
    texts: int


def problem(name: str, table: Table[Any], sizes: Sizes) -> str:
    """What is wrong with one of a trace's tables: the column, the row and the value.  Empty when nothing is."""
    return next(_problems(name, table, sizes), "")


def ring_problem(ring: Sequence[Deadlocked], sizes: Sizes) -> str:
    """What is wrong with a deadlock's ring: who it names, or that it is none.  Empty when nothing is."""
    for at, one in enumerate(ring):
        if not (0 <= one.worker < sizes.workers and 0 <= one.channel < sizes.channels and one.since_ns >= 0):
            return f"deadlock[{at}]: {one} was not expected with {sizes.workers} workers, {sizes.channels} channels"
        following = ring[(at + 1) % len(ring)].worker
        if one.awaited != following:
            return f"deadlock[{at}]: it waits for worker {one.awaited}, {following} was expected, the next of the ring"
    return ""


def _problems(name: str, table: Table[Any], sizes: Sizes) -> Iterator[str]:
    in_order = table.record is Span and are_partitions(table)  # the usual case, and quick to see
    for field, lowest, end in _ranges(table.record, sizes):
        yield from _out_of_range(f"{name}.{field}", table.column(field), lowest, end)
    for earlier, later in () if in_order else _ORDERED[table.record]:
        before, after = table.column(earlier), table.column(later)
        row = next(compress(range(len(before)), map(gt, before, after)), None)
        if row is not None:
            yield f"{name}: row {row} has {earlier} {before[row]} after {later} {after[row]}"
    if table.record is Span and not in_order:
        yield from _overlaps(name, table)


def _ranges(record: type, sizes: Sizes) -> list[tuple[str, int, int]]:
    """(field, lowest value, first value that is too high)."""
    worker, channel, text = sizes
    if record is Message:
        return [
            ("sender", 0, worker),
            ("serial", 0, _ANY),
            ("channel", 0, channel),
            ("receiver", NONE, worker),
            ("transfer", 0, len(Transfer)),
            ("size", 0, _ANY),
            ("preview", NONE, text),
            ("send_line", NONE, _ANY),
            ("recv_line", NONE, _ANY),
            ("began_ns", 0, _ANY),
            ("asked_ns", NONE, _ANY),
        ]
    if record is Span:
        return [
            ("worker", 0, worker),
            ("state", 0, len(State)),
            ("began_ns", 0, _ANY),
            ("evidence", 0, len(Evidence)),
            ("channel", NONE, channel),
            ("line", NONE, _ANY),
        ]
    if record is CoreSpan:
        return [("core", 0, _ANY), ("worker", 0, worker), ("began_ns", 0, _ANY)]
    if record is Line:
        return [("worker", 0, worker), ("line", NONE, _ANY), ("at_ns", 0, _ANY)]
    return [("worker", 0, worker), ("stream", 1, 3), ("at_ns", 0, _ANY), ("text", NONE, text)]


_ORDERED: dict[type, list[tuple[str, str]]] = {
    Message: [
        ("began_ns", "encoded_ns"),
        ("encoded_ns", "admitted_ns"),
        ("admitted_ns", "sent_ns"),
        ("asked_ns", "taken_ns"),
        ("taken_ns", "received_ns"),
    ],
    Span: [("began_ns", "ended_ns")],
    CoreSpan: [("began_ns", "ended_ns")],
    Output: [],
    Line: [],
}


def _out_of_range(name: str, column: array[int], lowest: int, end: int) -> Iterator[str]:
    if not column:
        return
    if column.itemsize == 1:  # sorts out a million values at once
        allowed = bytes(value & 0xFF for value in range(max(lowest, -128), min(end, 128)))
        fine = not column.tobytes().translate(None, allowed)
    else:
        fine = min(column) >= lowest and (end == _ANY or max(column) < end)
    if not fine:
        row, value = next((row, value) for row, value in enumerate(column) if not lowest <= value < end)
        expected = f"at least {lowest}" if end == _ANY else f"from {lowest} to {end - 1}"
        yield f"{name}: row {row} is {value}, {expected} was expected"


def _overlaps(name: str, spans: Table[Any]) -> Iterator[str]:
    """Spans of one worker are in order of time and do not overlap."""
    workers, began, ended = spans.column("worker"), spans.column("began_ns"), spans.column("ended_ns")
    rows: Sequence[int] = range(len(spans))
    if runs_of(workers) is None:
        rows = sorted(rows, key=workers.__getitem__)
        workers, began, ended = (array(c.typecode, map(c.__getitem__, rows)) for c in (workers, began, ended))
    for row in compress(range(len(rows)), map(gt, ended, islice(began, 1, None))):
        if workers[row] == workers[row + 1]:
            yield (
                f"{name}: row {rows[row + 1]} begins at {began[row + 1]}, before the span of worker {workers[row]} "
                f"ahead of it ends ({ended[row]})"
            )
            return


def are_partitions(spans: Table[Any]) -> bool:
    """Whether the spans are ordered by worker, and those of each abut in order of time."""
    began, ended = spans.column("began_ns"), spans.column("ended_ns")
    runs = runs_of(spans.column("worker"))
    if runs is None:
        return False
    for first, last in runs:
        if began[first + 1 : last] != ended[first : last - 1]:
            return False
        moments = began[first:last].tolist()
        moments.append(ended[last - 1])
        if moments != sorted(moments):
            return False
    return True


def runs_of(column: array[int]) -> list[tuple[int, int]] | None:
    """Where each value begins and ends in a column that is sorted; None for one that is not."""
    values: Any = column.tobytes() if column.itemsize == 1 else column  # bytes are counted much faster
    if column.itemsize == 1 and any(value > 127 for value in set(values)):  # negative, which no worker is
        return None
    expected, runs = array(column.typecode), []
    for value in sorted(set(values)):
        first = len(expected)
        expected.extend(array(column.typecode, [value]) * values.count(value))
        runs.append((first, len(expected)))
    return runs if expected == column else None
