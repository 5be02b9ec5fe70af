"""A trace for Perfetto, in the JSON that Chrome's tracing and ui.perfetto.dev read.

    vizlib.perfetto.export(trace, "run.json")      then open run.json at https://ui.perfetto.dev

Times are microseconds since the run began, decimals kept to the nanosecond.  A process is an interpreter and a thread
in it a worker, so each interpreter is a group that can be folded; threads under one GIL share one process.

    M  names and order of processes and threads
    X  a slice for each span, named by its state; channel, line and evidence in `args`
    s, f  an arrow for each message that arrived, from its send to its taking, each with an id of its own
    C  a counter for each channel: how many objects it holds
    T  "Running" on a core, for each stay: Perfetto 54 and later make core lanes of them, older ones pass over them
    i  an instant for each printed line, each failure, each message that nobody received, and each wait of a deadlock

Perfetto chooses colours by the name of a slice, so a state has the same colour everywhere there, but not ours.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from runtime.tracing.depth import depth_of
from runtime.tracing.model import NONE, Ending, Evidence, Message, Span, State, Transfer
from runtime.tracing.rings import clauses
from runtime.tracing.traces import Trace
from vizlib import words

type Event = dict[str, Any]

_CHANNELS = 1  # the process under which channels stand
_FIRST = 2  # process of the first interpreter
_APART = ("interpreters", "shared-gil", "processes")  # backends whose workers have an interpreter each


def export(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Write the trace as a JSON file for Perfetto."""
    with Path(path).open("w", encoding="utf-8") as file:
        file.write('{"displayTimeUnit": "ns", "traceEvents": [\n')
        lines = (json.dumps(event, ensure_ascii=False) for event in events(trace))
        file.writelines(f"{',' if index else ''}{line}\n" for index, line in enumerate(lines))
        file.write("]}\n")


def events(trace: Trace) -> Iterator[Event]:
    """The events of the file, one after the other."""
    return chain(_names(trace), _slices(trace), _arrows(trace), _counters(trace), _stays(trace), _instants(trace))


def _us(ns: int) -> float:
    return ns / 1_000


def _lane(trace: Trace, worker: int) -> Event:
    """The process and thread under which a worker stands."""
    return {"pid": _FIRST + (worker if trace.backend in _APART else 0), "tid": worker + 1}


def _names(trace: Trace) -> Iterable[Event]:
    yield {"ph": "M", "name": "process_name", "pid": _CHANNELS, "args": {"name": "channels"}}
    yield {"ph": "M", "name": "process_sort_index", "pid": _CHANNELS, "args": {"sort_index": len(trace.workers) + 1}}
    title = words.backend(trace).title
    for worker in trace.workers:
        lane, name = _lane(trace, worker.index), words.plain(worker.name, 100)
        group = f"{words.backend(trace).one} of {name}" if trace.backend in _APART else title
        yield {"ph": "M", "name": "process_name", "pid": lane["pid"], "args": {"name": group}}
        yield {"ph": "M", "name": "process_sort_index", "pid": lane["pid"], "args": {"sort_index": lane["pid"]}}
        yield {"ph": "M", "name": "thread_name", **lane, "args": {"name": name}}
        yield {"ph": "M", "name": "thread_sort_index", **lane, "args": {"sort_index": worker.index}}


def _slices(trace: Trace) -> Iterable[Event]:
    for span in trace.spans:
        yield {
            "ph": "X",
            "cat": "state",
            "name": State(span.state).label,
            **_lane(trace, span.worker),
            "ts": _us(span.began_ns),
            "dur": _us(span.length_ns),
            "args": _facts(trace, span),
        }


def _facts(trace: Trace, span: Span) -> Event:
    facts: Event = {}
    if span.channel != NONE:
        facts["channel"] = words.plain(trace.channels[span.channel].name)
    if found := words.source_line(trace.workers[span.worker], span.line):
        facts["line"], facts["source"] = found
    if span.evidence == Evidence.INFERRED:
        facts["evidence"] = "inferred, not measured"
    return facts


def _arrows(trace: Trace) -> Iterable[Event]:
    """Perfetto ties each end of an arrow to the slice that is open there, so an end must lie within one.

    The end of a send lies in the last nanosecond of an operation's span where there is one; it is never moved out of
    the span that it ends.
    """
    begins = _begins(trace)
    for number, message in enumerate(trace.messages):
        if not _arrived(message):
            continue
        sent = min(message.sent_ns, message.taken_ns) if message.sent_ns != NONE else message.taken_ns
        one = {"cat": "message", "name": "message", "id": number + 1}
        at = max(sent - 1, 0) if sent in begins[message.sender] else sent
        facts = _message(trace, message)
        yield {"ph": "s", **one, **_lane(trace, message.sender), "ts": _us(at), "args": facts}
        yield {"ph": "f", "bp": "e", **one, **_lane(trace, message.receiver), "ts": _us(message.taken_ns)}


def _begins(trace: Trace) -> list[set[int]]:
    found: list[set[int]] = [set() for _ in trace.workers]
    for worker, began in zip(trace.spans.column("worker"), trace.spans.column("began_ns"), strict=True):
        found[worker].add(began)
    return found


def _arrived(message: Message) -> bool:
    return message.receiver != NONE and message.taken_ns != NONE


def _message(trace: Trace, message: Message) -> Event:
    return {
        "channel": words.plain(trace.channels[message.channel].name),
        "value": words.plain(trace.text(message.preview)),
        "bytes": message.size,
        "crossed as": Transfer(message.transfer).label,
    }


def _counters(trace: Trace) -> Iterable[Event]:
    for channel in trace.channels:
        named: Event = {"ph": "C", "name": words.plain(channel.name, 100), "pid": _CHANNELS}
        yield {**named, "ts": 0, "args": {"queued": 0}}
        for at, depth in depth_of(trace.messages, channel.index):
            yield {**named, "ts": _us(at), "args": {"queued": depth}}


def _stays(trace: Trace) -> Iterable[Event]:
    for stay in trace.core_spans:
        yield {
            "ph": "T",
            "name": "Running",
            **_lane(trace, stay.worker),
            "ts": _us(stay.began_ns),
            "dur": _us(stay.ended_ns - stay.began_ns),
            "args": {"cpu": stay.core},
        }


def _instants(trace: Trace) -> Iterable[Event]:
    def instant(name: str, worker: int, at_ns: int, **facts: str) -> Event:
        return {"ph": "i", "s": "t", "name": name, **_lane(trace, worker), "ts": _us(at_ns), "args": facts}

    for output in trace.outputs:
        yield instant("print", output.worker, output.at_ns, text=words.plain(trace.text(output.text), 1_000))
    for worker in trace.workers:
        if worker.ending is not Ending.RETURNED:
            yield instant(worker.ending.value, worker.index, worker.ended_ns, how=words.ending(trace, worker))
    for one, told in zip(trace.deadlock, clauses(trace.deadlock, trace.workers, trace.channels), strict=True):
        yield instant("deadlock", one.worker, one.since_ns, who=told)
    for message in trace.messages:
        if not _arrived(message) and message.sent_ns != NONE:
            yield instant(
                "never received", message.sender, message.sent_ns, value=words.plain(trace.text(message.preview))
            )
