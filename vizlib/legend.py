"""The legend and the bars of "where each worker's life went", as markup made from the one table of states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from runtime.tracing.model import Evidence, State
from runtime.tracing.traces import Trace
from vizlib import comparison, words
from vizlib.palette import STYLES
from vizlib.text import in_percent

_DARK_TEXT = (State.GIL_WAIT, State.CORE_WAIT, State.RECV_BLOCKED, State.SLEEPING, State.SEND_BLOCKED, State.RUNNING)
_MANY = 16  # workers whose lives are told in thinner bars
_MARKS = (
    ("print", "▼", "printed"),
    ("undelivered", "⊗", "sent, never received"),
    ("raised", "✕", "raised"),
    ("stopped", "⊠", "stopped or lost"),
    ("deadlock", "↷", "waits for: a deadlock"),
)


def legend(traces: Sequence[Trace], kinds: Iterable[str]) -> str:
    """A button for each state that occurs in `traces`, and a key for each kind of mark."""
    used = {state for trace in traces for state in trace.spans.column("state")}
    buttons = "\n".join(_button(state) for state in STYLES if state in used)
    marks = "".join(f'<span class="lab-key">{sign} {name}</span>' for kind, sign, name in _MARKS if kind in set(kinds))
    if any(Evidence.INFERRED in trace.spans.column("evidence") for trace in traces):
        marks += '<span class="lab-key"><span class="lab-swatch lab-dashed"></span> pale: inferred, not measured</span>'
    lead = "Click a state to single it out, Shift+click to hide it:" if buttons else ""
    return f'<div class="lab-legend"><span class="lab-lead">{lead}</span>\n{buttons}{marks}</div>'


def _button(state: State) -> str:
    style = STYLES[state]
    paint = f"--c:{style.color};--e:{style.outline or style.color};height:{style.height:.0%}"
    swatch = f'<span class="lab-swatch"><i style="{paint}"></i></span>'
    return (
        f'<button type="button" data-state="{state.label}" aria-pressed="false" title="{escape(style.meaning)}">'
        f"{swatch}{state.label}</button>"
    )


def lives(traces: Sequence[Trace]) -> str:
    """Stacked bars: the share of each worker's life in each state, one group for each trace."""
    width = max([7, *(min(len(worker.name), 24) for trace in traces for worker in trace.workers)])
    most = max((len(trace.workers) for trace in traces), default=0)
    groups = "".join(_group(*pair) for pair in zip(traces, comparison.titles(traces), strict=True))
    return (
        '<div class="lab-heading"><b role="heading" aria-level="2">Where each worker&rsquo;s life went</b>'
        "<span>each bar is one life, from its start to its end: 100 %</span></div>"
        f'<div class="lab-lives{" lab-many" if most > _MANY else ""}" style="--label:{width + 1}ch">{groups}</div>'
    )


def _group(trace: Trace, title: str) -> str:
    rows = "".join(_row(name, shares) for name, shares in comparison.life(trace))
    return f"<div><h3>{escape(title)}</h3>{rows}</div>"


def _row(name: str, shares: Sequence[comparison.Share]) -> str:
    told = escape(f"{name}: {in_percent(shares)}", quote=True)
    parts = "".join(map(_part, shares))
    return (
        f'<div class="lab-life"><span title="{escape(name, quote=True)}">{escape(words.short(name, 24))}</span>'
        f'<div class="lab-parts" role="img" aria-label="{told}">{parts}</div></div>'
    )


def _part(share: comparison.Share) -> str:
    shown = f"<b>{share.percent} %</b>"
    if share.state is None:
        return f'<i class="lab-unknown" style="--w:{share.ns}" title="not recorded {share.percent} %">{shown}</i>'
    style = STYLES[share.state]
    ink = "#111111" if share.state in _DARK_TEXT else "#FFFFFF"
    title = f"{share.state.label} {share.percent} %, {words.duration(share.ns)}"
    return (
        f'<i data-state="{share.state.label}" '
        f'style="--w:{share.ns};--c:{style.color};--e:{style.outline or style.color};--t:{ink}" '
        f'title="{title}">{shown}</i>'
    )
