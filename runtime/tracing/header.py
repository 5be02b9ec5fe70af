"""Reading the header of a trace file: JSON from anywhere, made into records of the right types.

Which types is what the records' own annotations say, so a field that is added to one is written, read and checked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from runtime.errors import TraceFormatError
from runtime.tracing.model import Ending, Worker
from runtime.tracing.values import unpack

KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "str": (str,),
    "bool": (bool,),
    "float": (float, int),
    "tuple[float, ...]": (tuple,),
    "int | None": (int, type(None)),
    "Ending": (str,),
}
AGAIN = "save the trace again, or fetch the file again"
_INT64 = 1 << 63


def fail(place: str, what: str, advice: str = AGAIN) -> NoReturn:
    """Say where, what was expected and what came, and what to do."""
    raise TraceFormatError(f"{place}: {what}; {advice}")


def object_at(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object that must be at `key`."""
    value = data.get(key)
    if type(value) is not dict:
        fail("header", f"an object was expected at {key!r}, not {value!r:.60}")
    return value


def array_at(data: Mapping[str, Any], key: str) -> list[Any]:
    """The array that must be at `key`."""
    value = data.get(key)
    if type(value) is not list:
        fail("header", f"an array was expected at {key!r}, not {value!r:.60}")
    return value


def record_of(place: str, kind: type[Any], item: Any) -> Any:
    """Make a `kind`, a dataclass, of an object."""
    if type(item) is not dict:
        fail(place, f"an object was expected, not {item!r:.60}")
    return kind(**field_values(place, dataclasses.fields(kind), item))


def indexed(name: str, kind: type[Any], items: list[Any]) -> tuple[Any, ...]:
    """Records that other records point to by their index."""
    records = tuple(record_of(f"header, {name}[{index}]", kind, item) for index, item in enumerate(items))
    for index, one in enumerate(records):
        place = f"header, {name}[{index}]"
        if getattr(one, "index", index) != index:
            fail(place, f"its index is {one.index}")
        if isinstance(one, Worker) and not 0 <= one.began_ns <= one.ended_ns:
            fail(place, f"a life from {one.began_ns} to {one.ended_ns} cannot be")
    return records


def field_values(place: str, fields: Sequence[dataclasses.Field[Any]], item: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a dataclass's fields.  Those that are not there are left to their defaults."""
    values: dict[str, Any] = {}
    for field in fields:
        if field.name in item:
            values[field.name] = _value(f"{place}, {field.name}", str(field.type), item[field.name])
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            fail(place, f"{field.name!r} is missing")
    return values


def _value(place: str, kind: str, packed: Any) -> Any:
    value = _unpacked(place, packed)
    if type(value) not in KINDS[kind]:
        fail(place, f"{kind} was expected, not {value!r:.60}")
    if type(value) is tuple:
        for part in value:
            if type(part) not in KINDS["float"]:
                fail(place, f"numbers were expected, not {part!r:.60}")
    if type(value) is int and not -_INT64 <= value < _INT64:
        fail(place, "it does not fit into 64 bits")
    if kind == "Ending":
        if value not in Ending:
            fail(place, f"one of {', '.join(Ending)} was expected, not {value!r:.60}")
        return Ending(value)
    return value


def _unpacked(place: str, packed: Any) -> Any:
    try:
        return unpack(packed)
    except (ValueError, RecursionError) as error:
        fail(place, str(error))


def results_in(header: Mapping[str, Any]) -> dict[str, Any]:
    """What each worker returned."""
    results: dict[str, Any] = {}
    for index, pair in enumerate(array_at(header, "results")):
        place = f"header, results[{index}]"
        if type(pair) is not list or len(pair) != 2:
            fail(place, f"a worker's name and its result were expected, not {pair!r:.60}")
        worker = _value(place, "str", pair[0])
        results[worker] = _unpacked(place, pair[1])
    return results
