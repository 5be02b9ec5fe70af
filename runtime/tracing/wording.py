"""Numbers and students' text, as a terminal may show them."""

from __future__ import annotations

_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns"))


def unit_for(ns: float) -> tuple[int, str]:
    """(nanoseconds in it, its name) of the unit in which a time is a number of at least 1."""
    return next((unit for unit in _UNITS if ns >= unit[0]), _UNITS[-1])


def duration(ns: float) -> str:
    """A time in the unit that fits: `850 ns`, `12.3 µs`, `2.05 s`."""
    size, name = unit_for(abs(ns))
    value = ns / size
    decimals = 0 if size == 1 else 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{decimals}f} {name}"


def bytes_in(count: int) -> str:
    """Bytes in the unit that fits: `24 B`, `1.2 kB`."""
    for size, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size * 0.9995:
            return f"{count / size:.1f} {name}"
    return f"{count} B"


def count_of(number: int, noun: str) -> str:
    """A number with its noun: `1 message`, `1,204 messages`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def escaped(text: str, limit: int = 200) -> str:
    """One line of harmless text: control and direction marks, which could rewrite a terminal, are shown escaped."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: limit + 1])
    return shown if len(shown) <= limit and len(text) <= limit else f"{shown[: limit - 3]}..."
