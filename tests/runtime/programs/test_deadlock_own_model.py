"""As `test_deadlock_model`, where workers make some of the channels and hand the ends out, in messages.

Who makes a channel gives each user its end through a pipe, a channel with one sender and one receiver.  So the whole
still is a Kahn network, and comes to the same end whatever the schedule; what has become of each end by then follows
from how far its maker and its user have come.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest

import runtime
from tests.runtime.programs.test_deadlock_model import Network, harmless, simulate

SIDES = ("send", "recv")


class Own(NamedTuple):
    """A channel that a worker makes; the pipe through which each side's user gets its end, None for the maker."""

    maker: int
    pipes: dict[str, int | None]
    keeps: bool  # whether the maker keeps the ends that it gives away


class Model(NamedTuple):
    """What goes through each pipe are ends, (channel, side), in this order; scripts begin with so many such steps."""

    network: Network
    own: dict[int, Own]
    gifts: dict[int, list[tuple[int, str]]]
    first: list[int]

    def holders(self, at: list[int], channel: int, side: str) -> dict[int, str]:
        """Who could use an end when each worker has come so far; with each, the pipe in which it lies for him."""
        scripts, user = self.network.scripts, self.network.ends[channel][side == "recv"]
        own = self.own.get(channel)
        if own is None or (pipe := own.pipes[side]) is None:
            return {user: ""}
        number = self.gifts[pipe].index((channel, side))
        sent, received = (
            scripts[worker][: at[worker]].count((deed, pipe))
            for worker, deed in zip(self.network.ends[pipe], SIDES, strict=True)
        )
        giving = scripts[own.maker][at[own.maker] :][:1] == [("send", pipe)]
        if sent < number or (sent == number and not giving):
            return {own.maker: ""}
        kept = {own.maker: ""} if own.keeps or sent == number else {}
        return kept | {user: "" if received > number else str(pipe)}


def handed_out(rng: random.Random) -> Model:
    """A harmless network, some of whose channels workers make themselves."""
    network = harmless(rng)
    count, channels = len(network.scripts), len(network.ends)
    model = Model(network, {}, {}, [0] * count)
    first: list[list[tuple[str, int]]] = [[] for _ in range(count)]
    pipes: dict[tuple[int, int], int] = {}
    for channel in rng.sample(range(channels), rng.randint(1, channels)):
        maker = rng.randrange(count)
        model.own[channel] = own = Own(maker, dict.fromkeys(SIDES), rng.random() < 0.3)
        for side, user in zip(SIDES, network.ends[channel], strict=True):
            if user == maker:
                continue
            if (maker, user) not in pipes:
                pipes[maker, user] = len(network.ends)
                network.capacities.append(rng.choice([0, 1, 2]))
                network.ends.append((maker, user))
            own.pipes[side] = pipe = pipes[maker, user]
            model.gifts.setdefault(pipe, []).append((channel, side))
            first[maker].append(("send", pipe))
            first[user].append(("recv", pipe))
    for worker, steps in enumerate(first):
        network.scripts[worker][:0] = steps
        model.first[worker] = len(steps)
    return model


def deadlocking(rng: random.Random) -> Model:
    """One that ends in a deadlock, and in nothing else: nobody waits for a worker that has finished."""
    while True:
        model = handed_out(rng)
        for script, first in zip(model.network.scripts, model.first, strict=True):
            parts = script[:first], script[first:]
            for part in parts:
                if rng.random() < 0.6:
                    rng.shuffle(part)
            script[:] = [*parts[0], *parts[1]]
        blocked, finished, at = simulate(model.network)
        releasers = [model.holders(at, channel, other(deed)) for deed, channel in blocked.values()]
        if blocked and not any(finished & each.keys() for each in releasers):
            return model


def other(deed: str) -> str:
    """The side that could release who waits to do this."""
    return "recv" if deed == "send" else "send"


def program_of(model: Model) -> runtime.Program:
    """The same as a program."""
    network, own, gifts, _ = model
    program = runtime.Program("handed out")
    channels = {
        number: program.channel(str(number), capacity)
        for number, capacity in enumerate(network.capacities)
        if number not in own
    }
    for worker, script in enumerate(network.scripts):
        held = [
            (deed, channel, channels[channel][deed == "send"])
            for channel in channels
            for deed, holder in zip(SIDES, network.ends[channel], strict=True)
            if holder == worker
        ]
        made = [(n, network.capacities[n], one.keeps) for n, one in own.items() if one.maker == worker]
        sent = {pipe: gifts[pipe] for pipe in gifts if network.ends[pipe][0] == worker}

        @program.worker(script, made, sent, [one[:2] for one in held], *[one[2] for one in held], name=str(worker))
        def follow(script, made, gifts, names, *given):
            import runtime

            ends = dict(zip(names, given, strict=True))
            keeps = {}
            for channel, capacity, keeps[channel] in made:
                ends["recv", channel], ends["send", channel] = runtime.create_channel(str(channel), capacity)
            for deed, channel in script:
                if deed == "recv":
                    got = ends[deed, channel].recv()
                    if got is not None:
                        ends[got[0], got[1]] = got[2]
                elif channel in gifts:
                    number, side = gifts[channel].pop(0)
                    ends[deed, channel].send((side, number, ends[side, number]))
                    if not keeps[number]:
                        ends.pop((side, number)).close()
                else:
                    ends[deed, channel].send(None)

    return program


def raises_no_alarm(seed: int, backend: str) -> None:
    model = handed_out(random.Random(seed))
    assert simulate(model.network).blocked == {}
    program_of(model).run(backend, timeout=60)


def is_caught_and_named_right(seed: int, backend: str) -> None:
    model = deadlocking(random.Random(seed))
    blocked, _, at = simulate(model.network)
    with pytest.raises(runtime.DeadlockError) as caught:
        program_of(model).run(backend, timeout=60)

    ring = caught.value.ring
    for each, releaser in zip(ring, [*ring[1:], ring[0]], strict=True):
        deed, channel = "send" if each.sending else "recv", int(each.channel)
        assert blocked[int(each.worker)] == (deed, channel)
        holders = model.holders(at, channel, other(deed))
        assert holders[int(releaser.worker)] == each.lies_in
        own = model.own.get(channel)
        assert each.made_by == ("" if own is None else str(own.maker))
        assert (each.made_line > 0) == (own is not None)


@pytest.mark.parametrize("seed", range(4))
def test_no_false_alarm(seed, backend):
    raises_no_alarm(seed, backend)


@pytest.mark.parametrize("seed", range(6))
def test_every_deadlock_is_caught(seed, backend):
    is_caught_and_named_right(seed, backend)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1500))
def test_no_false_alarm_in_five_hundred(seed):
    raises_no_alarm(seed, list(runtime.BACKENDS)[seed % 4])


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1500))
def test_five_hundred_deadlocks_are_caught(seed):
    is_caught_and_named_right(seed, list(runtime.BACKENDS)[seed % 4])
