"""What two or more traces say together, in words: which was faster, and where the others' time went.

Only what the traces show: a run that was cut short is not compared, a difference too small to mean anything is called
so, and a wait that was inferred rather than measured is said to be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runtime.tracing.model import Evidence, State, Worker
from runtime.tracing.traces import Trace
from runtime.tracing.upkeep import upkeep_of
from vizlib import words

_SAME = 1.05  # a smaller ratio is noise on an ordinary machine
_WORTH_SAYING = 0.1  # of the lives of a snippet's workers
_LOST = {State.GIL_WAIT: "waiting for {lock}", State.CORE_WAIT: "waiting for a free core"}


@dataclass(frozen=True, slots=True)
class Share:
    """A part of one worker's life: nanoseconds, and whole percent of it (the percents of a life add up to 100)."""

    state: State | None  # None: not recorded
    ns: int
    percent: int


def titles(traces: Sequence[Trace]) -> list[str]:
    """One heading for each trace, all different: the backend, and the program or a number where that is needed."""
    found = [words.backend(trace).title for trace in traces]
    if len({trace.name for trace in traces}) > 1:
        found = [f"{words.plain(trace.name)} · {title}" for trace, title in zip(traces, found, strict=True)]
    seen: Counter[str] = Counter()
    total = Counter(found)
    for i, title in enumerate(found):
        seen[title] += 1
        if total[title] > 1:
            found[i] = f"{title} · run {seen[title]}"
    return found


def life(trace: Trace) -> list[tuple[str, list[Share]]]:
    """For each worker its name and the parts of its life, in the order of the states.

    Time that no span covers is a share of its own, with no state.
    """
    rows = []
    for worker, one in zip(trace.workers, trace.breakdown(), strict=True):
        parts: list[tuple[State | None, int]] = [(state, ns) for state in State if (ns := one.states.get(state, 0)) > 0]
        unknown = one.wall_ns - sum(one.states.values())
        if unknown > one.wall_ns // 100:
            parts.append((None, unknown))
        whole = max(one.wall_ns, sum(ns for _, ns in parts))
        shares = words.percents([ns for _, ns in parts], whole)
        rows.append((words.name(worker), [Share(s, ns, pct) for (s, ns), pct in zip(parts, shares, strict=True)]))
    return rows


def speed(traces: Sequence[Trace]) -> str:
    """Which run was faster, and how many times; empty when there is nothing to compare."""
    cut = [title for trace, title in zip(traces, titles(traces), strict=True) if not trace.complete]
    if cut:
        return f"{words.listed(cut)} {'was' if len(cut) == 1 else 'were'} cut short, so the times do not compare."
    if len(traces) < 2 or not all(trace.wall_ns for trace in traces):
        return ""
    runs = sorted(zip(traces, _crews(traces), strict=True), key=lambda run: run[0].wall_ns)
    (first, fastest), *others = runs
    fastest = fastest[:1].upper() + fastest[1:]
    took = words.duration(first.wall_ns)
    if len(others) == 1:
        other, crew = others[0]
        gain = first.speedup_over(other)
        verdict = "no real difference" if gain < _SAME else f"{words.ratio(gain)} as fast"
        return f"{fastest} finished in {took}, {crew} in {words.duration(other.wall_ns)}: {verdict}."
    rest = ", ".join(
        f"{crew} took {words.duration(other.wall_ns)}, {words.ratio(first.speedup_over(other))} as long"
        for other, crew in others
    )
    return f"{fastest} finished first, in {took}; {rest}."


def _crews(traces: Sequence[Trace]) -> list[str]:
    """What each run is called in a sentence: `four interpreters`, or its title where that would not single it out."""
    found = []
    for trace in traces:
        name = words.backend(trace)
        workers = len(trace.workers)
        found.append(f"{words.number(workers)} {name.one if workers == 1 else name.many}")
    alike = len(set(found)) < len(found) or len({trace.name for trace in traces}) > 1
    return titles(traces) if alike else found


def losses(traces: Sequence[Trace]) -> list[str]:
    """For each trace whose workers lost much of their lives to a lock or to other programs, a sentence that says so."""
    told = ((title, list(_losses(trace))) for trace, title in zip(traces, titles(traces), strict=True))
    return [f"{title}: {'; '.join(clauses)}." for title, clauses in told if clauses]


def _losses(trace: Trace) -> Iterable[str]:
    told: dict[str, list[str]] = {}
    for state, snippet, share in _worst(trace):
        lives = "" if snippet in told else " of their lives" if len(_crew(trace, snippet)) > 1 else " of its life"
        told.setdefault(snippet, []).append(f"{words.part(share)}{lives} {_loss(trace, state, snippet)}")
    for snippet, parts in told.items():
        crew = _crew(trace, snippet)
        who = words.name(crew[0]) if len(crew) == 1 else _many(words.number(len(crew)), words.plain(snippet))
        yield f"{who} spent {words.listed(parts)}"


def _many(count: str, snippet: str) -> str:
    return f"the {count} workers" if snippet == "worker" else f"the {count} {snippet} workers"


def _worst(trace: Trace) -> Iterable[tuple[State, str, float]]:
    """For each kind of loss the snippet whose workers lost most time to it, and their share, if it is much."""
    wall: Counter[str] = Counter()
    lost: dict[State, Counter[str]] = {state: Counter() for state in _LOST}
    for worker, one in zip(trace.workers, trace.breakdown(), strict=True):
        wall[worker.snippet] += one.wall_ns
        for state, sums in lost.items():
            sums[worker.snippet] += one.states.get(state, 0)
    for state, sums in lost.items():
        for snippet, ns in sums.most_common(1):
            if wall[snippet] and ns / wall[snippet] >= _WORTH_SAYING:
                yield state, snippet, ns / wall[snippet]


def _crew(trace: Trace, snippet: str) -> list[Worker]:
    return [worker for worker in trace.workers if worker.snippet == snippet]


def _loss(trace: Trace, state: State, snippet: str) -> str:
    lock = "the one GIL" if trace.backend in ("threads", "shared-gil") else "a GIL"
    how = " (inferred, not measured)" if _inferred(trace, state, snippet) else ""
    return _LOST[state].format(lock=lock) + how


def _inferred(trace: Trace, state: State, snippet: str) -> bool:
    """Whether most of the time that the workers of `snippet` spent in `state` is inferred."""
    crew = {worker.index for worker in _crew(trace, snippet)}
    sums: Counter[int] = Counter()
    columns = (trace.spans.column(field) for field in ("worker", "state", "evidence", "began_ns", "ended_ns"))
    for worker, one, evidence, began, ended in zip(*columns, strict=True):
        if one == state and worker in crew:
            sums[evidence] += ended - began
    return sums[Evidence.INFERRED] > sums[Evidence.MEASURED]


def upkeep(traces: Sequence[Trace]) -> str:
    """What it took each run to have a worker: time until it was ready, and memory of its own; empty if not known."""
    told = []
    for trace, title in zip(traces, titles(traces), strict=True):
        found = upkeep_of(trace.workers)
        if found is None:
            return ""
        how = " (inferred)" if found.inferred else ""
        told.append(f"{title} after {words.duration(found.slowest_ns)}, {words.size(found.own_bytes)}{how}")
    return f"When all workers were ready, and the memory of each alone: {'; '.join(told)}."


def in_words(traces: Sequence[Trace]) -> Iterable[str]:
    """All sentences on `traces`, the most important first."""
    return [sentence for sentence in (speed(traces), *losses(traces), upkeep(traces)) if sentence]
