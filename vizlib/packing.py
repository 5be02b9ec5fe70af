"""Columns of numbers, packed small enough to travel in a page.

A trace of a million events is a few columns of a million whole numbers.  As JSON they would take a hundred megabytes;
packed they take a tenth of that before they are compressed and a few bytes an event afterwards.  Three steps, none of
which loses anything:

1. Each number becomes its difference from something near it: from the one before it in its own column, or from the one
   beside it in a column that it follows closely (a span's end and the next span's beginning: mostly zero).
2. Differences of either sign become whole numbers from zero on: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4.
3. The lowest bytes of all numbers are written first, then the next higher ones, and so on.  Higher bytes are alike, so
   that the compression that follows finds long runs.

`assets/columns.js` reads what `pack` writes: columns of 64-bit integers, as times are, into arrays of 64-bit floats,
all others into arrays of integers as wide as they are here.  Floats hold whole numbers exactly up to 2**53; differences
may go up to half of that, 52 days of nanoseconds.  NumPy comes with Bokeh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

type Numbers = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """A column whose numbers lie close to those of another column of its table, `ahead` rows further on.

    `to` names that column, which must stand before this one in its table.
    """

    values: Numbers
    to: str
    ahead: int = 0


def numbers(column: Numbers | Near) -> Numbers:
    """The numbers of a column, however it is going to be packed."""
    return column.values if isinstance(column, Near) else column


def pack(content: Any) -> tuple[Any, bytes]:
    """Replace every column in nested dicts and lists by a note of where it is in the bytes, which come second.

    A note is `{"column": [offset, count, bytes of a number, how, kind]}`; `how` is "plain", "steps", or the name of
    the column that it is near to with how many rows ahead.  Differences beyond 2**52 raise ValueError.
    """
    packer = _Packer()
    return packer.noted(content), b"".join(packer.parts)


class _Packer:
    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._size = 0

    def noted(self, content: Any) -> Any:
        if isinstance(content, Mapping):
            return {name: self._column(value, content) or self.noted(value) for name, value in content.items()}
        if isinstance(content, Sequence) and not isinstance(content, str):
            return [self._column(value, {}) or self.noted(value) for value in content]
        return content

    def _column(self, value: Any, table: Mapping[str, Any]) -> dict[str, list[Any]] | None:
        if isinstance(value, Near):
            how: Any = [value.to, value.ahead]
            rest = value.values.astype(np.int64) - ahead(numbers(table[value.to]), value.ahead)
        elif isinstance(value, np.ndarray):
            how, rest = _smaller(value.astype(np.int64))
        else:
            return None
        wide, data = _planes(rest)
        note = [self._size, len(rest), wide, how, _kind(numbers(value))]
        self.parts.append(data)
        self._size += len(data)
        return {"column": note}


def ahead(values: Numbers, rows: int) -> npt.NDArray[np.int64]:
    """The column `rows` further on, the last number repeated."""
    if not rows or not len(values):
        return values.astype(np.int64)
    return np.append(values[rows:], np.repeat(values[-1:], min(rows, len(values)))).astype(np.int64)


def _smaller(values: npt.NDArray[np.int64]) -> tuple[str, npt.NDArray[np.int64]]:
    """The numbers themselves, or the steps between them, whichever are smaller."""
    steps = np.diff(values, prepend=0)
    return ("steps", steps) if _bits(steps) < _bits(values) else ("plain", values)


def _bits(values: npt.NDArray[np.int64]) -> float:
    return float(np.log2(1.0 + np.abs(values)).sum())


def _planes(rest: npt.NDArray[np.int64]) -> tuple[int, bytes]:
    """How many bytes a number takes, and all lowest bytes, then all next higher ones."""
    unsigned = ((rest << 1) ^ (rest >> 63)).view(np.uint64)
    wide = (int(unsigned.max(initial=0)).bit_length() + 7) // 8
    if wide > 6 and int(unsigned.max()) >= 2**53:
        raise ValueError(f"a page can hold differences up to 2**52, got one of {int(np.abs(rest).max()):,}")
    return wide, unsigned.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :wide].T.tobytes()


def _kind(values: Numbers) -> str:
    """The kind of array that the column becomes in the page."""
    return f"i{values.dtype.itemsize}" if values.dtype.itemsize < 8 else "f8"
