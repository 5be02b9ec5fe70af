"""One lane's records, taken apart into columns without a Python object per record.

A record is ten 64-bit words, so a column is every tenth word of the lane.  `decode` reads columns, filters them with
`itertools.compress` and joins them with dicts: a million messages in seconds.  The words are read in the machine's own
byte order, which is the layout's on every platform that CPython supports today.

A lane may have been written by a process that died in the middle of a record, or that wrote nonsense.  `operations`
leaves out what cannot be true and counts it.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import compress
from typing import Self

from runtime.tracing.layout import RECORD_BYTES, SERIAL_BITS, SERIAL_MASK, Op, Status
from runtime.tracing.model import Transfer

_WORDS = RECORD_BYTES // 8
_PREVIEWS = struct.Struct("<56x24s")
_BIGGEST = (1 << 63) - 1
_BIGGEST_LINE = (1 << 31) - 1

_KNOWN_OPS = bytes(sorted(Op))
_IS_OPERATION = bytes(op in (Op.SEND, Op.RECV) for op in range(256))
_TRANSFERS, _STATUSES = len(Transfer), len(Status)


def integers(values: Iterable[int], highest: int) -> array[int]:
    """An array just wide enough for numbers from -1 to `highest`."""
    width = "b" if highest < 1 << 7 else "h" if highest < 1 << 15 else "i" if highest < 1 << 31 else "q"
    return array(width, values)


def word(records: bytes, index: int) -> list[int]:
    """One 64-bit word of every record."""
    return memoryview(records).cast("Q")[index::_WORDS].tolist()


def whole_records(data: bytes) -> bytes:
    """`data` without the part of a record at its end."""
    return data[: len(data) // RECORD_BYTES * RECORD_BYTES]


def others(records: bytes) -> Iterator[tuple[int, bytes]]:
    """The records that are no channel operations (there are few), each with its op."""
    ops = records[0::RECORD_BYTES]
    for at in compress(range(0, len(records), RECORD_BYTES), (not known for known in ops.translate(_IS_OPERATION))):
        yield records[at], records[at : at + RECORD_BYTES]


@dataclass(frozen=True, slots=True)
class Operations:
    """The channel operations of one worker, in the order in which they ended.

    `began`, `first`, `second`, `ended` are the moments that bound its phases: of a send, the call, encoded, admitted
    and sent; of a receive, the call, taken, received and (again) received.  Times are of the monotonic clock.
    """

    op: bytes  # Op
    transfer: bytes
    status: Sequence[int]
    line: Sequence[int]
    channel: Sequence[int]  # its key
    serial: Sequence[int]
    size: Sequence[int]
    began: list[int]
    first: list[int]
    second: list[int]
    ended: list[int]
    sender: Sequence[int]  # of a receive
    preview: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.op)

    def pick(self, chosen: Iterable[object]) -> Self:
        """The operations at which `chosen` is true."""
        mask = list(chosen)
        columns = {
            field.name: (bytes if field.name in ("op", "transfer") else list)(compress(getattr(self, field.name), mask))
            for field in fields(self)
        }
        return replace(self, **columns)  # type: ignore[arg-type]


def operations(records: bytes, earliest: int, latest: int) -> tuple[Operations, int]:
    """The channel operations among whole records, and how many records are nonsense.

    Nonsense is an unknown op, transfer or status, and times that run backwards or leave `earliest` to `latest`.
    """
    ops = records[0::RECORD_BYTES]
    subjects = word(records, 1)
    view = memoryview(records)
    third = word(records, 5)
    ended = word(records, 6)
    everything = Operations(
        op=ops,
        transfer=records[1::RECORD_BYTES],
        status=view.cast("H")[1 :: RECORD_BYTES // 2].tolist(),
        line=view.cast("I")[1 :: RECORD_BYTES // 4].tolist(),
        channel=[subject >> SERIAL_BITS for subject in subjects],
        serial=[subject & SERIAL_MASK for subject in subjects],
        size=word(records, 2),
        began=word(records, 3),
        first=word(records, 4),
        second=[end if op == Op.RECV else moment for op, moment, end in zip(ops, third, ended, strict=True)]
        if Op.RECV in ops
        else third,
        ended=ended,
        sender=third,
        preview=[preview for (preview,) in _PREVIEWS.iter_unpack(records)],
    )
    found = everything.pick(ops.translate(_IS_OPERATION)) if ops.translate(None, b"\x01\x02") else everything
    sane = [
        earliest <= a <= b <= c <= d <= latest
        for a, b, c, d in zip(found.began, found.first, found.second, found.ended, strict=True)
    ]
    if found and (
        max(found.transfer) >= _TRANSFERS
        or max(found.status) >= _STATUSES
        or max(found.size) > _BIGGEST
        or max(found.line) > _BIGGEST_LINE
    ):
        sane = [
            good and transfer < _TRANSFERS and status < _STATUSES and size <= _BIGGEST and line <= _BIGGEST_LINE
            for good, transfer, status, size, line in zip(
                sane, found.transfer, found.status, found.size, found.line, strict=True
            )
        ]
    kept = found if all(sane) else found.pick(sane)
    return kept, len(found) - len(kept) + len(ops.translate(None, _KNOWN_OPS))
