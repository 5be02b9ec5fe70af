"""How an object would cross to another interpreter: told without sending it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from runtime.channels import diagnosis, transfer
from runtime.channels.buffers import Buffer
from runtime.channels.context import travel
from runtime.channels.end import End
from runtime.errors import MovedError
from runtime.tracing.vocabulary import Transfer

_MOST_PARTS = 20
_MAIN = b"\x8c\x08__main__"  # how a pickle refers to a module of this name
_SHARED = (type(None), bool, int, float, str, bytes, tuple)
_HAS_BUFFER = (bytes, bytearray)


class Part(NamedTuple):
    """A part of an object, and why it cannot be shared: `path` as the reader would write it, `message[1]['key']`."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, repr=False)
class Crossing:
    """How an object would cross between interpreters.

    `transfer` is None for one that cannot cross.  `size` is the bytes that would cross.  `pays` says who would spend
    time on copying them: "nobody", "sender", "receiver" or "both".  `parts` are those that force it to be copied, or
    that keep it from crossing; `more_parts` is how many there are beside these.  `instead` says what would do better.
    """

    transfer: Transfer | None
    size: int
    pays: str
    why: str
    parts: tuple[Part, ...] = ()
    more_parts: int = 0
    instead: str = ""

    @property
    def crosses(self) -> bool:
        """Whether it can cross at all."""
        return self.transfer is not None

    def __repr__(self) -> str:
        how = (
            "cannot cross"
            if self.transfer is None
            else f"{self.transfer.label}, {self.size:,} byte{'s' * (self.size != 1)}"
        )
        lines = [f"{how}: {self.why}", *(f"  {part.path} {part.why}" for part in self.parts)]
        if self.more_parts:
            lines.append(f"  and {self.more_parts:,} more")
        if self.instead:
            lines.append(f"  {self.instead}")
        return "\n".join(lines)


def transfer_of(obj: Any, *, move: bool = False) -> Crossing:
    """Say how an object would cross between interpreters: by which transfer, why, and how many bytes.

    Nothing is sent.  To learn the size of what is copied by pickle, it is pickled once.  `move` asks for what
    `send(obj, move=True)` would do.  Between threads every object crosses as it is, by reference.
    """
    if type(obj) is Buffer:
        return _of_buffer(obj, move)
    if move and type(obj) is bytearray:
        why = "its bytes are copied once into a Buffer for the receiver, and it is left empty"
        return Crossing(Transfer.MOVE, len(obj), "sender", why, instead="a Buffer moves without a copy")
    size = transfer.immutable_size(obj)
    if size >= 0 and not move:
        return _of_immutable(obj, size)
    return _of_copied(obj, move)


def _of_buffer(buffer: Buffer, move: bool) -> Crossing:
    try:
        size = buffer.nbytes
    except (MovedError, ValueError) as error:
        return Crossing(None, 0, "nobody", str(error))
    if move:
        return Crossing(Transfer.MOVE, size, "nobody", "only its address crosses, and its sender loses it")
    return Crossing(Transfer.BUFFER, size, "nobody", "only its address crosses, and both sides see the same memory")


def _of_immutable(obj: Any, size: int) -> Crossing:
    kind = type(obj).__name__
    if isinstance(obj, str | bytes):
        why = f"{'a str never changes' if kind == 'str' else 'bytes never change'}; the receiver copies them"
        instead = "send_buffer(...) would show them without a copy" if isinstance(obj, bytes) and size > 50_000 else ""
        return Crossing(Transfer.SHARE, size, "receiver", why, instead=instead)
    if isinstance(obj, tuple):
        return Crossing(
            Transfer.SHARE, size, "receiver", "a tuple of what never changes is built again at the receiver"
        )
    article = "" if obj is None else "an " if kind[0] in "aeiou" else "a "
    return Crossing(Transfer.SHARE, size, "receiver", f"{article}{obj if obj is None else kind} never changes")


def _of_copied(obj: Any, move: bool) -> Crossing:
    buffers: list[Buffer] = []
    before = travel.rehearsing, travel.moving
    travel.rehearsing, travel.moving = True, buffers
    try:
        data = pickle.dumps(obj, protocol=5)
    except Exception as error:
        travel.rehearsing, travel.moving = before
        path, why = diagnosis.explain(obj, error)
        _, _, short = why.partition(f"{path} ")
        whose = "it" if path == "message" else f"a part of this {type(obj).__name__}"
        return Crossing(None, 0, "nobody", f"{whose} belongs to its interpreter", (Part(path, short),))
    finally:
        travel.rehearsing, travel.moving = before
    if move and not buffers:
        return Crossing(None, 0, "nobody", f"nothing in this {type(obj).__name__} can be moved: only a Buffer can")
    parts = list(_not_shared(obj, "message"))
    deed = "leaving their sender" if move else "shared, not copied"
    beside = f"; of the Buffers in it ({len(buffers)}) only the address crosses, {deed}" if buffers else ""
    return Crossing(
        Transfer.PICKLE,
        len(data),
        "both",
        f"it is copied, once by the sender and once by the receiver{beside}",
        tuple(parts[:_MOST_PARTS]),
        max(0, len(parts) - _MOST_PARTS),
        _instead(obj, data),
    )


def _instead(obj: Any, data: bytes) -> str:
    if _MAIN in data:
        return (
            "a class or function in it is of this __main__: the receiver can make it again only if it has the same one"
        )
    if isinstance(obj, bytearray) or type(obj).__name__ in ("array", "mmap", "ndarray"):
        return "send_buffer(...) would show its memory without a copy"
    if isinstance(obj, list) and obj and all(type(item) is float for item in obj):
        return f"array.array('d', ...) with send_buffer would take {8 * len(obj):,} bytes and no copy"
    if isinstance(obj, list) and transfer.immutable_size(tuple(obj)) >= 0:
        return "as a tuple it would be shared"
    return ""


def _not_shared(obj: Any, path: str, depth: int = 0) -> Iterator[Part]:
    """The parts that keep an object from being shared, each as far down as the blame can be put."""
    if type(obj) is tuple:
        if depth >= transfer.MAX_DEPTH:
            yield Part(path, f"is nested more than {transfer.MAX_DEPTH} tuples deep")
            return
        for index, item in enumerate(obj):
            yield from _not_shared(item, f"{path}[{index}]", depth + 1)
    elif transfer.immutable_size(obj) < 0:
        yield Part(path, _why_not(obj))


def _why_not(obj: Any) -> str:
    kind = type(obj)
    name = kind.__qualname__
    if kind is int:
        return f"is an int of {obj.bit_length()} bits, and only 64 are shared"
    for base in _SHARED:
        if isinstance(obj, base):
            return f"is a {name}, a class of its own over {base.__name__}"
    if isinstance(obj, End):
        return "is an end of a channel: a clone of it crosses beside the message"
    if kind in (list, dict, set, bytearray):
        return f"is a {name}, which can change"
    article = "an" if name[0] in "aeiouAEIOU" else "a"
    return f"is {article} {name}, which only pickle knows how to take apart"
