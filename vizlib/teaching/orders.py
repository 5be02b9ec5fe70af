"""What an exercise can ask of a snippet in every order of steps, not of the one order that a run happened to take.

A run that went well proves little: another machine, a busier one or a build without a GIL takes other orders.  So the
snippet is stepped through in all of them, as a puzzle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.teaching.requirements import Requirement, Verdict
from vizlib.teaching.scheduler.puzzle import Puzzle
from vizlib.teaching.scheduler.steps import PuzzleError


def right_in_every_order(
    snippet: Callable[..., Any],
    *,
    wanted: str,
    shared: Mapping[str, Any],
    locks: Sequence[str] = (),
    copies: int = 2,
    **given: Any,
) -> Requirement:
    """Whatever the order of steps of `copies` workers with this snippet, `wanted` holds when all have ended.

    `shared` are the snippet's arguments that all of them see, with what they hold at first, `locks` those that are
    locks, and `given` the others: as `Puzzle` takes them.
    """

    def made(snippet: Callable[..., Any]) -> Puzzle:
        puzzle = Puzzle("every order", wanted=wanted)
        arguments: dict[str, Any] = {name: puzzle.shared(name, value) for name, value in shared.items()}
        arguments |= {name: puzzle.lock(name) for name in locks} | given
        puzzle.worker(*_in_place(snippet, arguments), copies=copies)(snippet)
        return puzzle

    return never_wrong(made, snippet)


def never_wrong(make: Callable[..., Puzzle], *snippets: Callable[..., Any]) -> Requirement:
    """Whatever the order of steps, nothing goes wrong in the puzzle that `make` makes of these snippets."""

    def judge(trace: Trace) -> Verdict:
        try:
            found = make(*snippets).explore()
        except PuzzleError as error:
            return Verdict(False, f"The scheduler cannot step through it: {words.plain(str(error), 200)}.")
        if not found.wrong:
            return Verdict(True, "Every order was visited, and none goes wrong.")
        return Verdict(False, f"Not in every order: {found.wrong[0]}.")

    return Requirement("it is right in every order of steps", judge)


def _in_place(snippet: Callable[..., Any], arguments: Mapping[str, Any]) -> list[Any]:
    """The arguments in the order in which the snippet takes them."""
    code = getattr(snippet, "__code__", None)
    names: list[str] = [] if code is None else list(code.co_varnames[: code.co_argcount])
    if sorted(names) != sorted(arguments):
        raise PuzzleError(
            f"it shall take {words.listed(list(arguments))}, and takes {words.listed(names) or 'nothing'}"
        )
    return [arguments[name] for name in names]
