"""Changing parts of a life without touching the rest: edits are few, spans may be millions."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from runtime.tracing.model import NONE, State
from runtime.tracing.partition import Life

OF_OPERATIONS = frozenset((State.SEND_BLOCKED, State.RECV_BLOCKED, State.ENCODE, State.DECODE))


class Edit(NamedTuple):
    """A part of one span that is to have another state."""

    began: int
    ended: int
    state: int
    evidence: int


def apply(life: Life, edits: Iterable[Edit], evidence: bytearray) -> Life:
    """Carry out edits, which are in order of time, do not overlap, and each lie within one span.

    `evidence` is that of the spans, where it is not an edit's.  Neighbours that say the same become one span; two
    operations stay two.
    """
    builder = _Builder(life, evidence)
    moments = life.moments
    span = 0
    for edit in edits:
        target = bisect_right(moments, edit.began, span) - 1
        if span < target:
            builder.copy(moments[span + 1], span)
            builder.copy_whole(span + 1, target)
            span = target
        builder.copy(edit.began, span)
        builder.add(edit.ended, edit.state, edit.evidence, NONE, life.lines[span])
    if len(life):
        builder.copy(moments[span + 1], span)
        builder.copy_whole(span + 1, len(life))
    return builder.life()


def without(pieces: Sequence[tuple[int, int]], edits: Iterable[Edit]) -> list[tuple[int, int]]:
    """What the edits leave of pieces of time.  Each lies within one piece or outside all."""
    left = list(pieces)
    for edit in edits:
        left = (
            [
                part
                for began, ended in left
                for part in ((began, min(ended, edit.began)), (max(began, edit.ended), ended))
                if part[0] < part[1]
            ]
            if any(began < edit.ended and edit.began < ended for began, ended in left)
            else left
        )
    return left


class _Builder:
    """Collects spans; joins those that say the same."""

    def __init__(self, life: Life, evidence: bytearray) -> None:
        self._life, self._evidence = life, evidence
        self._moments = array("q", life.moments[:1])
        self._states, self._known = bytearray(), bytearray()
        self._channels, self._lines = array(life.channels.typecode), array("i")

    def add(self, ended: int, state: int, evidence: int, channel: int, line: int) -> None:
        """Add a span that lasts until `ended`."""
        if ended <= self._moments[-1]:
            return
        if (
            self._states
            and state == self._states[-1]
            and state not in OF_OPERATIONS
            and (evidence, line) == (self._known[-1], self._lines[-1])
        ):
            self._moments[-1] = ended
            return
        self._moments.append(ended)
        self._states.append(state)
        self._known.append(evidence)
        self._channels.append(channel)
        self._lines.append(line)

    def copy(self, until: int, span: int) -> None:
        """Copy what the old life says of `span` until the moment `until`."""
        life = self._life
        self.add(until, life.states[span], self._evidence[span], life.channels[span], life.lines[span])

    def copy_whole(self, first: int, last: int) -> None:
        """Copy the spans from `first` on, before `last`."""
        if first < last:
            self.copy(self._life.moments[first + 1], first)
            first += 1
            self._moments.extend(self._life.moments[first + 1 : last + 1])
            self._states += self._life.states[first:last]
            self._known += self._evidence[first:last]
            self._channels.extend(self._life.channels[first:last])
            self._lines.extend(self._life.lines[first:last])

    def life(self) -> Life:
        return Life(self._moments, bytes(self._states), self._known, self._channels, self._lines)
