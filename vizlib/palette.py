"""Colours, and everything else that tells one state from another.

The state colours are Okabe and Ito's, which stay apart for readers with protan, deutan and tritan vision (a test
simulates them, and print without colour).  No state is told by its colour alone: bars have different heights, blocked
bars carry a direction, and every place that shows a colour also says the word.  The legend, the hover, the text form
and the style sheet are all generated from here.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.tracing.model import State, Transfer


@dataclass(frozen=True, slots=True)
class Style:
    """How one state looks and what it means."""

    color: str
    height: float  # of the bar, as a part of the lane's height
    meaning: str  # completes "running: ..." in the legend
    outline: str = ""  # the edge of a bar that would be too pale on white without one
    points: str = ""  # a blocked bar says which way it waits: "right" to hand over, "left" to be given


STYLES: dict[State, Style] = {
    State.RUNNING: Style("#009E73", 1.0, "executing Python"),
    State.ENCODE: Style("#0072B2", 0.82, "copying an object out, for a send"),
    State.DECODE: Style("#0072B2", 0.66, "copying an object in, after a receive"),
    State.GIL_WAIT: Style("#E69F00", 0.5, "ready, but another worker holds the GIL", outline="#9A6A00"),
    State.CORE_WAIT: Style("#56B4E9", 0.4, "ready, but no core is free", outline="#1F78B4"),
    State.SEND_BLOCKED: Style("#D55E00", 0.3, "waiting for room in a channel", points="right"),
    State.RECV_BLOCKED: Style("#CC79A7", 0.3, "waiting for a message", points="left"),
    State.SLEEPING: Style("#F0E442", 0.16, "asleep, or in other I/O", outline="#8F8500"),
    State.OBSERVER: Style("#737373", 0.16, "recording: our own instruments"),
}
"""In the order of the legend."""

RARITY = (
    State.SEND_BLOCKED,
    State.GIL_WAIT,
    State.CORE_WAIT,
    State.ENCODE,
    State.DECODE,
    State.RECV_BLOCKED,
    State.RUNNING,
    State.SLEEPING,
    State.OBSERVER,
)
"""Which state a picture tells of several that are too short to be seen: the first of these."""

WORKER_COLORS = ("#4A79A5", "#7059A6", "#A255C4", "#647E38", "#996B56", "#437F7D", "#AA5E7B", "#787850")
"""Who runs on a core.  Softer than the states, dark enough for white words, and always with the worker's name."""

TRANSFER_COLORS = {
    Transfer.SHARE: "#009E73",
    Transfer.PICKLE: "#0072B2",
    Transfer.BUFFER: "#CC79A7",
    Transfer.MOVE: "#D55E00",
    Transfer.REFERENCE: "#666644",
}
"""How objects cross."""

LIGHT = {
    "page": "#FFFFFF",
    "ink": "#1F2328",
    "quiet": "#57606A",
    "rule": "#D0D7DE",
    "lane": "#F4F6F8",
    "arrow": "#24292F",
    "alarm": "#B3261E",
    "panel": "#F6F8FA",
    "playhead": "#C2185B",
    "focus": "#0072B2",
}

DARK = {
    "page": "#111111",
    "ink": "#E8EAED",
    "quiet": "#A9B1BA",
    "rule": "#3D444D",
    "lane": "#1C1F23",
    "arrow": "#F0F3F6",
    "alarm": "#FF8A80",
    "panel": "#1B1F24",
    "playhead": "#FF5C93",
    "focus": "#58A6FF",
}


def worker_color(index: int) -> str:
    """The colour of worker number `index` on the core lanes; colours repeat after eight workers."""
    return WORKER_COLORS[index % len(WORKER_COLORS)]


def variables(theme: dict[str, str]) -> str:
    """The theme as CSS custom properties: `--lab-ink: #1F2328; ...`."""
    return " ".join(f"--lab-{role}: {color};" for role, color in theme.items())
