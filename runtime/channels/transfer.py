"""How an object crosses: which transfer, how many bytes, and, when it cannot, which part of it is to blame and why.

`share` is for what is immutable all through: None, bool, int, float, str, bytes, and tuples of these.  The
interpreter has a cheap path for them.  Everything else crosses by `pickle`: a copy is made at each side.
"""

from __future__ import annotations

import contextlib
import pickle
from typing import Any

from runtime.channels import diagnosis
from runtime.channels.context import travel
from runtime.channels.core import Address, Core
from runtime.channels.letterbox import PASSENGERS
from runtime.errors import ChannelNotFoundError, NotShareableError
from runtime.tracing.vocabulary import Transfer

_FIXED_SIZES = {type(None): 1, bool: 1, int: 8, float: 8}
_WORD_LIMIT = 1 << 63
_MAX_DEPTH = 20
_NOT_IMMUTABLE = -1
_STR_HEADER = "\u0100".__sizeof__() - 4  # a str of n characters of 2 bytes takes this and 2 * n + 2

SHARE, PICKLE, REFERENCE = int(Transfer.SHARE), int(Transfer.PICKLE), int(Transfer.REFERENCE)

ENCODED_AT_ONCE = frozenset([type(None), bool, int, float, str, bytes])
"""Types whose encoding takes no time worth a look at the clock."""


def immutable_size(value: Any, depth: int = 0) -> int:
    """Bytes of payload in an object that can cross by `share`, or -1 for one that cannot.

    Only exact types count: a subclass carries a class, which belongs to one interpreter.  An integer beyond 64 bits is
    not taken by the interpreter's own path on every version.
    """
    kind = type(value)
    if kind is int:
        return 8 if -_WORD_LIMIT <= value < _WORD_LIMIT else _NOT_IMMUTABLE
    if kind is bytes:
        return len(value)
    if kind is str:
        return len(value) if value.isascii() else max(len(value), value.__sizeof__() - _STR_HEADER)
    if kind is tuple and depth < _MAX_DEPTH:
        total = 0
        for item in value:
            size = immutable_size(item, depth + 1)
            if size == _NOT_IMMUTABLE:
                return _NOT_IMMUTABLE
            total += size
        return total
    return _FIXED_SIZES.get(kind, _NOT_IMMUTABLE)


def encode(value: Any) -> tuple[Any, int, int]:
    """Make an object ready to cross: return (payload, transfer, bytes).

    When ends of channels are in it, the transfer has the bit `PASSENGERS`, and the payload is the pickle and the
    passengers.  Raises `NotShareableError`, which names the offending part, for an object that cannot cross.
    """
    if type(value) is int and -_WORD_LIMIT <= value < _WORD_LIMIT:
        return value, SHARE, 8
    size = immutable_size(value)
    if size >= 0:
        return value, SHARE, size
    before, travel.departing = travel.departing, []
    try:
        payload = pickle.dumps(value, protocol=5)
        passengers = tuple(travel.departing)
    except BaseException as error:
        give_up((b"", travel.departing))
        if not isinstance(error, Exception) or isinstance(error, MemoryError):
            raise
        path, reason = diagnosis.explain(value, error)
        raise NotShareableError(reason, path) from None
    finally:
        travel.departing = before
    if passengers:
        return (payload, passengers), PICKLE | PASSENGERS, len(payload)
    return payload, PICKLE, len(payload)


def give_up(payload: Any) -> None:
    """Close the ends that were to travel in a message that is not sent."""
    for address, handle, _ in payload[1]:
        with contextlib.suppress(ChannelNotFoundError):
            Core.attach(Address._make(address)).close_end(handle)
