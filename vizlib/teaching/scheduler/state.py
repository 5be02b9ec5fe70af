"""A puzzle at one moment, what a turn makes of it, and by which rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from vizlib.teaching.scheduler.steps import Step
from vizlib.teaching.scheduler.values import End, renumber


class Life(NamedTuple):
    """One worker at one moment."""

    at: int  # number of its next step; -1 when it has ended
    names: tuple[tuple[str, Any], ...]  # its variables
    offering: bool = False  # its object waits at a rendezvous to be taken
    result: Any = None
    raised: str = ""
    closed: tuple[End, ...] = ()  # ends that it has closed

    @property
    def ended(self) -> bool:
        """Whether it has nothing more to do."""
        return self.at < 0


class State(NamedTuple):
    """Everything at one moment."""

    lives: tuple[Life, ...]
    memory: tuple[tuple[Any, ...], ...]  # of each shared object, its places
    queues: tuple[tuple[tuple[int, Any], ...], ...]  # of each channel, (sender, object), the next to come out first
    owners: tuple[int, ...]  # of each lock; -1: nobody
    heap: tuple[tuple[Any, ...], ...] = ()  # what the lists hold


class Move(NamedTuple):
    """What happens when a worker takes its next step."""

    worker: int
    told: str
    state: State


class Blocked(NamedTuple):
    """Why a worker cannot go on, and who could change that."""

    worker: int
    told: str
    awaited: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a puzzle is played by.  As they are here they are the lab's; each can be set to what people believe.

    `whole_lines`: nobody comes between the steps of a line.  `references`: a channel hands over the object itself.
    `never_stuck`: when nobody can go on, a wait ends all the same.  `one_order`: the workers take turns.
    """

    whole_lines: bool = False
    references: bool = False
    never_stuck: bool = False
    one_order: bool = False


def tidied(state: State) -> State:
    """The same state with its lists in the order in which they are met, and without those that nobody has."""
    rename, heap = renumber(state.heap)
    return State(
        tuple(
            life._replace(names=tuple((name, rename(value)) for name, value in life.names), result=rename(life.result))
            for life in state.lives
        ),
        tuple(rename(values) for values in state.memory),
        tuple(rename(queue) for queue in state.queues),
        state.owners,
        heap(),
    )


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker of a puzzle: its name, its snippet as text and as steps, and its arguments by name."""

    name: str
    source: str
    steps: tuple[Step, ...]
    given: Mapping[str, Any]
