"""The pictures that a notebook asks for: each puts a view's figures, words and legend on one sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runtime.tracing.trace import Trace
from vizlib import comparison, legend, words
from vizlib.frame import Axis
from vizlib.page import Panel, Section, Sheet, View
from vizlib.played import played
from vizlib.text import text
from vizlib.views import machine as machines
from vizlib.views.timeline import Columns, axis_for, columns, draw


def timeline(trace: Trace) -> View:
    """The run as a picture in time: a lane for each worker, its states as bars, its messages as arrows."""
    return View(lambda: _sheet([trace]), text(trace))


def compare(*traces: Trace) -> View:
    """Several runs under each other on one time axis, which was faster in words, and where each life went.

    Give them in the order in which they shall stand.  Raises ValueError with no trace at all.
    """
    if not traces:
        raise ValueError("compare() expected at least one trace and got none: pass the traces of finished runs")
    return View(lambda: _sheet(traces), text(*traces))


def machine(*traces: Trace) -> View:
    """The machine at the playhead's moment beside the timeline: rooms, locks, pipes and messages on their way.

    Of several runs, all at the same moment.  Raises ValueError with no trace at all.
    """
    if not traces:
        raise ValueError("machine() expected at least one trace and got none: pass the traces of finished runs")
    told = "\n\n".join(machines.text(trace) for trace in traces)
    return View(lambda: _sheet(traces, machine=True), told)


def _sheet(traces: Sequence[Trace], *, machine: bool = False) -> Sheet:
    drawn = [columns(trace) for trace in traces]
    axis = axis_for(drawn)
    titles = comparison.titles(traces)
    marks = {kind for one in drawn for kind in one.marks["kind"]}
    return Sheet(
        name=words.listed(list(dict.fromkeys(words.plain(trace.name) for trace in traces))),
        about=" vs ".join(titles) if len(traces) > 1 else "",
        sentences=list(comparison.in_words(traces) if len(traces) > 1 else _in_words(traces[0])),
        sections=[_section(one, title, axis) for one, title in zip(drawn, titles, strict=True)],
        legend=legend.legend(traces, marks),
        below=legend.lives(traces) if len(traces) > 1 else "",
        panels=_machines(traces, titles) if machine else (),
        runs=[played(trace, title) for trace, title in zip(traces, titles, strict=True)],
    )


def _machines(traces: Sequence[Trace], titles: Sequence[str]) -> list[Panel]:
    named = titles if len(traces) > 1 else [""]
    return [machines.panel(trace, title, run) for run, (trace, title) in enumerate(zip(traces, named, strict=True))]


def _section(drawn: Columns, title: str, axis: Axis) -> Section:
    return Section(title, words.subtitle(drawn.trace), draw(drawn, axis), drawn.notes)


def _in_words(trace: Trace) -> Iterable[str]:
    yield _headline(trace)
    named = {worker.name: worker for worker in trace.workers}
    for error in trace.errors:  # the first cause comes first
        if worker := named.get(error.worker):
            yield f"{words.name(worker)} {words.ending(trace, worker)}"
    yield from comparison.losses([trace])


def _headline(trace: Trace) -> str:
    crew = f"{words.number(len(trace.workers))} worker{'' if len(trace.workers) == 1 else 's'}".capitalize()
    ended = "finished in" if trace.complete else "were recorded for" if len(trace.workers) != 1 else "was recorded for"
    messages = f", with {words.count(len(trace.messages), 'message')}" if trace.messages else ""
    return f"{crew} {ended} {words.duration(trace.wall_ns)}{messages}."
