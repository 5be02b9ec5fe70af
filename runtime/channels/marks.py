"""What a channel's words say for the deadlock watch alone: who made the channel, and in what an end of it travels.

The host holds the program's channels.  Those that workers make themselves it finds only while somebody waits there, by
the descriptor of their words; and whatever it must know then stands in the words.

**An end on its way** has a row, and nobody owns it.  The row says which channel carries the message that the end is in:
so who could receive the message could get the end.  Until the message is in that channel (`Row.POSTED`) its sender has
a say, too: he may give up, and then the end is closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from runtime.channels.context import Passenger
from runtime.channels.core import ROW_WORDS, Address, Core, Handle, Row, Shared
from runtime.channels.letterbox import ROW_BITS, ROW_MASK

TEXT_WORDS = 4

type Traveller = tuple[Core, Handle]


def sign(core: Core, owner: int, line: int) -> None:
    """Say who has made this channel: a worker (+ 1), at a line of its snippet.  For 0, nobody, nothing is said."""
    if owner:
        write_text(core.words, Shared.NAME, core.name)
        core.words[Shared.MADE_LINE] = max(line, 0)
        core.words[Shared.MADE_BY] = owner
        core.hidden = True


def embark(passengers: Iterable[tuple[Any, ...]], carrier: Core, owner: int) -> list[Traveller]:
    """Say of the ends among these passengers that `owner` is sending them through `carrier`."""
    travellers = [(Core.attach(Address._make(rest[0])), rest[1]) for kind, *rest in passengers if kind == Passenger.END]
    for core, handle in travellers:
        board(core, handle, carrier, owner)
    return travellers


def board(core: Core, handle: Handle, carrier: Core, owner: int) -> None:
    """Say of one end that `owner` is sending it through `carrier`."""
    words, at = core.words, (handle & ROW_MASK) * ROW_WORDS
    words[at + Row.SENDER], words[at + Row.CARRIER_STATE] = owner, carrier.address.state + 1
    words[at + Row.CARRIER] = carrier.key


def posted(travellers: Iterable[Traveller]) -> None:
    """Say that the message which they travel in is in its channel.  They may have arrived already."""
    for core, handle in travellers:
        words, at = core.words, (handle & ROW_MASK) * ROW_WORDS
        if words[at + Row.TICKET] == handle >> ROW_BITS:
            words[at + Row.POSTED] = handle >> ROW_BITS


def write_text(words: memoryview[int], at: int, text: str) -> None:
    """Write as much of a text as fits into four words."""
    data = text.encode("utf-8", "replace")[: TEXT_WORDS * 8].ljust(TEXT_WORDS * 8, b"\0")
    for index in range(TEXT_WORDS):
        words[at + index] = int.from_bytes(data[index * 8 : index * 8 + 8], "little")


def read_text(words: memoryview[int], at: int) -> str:
    """Read it."""
    data = b"".join(words[at + index].to_bytes(8, "little") for index in range(TEXT_WORDS))
    return data.rstrip(b"\0").decode("utf-8", "ignore")
