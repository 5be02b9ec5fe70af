"""A puzzle ready to be played: its machine, what is asked of the learner, and what is wrong with a state."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import CodeType, SimpleNamespace
from typing import Any

from vizlib import words
from vizlib.teaching.scheduler.exploration import Exploration, explore, ring
from vizlib.teaching.scheduler.machine import Machine
from vizlib.teaching.scheduler.state import Blocked, Move, Rules, State
from vizlib.teaching.scheduler.steps import FUNCTIONS, LOOP, TEMPORARY, PuzzleError
from vizlib.teaching.scheduler.values import Lists, shown


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression over what is shared and what was returned; an empty one is never asked."""

    text: str

    def __post_init__(self) -> None:
        try:
            self._code(self.text)
        except SyntaxError as error:
            raise PuzzleError(f"the condition `{self.text}` is no expression: {error.msg}") from None

    @staticmethod
    def _code(text: str) -> CodeType | None:
        return compile(text, "<condition>", "eval") if text else None

    def holds(self, seen: dict[str, Any]) -> bool:
        """Whether it holds.  Raises `PuzzleError` where it cannot be asked."""
        return bool(self._value(self.text, seen))

    def _value(self, text: str, seen: dict[str, Any]) -> Any:
        code = self._code(text)
        assert code is not None
        try:
            return eval(code, {"__builtins__": FUNCTIONS}, seen)
        except Exception as error:
            raise PuzzleError(f"the condition `{self.text}` cannot be asked: {type(error).__name__}: {error}") from None

    def values(self, seen: dict[str, Any]) -> str:
        """What varies in it, with its values: `account.balance is 1`."""
        found: dict[str, None] = {}

        def visit(node: ast.AST) -> None:
            if isinstance(node, ast.Attribute | ast.Subscript | ast.Name):
                found.setdefault(ast.unparse(node))
                return
            for child in node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node):
                visit(child)

        visit(ast.parse(self.text, mode="eval"))
        return words.listed([f"{part} is {self._value(part, seen)!r}" for part in found])


@dataclass(frozen=True)
class Game:
    """Everything about a puzzle that does not change while it is played."""

    name: str
    machine: Machine
    channels: Sequence[tuple[str, int | None]]
    locks: Sequence[str]
    wanted: Condition
    never: Condition

    @property
    def names(self) -> list[str]:
        """The workers' names."""
        return [worker.name for worker in self.machine.workers]

    @property
    def asked(self) -> str:
        """What the learner looks for, in words."""
        found = [f"after which `{self.wanted.text}` does not hold"] if self.wanted.text else []
        found += [f"that leads to `{self.never.text}`"] if self.never.text else []
        return f"Is there an order of steps {', or '.join([*found, 'in which nobody can go on'])}?"

    def under(self, rules: Rules) -> Game:
        """The same puzzle, played by other rules."""
        return replace(self, machine=replace(self.machine, rules=rules))

    @cached_property
    def explored(self) -> Exploration:
        """Every state that can be reached."""
        return explore(self.machine, self.wrong)

    # --- judging a state ----------------------------------------------------------------------------------------

    def wrong(self, state: State, final: bool) -> str:
        """What is wrong with a state, in words, given whether nobody has a move left; empty where nothing is."""
        for worker, life in zip(self.machine.workers, state.lives, strict=True):
            if life.raised:
                return f"{worker.name} raised {life.raised}"
        seen = self._seen(state)
        if self.never.text and self.never.holds(seen):
            return f"{self.never.text}, which must never be"
        if not final:
            return ""
        if not all(life.ended for life in state.lives):
            return f"deadlock: {self._waits(state)}"
        if self.wanted.text and not self.wanted.holds(seen):
            return f"at the end {self.wanted.values(seen)}, but wanted is {self.wanted.text}"
        return ""

    def _waits(self, state: State) -> str:
        stuck = ring([one for one in self.machine.turns(state) if isinstance(one, Blocked)])
        return ", and ".join(f"{self.names[one.worker]} {one.told}" for one in stuck)

    def _seen(self, state: State) -> dict[str, Any]:
        """The names that a condition can use."""
        ended = [(worker, life) for worker, life in zip(self.names, state.lives, strict=True) if life.ended]
        thaw = Lists(state.heap).thaw
        seen: dict[str, Any] = {"results": {name: thaw(life.result) for name, life in ended}}
        for (shared, _), values in zip(self.machine.shared, state.memory, strict=True):
            kept = [thaw(value) for value in values]
            if shared.fields == ("",):
                seen[shared.name] = kept[0]
            else:
                seen[shared.name] = (
                    SimpleNamespace(**dict(zip(shared.fields, kept, strict=True))) if shared.fields else kept
                )
        return seen

    # --- showing a state ----------------------------------------------------------------------------------------

    @property
    def places(self) -> list[str]:
        """What is shared, as one writes it: `account.balance`, `m[0]`."""
        return [
            _place(shared.name, field)
            for shared, values in self.machine.shared
            for field in (shared.fields or tuple(f"[{i}]" for i in range(len(values))))
        ]

    def memory(self, state: State) -> list[str]:
        """The values of `places`."""
        return [shown(state.heap, value) for values in state.memory for value in values]

    def variables(self, state: State, worker: int) -> list[tuple[str, str]]:
        """A worker's own variables, without its arguments; what it has just read is `in hand`."""
        given = self.machine.workers[worker].given
        return [
            ("in hand" if name.startswith(TEMPORARY) else name, shown(state.heap, value))
            for name, value in state.lives[worker].names
            if not name.startswith(LOOP) and name not in given
        ]

    def turns(self, schedule: str | Sequence[str]) -> list[int]:
        """The workers' numbers of a schedule: names separated by commas, or a list of them.

        Raises ValueError for a name that no worker has.
        """
        names = [one.strip() for one in schedule.split(",")] if isinstance(schedule, str) else list(schedule)
        numbers = {name: number for number, name in enumerate(self.names)}
        unknown = [name for name in names if name and name not in numbers]
        if unknown:
            raise ValueError(f"no worker is called {unknown[0]!r}; they are {words.listed([repr(n) for n in numbers])}")
        return [numbers[name] for name in names if name]


def told(game: Game, move: Move) -> str:
    """A move in words: `ann reads account.balance: 0`."""
    return f"{game.names[move.worker]} {move.told}"


def _place(name: str, field: str) -> str:
    return f"{name}{field}" if field.startswith("[") or not field else f"{name}.{field}"
