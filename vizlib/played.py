"""What a page needs to know of a run: who was in which state when, on which core, and where each message was.

Columns of plain numbers, nanoseconds of the run, all of what was recorded.  The page's scripts read them at the
playhead's moment, and draw from them what can be seen of the interval that is shown: see `assets/detail.js`.  Only of
texts (what was printed and sent) there may be too many for a page; then the first are kept, and it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from runtime.tracing.depth import depth_of
from runtime.tracing.model import Ending, Evidence, State, Transfer, Worker
from runtime.tracing.tables import Table
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.lanes import Lanes
from vizlib.packing import Near, Numbers
from vizlib.palette import RARITY, STYLES, worker_color

TEXTS = 200_000
"""Different texts of messages, and printed lines, whose words one run carries; of later ones only that they were."""

type Columns = dict[str, Any]


def states() -> list[Columns]:
    """How each state is called and looks, by its number."""
    return [
        {
            "label": state.label,
            "color": STYLES[state].color,
            "edge": STYLES[state].outline or STYLES[state].color,
            "outline": STYLES[state].outline,
            "height": STYLES[state].height,
            "points": STYLES[state].points,
            "holds": True if state in HOLDING else False if state in FREE else None,
            "operates": state in OPERATIONS,
            "order": list(STYLES).index(state),
            "rarity": RARITY.index(state),
        }
        for state in State
    ]


OPERATIONS = (State.SEND_BLOCKED, State.RECV_BLOCKED, State.ENCODE, State.DECODE)
"""States in which a worker is busy with one message, or waits for it."""
HOLDING = (State.RUNNING, State.ENCODE, State.DECODE)
"""States in which a worker executes Python, and so holds its GIL."""
FREE = (State.SEND_BLOCKED, State.RECV_BLOCKED, State.SLEEPING)
"""States in which it has let go of its GIL.  In all others, as when no core is free, it may have it or not."""


def played(trace: Trace, title: str) -> Columns:
    """The columns of one run, under the name that it has in the picture."""
    previews, texts = _numbered(trace, trace.messages, "preview", 60)
    printed, lines = _numbered(trace, trace.outputs, "text", 200)
    sources = list(dict.fromkeys((worker.source, worker.first_line) for worker in trace.workers))
    return {
        "title": title,
        "wall": trace.wall_ns,
        "complete": trace.complete,
        "gil": gil(trace),
        "workers": [
            _worker(trace, worker, spans) | {"source": sources.index((worker.source, worker.first_line))}
            for worker, spans in zip(trace.workers, _lives(trace), strict=True)
        ],
        "lanes": _lanes(Lanes.of(trace)),
        "sources": [_source(*source) for source in sources],
        "cores": _cores(trace),
        "channels": [{"name": words.plain(one.name), "capacity": one.capacity} for one in trace.channels],
        "messages": _messages(trace, previews),
        "texts": texts,
        "deadlock": [asdict(one) for one in trace.deadlock],
        "outputs": _outputs(trace, printed),
        "printed": lines,
    }


def gil(trace: Trace) -> str:
    """Who has a lock: `own` for each worker, `one` for all, or `none`."""
    if not trace.environment.gil:
        return "none"
    return "one" if trace.backend in ("threads", "shared-gil") else "own"


def fullest_of(trace: Trace, channel: int) -> int:
    """The most objects that a channel held.

    A receiver frees its slot a moment before it notes that it did: what seems more than the capacity is no more.
    """
    most = max([0, *(depth for _, depth in depth_of(trace.messages, channel))])
    return min(most, trace.channels[channel].capacity or most)


def notes(trace: Trace) -> Iterable[str]:
    """What a page does not carry of a run."""
    texts = len(set(trace.messages.column("preview")))
    if texts > TEXTS:
        yield f"Of {texts:,} different values the first {TEXTS:,} can be read here; all messages are drawn."
    if len(trace.outputs) > TEXTS:
        yield f"Of {len(trace.outputs):,} printed lines the first {TEXTS:,} can be read here; all are marked."


def _sorted(table: Table[Any], *by: str) -> dict[str, Numbers]:
    """The columns of a table as arrays, in the order of the columns `by`, the first counting most."""
    columns: dict[str, Numbers] = {name: np.asarray(column) for name, column in table.columns.items()}
    order = np.lexsort([columns[name] for name in reversed(by)])
    if (np.diff(order) == 1).all():  # as it mostly is
        return columns
    return {name: column[order] for name, column in columns.items()}


def _parts(columns: dict[str, Numbers], by: str, groups: Iterable[int]) -> Iterable[dict[str, Numbers]]:
    """The rows of each group, where the columns are in the order of their groups."""
    for group in groups:
        first, last = np.searchsorted(columns[by], [group, group + 1])
        yield {name: column[first:last] for name, column in columns.items()}


def _lives(trace: Trace) -> Iterable[dict[str, Numbers]]:
    spans = _sorted(trace.spans, "worker", "began_ns", "ended_ns")
    return _parts(spans, "worker", range(len(trace.workers)))


def _worker(trace: Trace, worker: Worker, spans: dict[str, Numbers]) -> Columns:
    failed = worker.ending is not Ending.RETURNED
    return {
        "name": words.name(worker),
        "color": worker_color(worker.index),
        "began": worker.began_ns,
        "ended": worker.ended_ns,
        "ending": worker.ending.value,
        "told": words.ending(trace, worker),
        "failed": failed,
        "line": next((one.line for one in trace.errors if one.worker == worker.name), -1) if failed else -1,
        "spans": {
            "began": spans["began_ns"],
            "ended": Near(spans["ended_ns"], "began", 1),
            "state": spans["state"].astype(np.int8),
            "channel": spans["channel"].astype(np.int32),
            "line": spans["line"].astype(np.int32),
            "inferred": (spans["evidence"] == Evidence.INFERRED).astype(np.int8),
        },
    }


def _lanes(lanes: Lanes) -> Columns:
    places = {"cores": lanes.cores.values(), "workers": lanes.workers}
    found = {name: [{"top": one.top, "bottom": one.bottom} for one in some] for name, some in places.items()}
    return {**found, "height": lanes.height}


def _source(source: str, first_line: int) -> Columns:
    return {"first": first_line, "lines": [words.plain(line.strip(), 80) for line in source.splitlines()]}


def _cores(trace: Trace) -> list[Columns]:
    stays = _sorted(trace.core_spans, "core", "began_ns", "ended_ns")
    cores = sorted(set(trace.core_spans.column("core")))
    return [
        {
            "core": core,
            "began": part["began_ns"],
            "ended": Near(part["ended_ns"], "began", 1),
            "worker": part["worker"].astype(np.int32),
        }
        for core, part in zip(cores, _parts(stays, "core", cores), strict=True)
    ]


def _numbered(trace: Trace, table: Table[Any], field: str, limit: int) -> tuple[Numbers, list[str]]:
    """For each row the number of its text among those that are kept, or NONE, and those texts."""
    column = np.asarray(table.column(field))
    used, numbers = np.unique(column, return_inverse=True)
    kept = used[used >= 0][:TEXTS]
    numbers = numbers - np.count_nonzero(used < 0)
    shown = np.where(numbers < len(kept), np.maximum(numbers, -1), -1).astype(np.int32)
    return shown, [_plain(trace.texts[i], limit) for i in kept]


def _plain(text: str, limit: int) -> str:
    return text if len(text) <= limit and text.isprintable() else words.plain(text, limit)


_NEAR = {
    "encoded": "began",
    "admitted": "encoded",
    "sent": "admitted",
    "taken": "admitted",
    "asked": "taken",
    "received": "taken",
}


def _messages(trace: Trace, previews: Numbers) -> Columns:
    table = trace.messages
    columns: dict[str, Numbers] = {name: np.asarray(column) for name, column in table.columns.items()}
    order = np.argsort(columns["began_ns"], kind="stable")
    found: Columns = {"began": columns["began_ns"][order]}
    for name, near in _NEAR.items():
        found[name] = Near(columns[f"{name}_ns"][order], near)
    for name in ("sender", "receiver", "channel", "transfer", "send_line", "recv_line"):
        found[name] = columns[name][order].astype(np.int32)
    return found | {"size": columns["size"][order].astype(np.int64), "preview": previews[order]}


def _outputs(trace: Trace, printed: Numbers) -> Columns:
    columns: dict[str, Numbers] = {name: np.asarray(column) for name, column in trace.outputs.columns.items()}
    order = np.argsort(columns["at_ns"], kind="stable")
    found = {name: columns[name][order].astype(np.int32) for name in ("worker", "stream")}
    return {"at": columns["at_ns"][order], **found, "text": printed[order]}


def transfers() -> Sequence[str]:
    """How each way of crossing is called, by its number."""
    return [transfer.label for transfer in Transfer]
