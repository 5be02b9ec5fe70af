"""Where rooms and pipes stand in the picture of a machine, computed from who sends to whom.

A program is a graph: workers send into channels, and others receive from them.  Senders stand left of their receivers
where there is room for a column for each step of the way; in a narrow picture the way turns back and forth between two
columns.  A program that is too large for rooms becomes rows of small ones, from senders at the top to receivers at the
bottom, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runtime.tracing.model import NONE, State
from runtime.tracing.traces import Trace

NARROW, WIDE = 316, 720
"""The widths, in pixels, for which a machine is planned: beside a timeline, and on its own."""
_ROOM_HEIGHT, _ROOM_GAP = 64, 20
_PIPE_HEIGHT, _PIPE_PITCH = 20, 58
_MOST = 12  # workers or channels that are drawn as rooms and pipes of full size
_SLOTS = 8
_CHIP = (58, 34, 6)  # a small room: width, height, gap


class Flow(NamedTuple):
    """Who was seen at the ends of one channel: worker numbers, in order."""

    senders: tuple[int, ...]
    receivers: tuple[int, ...]


@dataclass(slots=True)
class Box:
    """A room or a pipe: its worker's or channel's number, and its place."""

    index: int
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Half-way down."""
        return self.y + self.height / 2


@dataclass(slots=True)
class Pipe(Box):
    """A channel.  Objects go in at one end and come out at the other; `slots` are drawn between."""

    rightward: bool = True
    slots: int = _SLOTS


class Link(NamedTuple):
    """The way between a worker's room and a pipe: a curve from (x0, y0) to (x1, y1), along two control points."""

    worker: int
    channel: int
    sends: bool
    points: tuple[float, float, float, float, float, float, float, float]


@dataclass(slots=True)
class Plan:
    """The whole picture.  `small` rooms show a name and a state only."""

    width: float
    height: float
    rooms: list[Box]
    pipes: list[Pipe]
    links: list[Link]
    small: bool = False
    notes: list[str] = field(default_factory=list)


_SENDING, _RECEIVING = (State.ENCODE, State.SEND_BLOCKED), (State.DECODE, State.RECV_BLOCKED)


def flows(trace: Trace) -> list[Flow]:
    """For each channel who was seen to send into it or receive from it, or to wait for that or to be waited for."""
    found: list[tuple[set[int], set[int]]] = [(set(), set()) for _ in trace.channels]
    spans, messages = trace.spans, trace.messages
    for worker, state, channel in set(zip(*map(spans.column, ("worker", "state", "channel")), strict=True)):
        if channel != NONE and state in (*_SENDING, *_RECEIVING):
            found[channel][state in _RECEIVING].add(worker)
    for sender, receiver, channel in set(zip(*map(messages.column, ("sender", "receiver", "channel")), strict=True)):
        found[channel][0].add(sender)
        if receiver != NONE:
            found[channel][1].add(receiver)
    for one in trace.deadlock:  # who is waited for may never have come so far
        found[one.channel][not one.sending].add(one.worker)
        found[one.channel][one.sending].add(one.awaited)
    return [Flow(tuple(sorted(senders)), tuple(sorted(receivers))) for senders, receivers in found]


def layers(workers: int, channels: Sequence[Flow]) -> list[int]:
    """How many steps each worker is away from where objects come from; a way back (a reply, a ring) does not count."""
    after: list[set[int]] = [set() for _ in range(workers)]
    for flow in channels:
        for sender in flow.senders:
            after[sender].update(flow.receivers)
    fed = set().union(*after) if after else set()
    sources = [worker for worker in range(workers) if worker not in fed]
    order = _in_order([*sources, *range(workers)], after)
    place = {worker: at for at, worker in enumerate(order)}
    found = [0] * workers
    for worker in order:
        for receiver in after[worker]:
            if place[receiver] > place[worker]:
                found[receiver] = max(found[receiver], found[worker] + 1)
    return found


def _in_order(starts: Iterable[int], after: Sequence[set[int]]) -> list[int]:
    """Every worker before those that it sends to, except along ways back."""
    seen: set[int] = set()
    done: list[int] = []
    for start in starts:
        stack = [] if start in seen else [(start, iter(sorted(after[start], reverse=True)))]
        seen.add(start)
        while stack:
            worker, rest = stack[-1]
            following = next((one for one in rest if one not in seen), None)
            if following is None:
                done.append(worker)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(sorted(after[following], reverse=True))))
    return done[::-1]


def plan(trace: Trace, width: float) -> Plan:
    """The picture of a run's machine, at most `width` pixels wide."""
    ends = flows(trace)
    steps = layers(len(trace.workers), ends)
    if len(trace.workers) > _MOST or len(trace.channels) > _MOST:
        return _crowd(trace, ends, steps, width)
    if not trace.channels:
        return _square(len(trace.workers), width)
    return _street(trace, ends, steps, width)


def _slots(trace: Trace, channel: int) -> int:
    capacity = trace.channels[channel].capacity
    return _SLOTS if capacity is None else min(capacity, _SLOTS)


def _square(workers: int, width: float) -> Plan:
    """Rooms side by side: nothing goes from one to another."""
    room = 104.0 if width < WIDE else 132.0
    per_row = int((width + _ROOM_GAP) // (room + _ROOM_GAP))
    rooms = []
    for worker in range(workers):
        row = worker // per_row
        x = _centred(worker, workers, per_row, room, _ROOM_GAP, width)
        rooms.append(Box(worker, x + 1, row * (_ROOM_HEIGHT + _ROOM_GAP) + 1, room - 2, _ROOM_HEIGHT))
    rows = -(-workers // per_row)
    return Plan(width, max(rows * (_ROOM_HEIGHT + _ROOM_GAP) - _ROOM_GAP, 0) + 2, rooms, [], [])


# ---- rooms in columns, pipes between them ----------------------------------------------------------------------------


def _street(trace: Trace, ends: Sequence[Flow], steps: Sequence[int], width: float) -> Plan:
    deep = max(steps, default=0) + 1
    columns = min(deep, 2) if width < WIDE or deep > 4 else deep
    column = [step % columns if columns == 2 else min(step, columns - 1) for step in steps]
    room = 104.0 if width < WIDE else 132.0
    between = (width - columns * room) / max(columns - 1, 1)
    stacks = [[worker for worker, at in enumerate(column) if at == c] for c in range(columns)]
    if columns == 1:  # nobody receives: the pipes stand to the right of the only column
        between = width - room
    tall = max([1, *map(len, stacks)]) * (_ROOM_HEIGHT + _ROOM_GAP) - _ROOM_GAP
    gaps = [_gap(flow, column, columns) for flow in ends]
    tall = max([tall, *(gaps.count(gap) * _PIPE_PITCH for gap in gaps)])
    rooms = sorted(_stacked(stacks, tall, room, between), key=lambda box: box.index)
    inset = 16.0 if width < WIDE else 24.0
    pipes = []
    for channel, flow in enumerate(ends):
        x = (gaps[channel] + 1) * room + gaps[channel] * between + inset
        middle = _wish(flow, rooms, tall)
        rightward = _mean([column[one] for one in flow.senders], 0) <= _mean([column[one] for one in flow.receivers], 1)
        pipes.append(Pipe(channel, x, middle, between - 2 * inset, _PIPE_HEIGHT, rightward, _slots(trace, channel)))
    for gap in set(gaps):
        _spread([pipe for pipe in pipes if gaps[pipe.index] == gap], tall)
    return Plan(width, tall + 2, rooms, pipes, list(_links(ends, rooms, pipes)))


def _stacked(stacks: Sequence[Sequence[int]], tall: float, room: float, between: float) -> Iterable[Box]:
    for c, stack in enumerate(stacks):
        pitch = tall / max(len(stack), 1)
        for row, worker in enumerate(stack):
            y = pitch * row + (pitch - _ROOM_HEIGHT) / 2
            yield Box(worker, c * (room + between) + 1, y + 1, room - 2, _ROOM_HEIGHT)


def _gap(flow: Flow, column: Sequence[int], columns: int) -> int:
    """Between which columns a channel's pipe stands: right of its senders, or left of them if it leads back."""
    sender = _mean([column[one] for one in flow.senders], 0)
    receiver = _mean([column[one] for one in flow.receivers], sender + 1)
    gap = sender if receiver >= sender else sender - 1
    return min(max(round(gap), 0), max(columns - 2, 0))


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _wish(flow: Flow, rooms: Sequence[Box], tall: float) -> float:
    """How far down a pipe would like to be: half-way between its ends."""
    senders = _mean([rooms[one].middle for one in flow.senders], tall / 2)
    return (senders + _mean([rooms[one].middle for one in flow.receivers], senders)) / 2


def _spread(pipes: list[Pipe], tall: float) -> None:
    """Give pipes in one column room for each other, keeping their order; `y` comes in as the wished middle."""
    pipes.sort(key=lambda pipe: (pipe.y, pipe.index))
    step = min(_PIPE_PITCH, tall / max(len(pipes), 1))
    low = step / 2
    for i, pipe in enumerate(pipes):
        pipe.y = min(max(pipe.y, low), tall - step * (len(pipes) - i - 0.5))
        low = pipe.y + step
    for pipe in pipes:
        pipe.y += 8 - pipe.height / 2  # its name stands above it


def _links(ends: Sequence[Flow], rooms: Sequence[Box], pipes: Sequence[Pipe]) -> Iterable[Link]:
    for flow, pipe in zip(ends, pipes, strict=True):
        for sends, crew in ((True, flow.senders), (False, flow.receivers)):
            for worker in crew:
                yield Link(worker, pipe.index, sends, _way(rooms[worker], pipe, sends))


def _way(room: Box, pipe: Pipe, sends: bool) -> tuple[float, float, float, float, float, float, float, float]:
    """A curve from a room to a pipe's mouth, or from its other end to a room, level where it leaves and arrives."""
    outward = -1 if pipe.rightward == sends else 1  # which way the pipe's end looks
    end = pipe.x if outward < 0 else pipe.x + pipe.width
    right = room.x < pipe.x
    door = room.x + room.width if right else room.x
    level = room.middle + (-9 if sends else 9)
    pull = max(14.0, abs(end - door) / 2)
    if right == (outward > 0):  # the pipe's far end: around its outside, not through it
        turn, dip = 24.0 * outward, pipe.middle + pipe.height / 2 + 22
        around = (door, level, door - turn * 2, dip, end + turn * 1.6, dip, end, pipe.middle)
        return around if sends else (*around[6:], *around[4:6], *around[2:4], *around[:2])
    curve = (door, level, door + (pull if right else -pull), level, end + outward * pull, pipe.middle, end, pipe.middle)
    return curve if sends else (*curve[6:], *curve[4:6], *curve[2:4], *curve[:2])


# ---- many: rows of small rooms ---------------------------------------------------------------------------------------


def _crowd(trace: Trace, ends: Sequence[Flow], steps: Sequence[int], width: float) -> Plan:
    wide, tall, gap = _CHIP
    per_row = int((width + gap) // (wide + gap))
    rooms: list[Box] = []
    pipes: list[Pipe] = []
    y = 1.0
    # Too many steps would make a picture that is mostly rows of one: then workers stand in their order.
    step_of = steps if max(steps, default=0) < 6 else [0] * len(steps)
    for step in range(max(step_of, default=0) + 1):
        crew = [worker for worker, one in enumerate(step_of) if one == step]
        for at, worker in enumerate(crew):
            rooms.append(
                Box(
                    worker,
                    _centred(at, len(crew), per_row, wide, gap, width),
                    y + at // per_row * (tall + gap),
                    wide,
                    tall,
                )
            )
        y += -(-len(crew) // per_row) * (tall + gap) + 18
        below = [channel for channel, flow in enumerate(ends) if _row(flow, step_of) == step]
        pipe, across = 96.0, int((width + 20) // 116)
        for at, channel in enumerate(below):
            x = _centred(at, len(below), across, pipe, 20, width)
            pipes.append(Pipe(channel, x, y + 14 + at // across * 44, pipe, _PIPE_HEIGHT, True, _slots(trace, channel)))
        y += -(-len(below) // across) * 44 + (18 if below else 0)
    rooms.sort(key=lambda box: box.index)
    pipes.sort(key=lambda pipe: pipe.index)
    note = f"{len(trace.workers)} workers: small rooms, whose colour is their state; point at one for its name."
    links = [
        Link(link.worker, link.channel, link.sends, _down(rooms[link.worker], pipes[link.channel], link.sends))
        for link in _links(ends, rooms, pipes)
    ]
    return Plan(width, y, rooms, pipes, links, small=True, notes=[note])


def _row(flow: Flow, steps: Sequence[int]) -> int:
    return max([steps[one] for one in flow.senders], default=0)


def _centred(at: int, count: int, per_row: int, wide: float, gap: float, width: float) -> float:
    """Where the box number `at` of `count` stands in its row, rows being centred."""
    row = at // per_row
    here = min(per_row, count - row * per_row)
    return (width - here * (wide + gap) + gap) / 2 + at % per_row * (wide + gap)


def _down(room: Box, pipe: Pipe, sends: bool) -> tuple[float, float, float, float, float, float, float, float]:
    """A curve between a small room and a pipe above or below it."""
    above = room.y < pipe.y
    x0, y0 = room.x + room.width / 2, room.y + room.height if above else room.y
    x1 = pipe.x if sends else pipe.x + pipe.width
    pull = 16 if above else -16
    curve = (x0, y0, x0, y0 + pull, x1 + (-14 if sends else 14), pipe.middle, x1, pipe.middle)
    return curve if sends else (*curve[6:], *curve[4:6], *curve[2:4], *curve[:2])
