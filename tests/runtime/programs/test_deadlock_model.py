"""Random programs against a model: no alarm where there is no deadlock, every deadlock caught and named right.

Each channel has one sender and one receiver, so a program is a Kahn network with bounded channels: whatever the
schedule, it comes to the same end.  So a simulation that runs the workers in any order says what must happen.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest

import runtime

type Script = list[tuple[str, int]]  # (send or recv, channel)


class Network(NamedTuple):
    """`ends[channel]` is (sender, receiver); a worker's script is what it does, in order."""

    capacities: list[int]
    ends: list[tuple[int, int]]
    scripts: list[Script]


class Outcome(NamedTuple):
    """What the simulation came to: who is blocked at which step, who finished, and how many steps each made."""

    blocked: dict[int, tuple[str, int]]
    finished: set[int]
    at: list[int]


def simulate(network: Network) -> Outcome:
    """Run the network until nothing moves any more."""
    capacities, _, scripts = network
    queued = [0] * len(capacities)
    at = [0] * len(scripts)

    def step(worker: int) -> tuple[str, int] | None:
        return scripts[worker][at[worker]] if at[worker] < len(scripts[worker]) else None

    moved = True
    while moved:
        moved = False
        for worker in range(len(scripts)):
            match step(worker):
                case ("send", channel) if queued[channel] < capacities[channel]:
                    queued[channel] += 1
                case ("recv", channel) if queued[channel]:
                    queued[channel] -= 1
                case ("send", channel) if not capacities[channel]:
                    receiver = network.ends[channel][1]
                    if receiver == worker or step(receiver) != ("recv", channel):
                        continue
                    at[receiver] += 1
                case _:
                    continue
            at[worker] += 1
            moved = True
    left = {worker: step(worker) for worker in range(len(scripts))}
    return Outcome(
        {worker: deed for worker, deed in left.items() if deed is not None},
        {worker for worker, deed in left.items() if deed is None},
        at,
    )


def some_network(rng: random.Random) -> Network:
    """Workers, channels between them, and scripts that make no particular sense."""
    count = rng.randint(2, 5)
    capacities = [rng.choice([0, 0, 1, 2]) for _ in range(rng.randint(2, 6))]
    ends = [tuple(rng.sample(range(count), 2)) for _ in capacities]
    return Network(capacities, ends, [[] for _ in range(count)])


def harmless(rng: random.Random) -> Network:
    """Scripts that come from a schedule which works: so they all end, under every schedule."""
    network = some_network(rng)
    queued = [0] * len(network.capacities)
    for _ in range(rng.randint(5, 40)):
        channel = rng.randrange(len(queued))
        sender, receiver = network.ends[channel]
        if network.capacities[channel] == 0:
            network.scripts[sender].append(("send", channel))
            network.scripts[receiver].append(("recv", channel))
        elif queued[channel] and rng.random() < 0.5:
            network.scripts[receiver].append(("recv", channel))
            queued[channel] -= 1
        elif queued[channel] < network.capacities[channel]:
            network.scripts[sender].append(("send", channel))
            queued[channel] += 1
    for channel, left in enumerate(queued):
        network.scripts[network.ends[channel][1]] += [("recv", channel)] * left
    return network


def deadlocking(rng: random.Random) -> Network:
    """Scripts that end in a deadlock, and in nothing else: nobody waits for a worker that has finished."""
    while True:
        network = harmless(rng)
        for script in network.scripts:
            if rng.random() < 0.7:
                rng.shuffle(script)
        blocked, finished, _ = simulate(network)
        holders = {holder for _, channel in blocked.values() for holder in network.ends[channel]}
        if blocked and not holders & finished:
            return network


def program_of(network: Network) -> runtime.Program:
    program = runtime.Program("network")
    channels = [program.channel(str(n), capacity) for n, capacity in enumerate(network.capacities)]
    for worker, script in enumerate(network.scripts):
        own = [
            (deed, channel, channels[channel][deed == "send"])
            for channel, holders in enumerate(network.ends)
            for deed, holder in zip(("send", "recv"), holders, strict=True)
            if holder == worker
        ]
        numbers = {(deed, channel): number for number, (deed, channel, _) in enumerate(own)}

        @program.worker(
            [(deed, numbers[deed, channel]) for deed, channel in script], *[end for _, _, end in own], name=str(worker)
        )
        def follow(script, *ends):
            for deed, number in script:
                if deed == "send":
                    ends[number].send(number)
                else:
                    ends[number].recv()

    return program


def raises_no_alarm(seed: int, backend: str) -> None:
    network = harmless(random.Random(seed))
    assert simulate(network).blocked == {}
    program_of(network).run(backend, timeout=60)


def is_caught_and_named_right(seed: int, backend: str) -> None:
    network = deadlocking(random.Random(seed))
    blocked = simulate(network).blocked
    with pytest.raises(runtime.DeadlockError) as caught:
        program_of(network).run(backend, timeout=60)

    ring = caught.value.ring
    for each, releaser in zip(ring, [*ring[1:], ring[0]], strict=True):
        deed = "send" if each.sending else "recv"
        assert blocked[int(each.worker)] == (deed, int(each.channel))
        sender, receiver = network.ends[int(each.channel)]
        assert int(releaser.worker) == (receiver if each.sending else sender)


@pytest.mark.parametrize("seed", range(8))
def test_no_false_alarm(seed, backend):
    raises_no_alarm(seed, backend)


@pytest.mark.parametrize("seed", range(8))
def test_every_deadlock_is_caught(seed, backend):
    is_caught_and_named_right(seed, backend)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1500))
def test_no_false_alarm_in_five_hundred(seed):
    raises_no_alarm(seed, list(runtime.BACKENDS)[seed % 3])


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1500))
def test_five_hundred_deadlocks_are_caught(seed):
    is_caught_and_named_right(seed, list(runtime.BACKENDS)[seed % 3])
