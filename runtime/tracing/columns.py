"""One lane's records, taken apart into columns without a Python object per record.

A record is ten 64-bit words, so a column is every tenth word of the lane.  `decode` reads columns, filters them with
`itertools.compress` and joins them with dicts: a million messages in seconds.  Words are read in the machine's own byte
order, which is the layout's on every platform that CPython supports today.

A lane may have been written by a process that died in the middle of a record, or that wrote nonsense.  `operations`
leaves out what cannot be true and counts it.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import compress
from typing import Any, Self

from runtime.tracing.layout import RECORD_BYTES, Op, Status
from runtime.tracing.model import Transfer

_PREVIEWS = struct.Struct("<56x24s")
_BIGGEST = (1 << 63) - 1
_BIGGEST_LINE = (1 << 31) - 1
_FEW = 32

_KNOWN_OPS = bytes(sorted(Op))
_OPERATIONS = bytes((Op.SEND, Op.RECV))
_ONLY_OPERATIONS = bytes(op in _OPERATIONS for op in range(256))
_IS_OTHER = bytes(op not in (*_OPERATIONS, Op.LINE) for op in range(256))
_IS_LINE = bytes(op == Op.LINE for op in range(256))
_TRANSFERS, _STATUSES = len(Transfer), len(Status)


def integers(values: Iterable[int], highest: int) -> array[int]:
    """An array just wide enough for numbers from -1 to `highest`."""
    width = "b" if highest < 1 << 7 else "h" if highest < 1 << 15 else "i" if highest < 1 << 31 else "q"
    return array(width, values)


def column(records: bytes, kind: str, offset: int) -> list[int]:
    """The field of every record that lies at `offset`, of the format `kind` (of `memoryview.cast`)."""
    view = memoryview(records).cast(kind)  # type: ignore[call-overload]
    found: list[int] = view[offset // view.itemsize :: RECORD_BYTES // view.itemsize].tolist()
    return found


def whole_records(data: bytes) -> bytes:
    """`data` without the part of a record at its end."""
    return data[: len(data) // RECORD_BYTES * RECORD_BYTES]


def others(records: bytes) -> Iterator[tuple[int, bytes]]:
    """The records that are neither channel operations nor lines (there are few), each with its op."""
    for at in compress(range(0, len(records), RECORD_BYTES), records[0::RECORD_BYTES].translate(_IS_OTHER)):
        yield records[at], records[at : at + RECORD_BYTES]


def lines(records: bytes, epoch: int, earliest: int, latest: int) -> tuple[list[tuple[int, int]], int]:
    """(line, time) of every line that was executed, and how many of these records are nonsense."""
    chosen = records[0::RECORD_BYTES].translate(_IS_LINE)
    if 1 not in chosen:
        return [], 0
    found = list(compress(zip(column(records, "I", 4), column(records, "Q", 24), strict=True), chosen))
    sane = [(line, at - epoch) for line, at in found if earliest <= at - epoch <= latest and line <= _BIGGEST_LINE]
    return sane, len(found) - len(sane)


@dataclass(frozen=True, slots=True)
class Operations:
    """The channel operations of one worker, in the order in which they ended.

    `began`, `first`, `second`, `ended` are the moments that bound its phases: of a send, the call, encoded, admitted
    and sent; of a receive, the call, taken, received and (again) received.  Times are relative to the run's epoch.
    """

    op: bytes  # Op
    transfer: bytes
    status: list[int]
    line: list[int]
    channel: list[int]  # its key
    serial: list[int]
    size: list[int]
    began: list[int]
    first: list[int]
    second: list[int]
    ended: list[int]
    sender: list[int]  # of a receive
    preview: list[bytes]

    def __len__(self) -> int:
        return len(self.op)

    def pick(self, chosen: bytes) -> Self:
        """The operations at which `chosen` is 1, not 0."""
        if b"\0" not in chosen:
            return self
        few = chosen.count(0) <= _FEW
        out = [at for at, picked in enumerate(chosen) if not picked][::-1] if few else []

        def of(values: Any) -> Any:
            if not few:
                return list(compress(values, chosen))
            values = list(values)
            for at in out:
                del values[at]
            return values

        columns = {field.name: of(getattr(self, field.name)) for field in fields(self)}
        return replace(self, **{**columns, "op": bytes(columns["op"]), "transfer": bytes(columns["transfer"])})


def operations(records: bytes, epoch: int, earliest: int, latest: int) -> tuple[Operations, int]:
    """The channel operations among whole records, and how many records are nonsense.

    Nonsense is an unknown op, transfer or status, and times that run backwards or leave `earliest` to `latest` (which
    are relative to the epoch, as what is returned).
    """
    ops = records[0::RECORD_BYTES]
    ended = _since(epoch, column(records, "Q", 48))
    third = column(records, "Q", 40)
    if Op.RECV not in ops:
        second = _since(epoch, third)
    elif Op.SEND not in ops:
        second = ended
    else:
        second = [end if op == Op.RECV else moment - epoch for op, moment, end in zip(ops, third, ended, strict=True)]
    everything = Operations(
        op=ops,
        transfer=records[1::RECORD_BYTES],
        status=column(records, "H", 2),
        line=column(records, "I", 4),
        channel=column(records, "I", 12),
        serial=column(records, "I", 8),
        size=column(records, "Q", 16),
        began=_since(epoch, column(records, "Q", 24)),
        first=_since(epoch, column(records, "Q", 32)),
        second=second,
        ended=ended,
        sender=third,
        preview=[preview for (preview,) in _PREVIEWS.iter_unpack(records)],
    )
    found = everything.pick(ops.translate(_ONLY_OPERATIONS))
    kept = found.pick(_sane(found, earliest, latest))
    return kept, len(found) - len(kept) + len(ops.translate(None, _KNOWN_OPS))


def _since(epoch: int, moments: list[int]) -> list[int]:
    return [moment - epoch for moment in moments]


def _sane(found: Operations, earliest: int, latest: int) -> bytes:
    sane = bytes(
        [
            earliest <= a <= b <= c <= d <= latest
            for a, b, c, d in zip(found.began, found.first, found.second, found.ended, strict=True)
        ]
    )
    if found and (
        max(found.transfer) >= _TRANSFERS
        or max(found.status) >= _STATUSES
        or max(found.size) > _BIGGEST
        or max(found.line) > _BIGGEST_LINE
    ):
        sane = bytes(
            [
                good and transfer < _TRANSFERS and status < _STATUSES and size <= _BIGGEST and line <= _BIGGEST_LINE
                for good, transfer, status, size, line in zip(
                    sane, found.transfer, found.status, found.size, found.line, strict=True
                )
            ]
        )
    return sane
