"""Who takes part in a measurement, and which channels join them: the same for a program and for every peer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from runtime.bench import scripts

WINDOW = 64  # objects that may wait in a channel, where it has a bound


class End(NamedTuple):
    """Stands, in a party's arguments, for an end of a channel of the scene."""

    channel: str
    sending: bool


class Party(NamedTuple):
    """One who takes part."""

    name: str
    script: Callable[..., Any]
    arguments: tuple[Any, ...]


class Scene(NamedTuple):
    """The first party measures: what it returns is the result."""

    channels: tuple[str, ...]
    parties: tuple[Party, ...]


def recv(channel: str) -> End:
    """The receiving end."""
    return End(channel, False)


def send(channel: str) -> End:
    """The sending end."""
    return End(channel, True)


STREAMS: dict[str, tuple[Any, int]] = {
    "stream of 8 B": (7, 1),
    "stream of 1 kB": (bytes(1_000), 1),
    "stream of 1 MB": (bytes(1_000_000), 1),
    "stream in batches": (tuple(range(1_000, 1_256)), 256),
}
"""What a stream sends, and how many items that has."""


def pair(slices: int, trips: int, streams: Mapping[str, int]) -> Scene:
    """Two: a round trip, and streams of so many messages each."""
    sent = tuple((name, STREAMS[name][0], count, STREAMS[name][1]) for name, count in streams.items())
    return Scene(
        ("there", "back"),
        (
            Party("ask", scripts.ask, (send("there"), recv("back"), slices, trips, sent)),
            Party(
                "answer",
                scripts.answer,
                (recv("there"), send("back"), trips + slices * trips, slices, tuple(streams.values())),
            ),
        ),
    )


def fan(senders: int, receivers: int, slices: int, messages: int) -> Scene:
    """Some send, others receive, all through one channel."""
    signals = [f"signal {n}" for n in range(senders + receivers)]
    parties = [Party("keep time", scripts.keep_time, (recv("reports"), slices, *map(send, signals)))]
    for n, signal in enumerate(signals):
        sending = n < senders
        parties.append(
            Party(
                f"feed {n}" if sending else f"eat {n}",
                scripts.feed if sending else scripts.eat,
                (
                    End("work", sending),
                    recv(signal),
                    send("reports"),
                    slices,
                    messages // (senders if sending else receivers),
                ),
            )
        )
    return Scene(("work", "reports", *signals), tuple(parties))


def many(channels: int, slices: int, messages: int) -> Scene:
    """Two, joined by many channels that are used in turn."""
    names = [f"line {n}" for n in range(channels)]
    rounds = max(messages // channels, 1)
    return Scene(
        ("reports", *names),
        (
            Party("deal", scripts.deal, (recv("reports"), slices, rounds, *map(send, names))),
            Party("collect", scripts.collect, (send("reports"), slices, rounds, *map(recv, names))),
        ),
    )


def choose(channels: int, slices: int, messages: int) -> Scene:
    """Two, joined by channels of which all have something: who receives takes them in turn, and then by `select`."""
    names = [f"line {n}" for n in range(channels)]
    rounds = max(messages // channels, 1)
    return Scene(
        ("go", "filled", *names),
        (
            Party("choose", scripts.choose, (send("go"), recv("filled"), slices, rounds, *map(recv, names))),
            Party("fill", scripts.fill, (recv("go"), send("filled"), slices, rounds, *map(send, names))),
        ),
    )


def flood(slices: int, messages: int) -> Scene:
    """Two, and a great many messages."""
    count = messages // slices
    return Scene(
        ("work", "reports"),
        (
            Party("pour", scripts.pour, (send("work"), recv("reports"), slices, count)),
            Party("swallow", scripts.swallow, (recv("work"), send("reports"), slices, count)),
        ),
    )
