"""A few measured numbers side by side: a bar for each, and the same in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from vizlib.teaching.markup import card, escaped

_WIDEST = 70.0  # percent of the room, so that the number beside it stays in sight


@dataclass(frozen=True, slots=True)
class Bars:
    """Numbers by name, drawn on one scale from 0.  Shows itself as bars, or prints as lines.

    In the text form the lines of the numbers begin with `~ `: they were measured, and two runs may differ in them.
    """

    title: str
    numbers: Mapping[str, float]
    unit: str
    inferred: Collection[str]

    def __repr__(self) -> str:
        rows = [f"~ {name}: {self._told(name)}" for name in self.numbers]
        return "\n".join([f"  {self.title}:", *(rows or ["~ nothing to draw: this system does not tell"])])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html()}

    def html(self) -> str:
        """The bars; what is inferred is paler, with a dashed rim, and says so."""
        if not self.numbers:
            return card(f"<p><b>{escaped(self.title)}</b>: nothing to draw, this system does not tell.</p>")
        told = "; ".join(f"{name}: {self._told(name)}" for name in self.numbers)
        rows = "".join(map(self._row, self.numbers))
        return card(
            f"<p><b>{escaped(self.title)}</b></p>"
            f'<div class="lab-bars" role="img" aria-label="{escaped(f"{self.title}. {told}")}">{rows}</div>'
        )

    def _row(self, name: str) -> str:
        widest = max(*self.numbers.values(), 1e-9)
        width = _WIDEST * max(self.numbers[name], 0) / widest
        kind = "lab-inferred" if name in self.inferred else "lab-measured"
        return (
            f"<span>{escaped(name)}</span> "
            f'<span><i class="{kind}" style="width:{width:.1f}%"></i>{escaped(self._told(name))}</span>'
        )

    def _told(self, name: str) -> str:
        number = self.numbers[name]
        shown = f"{number:,.0f}" if abs(number) >= 100 else f"{number:.1f}"
        return f"{shown}{self.unit}{' (inferred)' if name in self.inferred else ''}"


def bars(title: str, numbers: Mapping[str, float], unit: str = "", inferred: Collection[str] = ()) -> Bars:
    """Draw measured `numbers`, by name, as bars on one scale.

    `title` says what they are, `unit` follows each (write `" MB"`), and `inferred` names those that were concluded from
    something else instead of measured.
    """
    return Bars(title, dict(numbers), unit, frozenset(inferred))
