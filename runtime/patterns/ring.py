"""A ring buffer in shared memory: numbers cross in batches, without a copy of their own, and without a lock.

The memory is cut into slots.  A slot is owned by one worker at a time, and to own it is to have its number:

    free:    consumer -> producers     numbers of slots that may be filled
    filled:  producers -> consumer     slots that may be read, and how many items are in each

A producer receives a number, fills the slot, and sends the number on; the consumer reads, and sends it back.  Whoever
has sent a number away touches that slot no more.  So no two ever write one place, a full ring holds the producers up
(they wait for a number), and an empty one the consumer, all by two channels.  With several producers, each batch is
whole, and each producer's batches come in order.

    program.buffer("ring", slots * slot_items * 8)           one memory, given to all of them
    program.channel("free", capacity=None)                   receiving end to producers, sending end to the consumer
    program.channel("filled", capacity=None)                 sending end to producers, receiving end to the consumer
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import runtime

_COUNT_BITS = 32
_COUNT_MASK = (1 << _COUNT_BITS) - 1


class Shape(NamedTuple):
    """How the memory is cut: `slots` of so many items each, which have a format of the `struct` module."""

    slots: int
    slot_items: int
    format: str = "q"


class _Slots:
    """The slots of one memory, each a memoryview of its items."""

    def __init__(self, memory: runtime.Buffer, shape: Shape) -> None:
        whole = memory.view(shape.format)
        items = shape.slots * shape.slot_items
        if len(whole) < items:
            raise ValueError(
                f"{shape.slots} slots of {shape.slot_items} items take {items * whole.itemsize:,} bytes, "
                f"the buffer has {len(memory):,}"
            )
        self.slots = [whole[at * shape.slot_items : (at + 1) * shape.slot_items] for at in range(shape.slots)]


class Producer(_Slots):
    """Puts batches into the ring.  Any number of producers may share one."""

    def __init__(
        self, memory: runtime.Buffer, free: runtime.RecvChannel, filled: runtime.SendChannel, shape: Shape
    ) -> None:
        super().__init__(memory, shape)
        self._free, self._filled, self._slot_items = free, filled, shape.slot_items

    def put(self, batch: Sequence[Any]) -> None:
        """Put items into the ring, as many slots full as they take.

        `batch` is anything with the items' format that a memoryview takes: an `array.array`, or another memoryview.
        Blocks while no slot is free.  Raises `ChannelClosedError` when the consumer is gone.
        """
        with memoryview(batch) as items:  # type: ignore[arg-type]
            for at in range(0, len(items), self._slot_items):
                part = items[at : at + self._slot_items]
                number = self._free.recv()
                self.slots[number][: len(part)] = part
                self._filled.send(number << _COUNT_BITS | len(part))


class Consumer(_Slots):
    """Takes batches out of the ring.  Iterating gives each as a memoryview, until every producer has closed its end.

    A batch is good until the next one is taken: then its slot goes back, and using it raises `ValueError`.
    """

    def __init__(
        self, memory: runtime.Buffer, free: runtime.SendChannel, filled: runtime.RecvChannel, shape: Shape
    ) -> None:
        super().__init__(memory, shape)
        self._free, self._filled = free, filled
        for number in range(shape.slots):
            free.send(number)

    def __iter__(self) -> Iterator[memoryview]:
        for message in self._filled:
            number, count = message >> _COUNT_BITS, message & _COUNT_MASK
            with self.slots[number][:count] as batch:
                yield batch
            with contextlib.suppress(runtime.ChannelClosedError):  # then every producer is done
                self._free.send(number)
