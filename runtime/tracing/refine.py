"""A worker's partition, refined by what the observer saw.

The worker itself records its channel operations; what it did between them, in the *gaps*, only an observer can tell.
Two consecutive samples of its thread bound an interval.  The kernel says how long the thread was on a core in it, and
how long it waited for one (see `samples`).

1. **Explained.**  A sample that found the thread asleep in a gap says what it slept on: `gil-wait` on the GIL's futex,
   else `sleeping`.  Of an interval that such a sample bounds, the gaps are `running` for as long as the thread was on
   a core (less what encoding and decoding took), `core-wait` for as long as it was in a run queue, and the rest is
   what it slept on, next to that sample; with such samples at both sides, half and half.
2. **Unexplained.**  Otherwise the time in which the worker was not blocked, less the time on a core and in a run queue,
   is a rest that nothing explains.  It is let pass when it is at most a tenth of that time, in this interval or
   together in all those around it through which the thread was always found runnable.  A larger one is `gil-wait`
   where workers share a GIL, in the longest pieces of that time, since waits are what makes them long.  It is marked
   inferred, and so is the running time of the interval.
3. An operation during which a sample found the thread asleep on the GIL's futex has `gil-wait` from half-way to the
   sample before until half-way to the one after.

Where the worker itself recorded its time on a core at the beginning and the end of its life, these count as samples.
Otherwise, before the first sample and after the last one, nobody looked: `running`, inferred.  What is concluded over
an interval of more than three usual ones is marked inferred too.  After the last sample at which the kernel's account
was up to date, nothing says that a runnable thread did not run: `running`, inferred.  Shares below a hundredth of an
interval are not drawn.

The result partitions the life exactly as the partition given did: spans are only cut, relabelled and joined.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, islice, pairwise
from operator import sub
from typing import NamedTuple

from runtime.tracing.edits import Edit, apply, without
from runtime.tracing.model import Evidence, State
from runtime.tracing.partition import Life
from runtime.tracing.samples import ASLEEP, MANY_INTERVALS, ON_GIL, RUNNABLE, Account, Sample, accounts

_RUNNING, _GIL_WAIT, _CORE_WAIT, _SLEEPING = State.RUNNING, State.GIL_WAIT, State.CORE_WAIT, State.SLEEPING
_MEASURED, _INFERRED = Evidence.MEASURED, Evidence.INFERRED
_IS_GAP = bytes(state == _RUNNING for state in range(256))
_IS_ACTIVE = bytes(state not in (State.SEND_BLOCKED, State.RECV_BLOCKED) for state in range(256))
_ALL_MEASURED = bytes([_MEASURED]) * 256
_GAPS_INFERRED = bytes(_INFERRED if state == _RUNNING else _MEASURED for state in range(256))
_CALM = 10  # a rest of at most one part in so many needs no explanation
_SLIVER = 100  # less than one part in so many is not drawn

type Piece = tuple[int, int]
type Reason = tuple[State, Evidence]


class _Interval(NamedTuple):
    """What lies between two samples, within the life."""

    began: int
    ended: int
    first: int  # the spans that it touches
    last: int
    gaps: int  # ns between operations
    active: int  # ns not blocked


class _Seen(NamedTuple):
    """An interval, and what is known of it."""

    interval: _Interval
    before: Sample
    after: Sample
    account: Account
    front: Reason | None  # what the samples at its ends say
    back: Reason | None
    overlong: bool
    accounted: bool  # the kernel's account was brought up to date later on

    @property
    def explained(self) -> bool:
        return self.front is not None or self.back is not None

    @property
    def rest(self) -> int:
        """Time neither blocked, nor on a core, nor in a run queue."""
        return self.interval.active - self.account.on_cpu - self.account.run_queue


def refine(life: Life, samples: Sequence[Sample], interval_ns: int, *, gil_shared: bool) -> Life:
    """Divide a life by what samples of its thread say.  `interval_ns` is the usual time between two samples."""
    began, ended = life.moments[0], life.moments[-1]
    first = max(bisect_right(samples, began, key=_at) - 1, 0)
    samples = samples[first : bisect_left(samples, ended, key=_at) + 1]
    if len(samples) < 2 or samples[-1].at <= began or samples[0].at >= ended:
        return life
    seen = _seen(life, samples, interval_ns, gil_shared)
    evidence = _evidence(life, samples)
    edits = _outside(life, began, samples[0].at)
    for one, calm in zip(seen, _calm(seen), strict=True):
        in_operations = _operation_edits(life, one)
        if one.explained:
            edits += sorted(in_operations + _explained(life, one))
        else:
            edits += sorted(in_operations + _unexplained(life, one, evidence, in_operations, calm, gil_shared))
    edits += _outside(life, samples[-1].at, ended)
    return apply(life, edits, evidence)


def _at(sample: Sample) -> int:
    return sample.at


def _seen(life: Life, samples: Sequence[Sample], interval_ns: int, gil_shared: bool) -> list[_Seen]:
    """Every interval between two samples, with what is known of it."""
    began, ended = life.moments[0], life.moments[-1]
    pairs = list(pairwise(samples))
    intervals = [_interval(life, max(before.at, began), min(after.at, ended)) for before, after in pairs]
    room = [
        interval.active + (after.at - before.at) - (interval.ended - interval.began)  # what is outside the life counts
        for interval, (before, after) in zip(intervals, pairs, strict=True)
    ]
    reasons = [_reason(life, sample, gil_shared) for sample in samples]
    known = accounts(samples, room) if samples[-1].on_cpu > samples[0].on_cpu else _by_state(samples, room)
    up_to_date = [a.state != RUNNABLE or a.on_cpu > b.on_cpu for b, a in pairs]
    accounted = len(pairs) - up_to_date[::-1].index(True) if any(up_to_date) else 0
    return [
        _Seen(
            intervals[index],
            *pairs[index],
            known[index],
            reasons[index],
            reasons[index + 1],
            samples[index + 1].at - samples[index].at > MANY_INTERVALS * interval_ns,
            index < accounted,
        )
        for index in range(len(pairs))
    ]


def _interval(life: Life, began: int, ended: int) -> _Interval:
    first, last = _touched(life, began, ended)
    bounds = life.moments[first : last + 1]
    bounds[0], bounds[-1] = began, ended
    lengths = list(map(sub, islice(bounds, 1, None), bounds))
    states = life.states[first:last]
    gaps = sum(compress(lengths, states.translate(_IS_GAP)))
    active = sum(compress(lengths, states.translate(_IS_ACTIVE)))
    return _Interval(began, ended, first, last, gaps, active)


def _touched(life: Life, began: int, ended: int) -> tuple[int, int]:
    return bisect_right(life.moments, began) - 1, bisect_left(life.moments, ended)


def _by_state(samples: Sequence[Sample], room: Sequence[int]) -> list[Account]:
    """Accounts where the kernel keeps none: half an interval on a core for each sample that found it awake."""
    return [
        Account(space * ((before.state not in ASLEEP) + (after.state not in ASLEEP)) // 2, 0)
        for space, (before, after) in zip(room, pairwise(samples), strict=True)
    ]


def _reason(life: Life, sample: Sample, gil_shared: bool) -> Reason | None:
    """The state that a sample shows, if the thread slept in a gap."""
    if not life.moments[0] < sample.at < life.moments[-1] or sample.state not in ASLEEP:
        return None
    if life.states[bisect_right(life.moments, sample.at) - 1] != _RUNNING:
        return None
    if not sample.sleeps_on:
        return (_GIL_WAIT if gil_shared else _SLEEPING), _INFERRED
    return (_GIL_WAIT if sample.sleeps_on == ON_GIL else _SLEEPING), _MEASURED


def _evidence(life: Life, samples: Sequence[Sample]) -> bytearray:
    """All that lies between the samples is measured, until an interval turns out not to add up."""
    evidence = bytearray(life.evidence)
    first, last = bisect_left(life.moments, samples[0].at), bisect_right(life.moments, samples[-1].at)
    known = slice(max(first - 1, 0), min(last, len(life)))
    evidence[known] = life.states[known].translate(_ALL_MEASURED)
    return evidence


def _calm(seen: Sequence[_Seen]) -> Iterator[bool]:
    """For each interval, whether what nothing explains is little: in it, or in all around it together."""
    group: list[_Seen] = []
    for index, one in enumerate(seen):
        group.append(one)
        if one.after.state != RUNNABLE or index == len(seen) - 1:
            unexplained = [member for member in group if not member.explained]
            rest, active = sum(one.rest for one in unexplained), sum(one.interval.active for one in unexplained)
            together = rest * _CALM <= active
            yield from (together or member.rest * _CALM <= member.interval.active for member in group)
            group = []


# --- dividing one interval ---------------------------------------------------------------------------------------


def _pieces(life: Life, began: int, ended: int, chosen: bytes) -> list[Piece]:
    """The parts of spans between two moments whose states are chosen."""
    first, last = _touched(life, began, ended)
    bounds = life.moments[first : last + 1]
    bounds[0], bounds[-1] = began, ended
    return list(compress(pairwise(bounds), life.states[first:last].translate(chosen)))


def _explained(life: Life, one: _Seen) -> list[Edit]:
    """Divide the gaps among running, waiting for a core, and what the samples at the ends show."""
    interval, account = one.interval, one.account
    sliver = (interval.ended - interval.began) // _SLIVER
    running = min(interval.gaps, max(account.on_cpu - (interval.active - interval.gaps), 0))
    core_wait = min(interval.gaps - running, account.run_queue)
    core_wait = core_wait if core_wait > sliver else 0
    rest = interval.gaps - running - core_wait
    if max(rest, core_wait) <= sliver:
        return []
    if running + core_wait <= sliver:
        running, core_wait, rest = 0, 0, interval.gaps
    head = 0 if one.front is None else rest if one.back is None else rest // 2
    front, front_known = one.front or (_RUNNING, _INFERRED)
    back, back_known = one.back or (_RUNNING, _INFERRED)
    parts = [
        (front, front_known, head),
        (_CORE_WAIT, _MEASURED, core_wait),
        (_RUNNING, _MEASURED, running),
        (back, back_known, rest - head),
    ]
    if one.overlong:
        parts = [(state, _INFERRED, length) for state, _, length in parts]
    return _fill(_pieces(life, interval.began, interval.ended, _IS_GAP), parts)


def _unexplained(
    life: Life, one: _Seen, evidence: bytearray, in_operations: Sequence[Edit], calm: bool, gil_shared: bool
) -> list[Edit]:
    """Take the waits for a core and for the GIL out of the time in which the worker was not blocked."""
    interval = one.interval
    sliver = (interval.ended - interval.began) // _SLIVER
    core_wait = one.account.run_queue if one.account.run_queue > sliver else 0
    rest = 0 if calm or one.rest <= sliver else one.rest
    if not core_wait and not rest:
        return []
    pieces = without(_pieces(life, interval.began, interval.ended, _IS_ACTIVE), in_operations)
    space = sum(ended - began for began, ended in pieces)
    core_wait = min(core_wait, space)
    gil_wait = max(min(rest - (interval.active - space), space - core_wait), 0) if gil_shared and one.accounted else 0
    waits = [(_CORE_WAIT, _MEASURED, core_wait), (_GIL_WAIT, _INFERRED, gil_wait)]
    if len(pieces) == 1:  # runnable at both ends: the GIL was lost in between
        half = (space - core_wait - gil_wait) // 2
        ((began, _),) = pieces
        middle = began + core_wait + half
        edits = _fill([(began, began + core_wait)], waits[:1]) + _fill([(middle, middle + gil_wait)], waits[1:])
    else:
        edits = _fill(sorted(pieces, key=lambda piece: piece[0] - piece[1]), waits)
    return edits + _doubt(life, interval, edits, evidence) if rest else edits


def _doubt(life: Life, interval: _Interval, edits: Sequence[Edit], evidence: bytearray) -> list[Edit]:
    """Mark the running time of an interval inferred.  Spans that it cuts take edits."""
    inner = slice(interval.first + 1, max(interval.last - 1, interval.first + 1))
    evidence[inner] = life.states[inner].translate(_GAPS_INFERRED)
    began, ended = interval.began, interval.ended
    head = _pieces(life, began, min(ended, life.moments[interval.first + 1]), _IS_GAP)
    tail = (
        _pieces(life, max(began, life.moments[interval.last - 1]), ended, _IS_GAP)
        if interval.last - interval.first > 1
        else []
    )
    near = [edit for edit in edits if any(a < edit.ended and edit.began < b for a, b in head + tail)]
    return [Edit(*piece, _RUNNING, _INFERRED) for piece in without(head + tail, near)]


def _fill(pieces: Iterable[Piece], parts: Iterable[tuple[int, int, int]]) -> list[Edit]:
    """Give the pieces, one after the other, to parts: (state, evidence, ns).  There is room for all parts."""
    edits: list[Edit] = []
    free = iter(pieces)
    began = ended = 0
    for state, evidence, wanted in parts:
        while wanted > 0:
            if began == ended:
                began, ended = next(free)
            length = min(wanted, ended - began)
            edits.append(Edit(began, began + length, state, evidence))
            began, wanted = began + length, wanted - length
    return edits


def _operation_edits(life: Life, one: _Seen) -> list[Edit]:
    """`gil-wait` within operations: the half of the interval next to a sample that saw it."""
    interval, edits = one.interval, []
    middle = (one.before.at + one.after.at) // 2
    for sample, began, ended in ((one.before, interval.began, middle), (one.after, middle, interval.ended)):
        if sample.state in ASLEEP and sample.sleeps_on == ON_GIL and interval.began <= sample.at <= interval.ended:
            span = min(bisect_right(life.moments, sample.at) - 1, len(life) - 1)
            began, ended = max(began, life.moments[span]), min(ended, life.moments[span + 1])
            if life.states[span] != _RUNNING and began < ended:
                edits.append(Edit(began, ended, _GIL_WAIT, _MEASURED))
    return edits


def _outside(life: Life, began: int, ended: int) -> list[Edit]:
    """The gaps where nobody looked."""
    began, ended = max(began, life.moments[0]), min(ended, life.moments[-1])
    if began >= ended:
        return []
    return [Edit(*piece, _RUNNING, _INFERRED) for piece in _pieces(life, began, ended, _IS_GAP)]
