"""Waiting at several gates at once, and for nothing but a moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from runtime.channels.parking import BLOCKED, NO_DESCRIPTOR, Deadline, Gate, Luck, poller_of, sleep

_MOST_KEPT = 32


class _Vigil(NamedTuple):
    """What a thread waits with at one set of gates."""

    poller: Any
    luck: Luck


class _Kept(threading.local):
    """Vigils from one wait to the next: making a poll object takes longer than using it."""

    def __init__(self) -> None:
        self.vigils: dict[tuple[int, ...], _Vigil] = {}

    def take(self, descriptors: tuple[int, ...]) -> _Vigil:
        vigil = self.vigils.pop(descriptors, None)  # taken out: a collector that runs meanwhile may wait, too
        return vigil or _Vigil(poller_of(*descriptors), Luck())

    def put_back(self, descriptors: tuple[int, ...], vigil: _Vigil) -> None:
        if len(self.vigils) >= _MOST_KEPT:
            self.vigils.clear()
        self.vigils[descriptors] = vigil


_kept = _Kept()


def wait_at_any(
    gates: Sequence[Gate],
    attempt: Callable[[], Any],
    deadline: Deadline = None,
    cancel_fd: int = NO_DESCRIPTOR,
    spins: int = 0,
) -> Any:
    """As `Gate.wait`, at several gates: the attempt looks at all that they stand for, and takes one thing.

    The proof is `parking`'s, for each of the gates.  Whoever shuts one looks at what it stands for afterwards, and if
    something is there, opens it again: he takes one thing only, and others may have been shut out of the rest.
    """
    descriptors = (cancel_fd, *(gate.readable for gate in gates))
    vigil = _kept.take(descriptors)
    unseen = False  # whether a gate was shut and nobody has looked since, or has seen something
    try:
        if spins and vigil.luck.try_it():
            for _ in range(spins):
                outcome = attempt()
                if outcome is not BLOCKED:
                    vigil.luck.found()
                    return outcome
            vigil.luck.in_vain()
        while True:
            unseen = True
            for gate in gates:
                gate.shut()
            outcome = attempt()
            if outcome is not BLOCKED:
                return outcome
            unseen = False
            in_time = sleep(vigil.poller, deadline, cancel_fd)
            outcome = attempt()
            if outcome is not BLOCKED or not in_time:
                return outcome
    except BaseException:
        unseen = True
        raise
    finally:
        if unseen:
            for gate in gates:
                gate.open()
        _kept.put_back(descriptors, vigil)


def rest(deadline: Deadline, cancel_fd: int = NO_DESCRIPTOR) -> None:
    """Sleep until the deadline.  Raises `Cancelled` when `cancel_fd` becomes readable."""
    poller = poller_of(cancel_fd)
    while sleep(poller, deadline, cancel_fd):
        pass
