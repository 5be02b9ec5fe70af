"""Columns that read as a sequence of records.

A run can hold a million messages.  A million small objects would cost minutes and gigabytes, so a trace keeps each
kind of event as one `array` per field and makes the record that somebody asks for when he asks for it.

    >>> from typing import NamedTuple
    >>> class Point(NamedTuple):
    ...     x: int
    ...     y: int
    >>> table = Table(Point, {"x": [1, 2], "y": [10, 20]})
    >>> table[1]
    Point(x=1, y=20)
    >>> sum(point.y for point in table)
    30
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, overload

INT64 = "q"


class Table[Record: NamedTuple](Sequence[Record]):
    """An immutable sequence of `Record`, stored as one array of integers per field.

    `Record` is a NamedTuple class whose fields are all integers.  An array that is given is kept as it is (narrow ones
    save memory); other values are stored as 64-bit integers.  Two tables are equal when they hold equal records.
    """

    __slots__ = ("_arrays", "record")

    def __init__(self, record: type[Record], columns: Mapping[str, Iterable[int]]) -> None:
        self.record = record
        self._arrays = tuple(
            column if isinstance(column, array) else array(INT64, column)
            for column in (columns[field] for field in record._fields)
        )
        if len({len(column) for column in self._arrays}) > 1:
            lengths = {field: len(column) for field, column in zip(record._fields, self._arrays, strict=True)}
            raise ValueError(f"columns of {record.__name__} differ in length: {lengths}")

    @classmethod
    def of(cls, record: type[Record], rows: Iterable[Sequence[int]]) -> Table[Record]:
        """Make a table from records (or plain tuples in the order of the fields)."""
        columns = list(zip(*rows, strict=True)) or [()] * len(record._fields)
        return cls(record, dict(zip(record._fields, columns, strict=True)))

    @property
    def columns(self) -> dict[str, array[int]]:
        """The arrays by field name, all of one length.  They belong to the table: read them, do not write."""
        return dict(zip(self.record._fields, self._arrays, strict=True))

    def column(self, field: str) -> array[int]:
        """One array by field name."""
        return self._arrays[self.record._fields.index(field)]

    def __len__(self) -> int:
        return len(self._arrays[0])

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Table[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | Table[Record]:
        picked: Any = [column[index] for column in self._arrays]
        if isinstance(index, slice):
            return Table(self.record, dict(zip(self.record._fields, picked, strict=True)))
        return self.record._make(picked)

    def __iter__(self) -> Iterator[Record]:
        return map(self.record._make, zip(*self._arrays, strict=True))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return self.record is other.record and self._arrays == other._arrays

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Table of {len(self)} {self.record.__name__}>"
