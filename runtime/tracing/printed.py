"""What a worker printed, joined into lines.

`print(a, b)` reaches the recorder in several parts ("a", " ", "b", "\n").  A line has the time of its first part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Part(NamedTuple):
    """What one call of `write` wrote."""

    stream: int  # 1 stdout, 2 stderr
    at: int
    text: bytes


def lines_of(parts: Iterable[Part]) -> Iterator[tuple[int, int, str]]:
    """Yield (stream, time, line) for every line, in the order in which they end; unfinished ones last."""
    pending: dict[int, tuple[int, list[bytes]]] = {}
    for stream, at, text in parts:
        *finished, rest = text.split(b"\n")
        for piece in finished:
            began, pieces = pending.pop(stream, (at, []))
            yield stream, began, _decoded(pieces, piece)
        if rest:
            pending.setdefault(stream, (at, []))[1].append(rest)
    for stream, (began, pieces) in pending.items():
        yield stream, began, _decoded(pieces, b"")


def _decoded(pieces: list[bytes], last: bytes) -> str:
    return b"".join([*pieces, last]).decode("utf-8", "replace")
