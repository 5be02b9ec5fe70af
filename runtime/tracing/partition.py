"""The partition of a worker's life into spans, from what it recorded itself.

    ... |running| encode | send-blocked | encode |running| recv-blocked | decode |running ...
        ^       ^        ^              ^        ^       ^              ^        ^
     ended    began   encoded        admitted   sent   asked          taken   received

A life is a list of moments that never decrease, with a state between each two.  So the spans abut, do not overlap and
add up to the life exactly, whatever the records say: that is the conservation law, by construction.

- Putting an object (admitted to sent) is `encode`: it is part of what sending costs.
- A wait is what lies between encoded and admitted, or between asked and taken, where that is more than `try_ns`.  A try
  that succeeds at once takes some time too, and nobody was blocked then; it belongs to encode or decode.  Sending never
  waits where the channel has no bound.
- An operation that timed out, was cancelled, or found the channel closed, was blocked until then.  One that could not
  wait (`send_nowait` without room) was not.
- Between operations the worker is `running`, until samples say otherwise (see `refine`).
- A worker that waits when its recording stops is blocked until the end.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import accumulate, compress
from operator import lt, sub

from runtime.tracing.columns import Operations, integers
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


@dataclass(frozen=True, slots=True)
class Life:
    """The spans of one worker as columns, in order of time.  Span i lasts from moments[i] to moments[i + 1]."""

    moments: array[int]
    states: bytes
    evidence: bytearray
    channels: array[int]
    lines: array[int]

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
    channels_in_all: int,
    unbounded: Collection[int] = (),
    try_ns: int = 0,
    parked: Parked | None = None,
) -> Life:
    """Lay out a worker's life from `began` to `ended`.  Channels, here, have their numbers."""
    if Status.WOULD_BLOCK in found.status:  # a receive that found nothing is a part of running
        found = found.pick(bytes(map(_takes_time, found.op, found.status)))
    bounds = _phases(found, try_ns, unbounded)
    slots = len(bounds)  # for each operation: the gap before it, and its phases
    used = len(found) * slots
    ends = [ended] * (used + 1)
    states = bytearray(used + 1)
    where, at = integers(found.channel, channels_in_all), array("i", [line or NONE for line in found.line])
    channels, lines = array(where.typecode, [NONE]) * (used + 1), array("i", [NONE]) * (used + 1)
    for slot, column in enumerate(bounds):
        ends[slot:used:slots] = column
    for slot in range(1, slots):
        states[slot:used:slots] = found.op.translate(_STATE_OF[slot - 1])
        channels[slot:used:slots] = where
        lines[slot:used:slots] = at
    if parked is not None:
        ends[-1:] = parked.since, ended
        states.append(State.SEND_BLOCKED if parked.op == Op.SEND else State.RECV_BLOCKED)
        channels.append(parked.channel)
        lines.append(parked.line or NONE)
    return _life(began, ended, ends, bytes(states), channels, lines)


def _phases(found: Operations, try_ns: int, unbounded: Collection[int]) -> tuple[list[int], ...]:
    """When each operation began, and when each of its phases ended.  Receives alone have one phase less than sends."""
    if any(found.status):
        found = _settle_failures(found)
    began, first, second, ended = found.began, found.first, found.second, found.ended
    if Op.SEND not in found.op:
        return began, [a if b - a <= try_ns else b for a, b in zip(began, first, strict=True)], ended
    if not set(unbounded).isdisjoint(found.channel):
        never = [channel in unbounded for channel in found.channel]
        second = [b if waits_not else c for waits_not, b, c in zip(never, first, second, strict=True)]
    if Op.RECV not in found.op:  # without a wait, a send is one span of encode
        waits = list(map(sub, second, first))
        if min(waits) <= try_ns:
            first = [b if wait > try_ns else d for wait, b, d in zip(waits, first, ended, strict=True)]
            second = [c if wait > try_ns else d for wait, c, d in zip(waits, second, ended, strict=True)]
        return began, first, second, ended
    bounds = [
        ((b, c) if c - b > try_ns else (d, d)) if op == Op.SEND else ((b, d) if b - a > try_ns else (a, d))
        for op, a, b, c, d in zip(found.op, began, first, second, ended, strict=True)
    ]
    return began, [b for b, _ in bounds], [c for _, c in bounds], ended


def _takes_time(op: int, status: int) -> bool:
    return op == Op.SEND or status != Status.WOULD_BLOCK


def _settle_failures(found: Operations) -> Operations:
    """Operations that failed end where their wait ends; a send that could not wait has none."""
    first, second, ended = found.first.copy(), found.second.copy(), found.ended.copy()
    for row, status in enumerate(found.status):
        if status == Status.OK:
            continue
        if status == Status.WOULD_BLOCK:
            second[row] = ended[row] = first[row]
        elif found.op[row] == Op.RECV:
            first[row] = second[row] = ended[row]
        else:
            ended[row] = second[row]
    return replace(found, first=first, second=second, ended=ended)


def _life(began: int, ended: int, ends: list[int], states: bytes, channels: array[int], lines: array[int]) -> Life:
    """Make the moments monotonic, and drop what has no length."""
    if ends != sorted(ends) or ends[0] < began or ends[-1] > ended:
        ends = [min(moment, ended) for moment in accumulate(ends, max, initial=began)][1:]
    has_length = bytes(map(lt, [began, *ends], ends))
    if b"\0" in has_length:
        ends = list(compress(ends, has_length))
        states = bytes(compress(states, has_length))
        channels = array(channels.typecode, compress(channels, has_length))
        lines = array("i", compress(lines, has_length))
    moments = array("q", [began, *ends])
    return Life(moments, states, bytearray(states.translate(_INFERRED_WHILE_RUNNING)), channels, lines)
