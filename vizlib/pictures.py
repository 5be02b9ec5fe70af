"""The pictures that a notebook asks for: each puts the figures, panels and words of one or more views on one sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from runtime.tracing.model import Ending
from runtime.tracing.traces import Trace
from vizlib import comparison, legend, words
from vizlib.frame import Axis
from vizlib.page import Panel, Section, Sheet, View
from vizlib.played import played
from vizlib.text import text
from vizlib.views import blocking as _blocking
from vizlib.views import costs as _costs
from vizlib.views import deadlock as _deadlock
from vizlib.views import machine as _machine
from vizlib.views import source as _source
from vizlib.views import summary as _summary
from vizlib.views.timeline import Outline, axis_for, draw, outline


def timeline(trace: Trace) -> View:
    """The run as a picture in time: a lane for each worker, its states as bars, its messages as arrows."""
    return _view([trace], ["timeline"], text)


def machine(*traces: Trace) -> View:
    """The machine at the playhead's moment beside the timeline: rooms, locks, pipes and messages on their way.

    Of several runs, all at the same moment.  Raises ValueError with no trace at all.
    """
    if not traces:
        raise ValueError("machine() expected at least one trace and got none: pass the traces of finished runs")
    return _view(traces, ["timeline", "machine"], _machine.text)


def source(trace: Trace) -> View:
    """Each snippet beside the timeline, the playhead's line marked in it, with the time spent on each line."""
    return _view([trace], ["timeline", "source"], _source.text)


def blocking(trace: Trace) -> View:
    """Who waited for whom and how long, where each life went, and how full each channel was over time."""
    return _view([trace], ["deadlock", "blocking"], _blocking.text)


def costs(trace: Trace) -> View:
    """What crossing cost: bytes against time for each way of crossing, and who paid."""
    return _view([trace], ["costs"], _costs.text)


def summary(trace: Trace) -> View:
    """The numbers of a run that one would tell first."""
    return _view([trace], ["summary"], _summary.text)


def show(trace: Trace) -> View:
    """Everything about one run on one page, under one playhead."""
    parts = ["summary", "timeline", "machine", "deadlock", "source", "blocking", "costs"]
    return _view([trace], parts, lambda one: "\n\n".join([text(one), *(module.text(one) for module in _MODULES)]))


def compare(*traces: Trace) -> View:
    """Several runs under each other on one time axis, which was faster in words, and where each life went.

    Give them in the order in which they shall stand.  Raises ValueError with no trace at all.
    """
    if not traces:
        raise ValueError("compare() expected at least one trace and got none: pass the traces of finished runs")
    return View(lambda: _sheet(traces, ["timeline", "lives"]), text(*traces))


_MODULES = (_machine, _source, _blocking, _costs, _summary)
_IN_TIME = {"timeline", "machine", "source", "blocking"}


def _view(traces: Sequence[Trace], parts: Sequence[str], told: Callable[[Trace], str]) -> View:
    return View(lambda: _sheet(traces, parts), "\n\n".join(map(told, traces)))


@dataclass(frozen=True, slots=True)
class _Desk:
    """What is to be shown: the runs, what each is called, its timeline's outline, and the axis that all share."""

    traces: Sequence[Trace]
    titles: Sequence[str]
    made: Sequence[Outline]
    axis: Axis

    @classmethod
    def of(cls, traces: Sequence[Trace]) -> _Desk:
        made = [outline(trace) for trace in traces]
        channels = [lane.label for trace in traces for lane in _blocking.lanes(trace).workers]
        return cls(traces, comparison.titles(traces), made, axis_for(made, channels if len(traces) == 1 else ()))

    def named(self) -> Iterable[tuple[int, Trace, str]]:
        """Number, run, and a heading where there is more than one."""
        for run, trace in enumerate(self.traces):
            yield run, trace, self.titles[run] if len(self.traces) > 1 else ""


def _sheet(traces: Sequence[Trace], parts: Sequence[str]) -> Sheet:
    desk = _Desk.of(traces)
    chosen = set(parts)
    marks = {kind for one in desk.made for kind in one.marks}
    marks |= {"deadlock" for trace in traces if trace.deadlock}
    plays = chosen & _IN_TIME
    return Sheet(
        name=words.listed(list(dict.fromkeys(words.plain(trace.name) for trace in traces))),
        about=" vs ".join(desk.titles) if len(traces) > 1 else "",
        sentences=list(comparison.in_words(traces) if len(traces) > 1 else _in_words(traces[0])),
        sections=[section for part in parts if part in _SECTIONS for section in _SECTIONS[part](desk)],
        panels=[panel for part in parts if part in _PANELS for panel in _PANELS[part](desk)],
        above="".join(map(_summary.table, traces)) if "summary" in chosen else "",
        legend=legend.legend(traces, marks) if "timeline" in chosen else "",
        below=_below(traces, chosen),
        runs=[played(trace, title) for trace, title in zip(traces, desk.titles, strict=True)] if plays else (),
    )


def _below(traces: Sequence[Trace], chosen: set[str]) -> str:
    """What stands under all figures, or in the place of one that has nothing to show."""
    lives = len(traces) > 1 if "lives" in chosen else "blocking" in chosen and not traces[0].channels
    silent = "costs" in chosen and not traces[0].messages
    return (legend.lives(traces) if lives else "") + (_costs.NOTHING if silent else "")


def _timelines(desk: _Desk) -> Iterable[Section]:
    for trace, title, made in zip(desk.traces, desk.titles, desk.made, strict=True):
        yield Section(title, words.subtitle(trace), draw(made, desk.axis), made.notes)


def _depths(desk: _Desk) -> Iterable[Section]:
    for trace, made in zip(desk.traces, desk.made, strict=True):
        if trace.channels:
            figure = _blocking.draw(trace, desk.axis, made.ends_ns)
            told = "objects queued, up to the number at the right"
            lives = legend.lives([trace])
            yield Section("How full each channel was", told, figure, _blocking.notes(trace), (), lives, "Steps in time")


def _prices(desk: _Desk) -> Iterable[Section]:
    for trace in (one for one in desk.traces if one.messages):
        yield Section(
            "What crossing cost",
            "each mark is one end of one message, each line the fitted cost",
            _costs.draw(trace),
            list(_costs.notes(trace)),
            _costs.in_words(trace),
            _costs.key(trace),
            "Scatter",
        )


def _rings(desk: _Desk) -> Iterable[Panel]:
    for run, trace, title in desk.named():
        yield from _deadlock.panels(trace, title, run)


def _waits(desk: _Desk) -> Iterable[Panel]:
    for run, trace, title in desk.named():
        yield Panel("waits", "Who waited for whom", title, run=run, markup=_blocking.listed(trace))


_SECTIONS: dict[str, Callable[[_Desk], Iterable[Section]]] = {
    "timeline": _timelines,
    "blocking": _depths,
    "costs": _prices,
}
_PANELS: dict[str, Callable[[_Desk], Iterable[Panel]]] = {
    "deadlock": _rings,
    "machine": lambda desk: (_machine.panel(trace, title, run) for run, trace, title in desk.named()),
    "source": lambda desk: (one for run, trace, title in desk.named() for one in _source.panels(trace, title, run)),
    "blocking": _waits,
}


def _in_words(trace: Trace) -> Iterable[str]:
    yield _headline(trace)
    if trace.deadlock:
        yield _deadlock.told(trace)
    named = {worker.name: worker for worker in trace.workers}
    for error in trace.errors:  # the first cause comes first
        if worker := named.get(error.worker):
            yield f"{words.name(worker)} {words.ending(trace, worker)}"
    yield from _cut_short(trace)
    yield from comparison.losses([trace])


def _cut_short(trace: Trace) -> Iterable[str]:
    """Why a run ended before its workers did, where nothing else says so."""
    endings = [worker.ending for worker in trace.workers]
    if Ending.LOST in endings:
        yield f"The process that ran them died: {_of_all(endings, Ending.LOST)} lost with it."
    elif Ending.STOPPED in endings and not trace.deadlock and not trace.errors:
        yield f"The run was stopped: {_of_all(endings, Ending.STOPPED)} still at work."


def _of_all(endings: Sequence[Ending], one: Ending) -> str:
    count, whole = endings.count(one), len(endings)
    if whole == 1:
        return "its only worker was"
    if count == whole:
        return f"all {words.number(whole)} workers were"
    return f"{words.number(count)} of {words.number(whole)} workers {'was' if count == 1 else 'were'}"


def _headline(trace: Trace) -> str:
    if not trace.workers:
        return "No worker ran."
    crew = f"{words.number(len(trace.workers))} worker{'' if len(trace.workers) == 1 else 's'}".capitalize()
    ended = "finished in" if trace.complete else "were recorded for" if len(trace.workers) != 1 else "was recorded for"
    messages = f", with {words.count(len(trace.messages), 'message')}" if trace.messages else ""
    return f"{crew} {ended} {words.duration(trace.wall_ns)}{messages}."
