"""All that can happen: every state that some order of steps leads to, by breadth-first search.

What is not found so is not there: that is a proof, for this puzzle and its steps.  The number of states stays small
where the number of schedules (orders of steps) explodes, since many orders lead to the same state.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from vizlib.teaching.scheduler.machine import Machine
from vizlib.teaching.scheduler.state import Blocked, Move, State
from vizlib.teaching.scheduler.steps import PuzzleError

MOST_STATES = 20_000


@dataclass(frozen=True, slots=True)
class Node:
    """One state, the moves that lead on (number of the next node), who is blocked, and what is wrong with it."""

    state: State
    moves: tuple[tuple[Move, int], ...]  # none where something is wrong: there the schedule ends
    blocked: tuple[Blocked, ...]
    wrong: str  # in words; empty where nothing is

    @property
    def final(self) -> bool:
        """Whether a schedule ends here."""
        return not self.moves


@dataclass(frozen=True)
class Exploration:
    """Every state that can be reached.  Number 0 is the start.  A schedule leads from there to an end."""

    nodes: Sequence[Node]

    @property
    def endings(self) -> Counter[str]:
        """What can be wrong at the end of a schedule, and with how many states; `""` for those that are right."""
        return Counter(node.wrong for node in self.nodes if node.final)

    @cached_property
    def schedules(self) -> Counter[str] | None:
        """The same, counting schedules: orders of steps.  None where one can go round for ever."""
        order = self._forwards
        if order is None:
            return None
        ways, found = [1, *[0] * (len(self.nodes) - 1)], Counter[str]()
        for number in order:
            node = self.nodes[number]
            for _, goes_to in node.moves:
                ways[goes_to] += ways[number]
            if node.final:
                found[node.wrong] += ways[number]
        return found

    def shortest(self, wrong: bool = True) -> list[Move] | None:
        """The moves of a shortest schedule that ends wrong, or of one that ends well; None where there is none."""
        ends = (number for number, node in enumerate(self.nodes) if node.final and bool(node.wrong) is wrong)
        at = next(ends, None)
        if at is None:
            return None
        path: list[Move] = []
        while at:
            at, move = self._came_from[at]
            path.append(move)
        return path[::-1]

    @cached_property
    def _came_from(self) -> dict[int, tuple[int, Move]]:
        found: dict[int, tuple[int, Move]] = {}
        for number, node in enumerate(self.nodes):
            for move, goes_to in node.moves:
                found.setdefault(goes_to, (number, move))  # breadth first: the first way is a shortest one
        return found

    @cached_property
    def _forwards(self) -> list[int] | None:
        """The states, each after all that lead to it; None where there is a circle."""
        missing = [0] * len(self.nodes)
        for node in self.nodes:
            for _, goes_to in node.moves:
                missing[goes_to] += 1
        order = [] if missing[0] else [0]
        for number in order:
            for _, goes_to in self.nodes[number].moves:
                missing[goes_to] -= 1
                if not missing[goes_to]:
                    order.append(goes_to)
        return order if len(order) == len(self.nodes) else None


def explore(machine: Machine, judge: Callable[[State, bool], str]) -> Exploration:
    """Visit every state.  `judge` says what is wrong with one, given whether nothing more can happen in it.

    Raises `PuzzleError` for a puzzle with more than `MOST_STATES`.
    """
    start = machine.start()
    numbers = {_key(start, -1): 0}
    waiting, nodes = deque([(start, -1)]), []
    while waiting:
        state, last = waiting.popleft()
        turns = machine.turns(state)
        moves = [one for one in turns if isinstance(one, Move)]
        wrong = judge(state, not moves)
        onward = []
        for move in _allowed(machine, moves, last) if not wrong else ():
            after = move.state, move.worker if machine.rules.one_order else -1
            key = _key(*after)
            if key not in numbers:
                numbers[key] = len(numbers)
                waiting.append(after)
            onward.append((move, numbers[key]))
        if len(numbers) > MOST_STATES:
            raise PuzzleError(
                f"this puzzle has more than {MOST_STATES:,} states: shorten its loops, or take a worker away"
            )
        nodes.append(Node(state, tuple(onward), tuple(one for one in turns if isinstance(one, Blocked)), wrong))
    return Exploration(nodes)


def _key(state: State, last: int) -> str:
    """What tells states apart.  The text tells 1 from True, which are equal."""
    return f"{last} {state!r}"


def _allowed(machine: Machine, moves: list[Move], last: int) -> list[Move]:
    """The moves that the rules leave: all, or that of the first worker after the one that moved last."""
    if not machine.rules.one_order:
        return moves
    return sorted(moves, key=lambda move: (move.worker <= last, move.worker))[:1]


def ring(blocked: Sequence[Blocked]) -> list[Blocked]:
    """Of workers that all wait, those that wait for each other in a ring, or all of them where there is no ring."""
    by_worker = {one.worker: one for one in blocked}
    for first in blocked:
        path: list[int] = []
        for worker in _chain(first.worker, by_worker):
            if worker in path:
                return [by_worker[one] for one in path[path.index(worker) :]]
            path.append(worker)
    return list(blocked)


def _chain(worker: int, by_worker: dict[int, Blocked]) -> Iterator[int]:
    while worker in by_worker:
        yield worker
        awaited = [one for one in by_worker[worker].awaited if one in by_worker]
        if not awaited:
            return
        worker = next((one for one in awaited if one != worker), worker)
