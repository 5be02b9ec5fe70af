"""What two or more traces say together, in words: which was faster, and where the others' time went.

Only what the traces show: a run that was cut short is not compared, a difference too small to mean anything is called
so, and a wait that was inferred rather than measured is said to be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runtime.tracing.model import Evidence, State
from runtime.tracing.trace import Trace
from vizlib import words

_SAME = 1.05  # a smaller ratio is noise on an ordinary machine
_WORTH_SAYING = 0.1  # of the lives of a snippet's workers
_LOST = {State.GIL_WAIT: "waiting for {lock}", State.CORE_WAIT: "ready, waiting for a free core"}


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
    """For each worker, the states of its life from longest to shortest in the order of the states.

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
    """Which run was faster, and how many times."""
    cut = [title for trace, title in zip(traces, titles(traces), strict=True) if not trace.complete]
    if cut:
        return f"{words.listed(cut)} {'was' if len(cut) == 1 else 'were'} cut short, so the times do not compare."
    timed = [trace for trace in traces if trace.wall_ns > 0]
    if len(timed) < 2 or len(timed) < len(traces):
        return ""
    first, *others = sorted(timed, key=lambda trace: trace.wall_ns)
    if len(others) == 1:
        lead = f"{_crew(traces, first)} finished in {words.duration(first.wall_ns)}"
        return _capital(f"{lead}, {_against(traces, first, others[0])}")
    rest = ", ".join(
        f"{_crew(traces, other)} took {words.duration(other.wall_ns)}, {words.ratio(first.speedup_over(other))} as long"
        for other in others
    )
    return _capital(f"{_crew(traces, first)} finished first, in {words.duration(first.wall_ns)}; {rest}.")


def _against(traces: Sequence[Trace], first: Trace, other: Trace) -> str:
    gain = first.speedup_over(other)
    verdict = "no real difference" if gain < _SAME else f"{words.ratio(gain)} as fast"
    return f"{_crew(traces, other)} in {words.duration(other.wall_ns)}: {verdict}."


def losses(traces: Sequence[Trace]) -> list[str]:
    """For each trace, a sentence on the largest wait of its workers for a lock or a core, if there is one."""
    found = ((title, trace, _largest_loss(trace)) for trace, title in zip(traces, titles(traces), strict=True))
    return [_loss_sentence(title, trace, *loss) for title, trace, loss in found if loss]


def _largest_loss(trace: Trace) -> tuple[State, str, float] | None:
    """The state, the snippet and the share of the snippet's workers' lives; None if nothing is worth saying."""
    wall: Counter[str] = Counter()
    waits: Counter[tuple[State, str]] = Counter()
    for worker, one in zip(trace.workers, trace.breakdown(), strict=True):
        wall[worker.snippet] += one.wall_ns
        for state in _LOST:
            waits[state, worker.snippet] += one.states.get(state, 0)
    shares = {key: ns / wall[key[1]] for key, ns in waits.items() if wall[key[1]]}
    key = max(shares, key=lambda key: shares[key], default=None)
    return (*key, shares[key]) if key and shares[key] >= _WORTH_SAYING else None


def _loss_sentence(title: str, trace: Trace, state: State, snippet: str, share: float) -> str:
    crew = [worker for worker in trace.workers if worker.snippet == snippet]
    who = f"the {words.number(len(crew))} {words.plain(snippet)} workers" if len(crew) > 1 else words.name(crew[0])
    lives = "their lives" if len(crew) > 1 else "its life"
    lock = "the one GIL" if trace.backend in ("threads", "shared-gil") else "a GIL"
    how = " (inferred, not measured)" if _inferred(trace, state, {worker.index for worker in crew}) else ""
    return f"{title}: {who} spent {words.part(share)} of {lives} {_LOST[state].format(lock=lock)}{how}."


def _inferred(trace: Trace, state: State, crew: set[int]) -> bool:
    """Whether most of the time in `state` is inferred."""
    sums: Counter[int] = Counter()
    columns = (trace.spans.column(field) for field in ("worker", "state", "evidence", "began_ns", "ended_ns"))
    for worker, one, evidence, began, ended in zip(*columns, strict=True):
        if one == state and worker in crew:
            sums[evidence] += ended - began
    return sums[Evidence.INFERRED] > sums[Evidence.MEASURED]


def _crew(traces: Sequence[Trace], trace: Trace) -> str:
    """`four interpreters`; the heading of the trace where that would not tell it from the others."""
    if len({(one.backend, one.name) for one in traces}) < len(traces) or len({one.name for one in traces}) > 1:
        return titles(traces)[[one is trace for one in traces].index(True)]
    name = words.backend(trace)
    workers = len(trace.workers)
    return f"{words.number(workers)} {name.one if workers == 1 else name.many}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def in_words(traces: Sequence[Trace]) -> Iterable[str]:
    """All sentences on `traces`, the most important first."""
    return [sentence for sentence in (speed(traces), *losses(traces)) if sentence]
