"""A prediction beside what was measured: the ghost of the one over the bar of the other, and the same in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vizlib.teaching import answers
from vizlib.teaching.markup import card, escaped

_CLOSE = 0.15  # within this part of the measured value, a prediction was a good one


@dataclass(frozen=True, slots=True)
class Reveal:
    """What was predicted, if anything, and what was measured.  Shows itself as two bars, or as one line."""

    what: str
    measured: float
    unit: str
    predicted: str | float | None

    def __repr__(self) -> str:
        return f"~ {self.what}: {self.in_words()}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html()}

    def in_words(self) -> str:
        """`you predicted 1.5×, measured 1.9×: more than you thought`."""
        measured = f"measured {self._number(self.measured)}"
        if self.predicted is None:
            return f"{measured} (no prediction was locked in)"
        if isinstance(self.predicted, str):
            return f"you predicted “{self.predicted}”, {measured}"
        return f"you predicted {self._number(self.predicted)}, {measured}: {self._judged(self.predicted)}"

    def html(self) -> str:
        """The same as bars on one scale; the predicted one is a dashed outline."""
        bars = ""
        if isinstance(self.predicted, int | float):
            bars = self._bar("you predicted", self.predicted, "lab-ghost")
        bars += self._bar("measured", self.measured, "lab-measured")
        told = self.in_words()
        return card(
            f"<p><b>{escaped(self.what)}</b>: {escaped(told)}</p>"
            f'<div class="lab-bars" role="img" aria-label="{escaped(told)}">{bars}</div>'
        )

    def _bar(self, label: str, value: float, kind: str) -> str:
        numbers = [self.measured, *([self.predicted] if isinstance(self.predicted, int | float) else [])]
        width = 100 * max(value, 0) / max(*numbers, 1e-9)
        return (
            f"<span>{label}</span> "
            f'<span><i class="{kind}" style="width:{width * 0.8:.1f}%"></i>{escaped(self._number(value))}</span>'
        )

    def _number(self, value: float) -> str:
        return f"{value:.1f}{self.unit}"

    def _judged(self, predicted: float) -> str:
        if abs(predicted - self.measured) <= _CLOSE * abs(self.measured):
            return "a good prediction"
        return "more than you thought" if self.measured > predicted else "less than you thought"


def reveal(key: str, measured: float, what: str, unit: str = "×") -> Reveal:
    """The prediction recorded under `key` beside the `measured` number; `what` says in a few words what it is."""
    return Reveal(what, float(measured), unit, answers.prediction(key))
