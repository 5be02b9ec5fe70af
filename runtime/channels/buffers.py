"""Buffers: memory of a fixed size that can be shared with other interpreters, or moved to one of them.

A buffer is used like a bytearray that cannot grow: by index, by slice, through memoryviews, by everything that takes a
buffer.  Sent as it is, it is shared: both sides have the same memory.  Moved (`send(buffer, move=True)`), it is the
receiver's alone, and dead at the sender: every use raises `MovedError`, which says where it went.

What "dead" takes: nobody may still see the memory through a memoryview made before.  So a buffer counts its
memoryviews (PEP 688 lets a class in Python do that), and one that has any cannot be moved: `BufferError`, as when a
bytearray is to be resized.  Rust has the same rule, and checks it earlier: what is borrowed cannot be moved.
"""

from __future__ import annotations

from collections.abc import Buffer as HasBuffer
from typing import Any, NamedTuple, Self

from runtime.channels import memory
from runtime.channels.context import Passenger, passenger, travel
from runtime.channels.memory import AnyBlock
from runtime.errors import MovedError


class Buffer:
    """Memory of a fixed size.  `create_buffer` makes one; others come through channels."""

    __slots__ = ("__weakref__", "_block", "_fate", "_memory", "_views")

    def __init__(self, block: AnyBlock) -> None:
        """Take over one holder's share of a block."""
        self._views: list[None] = []  # one item for each memoryview: changing a list's length is atomic
        self._fate = ""  # what happened to it, when it has no block any more
        self._memory: memoryview | None = None
        self._block: AnyBlock | None = block

    @property
    def moved(self) -> bool:
        """Whether it was sent away with `move=True`."""
        return self._fate.startswith("moved")

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""
        return self._here().size

    def __len__(self) -> int:
        return self._here().size

    def view(self, items: str = "B") -> memoryview:
        """A memoryview of it.  `items` is their format in the `struct` module: "d" for floats, "q" for 64-bit integers.

        While there is one, the buffer cannot be moved: use it in a `with` statement, or call its `release`.
        """
        return memoryview(self).cast(items)  # type: ignore[call-overload,no-any-return]

    def __getitem__(self, index: Any) -> Any:
        return memoryview(self)[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        memoryview(self)[index] = value

    def __buffer__(self, flags: int) -> memoryview:
        views = self._views
        views.append(None)  # first: so either who moves it sees this, or it is seen here that it was moved
        try:
            block = self._here()
            whole = self._memory
            if whole is None:
                whole = self._memory = block.view()
            return whole[:]
        except BaseException:
            views.pop()
            raise

    def __release_buffer__(self, view: memoryview) -> None:
        view.release()
        self._views.pop()

    def close(self) -> None:
        """Give the memory back now, not when the last reference is gone.  A second time does nothing.

        Others who share it keep it.  Raises `BufferError` while a memoryview of it is in use.
        """
        if self._block is not None:
            self._take_out("closed").release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        block = getattr(self, "_block", None)
        if block is not None:
            block.release()

    def __repr__(self) -> str:
        return f"<Buffer {self._fate}>" if self._block is None else f"<Buffer of {self._block.size:,} bytes>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross: moved, if the message is, else shared.  A copy pickled outside of a message can be unpickled once."""
        self._here()
        if travel.rehearsing:
            if travel.moving is not None:
                travel.moving.append(self)
            return passenger, (0,)
        ticket = self.share() if travel.moving is None else self.move_out(travel.moving)
        if travel.departing is None:
            return adopt, ticket
        travel.departing.append((Passenger.BUFFER, *ticket))
        return passenger, (len(travel.departing) - 1,)

    # --- leaving ------------------------------------------------------------------------------------------------

    def share(self) -> tuple[int, tuple[int, int, int, int]]:
        """Let a message have a share, too: return what its receiver needs to `adopt` it."""
        block = self._here()
        return block.depart(shared=True), block.ticket

    def move_out(self, departures: list[Any]) -> tuple[int, tuple[int, int, int, int]]:
        """Let a message have this buffer's share, and note the departure: return what its receiver needs.

        Raises `MovedError` when it has none, `BufferError` while a memoryview of it is in use.
        """
        block = self._take_out("moved")
        claim = block.depart(shared=False)
        departures.append(Departure(self, block, claim))
        return claim, block.ticket

    def _take_out(self, fate: str) -> AnyBlock:
        block = self._here()
        self._block = None
        if self._views:
            self._block = block
            count = len(self._views)
            raise BufferError(
                f"{count} memoryview{'s' * (count != 1)} of this buffer {'are' if count != 1 else 'is'} in use: before "
                "it is moved or closed, release them (view.release(), or a with statement)"
            )
        self._fate, self._memory = fate, None
        return block

    def _here(self) -> AnyBlock:
        block = self._block
        if block is not None:
            return block
        if not self.moved:
            raise ValueError("this buffer is closed")
        raise MovedError(
            f"this buffer was {self._fate}, and belongs to its receiver now. To keep a copy, make it before you move: "
            "bytes(buffer)"
        )


class Departure(NamedTuple):
    """A buffer that leaves in a message, which has its share until it is known whether the message was sent."""

    buffer: Buffer
    block: AnyBlock
    claim: int

    def undo(self) -> None:
        """The message was not sent: the buffer is its sender's again, if nobody received it after all."""
        if self.block.take_back(self.claim):
            self.buffer._fate = ""
            self.buffer._block = self.block

    def done(self, where: str) -> None:
        """The message was sent."""
        self.buffer._fate = f"moved {where}"
        self.block.gone()


def create_buffer(source: int | HasBuffer) -> Buffer:
    """Create a buffer: of so many bytes, all zero, or with a copy of what an object holds (as `bytearray` does).

    Raises `MemoryError` when there is no room, `ValueError` for a negative size.
    """
    if isinstance(source, int):
        if source < 0:
            raise ValueError(f"a buffer's size must be a number of bytes from 0 on, not {source}")
        return Buffer(memory.create(source))
    with memoryview(source) as content:
        buffer = Buffer(memory.create(content.nbytes))
        buffer[:] = content.cast("B") if content.c_contiguous else content.tobytes()
    return buffer


def adopt(claim: int, block: tuple[int, int, int, int]) -> Buffer:
    """Receive a buffer.  Raises `ChannelNotFoundError` when somebody has received it, or its sender took it back."""
    return Buffer(memory.adopt(claim, block))
