"""Finding workers that wait for each other for ever.

A worker that waits to receive can be released by any worker that holds a sending end of the channel, one that waits to
send by any that holds a receiving end.  So this is the OR model of deadlock (Chandy, Misra, Haas: Distributed Deadlock
Detection, ACM TOCS 1983): a set of workers is deadlocked when each of them waits, without a timeout, and all who could
release it are in the set.  The largest such set is what is left after everyone has been crossed out who could still be
released: because he does not wait, or has a timeout, or what he waits for is there already, or somebody who is crossed
out, or unknown (an end on its way in a message), could release him.  A lock is a channel that only its holder can send
to.

A partial deadlock, two workers of five, is found like a total one.  A false alarm would be worse than a late one, so
what was read is believed only when it is read again, unchanged, and when the operating system says of each of these
threads that it sleeps in poll(2): a worker that has been woken but has not run yet does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from runtime.channels.core import Core, Row, Shared, Side

LOOK_S = 0.05  # how often the host looks; who waits does not poll


class Wait(NamedTuple):
    """One worker's wait for one end of a channel.  `releasers` are the workers that could end it."""

    worker: int
    channel: int  # key
    side: Side  # what it waits to do
    since_ns: int
    releasers: frozenset[int]
    among: int = 1  # of how many ends it waits for one


def waits(cores: Iterable[Core]) -> list[Wait]:
    """Who waits for ever, unless somebody else acts."""
    return [wait for core in cores for wait in _waits_in(core)]


def _waits_in(core: Core) -> Iterator[Wait]:
    words = core.words
    ends = {side: list(core.rows(side)) for side in Side}
    waiting = {side: [at for at in ends[side] if words[at + Row.WAITING_SINCE]] for side in Side}
    if core.capacity == 0 and waiting[Side.SEND] and waiting[Side.RECV]:
        return  # they are about to meet
    queued = core.letterbox.count()
    for side, other in ((Side.RECV, Side.SEND), (Side.SEND, Side.RECV)):
        if queued and side is Side.RECV:
            continue
        if side is Side.SEND and core.capacity != 0 and (core.capacity is None or queued < core.capacity):
            continue
        owners = [words[at + Row.OWNER] if words[at + Row.CLAIMED] else 0 for at in ends[other]]
        if words[Shared.LOCK]:  # only who has it can give it back
            owners = [words[Shared.HELD_BY_WORKER]]
        if not owners or 0 in owners:
            continue  # the channel is closing, or an end is on its way: somebody will act
        for at in waiting[side]:
            worker, since = words[at + Row.OWNER] - 1, words[at + Row.WAITING_SINCE]
            if worker >= 0 and since and not words[at + Row.WAITING_UNTIL]:
                among = max(1, words[at + Row.WAITING_AMONG])
                yield Wait(worker, core.key, side, since, frozenset(owner - 1 for owner in owners), among)


def deadlocked(found: Iterable[Wait]) -> list[Wait]:
    """The largest set of waits whose workers can only be released by each other.

    Who waits in a select for one of several ends has a wait for each of them.  One that is missing here has hope.
    """
    by_worker: dict[int, list[Wait]] = {}
    for wait in found:
        by_worker.setdefault(wait.worker, []).append(wait)
    left = {
        worker: frozenset[int]().union(*(wait.releasers for wait in own))
        for worker, own in by_worker.items()
        if len(own) == own[0].among
    }
    while True:
        hopeful = [worker for worker, releasers in left.items() if not releasers <= left.keys()]
        if not hopeful:
            return sorted(wait for worker in left for wait in by_worker[worker])
        for worker in hopeful:
            del left[worker]


def ring(stuck: Iterable[Wait]) -> list[Wait]:
    """A cycle in a deadlock: each waits for the next one, the last for the first.

    Who could be released by itself and by others waits, in the ring, for one of the others.  Who waits for one of
    several ends has, in the ring, the wait that the next one could end.
    """
    by_worker: dict[int, list[Wait]] = {}
    for wait in stuck:
        by_worker.setdefault(wait.worker, []).append(wait)
    path: list[int] = []
    chosen: list[Wait] = []
    worker = min(by_worker)
    while worker not in path:
        path.append(worker)
        following, wait = min((releaser, wait) for wait in by_worker[worker] for releaser in _others(wait))
        chosen.append(wait)
        worker = following
    return chosen[path.index(worker) :]


def _others(wait: Wait) -> frozenset[int]:
    return wait.releasers - {wait.worker} or wait.releasers


def find(cores: Iterable[Core], asleep: Callable[[int], bool]) -> list[Wait]:
    """The deadlocked workers' waits, or none.  `asleep` tells of a worker whether its thread sleeps in a channel."""
    cores = list(cores)
    stuck = deadlocked(waits(cores))
    if stuck and all(asleep(wait.worker) for wait in stuck) and deadlocked(waits(cores)) == stuck:
        return stuck
    return []
