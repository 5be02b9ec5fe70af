"""Plain Python values as JSON, and back, without loss and without running anything.

| value                          | JSON                                                          |
| ------------------------------ | ------------------------------------------------------------- |
| None, True, False              | null, true, false                                             |
| int of up to 53 bits           | a number without a point                                      |
| other int                      | {"int": "-0x1f..."}, hexadecimal: any length, linear time     |
| finite float                   | a number with a point or an exponent, exact                   |
| nan, inf, -inf                 | {"float": "nan"}                                              |
| str                            | a string                                                      |
| str with surrogates            | {"str": base64 of UTF-8, surrogates encoded like characters}  |
| bytes                          | {"bytes": base64}                                             |
| list                           | an array                                                      |
| tuple, set, frozenset          | {"tuple": array}, ...                                         |
| dict                           | {"dict": [[key, value], ...]}, in its order                   |
| anything else                  | {"repr": its repr}, which loads as a `SavedRepr`              |

Only exact types are plain: a named tuple or an IntEnum would come back as something else, so it is kept as its repr.
"""

from __future__ import annotations

import base64
import binascii
import math
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_MAX_DEPTH = 100
_MAX_PARTS = 1_000_000
_MAX_REPR = 100_000
_SAFE_INT = 1 << 53
_SEQUENCES: dict[type, str] = {tuple: "tuple", set: "set", frozenset: "frozenset"}


@dataclass(frozen=True, slots=True, repr=False)
class SavedRepr:
    """What is left of a saved object that is no plain value: the text that it showed itself as."""

    text: str

    def __repr__(self) -> str:
        return self.text


class _TooManyPartsError(Exception):
    pass


def pack(value: Any) -> Any:
    """Make of any value something that `json.dumps` writes and `unpack` reads back equal."""
    try:
        return _Packer().pack(value, 0)
    except _TooManyPartsError:
        return _as_repr(value, reprlib.repr)


class _Packer:
    def __init__(self) -> None:
        self._parts = 0

    def pack(self, value: Any, depth: int) -> Any:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise _TooManyPartsError
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -_SAFE_INT < value < _SAFE_INT else {"int": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if kind is str:
            return _pack_text(value)
        if kind is bytes:
            return {"bytes": base64.b64encode(value).decode()}
        if kind is SavedRepr:
            return {"repr": _pack_text(value.text)}
        if depth < _MAX_DEPTH:
            if kind is list:
                return [self.pack(part, depth + 1) for part in value]
            if kind is dict:
                return {
                    "dict": [[self.pack(key, depth + 1), self.pack(part, depth + 1)] for key, part in value.items()]
                }
            if kind in _SEQUENCES:
                return {_SEQUENCES[kind]: [self.pack(part, depth + 1) for part in value]}
        return _as_repr(value, repr)


def _pack_text(text: str) -> Any:
    try:
        text.encode()
    except UnicodeEncodeError:
        return {"str": base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()}
    return text


def _as_repr(value: Any, show: Callable[[Any], str]) -> Any:
    try:
        text = show(value)
    except Exception as error:  # it is the student's own code
        text = f"<{type(value).__qualname__} whose repr raises {type(error).__name__}>"
    return {"repr": _pack_text(text if len(text) <= _MAX_REPR else f"{text[:_MAX_REPR]}...")}


def unpack(packed: Any) -> Any:
    """The value that `pack` was given.  Raises `ValueError` for what `pack` does not write."""
    kind = type(packed)
    if packed is None or kind in (bool, int, float, str):
        return packed
    if kind is list:
        return [unpack(part) for part in packed]
    if kind is not dict or len(packed) != 1:
        raise ValueError(f"an object with one tag was expected, not {_short(packed)}")
    ((tag, content),) = packed.items()
    reader = _READERS.get(tag)
    if reader is None:
        raise ValueError(f"unknown tag {tag!r:.40}")
    try:
        return reader(content)
    except (TypeError, binascii.Error) as error:
        raise ValueError(f"tag {tag!r} with {_short(content)}: {error}") from None


def _short(value: Any) -> str:
    return f"{value!r:.60}"


def _text_in(content: Any) -> str:
    if type(content) is not str:
        raise TypeError("a string was expected")
    return content


def _parts(content: Any) -> list[Any]:
    if type(content) is not list:
        raise TypeError("an array was expected")
    return [unpack(part) for part in content]


def _data(content: Any) -> bytes:
    return base64.b64decode(_text_in(content), validate=True)


def _int(content: Any) -> int:
    text = _text_in(content)
    if not text.removeprefix("-").startswith("0x"):
        raise TypeError("a hexadecimal number was expected")
    return int(text, 16)


def _float(content: Any) -> float:
    if content not in ("nan", "inf", "-inf"):
        raise TypeError("nan, inf or -inf was expected")
    return float(content)


def _pairs(content: Any) -> dict[Any, Any]:
    if type(content) is not list or any(type(pair) is not list or len(pair) != 2 for pair in content):
        raise TypeError("an array of pairs was expected")
    return {unpack(key): unpack(value) for key, value in content}


def _repr(content: Any) -> SavedRepr:
    text = unpack(content)
    if type(text) is not str:
        raise TypeError("a string was expected")
    return SavedRepr(text)


_READERS: dict[str, Callable[[Any], Any]] = {
    "int": _int,
    "float": _float,
    "str": lambda content: _data(content).decode("utf-8", "surrogatepass"),
    "bytes": _data,
    "tuple": lambda content: tuple(_parts(content)),
    "set": lambda content: set(_parts(content)),
    "frozenset": lambda content: frozenset(_parts(content)),
    "dict": _pairs,
    "repr": _repr,
}
