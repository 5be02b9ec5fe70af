"""The partition of a worker's life into spans, from what it recorded itself.

    ... |running| encode | send-blocked | encode |running| recv-blocked | decode |running ...
        ^       ^        ^              ^        ^       ^              ^        ^
     ended    began   encoded        admitted   sent   asked          taken   received

A life is a list of moments that never decrease, with a state between each two.  So the spans abut, do not overlap and
add up to the life exactly, whatever the records say: that is the conservation law, by construction.

- Putting an object (admitted to sent) is `encode`: it is part of what sending costs.
- A wait is what lies between encoded and admitted, or between asked and taken, where that is more than `try_ns`: the
  two clock readings around a try that succeeds at once have a distance too.  Shorter ones belong to encode and decode.
  Sending never waits where the channel has no bound.
- An operation that timed out, was cancelled, or found the channel closed, was blocked until then.  One that could not
  wait (`send_nowait` without room) was not.
- Between operations the worker is `running`, until samples say otherwise (see `refine`).
- A worker that waits when its recording stops is blocked until the end.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import accumulate, chain, compress, islice
from operator import lt

from runtime.tracing.columns import Operations
from runtime.tracing.layout import Op, Status
from runtime.tracing.model import NONE, Evidence, State

_PHASES = {
    Op.SEND: (State.ENCODE, State.SEND_BLOCKED, State.ENCODE),
    Op.RECV: (State.RECV_BLOCKED, State.DECODE, State.DECODE),
}
_STATE_OF = tuple(
    bytes(_PHASES[Op(op)][phase] if op in _PHASES else State.RUNNING for op in range(256)) for phase in range(3)
)
_INFERRED_WHILE_RUNNING = bytes(
    Evidence.INFERRED if state == State.RUNNING else Evidence.MEASURED for state in range(256)
)
_SLOTS = 4  # a gap and three phases for each operation


@dataclass(frozen=True, slots=True)
class Life:
    """The spans of one worker as columns, in order of time.  Span i lasts from moments[i] to moments[i + 1]."""

    moments: array[int]
    states: bytes
    evidence: bytearray
    channels: array[int]
    lines: array[int]

    @property
    def began(self) -> array[int]:
        return self.moments[:-1]

    @property
    def ended(self) -> array[int]:
        return self.moments[1:]

    def __len__(self) -> int:
        return len(self.states)


@dataclass(frozen=True, slots=True)
class Parked:
    """The wait in which a worker's recording stopped."""

    op: int
    channel: int
    line: int
    since: int


def partition(
    found: Operations,
    began: int,
    ended: int,
    *,
    try_ns: int = 0,
    unbounded: Collection[int] = (),
    parked: Parked | None = None,
) -> Life:
    """Lay out a worker's life from `began` to `ended`.  Channels are still keys; times are as they were recorded."""
    found = _settled(found, try_ns, unbounded)
    count = len(found)
    length = count * _SLOTS + 1
    moments = [ended] * length
    states = bytearray(length)
    channels, lines = array("i", [NONE]) * length, array("i", [NONE]) * length
    where, at = array("i", found.channel), array("i", [line or NONE for line in found.line])
    slots = count * _SLOTS
    for slot, column in enumerate((found.began, found.first, found.second, found.ended)):
        moments[slot:slots:_SLOTS] = column
    for phase, state_of in enumerate(_STATE_OF):
        states[phase + 1 : slots : _SLOTS] = found.op.translate(state_of)
        channels[phase + 1 : slots : _SLOTS] = where
        lines[phase + 1 : slots : _SLOTS] = at
    if parked is not None:
        moments[-1] = parked.since
        moments.append(ended)
        states.append(State.SEND_BLOCKED if parked.op == Op.SEND else State.RECV_BLOCKED)
        channels.append(parked.channel)
        lines.append(parked.line or NONE)
    return _life(began, ended, moments, states, channels, lines)


def _settled(found: Operations, try_ns: int, unbounded: Collection[int]) -> Operations:
    """Move the phases' bounds to where the rules of this module put them."""
    if any(found.status):
        found = _settle_failures(found)
    began, first, second, ended = found.began, found.first, found.second, found.ended
    sends = Op.SEND in found.op
    if sends and unbounded:
        never_waits = [channel in unbounded for channel in found.channel]
        second = [b if never else c for never, b, c in zip(never_waits, first, second, strict=True)]
    if sends:  # no wait: one span of encode
        short = [
            op == Op.SEND and c - b <= try_ns and status == Status.OK
            for op, b, c, status in zip(found.op, first, second, found.status, strict=True)
        ]
        first = [d if s else b for s, b, d in zip(short, first, ended, strict=True)]
        second = [d if s else c for s, c, d in zip(short, second, ended, strict=True)]
    if try_ns and Op.RECV in found.op:
        first = [
            a if op == Op.RECV and b - a <= try_ns and status == Status.OK else b
            for op, a, b, status in zip(found.op, began, first, found.status, strict=True)
        ]
    return replace(found, first=first, second=second)


def _settle_failures(found: Operations) -> Operations:
    """Operations that failed end where their wait ends; those that could not wait have none."""
    rows: list[tuple[int, int, int]] = []
    for op, status, a, b, c, d in zip(
        found.op, found.status, found.began, found.first, found.second, found.ended, strict=True
    ):
        if status == Status.OK:
            rows.append((b, c, d))
        elif status == Status.WOULD_BLOCK:
            rows.append((b, b, b) if op == Op.SEND else (a, a, a))
        elif op == Op.RECV:
            rows.append((d, d, d))
        else:
            rows.append((b, c, c))
    first, second, ended = map(list, zip(*rows, strict=True))
    return replace(found, first=first, second=second, ended=ended)


def _life(began: int, ended: int, ends: list[int], states: bytearray, channels: array[int], lines: array[int]) -> Life:
    """Make the moments monotonic, and drop what has no length."""
    moments = array("q", accumulate(ends, max, initial=began))
    if moments[-1] > ended:
        moments = array("q", [min(moment, ended) for moment in moments])
    has_length = bytes(map(lt, moments, islice(moments, 1, None)))
    kept = bytes(compress(states, has_length))
    return Life(
        array("q", chain([began], compress(islice(moments, 1, None), has_length))),
        kept,
        bytearray(kept.translate(_INFERRED_WHILE_RUNNING)),
        array("i", compress(channels, has_length)),
        array("i", compress(lines, has_length)),
    )


def lasting(lives: Iterable[Life]) -> int:
    """How many spans the lives have together."""
    return sum(len(life) for life in lives)
