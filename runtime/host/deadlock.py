"""Finding workers that wait for each other for ever.

A worker that waits to receive can be released by any worker that holds a sending end of the channel, one that waits to
send by any that holds a receiving end.  So this is the OR model of deadlock (Chandy, Misra, Haas: Distributed Deadlock
Detection, ACM TOCS 1983): a set of workers is deadlocked when each of them waits, without a timeout, and all who could
release it are in the set.  The largest such set is what is left after everyone has been crossed out who could still be
released: because he does not wait, or has a timeout, or what he waits for is there already, or somebody who is crossed
out, or unknown, could release him.  A lock is a channel that only its holder can send to.

**Ends on their way.**  An end that lies in a message is nobody's.  Who could receive the message could get it: whoever
has, or could get, a receiving end of the channel in which it lies.  So they could release who waits for that end.

A partial deadlock, two workers of five, is found like a total one.  A false alarm would be worse than a late one, so
what was read is believed only when it is read again, unchanged, and no end has come meanwhile, and when the operating
system says of each of these threads that it sleeps in poll(2): a worker that has been woken but has not run yet does
not.  And where it cannot be decided there is no alarm:

| case | why nobody can tell |
| --- | --- |
| a worker that has ended left an end in a cycle | it is garbage: when the collector comes by, it is closed |
| an end was pickled by hand | whoever has the bytes can make an end of them |
| a snippet has threads of its own, or child processes, or handles signals | any of these could act for it |
| between threads: workers have sent each other a list, or any object that can hold others | see `channels.sharing` |
| between threads: a module's attribute is an end, or has ends in it | everybody can use it |
| a wait at more than 200 channels that workers made | that is not told: see `tracing.layout` |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from runtime import cpython
from runtime.channels.core import Row, Shared, Side
from runtime.host.job import Told
from runtime.host.sight import Seen, Sight

LOOK_S = 0.05  # how often the host looks; who waits does not poll

type Holders = dict[int, int]
"""Workers who have an end, or could receive one; with each, the channel in which that one lies, or 0."""


class Wait(NamedTuple):
    """One worker's wait for one end of a channel.  `releasers` are the workers that could end it."""

    worker: int
    channel: int  # key
    side: Side  # what it waits to do
    since_ns: int
    releasers: frozenset[int]
    among: int = 1  # of how many ends it waits for one
    lying: tuple[tuple[int, int], ...] = ()  # (releaser, channel in which lies the end that he would need)


def waits(sight: Sight) -> list[Wait]:
    """Who waits for ever, unless somebody else acts."""
    return [wait for seen in sight.look() for wait in _waits_in(seen, sight)]


def _waits_in(seen: Seen, sight: Sight) -> Iterator[Wait]:
    words, capacity = seen.words, seen.capacity
    waiting = {side: [at for at in seen.rows(side) if words[at + Row.WAITING_SINCE]] for side in Side}
    if capacity == 0 and waiting[Side.SEND] and waiting[Side.RECV]:
        return  # they are about to meet
    try:
        queued = seen.queued()
    except cpython.QueueNotFound:
        return  # it has ended meanwhile
    for side, other in ((Side.RECV, Side.SEND), (Side.SEND, Side.RECV)):
        if not waiting[side] or (queued and side is Side.RECV):
            continue
        if side is Side.SEND and capacity != 0 and (capacity is None or queued < capacity):
            continue
        holders = _holders(seen, other, sight, frozenset())
        if words[Shared.LOCK]:  # only who has it can give it back
            holder = words[Shared.HELD_BY_WORKER]
            holders = {holder - 1: 0} if holder else None
        if not holders:
            continue  # the channel is closing, or nobody knows: somebody may act
        lying = tuple(sorted((worker, carrier) for worker, carrier in holders.items() if carrier))
        for at in waiting[side]:
            worker, since = words[at + Row.OWNER] - 1, words[at + Row.WAITING_SINCE]
            if worker >= 0 and since and not words[at + Row.WAITING_UNTIL]:
                among = max(1, words[at + Row.WAITING_AMONG])
                yield Wait(worker, seen.key, side, since, frozenset(holders), among, lying)


def _holders(seen: Seen, side: Side, sight: Sight, through: frozenset[int]) -> Holders | None:
    """Who has an end of this side, or could receive one through other channels than those.  None: nobody knows."""
    words = seen.words
    found: Holders = {}
    for at in seen.rows(side):
        if words[at + Row.CLAIMED] and words[at + Row.OWNER]:
            found[words[at + Row.OWNER] - 1] = 0
            continue
        carrier, posted = words[at + Row.CARRIER], words[at + Row.POSTED] == words[at + Row.TICKET]
        if not posted:  # its sender may give up, which would close it
            found.setdefault(words[at + Row.SENDER] - 1, carrier)
        lies_in = sight.find(carrier, words[at + Row.CARRIER_STATE]) if carrier and carrier not in through else None
        others = lies_in and _holders(lies_in, Side.RECV, sight, through | {carrier})
        if not others:
            return None
        for worker in others:
            found.setdefault(worker, carrier)
    return found


def deadlocked(found: Iterable[Wait], allies: Mapping[int, frozenset[int]] = {}) -> list[Wait]:
    """The largest set of waits whose workers can only be released by each other.

    Who waits in a select for one of several ends has a wait for each of them.  One that is missing here has hope.
    `allies` are those that could use a worker's ends, too.
    """
    by_worker: dict[int, list[Wait]] = {}
    for wait in found:
        by_worker.setdefault(wait.worker, []).append(wait)
    left = {
        worker: frozenset(
            ally for wait in own for releaser in wait.releasers for ally in (releaser, *allies.get(releaser, ()))
        )
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


def told(ring: Sequence[Wait], sight: Sight) -> list[Told]:
    """Each wait of a ring with what is known of its channel, while it is known."""
    return [_told(wait, following.worker, sight) for wait, following in zip(ring, [*ring[1:], ring[0]], strict=True)]


def _told(wait: Wait, releaser: int, sight: Sight) -> Told:
    seen, carrier = sight.find(wait.channel, 0), dict(wait.lying).get(releaser, 0)
    assert seen is not None  # it was in sight a moment ago, and stays until the next look
    lies_in = sight.find(carrier, 0) if carrier else None
    return Told(
        wait.worker,
        wait.channel,
        wait.side == Side.SEND,
        wait.since_ns,
        seen.name,
        seen.capacity,
        seen.lock,
        seen.made_by,
        seen.made_line,
        lies_in.name if lies_in else "",
        carrier,
    )


def find(
    sight: Sight, asleep: Callable[[int], bool], allies: Callable[[], Mapping[int, frozenset[int]]] = dict
) -> list[Wait]:
    """The deadlocked workers' waits, or none.

    `asleep` tells of a worker whether its thread sleeps in a channel and nobody could act for it, `allies` who could
    use whose ends.
    """
    stuck = deadlocked(waits(sight), allies())
    if not stuck:
        return []
    before = sight.tickets()
    if not all(asleep(wait.worker) for wait in stuck):
        return []
    again = deadlocked(waits(sight), allies())
    return stuck if again == stuck and sight.tickets() == before else []
