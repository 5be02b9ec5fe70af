"""The trace file, version 1.

    magic     8 bytes  89 54 52 41 43 45 0D 0A: no text file begins so, and copying it as text breaks it
    version   uint32   1
    length    uint32   of the header
    checksum  uint32   CRC-32 of the header
    header    JSON, in ASCII
    sections           in the order in which the header lists them; the file ends with the last one

Integers are little-endian.  The header is an object:

| key         | value |
| ----------- | ----- |
| fields      | the trace's plain fields: name, backend, wall_ns, dropped, complete, ... |
| workers, channels, errors | arrays of objects with the fields of `Worker`, `Channel`, `WorkerFailure` |
| overhead, environment     | objects with the fields of `Overhead`, `Environment` |
| deadlock    | array of objects with the fields of `Deadlocked`; may be missing |
| results     | array of [worker's name, value] |
| sections    | array of {"name", "type", "items", "bytes", "crc32", "packed"} |

Values and texts are written as `runtime.tracing.values` says.  A section is a column: `messages.sender` is the field
`sender` of the table `messages` (also `spans`, `core_spans`, `outputs`, and `lines`, which may be missing), as `items`
signed integers of 8 (`b`), 16 (`h`), 32 (`i`) or 64 (`q`) bits.  `texts` is all texts joined, as UTF-8 (type `u`;
surrogates are encoded like other characters), and `texts.lengths` how many characters each has.  `bytes` is the length
in the file and `crc32` that of the section as it lies there; with `packed` it is a zlib stream.  What all packed
sections inflate to is at most `INFLATED_BYTES`.

**Nothing is executed at loading**, and no length is believed: sizes are compared with the file's before anything is
allocated, every checksum is verified, and every value is checked (see `checks`).  `TraceFormatError` names the place.

**Promise.**  Every later release reads version 1.  A reader ignores keys and sections that it does not know, and takes
defaults for fields that are not there, so what is only added does not change the version.  A file with a higher version
is refused with a sentence that says so.
"""

from __future__ import annotations

import dataclasses
import json
import os
import struct
import sys
import zlib
from array import array
from collections.abc import Buffer, Iterator, Mapping
from itertools import accumulate
from typing import Any, BinaryIO, NamedTuple

from runtime.errors import TraceFormatError
from runtime.tracing.checks import Sizes, problem, ring_problem
from runtime.tracing.header import AGAIN, KINDS, array_at, fail, field_values, indexed, object_at, record_of, results_in
from runtime.tracing.model import (
    Channel,
    CoreSpan,
    Deadlocked,
    Ending,
    Environment,
    Line,
    Message,
    Output,
    Overhead,
    Span,
    Worker,
    WorkerFailure,
)
from runtime.tracing.tables import Table
from runtime.tracing.values import pack

MAGIC = b"\x89TRACE\r\n"
VERSION = 1
INFLATED_BYTES = 256 << 20
_PREFIX = struct.Struct("<8sIII")
_PACKED_UP_TO = 1 << 20  # longer columns of times are written as they are: packing them takes longer than writing them
_ITEM_BYTES = {"b": 1, "h": 2, "i": 4, "q": 8}

_TABLES: dict[str, type[Any]] = {
    "messages": Message,
    "spans": Span,
    "core_spans": CoreSpan,
    "outputs": Output,
    "lines": Line,
}
_ALWAYS_THERE = ("messages", "spans", "core_spans", "outputs")
_LISTS: dict[str, type[Any]] = {
    "workers": Worker,
    "channels": Channel,
    "errors": WorkerFailure,
    "deadlock": Deadlocked,
}
_ADDED_LATER = ("deadlock",)
_RECORDS: dict[str, type[Any]] = {"overhead": Overhead, "environment": Environment}


# --- writing ------------------------------------------------------------------------------------------------------


def write(path: str | os.PathLike[str], trace: Any) -> None:
    """Write a trace.  The file is there as a whole or not at all.

    Raises `ValueError` for a trace that could not be loaded again: one whose records point to what is not there.
    """
    sizes = Sizes(len(trace.workers), len(trace.channels), len(trace.texts))
    for name in _TABLES:
        wrong = problem(name, getattr(trace, name), sizes)
        if wrong:
            raise ValueError(f"this trace cannot be saved: {wrong}")
    if wrong := ring_problem(trace.deadlock, sizes):
        raise ValueError(f"this trace cannot be saved: {wrong}")
    sections = list(_sections(trace))
    header = {
        "fields": {field.name: pack(getattr(trace, field.name)) for field in _plain_fields(type(trace))},
        **{name: [_packed_record(record) for record in getattr(trace, name)] for name in _LISTS},
        **{name: _packed_record(getattr(trace, name)) for name in _RECORDS},
        "results": [[pack(worker), pack(result)] for worker, result in trace.results.items()],
        "sections": [section._asdict() for section, _ in sections],
    }
    text = json.dumps(header, allow_nan=False, separators=(",", ":")).encode("ascii")
    temporary = f"{os.fspath(path)}.{os.getpid()}.part"
    try:
        with open(temporary, "xb") as file:
            file.write(_PREFIX.pack(MAGIC, VERSION, len(text), zlib.crc32(text)))
            file.write(text)
            file.writelines(data for _, data in sections)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


class _Section(NamedTuple):
    name: str
    type: str
    items: int
    bytes: int
    crc32: int
    packed: bool


def _sections(trace: Any) -> Iterator[tuple[_Section, Buffer]]:
    """Every section with its bytes."""
    allowance = INFLATED_BYTES
    for name, kind, count, raw in _raw_sections(trace):
        data: Buffer = raw
        if len(raw) <= allowance and (kind != "q" or len(raw) <= _PACKED_UP_TO):
            squeezed = zlib.compress(raw, 1)
            if len(squeezed) < len(raw):
                data = squeezed
                allowance -= len(raw)
        yield _Section(name, kind, count, memoryview(data).nbytes, zlib.crc32(data), data is not raw), data


def _raw_sections(trace: Any) -> Iterator[tuple[str, str, int, memoryview]]:
    for name in _TABLES:
        for field, column in getattr(trace, name).columns.items():
            yield f"{name}.{field}", column.typecode, len(column), memoryview(_little_endian(column)).cast("B")
    joined = "".join(trace.texts).encode("utf-8", "surrogatepass")
    yield "texts", "u", len(joined), memoryview(joined)
    lengths = array("q", map(len, trace.texts))
    yield "texts.lengths", "q", len(lengths), memoryview(_little_endian(lengths)).cast("B")


def _little_endian(column: array[int]) -> array[int]:
    if sys.byteorder == "big":
        column = column[:]
        column.byteswap()
    return column


def _plain_fields(cls: type[Any]) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(cls) if field.type in KINDS]


def _packed_record(record: Any) -> dict[str, Any]:
    return {field.name: pack(_plain(getattr(record, field.name))) for field in dataclasses.fields(record)}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Ending) else value


# --- reading ------------------------------------------------------------------------------------------------------


def read[T](path: str | os.PathLike[str], cls: type[T]) -> T:
    """Read a trace as a `cls`, which takes the fields of `Trace`.

    Raises `TraceFormatError`, naming the place, for a damaged or foreign file, and `OSError` for one that cannot be
    read.
    """
    try:
        with open(path, "rb") as file:
            return cls(**_Reader(file).fields(cls))
    except TraceFormatError as error:
        raise TraceFormatError(f"{os.fspath(path)}: {error}") from None


class _Reader:
    """One file, from its beginning to its end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._inflated = 0

    def fields(self, cls: type[Any]) -> dict[str, Any]:
        """The keyword arguments of the trace."""
        header = self._header()
        columns = self._columns(header)
        result = field_values("header, fields", _plain_fields(cls), object_at(header, "fields"))
        for name, kind in _LISTS.items():
            if name in header or name not in _ADDED_LATER:
                result[name] = indexed(name, kind, array_at(header, name))
        for name, kind in _RECORDS.items():
            result[name] = record_of(f"header, {name}", kind, object_at(header, name))
        result["results"] = results_in(header)
        result["texts"] = _texts(columns)
        sizes = Sizes(len(result["workers"]), len(result["channels"]), len(result["texts"]))
        if wrong := ring_problem(result.get("deadlock", ()), sizes):
            fail("header", wrong)
        for name, record in _TABLES.items():
            if name not in _ALWAYS_THERE and not any(section.startswith(f"{name}.") for section in columns):
                continue
            result[name] = _table(name, record, columns)
            wrong = problem(name, result[name], sizes)
            if wrong:
                fail("section", wrong)
        return result

    def _take(self, count: int, place: str) -> bytes:
        at = self._file.tell()
        if count > self._size - at:
            fail(f"{place} at byte {at}", f"{count} bytes were expected, the file has {self._size - at} more")
        data = self._file.read(count)
        if len(data) != count:
            fail(f"{place} at byte {at}", "the file became shorter while it was read")
        return data

    def _header(self) -> dict[str, Any]:
        start = self._file.read(len(MAGIC))
        if start != MAGIC:
            fail("byte 0", "this is not a trace file", "Trace.save writes one")
        self._file.seek(0)
        _, version, length, checksum = _PREFIX.unpack(self._take(_PREFIX.size, "beginning"))
        if version != VERSION:
            advice = "a newer release wrote it: update this one" if version > VERSION else AGAIN
            fail("byte 8", f"the format's version is {version}, this release reads {VERSION}", advice)
        text = self._take(length, "header")
        if zlib.crc32(text) != checksum:
            fail(f"header at byte {_PREFIX.size}", "its checksum does not match")
        try:
            header = json.loads(text)
        except (ValueError, RecursionError) as error:
            fail(f"header at byte {_PREFIX.size}", f"it is no JSON ({error})")
        if type(header) is not dict:
            fail(f"header at byte {_PREFIX.size}", "an object was expected")
        return header

    def _columns(self, header: Mapping[str, Any]) -> dict[str, array[int] | bytes]:
        columns: dict[str, array[int] | bytes] = {}
        for index, item in enumerate(array_at(header, "sections")):
            section = _section(f"header, sections[{index}]", item)
            if section.name in columns:
                fail(f"header, sections[{index}]", f"{section.name!r:.60} is there twice")
            columns[section.name] = self._column(section)
        at = self._file.tell()
        if at != self._size:
            fail(f"byte {at}", f"{self._size - at} bytes follow the last section")
        return columns

    def _column(self, section: _Section) -> array[int] | bytes:
        place = f"section {section.name!r:.60}"
        at = self._file.tell()
        data = self._take(section.bytes, place)
        place = f"{place} at byte {at}"
        if zlib.crc32(data) != section.crc32:
            fail(place, "its checksum does not match")
        wanted = section.items * _ITEM_BYTES.get(section.type, 1)
        if section.packed:
            data = self._inflate(data, wanted, place)
        if len(data) != wanted:
            fail(place, f"{section.items} items take {wanted} bytes, there are {len(data)}")
        if section.type not in _ITEM_BYTES:
            return data
        column = array(section.type)
        column.frombytes(data)
        return _little_endian(column)

    def _inflate(self, data: bytes, wanted: int, place: str) -> bytes:
        self._inflated += wanted
        if self._inflated > INFLATED_BYTES:
            fail(place, f"packed sections may inflate to {INFLATED_BYTES} bytes, with this one it is {self._inflated}")
        stream = zlib.decompressobj()
        try:
            inflated = stream.decompress(data, wanted + 1)
        except zlib.error as error:
            fail(place, f"it cannot be inflated ({error})")
        if not stream.eof or stream.unused_data:
            fail(place, f"it does not inflate to the {wanted} bytes that the header says")
        return inflated


def _section(place: str, item: Any) -> _Section:
    expected = {"name": str, "type": str, "items": int, "bytes": int, "crc32": int, "packed": bool}
    if type(item) is not dict or any(type(item.get(key)) is not kind for key, kind in expected.items()):
        fail(place, f"a section's description was expected, not {item!r:.60}")
    section = _Section(**{key: item[key] for key in expected})
    if section.items < 0 or section.bytes < 0:
        fail(place, "a length is negative")
    return section


def _texts(columns: Mapping[str, array[int] | bytes]) -> tuple[str, ...]:
    data, lengths = columns.get("texts"), columns.get("texts.lengths")
    if not isinstance(data, bytes) or not isinstance(lengths, array):
        fail("section 'texts'", "the texts or their lengths are missing")
    try:
        joined = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        fail("section 'texts'", f"it is no UTF-8 at its byte {error.start}")
    if (lengths and (min(lengths) < 0 or sum(lengths) != len(joined))) or (not lengths and joined):
        fail("section 'texts.lengths'", f"the lengths do not add up to the {len(joined)} characters that there are")
    ends = list(accumulate(lengths))
    return tuple(map(joined.__getitem__, map(slice, [0, *ends], ends)))


def _table(name: str, record: type[Any], columns: Mapping[str, array[int] | bytes]) -> Table[Any]:
    found: dict[str, array[int]] = {}
    for field in record._fields:
        column = columns.get(f"{name}.{field}")
        if not isinstance(column, array):
            fail(f"section '{name}.{field}'", "it is missing")
        found[field] = column
    try:
        return Table(record, found)
    except ValueError as error:
        fail(f"sections of '{name}'", str(error))
