"""What stands above a run that goes on, as markup: how long, how many messages, what each worker does, what it printed.

Everything that a program says is escaped here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from runtime.tracing.model import Ending, State
from runtime.tracing.progress import Printed, Progress
from vizlib import words
from vizlib.palette import STYLES
from vizlib.running.outcomes import End, Outcome

LINES = 3
"""Printed lines that are shown, the newest."""
_NAMED = 12  # workers that are named one by one
_ENDED = {Ending.RAISED: "raised", Ending.RETURNED: "returned", Ending.STOPPED: "stopped", Ending.LOST: "lost"}


def strip(title: str, phase: str, told: Progress, printed: Sequence[Printed] = (), lines: int = 0) -> str:
    """All of it but the notes.  `phase` says in a word what the run does, `lines` how many were printed in all."""
    numbers = " · ".join(_numbers(told, lines))
    parts = [
        f'<p class="lab-state"><b>{escape(title)}</b> {escape(phase)} <span>{numbers}</span></p>',
        f'<div class="lab-crew">{"".join(_crew(told))}</div>',
    ]
    if printed:
        parts.append(f'<div class="lab-printed">{"<br>".join(_line(told, line) for line in printed)}</div>')
    return f"<div>{''.join(parts)}</div>"


def outcome(title: str, end: Outcome) -> str:
    """How it ended.  A screen reader says it."""
    alarm = ' class="lab-alarm"' if end.end is End.FAILED else ""
    details = f'<pre class="lab-told">{escape(end.details)}</pre>' if end.details else ""
    return (
        f'<div role="status"><p class="lab-state"><b>{escape(title)}</b> '
        f"<i style='font-style: normal'{alarm}>{escape(end.sentence)}</i></p>{details}</div>"
    )


def in_text(phase: str, told: Progress) -> list[str]:
    """The same as lines of text."""
    crew = [f"{words.name(worker)} {_label(now)}" for worker, now in zip(told.workers, told.now, strict=True)]
    return [", ".join([phase, *_numbers(told, 0)]), ", ".join(crew)]


def _numbers(told: Progress, lines: int) -> Iterable[str]:
    if told.now_ns:
        yield f"{told.now_ns / 1e9:.1f} s" if told.now_ns < 120e9 else words.duration(told.now_ns)
    yield f"{words.count(told.sent, 'message')} sent, {told.received:,} received"
    if lines:
        yield f"{words.count(lines, 'line')} printed"


def _crew(told: Progress) -> Iterable[str]:
    if len(told.workers) <= _NAMED:
        for worker, now in zip(told.workers, told.now, strict=True):
            yield f"<span>{_swatch(now)}{escape(words.name(worker))} <em>{_label(now)}</em></span>"
    else:
        for now, workers in Counter(told.now).most_common():
            yield f"<span>{_swatch(now)}{workers} <em>{_label(now)}</em></span>"


def _label(now: State | Ending | None) -> str:
    return "not yet begun" if now is None else now.label if isinstance(now, State) else _ENDED[now]


def _swatch(now: State | Ending | None) -> str:
    if not isinstance(now, State):
        return '<i style="--c:transparent;--e:var(--lab-rule)"></i>'
    style = STYLES[now]
    return f'<i style="--c:{style.color};--e:{style.outline or style.color}"></i>'


def _line(told: Progress, line: Printed) -> str:
    name = escape(words.name(told.workers[line.worker]))
    return f"<span>{name}:</span> {escape(words.plain(line.text, 160))}"


def notes(dropped: int, joined: bool, estimated: bool) -> str:
    """What stands below the figure: in which way it is not exact."""
    told = []
    if estimated:
        told.append("So much happens that some states are estimated from a part of the records.")
    elif joined:
        told.append("Short states are drawn gathered.")
    if told:
        told.append("The picture of the finished run is exact.")
    if dropped:
        told.append(f"The recorder is full: {words.count(dropped, 'record')} did not fit and will be missing.")
    return f'<p class="lab-quiet">{" ".join(told)}</p>' if told else ""
