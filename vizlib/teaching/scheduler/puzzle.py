"""A puzzle: a small program of which the learner is the scheduler.  Written like a `runtime.Program`, run by hand."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Protocol

from vizlib.teaching.report import Report, noted
from vizlib.teaching.scheduler.compiling import compiled
from vizlib.teaching.scheduler.game import Condition, Game
from vizlib.teaching.scheduler.machine import Machine
from vizlib.teaching.scheduler.panel import Panel
from vizlib.teaching.scheduler.state import Worker
from vizlib.teaching.scheduler.steps import PuzzleError
from vizlib.teaching.scheduler.telling import Findings, Walk, marked
from vizlib.teaching.scheduler.values import End, Lock, Shared, checked

MOST_WORKERS = 6


class Declared(Protocol):
    """What a puzzle reads of a `runtime.Program`."""

    name: str

    @property
    def channels(self) -> dict[str, int | None]:
        """The capacity of each channel, by name."""

    @property
    def workers(self) -> dict[str, tuple[Callable[..., Any], tuple[Any, ...], int]]:
        """Function, arguments and copies of each worker, by name."""


class Puzzle:
    """A program whose steps the learner puts in order.

    `wanted` is an expression that shall hold when all workers have ended, `never` one that must not hold at any moment.
    Both see the shared variables by name, and what workers returned as `results["name"]`.  A worker that raises and a
    deadlock are always wrong.  The snippets are taken apart, never called.
    """

    def __init__(self, name: str = "puzzle", *, wanted: str = "", never: str = "") -> None:
        self.name = name
        self._wanted, self._never = Condition(wanted), Condition(never)
        self._shared: dict[str, tuple[Shared, tuple[Any, ...]]] = {}
        self._locks: dict[str, Lock] = {}
        self._channels: dict[str, tuple[int, int | None]] = {}
        self._workers: dict[str, tuple[Callable[..., Any], tuple[Any, ...], int]] = {}

    def __repr__(self) -> str:
        return f"<Puzzle {self.name!r}: workers {list(self._workers)}>"

    @classmethod
    def of(cls, program: Declared, *, wanted: str = "", never: str = "") -> Puzzle:
        """The same workers and channels as a `runtime.Program` has, to be run by hand.

        Raises `PuzzleError` for a snippet or an argument that a puzzle does not know.
        """
        puzzle = cls(program.name, wanted=wanted, never=never)
        ends = {name: puzzle.channel(name, capacity) for name, capacity in program.channels.items()}
        for name, (function, arguments, copies) in program.workers.items():
            given = [ends[one.channel][one.sending] if _is_end(one) else one for one in arguments]
            puzzle.worker(*given, copies=copies, name=name)(function)
        return puzzle

    # --- writing it ---------------------------------------------------------------------------------------------

    def shared(self, name: str, value: Any = None, /, **fields: Any) -> Shared:
        """Memory that all workers see: an object with `fields`, a list of places, or else one global variable."""
        self.__dict__.pop("game", None)
        number = self._shared[name][0].number if name in self._shared else len(self._shared)
        if fields:
            made = Shared(number, name, tuple(fields)), tuple(map(checked, fields.values()))
        elif isinstance(value, list):
            made = Shared(number, name, ()), tuple(map(checked, value))
        else:
            made = Shared(number, name, ("",)), (checked(value),)
        self._shared[name] = made
        return made[0]

    def lock(self, name: str) -> Lock:
        """A lock, to be given to workers: `with lock:`, or `lock.acquire()` and `lock.release()`."""
        self.__dict__.pop("game", None)
        return self._locks.setdefault(name, Lock(len(self._locks), name))

    def channel(self, name: str, capacity: int | None = 0) -> tuple[End, End]:
        """Declare a channel and return its ends, the receiving end first, as `Program.channel` does."""
        if capacity is not None and (not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 0):
            raise ValueError(f"capacity must be None or a whole number from 0 on, not {capacity!r}")
        self.__dict__.pop("game", None)
        number = self._channels[name][0] if name in self._channels else len(self._channels)
        self._channels[name] = number, capacity
        return End(number, False, name), End(number, True, name)

    def worker[Function: Callable[..., Any]](
        self, *arguments: Any, copies: int = 1, name: str | None = None
    ) -> Callable[[Function], Function]:
        """Declare the decorated function a worker, given `arguments`, as `Program.worker` does.

        Raises `PuzzleError`, naming the line, for a snippet that cannot be stepped through.
        """

        def declare(function: Function) -> Function:
            self.__dict__.pop("game", None)
            called = name or function.__name__
            for _ in self._made(called, function, arguments, 1):
                pass
            self._workers[called] = (function, arguments, copies)
            return function

        return declare

    def _made(
        self, name: str, function: Callable[..., Any], arguments: tuple[Any, ...], copies: int
    ) -> Iterable[Worker]:
        source = _source(function)
        try:
            given = inspect.signature(function).bind(*arguments)
            given.apply_defaults()
            kept = {name: checked(value) for name, value in given.arguments.items()}
        except TypeError as error:
            raise PuzzleError(f"worker {name!r} cannot be called with what it is given: {error}") from None
        variables = {shared.name: shared for shared, _ in self._shared.values()}
        try:
            steps = compiled(source, kept, variables)
        except PuzzleError as error:
            raise PuzzleError(f"worker {name!r}, {error}") from None
        for number in range(1, copies + 1):
            yield Worker(name if copies == 1 else f"{name} #{number}", source, steps, kept)

    # --- playing it ---------------------------------------------------------------------------------------------

    @cached_property
    def game(self) -> Game:
        """The puzzle ready to be played.  Raises `PuzzleError` for one without workers, or with too many."""
        workers = [one for name, made in self._workers.items() for one in self._made(name, *made)]
        if not 1 <= len(workers) <= MOST_WORKERS:
            raise PuzzleError(f"puzzle {self.name!r} has {len(workers)} workers; it needs 1 to {MOST_WORKERS}")
        capacities = [capacity for _, capacity in self._channels.values()]
        machine = Machine(workers, capacities, list(self._shared.values()), len(self._locks))
        channels = [(name, capacity) for name, (_, capacity) in self._channels.items()]
        return Game(self.name, machine, channels, list(self._locks), self._wanted, self._never)

    def play(self) -> Panel:
        """A panel to play with: choose who takes the next step, undo, start again.

        All that can happen is worked out here, so that the panel needs no kernel.
        """
        return Panel(self.game)

    def walk(self, schedule: str | Sequence[str]) -> Walk:
        """Let the workers take their steps in this order: names separated by commas, or a list of them."""
        return Walk(self.game, schedule)

    def check(self, schedule: str | Sequence[str], *, key: str = "") -> Report:
        """Mark a schedule that a learner hands in, and record it: does it lead to something that is wrong?

        Where nothing can go wrong, `"none"` is the right answer.  It is recorded under `key`, or the puzzle's name.
        """
        return noted(marked(self.game, schedule), key or self.name)

    def explore(self) -> Findings:
        """Visit every state that some order of steps leads to, and count: is something wrong with any?"""
        return Findings(self.game)


def _is_end(argument: Any) -> bool:
    return isinstance(getattr(argument, "channel", None), str) and isinstance(getattr(argument, "sending", None), bool)


def _source(function: Callable[..., Any]) -> str:
    """The text of a function from its `def` on."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
        definition = ast.parse(source).body[0]
    except (OSError, TypeError, SyntaxError):
        raise PuzzleError("a puzzle's worker is a function written with def, in a notebook cell or a file") from None
    if not isinstance(definition, ast.FunctionDef):
        raise PuzzleError("a puzzle's worker is a function written with def")
    return "\n".join(source.splitlines()[definition.lineno - 1 :])
