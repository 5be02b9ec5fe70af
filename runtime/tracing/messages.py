"""Joining what senders and receivers recorded into messages.

A send and a receive belong together when they name the same sender and the same serial number.  All is done by column:
only the shortcuts below make a difference between a message and the next.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, repeat
from operator import gt

from runtime.tracing.columns import Operations, integers
from runtime.tracing.layout import NOBODY, PREVIEW_BYTES, SERIAL_BITS, Op, Status
from runtime.tracing.model import NONE, Message
from runtime.tracing.tables import Table

_REPLACED = "\N{REPLACEMENT CHARACTER}"
_LINES = (1 << 31) - 1
_IS = {op: bytes(value == op for value in range(256)) for op in (Op.SEND, Op.RECV)}


@dataclass(slots=True)
class Texts:
    """Texts by number, each kept once.  An empty text has the number NONE."""

    numbers: dict[str, int] = field(default_factory=lambda: {"": NONE})

    def number(self, texts: Sequence[str]) -> list[int]:
        """The numbers of texts, which are kept."""
        numbers = self.numbers
        keep = numbers.setdefault
        return [keep(text, len(numbers) - 1) for text in texts]

    def all(self) -> tuple[str, ...]:
        return tuple(self.numbers)[1:]


def preview_text(preview: bytes) -> str:
    """The text of a preview, which may have been cut in the middle of a character."""
    data = preview.rstrip(b"\0")
    text = data.decode("utf-8", "replace")
    return text.rstrip(_REPLACED) if len(data) == PREVIEW_BYTES else text


def messages_of(
    by_worker: Sequence[Operations], index_of: Mapping[int, int], texts: Texts
) -> tuple[Table[Message], int]:
    """The messages, by the time of the call to `send`, and how many records repeat one that is there already.

    `index_of` gives a channel's number by its key.  Previews are added to `texts`.
    """
    sent = [_succeeded(found, Op.SEND) for found in by_worker]
    taken = [_from_workers(_succeeded(found, Op.RECV)) for found in by_worker]
    send_keys = [key for worker, found in enumerate(sent) for key in _keys(worker, found.serial)]
    recv_keys = [key for found in taken for key in _receive_keys(found)]
    count, nobody = len(send_keys), len(recv_keys)
    number_of = dict(zip(recv_keys, range(nobody), strict=True))
    repeated = nobody - len(number_of)
    in_step = send_keys == recv_keys and not repeated
    matched = range(count) if in_step else list(map(number_of.get, send_keys, repeat(nobody)))

    def of_sends(name: str) -> list[int]:
        return _joined([getattr(found, name) for found in sent])

    def of_receives(values: list[int]) -> Iterable[int]:
        return values if in_step else map([*values, NONE].__getitem__, matched)

    def times(name: str) -> array[int]:
        return array("q", _not_negative(of_sends(name)))

    def times_received(name: str) -> array[int]:
        return array("q", of_receives(_not_negative(_joined([getattr(found, name) for found in taken]))))

    previews = [preview for found in sent for preview in found.preview]
    number = _numbered(previews, texts)
    workers, channels = len(by_worker), len(index_of)
    receivers = _joined([[worker] * len(found) for worker, found in enumerate(taken)])
    columns = {
        "sender": integers(_joined([[worker] * len(found) for worker, found in enumerate(sent)]), workers),
        "serial": array("q", of_sends("serial")),
        "channel": integers(map(index_of.__getitem__, of_sends("channel")), channels),
        "receiver": integers(of_receives(receivers), workers),
        "transfer": array("b", [kind for found in sent for kind in found.transfer]),
        "size": array("q", of_sends("size")),
        "preview": integers(map(number.__getitem__, previews), len(texts.numbers)),
        "send_line": integers([line or NONE for line in of_sends("line")], _LINES),
        "recv_line": integers(of_receives([line or NONE for found in taken for line in found.line]), _LINES),
        "began_ns": times("began"),
        "encoded_ns": times("first"),
        "admitted_ns": times("second"),
        "sent_ns": times("ended"),
        "asked_ns": times_received("began"),
        "taken_ns": times_received("first"),
        "received_ns": times_received("ended"),
    }
    _after_admission(columns)
    began = columns["began_ns"].tolist()
    order: Sequence[int] = range(count)
    if began != sorted(began):
        order = sorted(order, key=began.__getitem__)
    if len(set(send_keys)) < count:
        first_of = dict(zip(map(send_keys.__getitem__, reversed(order)), reversed(order), strict=True))
        order = [row for row in order if first_of[send_keys[row]] == row]
        repeated += count - len(order)
    if not isinstance(order, range):
        columns = {name: array(column.typecode, map(column.__getitem__, order)) for name, column in columns.items()}
    return Table(Message, columns), repeated


def _after_admission(columns: dict[str, array[int]]) -> None:
    """No message is taken before it was sent.

    The receiver of a large object writes down when it began to copy it, and reads the clock just before it looks into
    the channel: the sender may have been let in, and have written that down, in between.
    """
    admitted, taken, received = (columns[name] for name in ("admitted_ns", "taken_ns", "received_ns"))
    for row in compress(range(len(taken)), map(gt, admitted, taken)):
        if taken[row] != NONE:
            taken[row] = min(admitted[row], received[row])


def _succeeded(found: Operations, op: Op) -> Operations:
    chosen = found.op.translate(_IS[op])
    if any(found.status):
        chosen = bytes([of_kind and status == Status.OK for of_kind, status in zip(chosen, found.status, strict=True)])
    return found.pick(chosen)


def _from_workers(found: Operations) -> Operations:
    """Without what came from nobody whose sends are recorded: the host, or a thread that a snippet started."""
    if NOBODY not in found.sender:
        return found
    return found.pick(bytes(map(NOBODY.__ne__, found.sender)))


def _keys(worker: int, serials: list[int]) -> list[int]:
    base = worker << SERIAL_BITS
    return [base | serial for serial in serials] if base else serials


def _receive_keys(found: Operations) -> list[int]:
    senders = set(found.sender)
    if len(senders) == 1:
        return _keys(senders.pop(), found.serial)
    return [sender << SERIAL_BITS | serial for sender, serial in zip(found.sender, found.serial, strict=True)]


def _joined(columns: list[list[int]]) -> list[int]:
    used = [column for column in columns if column]
    return used[0] if len(used) == 1 else [value for column in used for value in column]


def _not_negative(moments: list[int]) -> list[int]:
    return [max(moment, 0) for moment in moments] if moments and min(moments) < 0 else moments


def _numbered(previews: Iterable[bytes], texts: Texts) -> dict[bytes, int]:
    """The numbers of previews' texts."""
    unique = list(dict.fromkeys(previews))
    together = b"".join(unique)
    if together.isascii():  # cut up one long text instead of decoding many short ones
        ascii_text = together.decode("ascii")
        found = [ascii_text[at : at + PREVIEW_BYTES].rstrip("\0") for at in range(0, len(ascii_text), PREVIEW_BYTES)]
    else:
        found = [preview_text(preview) for preview in unique]
    return dict(zip(unique, texts.number(found), strict=True))
