"""How an object crosses: which transfer, how many bytes, and, when it cannot, which part of it is to blame and why.

`share` is for what is immutable all through: None, bool, int, float, str, bytes, and tuples of these.  The
interpreter has a cheap path for them.  `buffer` and `move` are for memory, of which only the address crosses.
Everything else crosses by `pickle`: a copy is made at each side.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, Protocol

from runtime.channels import diagnosis, lending
from runtime.channels.buffers import Buffer, create_buffer
from runtime.channels.context import Passenger, travel
from runtime.channels.core import give_up
from runtime.channels.letterbox import PASSENGERS
from runtime.errors import MovedError, NotShareableError
from runtime.tracing.vocabulary import Transfer

type Encoded = tuple[Any, int, int]  # payload, transfer, bytes


class Encoder(Protocol):
    """One way to send objects.  This module is one: what `send` does."""

    def encode(self, value: Any, /) -> Encoded: ...
    def undo(self, payload: Any, /) -> None: ...


_FIXED_SIZES = {type(None): 1, bool: 1, int: 8, float: 8}
_WORD_LIMIT = 1 << 63
MAX_DEPTH = 20
_NOT_IMMUTABLE = -1
_STR_HEADER = "\u0100".__sizeof__() - 4  # a str of n characters of 2 bytes takes this and 2 * n + 2

SHARE, PICKLE, BUFFER, MOVE, REFERENCE = map(int, Transfer)

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
    if kind is tuple and depth < MAX_DEPTH:
        total = 0
        for item in value:
            size = immutable_size(item, depth + 1)
            if size == _NOT_IMMUTABLE:
                return _NOT_IMMUTABLE
            total += size
        return total
    return _FIXED_SIZES.get(kind, _NOT_IMMUTABLE)


def encode(value: Any) -> Encoded:
    """Make an object ready to cross: return (payload, transfer, bytes).

    When ends of channels or buffers are in it, the transfer has the bit `PASSENGERS`, and the payload is the pickle and
    the passengers.  Raises `NotShareableError`, which names the offending part, for an object that cannot cross.
    """
    if type(value) is int and -_WORD_LIMIT <= value < _WORD_LIMIT:
        return value, SHARE, 8
    size = immutable_size(value)
    if size >= 0:
        return value, SHARE, size
    if type(value) is Buffer:
        return _alone(Passenger.BUFFER, *value.share()), BUFFER | PASSENGERS, value.nbytes
    return _pickled(value)


def _pickled(value: Any, give_back: Callable[[], object] = lambda: None) -> Encoded:
    before, travel.departing = travel.departing, []
    try:
        payload = pickle.dumps(value, protocol=5)
        passengers = tuple(travel.departing)
    except BaseException as error:
        give_back()
        give_up(travel.departing)
        if not isinstance(error, Exception) or isinstance(
            error, MemoryError | MovedError | BufferError | NotShareableError
        ):
            raise
        path, reason = diagnosis.explain(value, error)
        raise NotShareableError(reason, path) from None
    finally:
        travel.departing = before
    if passengers:
        return (payload, passengers), PICKLE | PASSENGERS, len(payload)
    return payload, PICKLE, len(payload)


def _alone(kind: int, claim: int, what: tuple[Any, ...]) -> tuple[bytes, tuple[tuple[Any, ...], ...]]:
    """The payload of a message that is nothing but one passenger."""
    return b"", ((kind, claim, what),)


def undo(payload: Any) -> None:
    """Give up what was to travel in a message that is not sent."""
    give_up(payload[1])


class Showing:
    """Encodes what `send_buffer` sends: shows the receiver the memory of an object."""

    def __init__(self, *, here: bool) -> None:
        self._here = here

    def encode(self, obj: Any) -> Encoded:
        """Make the object's memory ready to be seen elsewhere.  Raises `NotShareableError` for one that has none."""
        if type(obj) is Buffer:
            return _alone(Passenger.VIEW, *obj.share()), BUFFER | PASSENGERS, obj.nbytes
        try:
            view = memoryview(obj)
        except TypeError:
            raise NotShareableError(
                f"send_buffer takes an object that is memory (bytes, bytearray, array, memoryview, Buffer), not "
                f"{type(obj).__name__!r}; send(...) takes any object that can be copied"
            ) from None
        if self._here:
            return view, BUFFER, view.nbytes
        claim, loan = lending.lend(view)
        return _alone(Passenger.LOAN, claim, tuple(loan)), BUFFER | PASSENGERS, view.nbytes

    undo = staticmethod(undo)


class Moving:
    """Encodes what `send(obj, move=True)` sends, and takes it away from the sender."""

    def __init__(self, *, here: bool) -> None:
        self._here = here
        self._departures: list[Any] = []
        self._emptied: bytearray | None = None

    def encode(self, obj: Any) -> Encoded:
        """Let every buffer in the object leave.  Raises as `encode` does, and as `Buffer.move_out`."""
        if type(obj) is Buffer:
            return self._one(obj)
        if type(obj) is bytearray:
            if obj:
                obj.append(obj.pop())  # raises BufferError if it cannot be emptied now
            self._emptied = obj
            return self._one(create_buffer(obj))
        before = travel.moving, travel.here
        travel.moving, travel.here = self._departures, self._here
        try:
            encoded = _pickled(obj, self.give_back)
        finally:
            travel.moving, travel.here = before
        if not self._departures:
            self.undo(encoded[0] if encoded[1] & PASSENGERS else (b"", ()))
            raise NotShareableError(
                f"nothing in this {type(obj).__name__} can be moved: only a Buffer (runtime.create_buffer), or a "
                "bytearray that is sent by itself, can leave its sender; send it without move=True"
            )
        return encoded

    def _one(self, buffer: Buffer) -> Encoded:
        size = buffer.nbytes
        return _alone(Passenger.BUFFER, *buffer.move_out(self._departures)), MOVE | PASSENGERS, size

    def undo(self, payload: Any) -> None:
        """The message is not sent: what was to leave stays, and what was to travel with it is given up."""
        self.give_back()
        undo(payload)

    def give_back(self) -> None:
        """What was to leave stays.  May be done again."""
        for departure in self._departures:
            departure.undo()

    def done(self, where: str) -> None:
        """The message is sent: from now on who uses what left is told where it went."""
        for departure in self._departures:
            departure.done(where)
        if self._emptied is not None:
            self._emptied.clear()
