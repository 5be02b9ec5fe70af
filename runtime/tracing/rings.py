"""A deadlock in words: who waits for whom, and to do what, around the ring."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.tracing.model import Channel, Deadlocked, Worker
from runtime.tracing.wording import escaped, listed

_NAME = 40  # characters of a name


def clauses(ring: Sequence[Deadlocked], workers: Sequence[Worker], channels: Sequence[Channel]) -> list[str]:
    """One for each worker of the ring: `left waits for right to receive from there`."""
    return [_clause(one, workers, channels) for one in ring]


def sentence(ring: Sequence[Deadlocked], workers: Sequence[Worker], channels: Sequence[Channel]) -> str:
    """All of them."""
    return f"Deadlock: {listed(clauses(ring, workers, channels))}."


def _clause(one: Deadlocked, workers: Sequence[Worker], channels: Sequence[Channel]) -> str:
    whom = "itself" if one.awaited == one.worker else escaped(workers[one.awaited].name, _NAME)
    deed = "receive from" if one.sending else "send to"
    if channels[one.channel].lock:
        deed = "give back lock"
    channel = escaped(channels[one.channel].name, _NAME)
    return f"{escaped(workers[one.worker].name, _NAME)} waits for {whom} to {deed} {channel}"
