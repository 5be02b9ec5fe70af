"""Marks an exercise: every requirement with its verdict in words.  A wrong answer is a report, never an exception."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from runtime.errors import RunError
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.teaching import store
from vizlib.teaching.markup import card, escaped
from vizlib.teaching.requirements import Requirement, Verdict

_SIGNS = {True: ("lab-right", "✓ done"), False: ("lab-wrong", "✗ not yet"), None: ("lab-open", "– not judged")}


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an exercise.  `done` when nothing is wrong; shows itself as a list, or prints as one.

    In the text form a line that rests on a measurement begins with `~ `: two runs may differ in it.
    """

    marks: tuple[tuple[Requirement, Verdict], ...]
    problem: str = ""  # instead of marks: what was handed in cannot be marked

    @property
    def done(self) -> bool:
        """Whether every requirement that could be judged is met, and at least one was."""
        met = [verdict.met for _, verdict in self.marks]
        return not self.problem and False not in met and True in met

    def __repr__(self) -> str:
        if self.problem:
            return f"  {self.problem}"
        return "\n".join([f"~ in all: {self._summary()}", *(_line(*mark) for mark in self.marks)])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html()}

    def html(self) -> str:
        """The report as a list, the open points in words."""
        if self.problem:
            return card(f'<p class="lab-verdict">{escaped(self.problem)}</p>')
        rows = "".join(_row(*mark) for mark in self.marks)
        return card(f'<p class="lab-verdict"><b>{escaped(self._summary())}</b></p><ul class="lab-marks">{rows}</ul>')

    def _summary(self) -> str:
        judged = [verdict for _, verdict in self.marks if verdict.met is not None]
        met = sum(1 for verdict in judged if verdict.met)
        if not judged:
            return "Nothing could be judged on this machine."
        if met == len(judged):
            rest = len(self.marks) - len(judged)
            return (
                "Done: everything asked for is there."
                if not rest
                else f"Done, as far as this machine can tell ({rest} not judged)."
            )
        first = next(requirement.title for requirement, verdict in self.marks if verdict.met is False)
        return f"{met} of {len(judged)} done. Next: {first}."


def _line(requirement: Requirement, verdict: Verdict) -> str:
    sign = _SIGNS[verdict.met][1]
    if requirement.measured:
        return f"~ {requirement.title}: {sign}. {verdict.words}"
    return f"  {sign}: {requirement.title}" + ("" if verdict.met else f". {verdict.words}")


def _row(requirement: Requirement, verdict: Verdict) -> str:
    kind, sign = _SIGNS[verdict.met]
    return (
        f'<li><span class="{kind}">{sign}</span> '
        f'<span>{escaped(requirement.title)}<br><span class="lab-told">{escaped(verdict.words)}</span></span></li>'
    )


class NotDoneError(AssertionError):
    """What a grader that runs the notebook is told of an exercise that is not done."""


def check(handed_in: object, *requirements: Requirement, key: str = "exercise") -> Report:
    """Mark the trace of an exercise's run, and record under `key` that it was tried, and whether it is done.

    A `RunError` is marked by the trace that it carries.  Anything else that is not a trace gets a sentence that says
    what to hand in.  While nbgrader marks the notebook, and only then, it raises `NotDoneError` for what is not done.
    """
    if not requirements:
        raise ValueError("check() expected at least one requirement and got none")
    trace = handed_in.trace if isinstance(handed_in, RunError) else handed_in
    if not isinstance(trace, Trace):
        got = (
            "nothing yet" if trace is None or trace is ... else f"an object of type {words.plain(type(trace).__name__)}"
        )
        return noted(Report((), f"There is {got} to mark: hand in the trace that your program's run() returns."), key)
    return noted(Report(tuple((requirement, _judged(requirement, trace)) for requirement in requirements)), key)


def noted(report: Report, key: str) -> Report:
    """Record a report: what is done once stays done."""
    before = store.known("checks").get(key, {})
    tries = before.get("tries")
    entry = {
        "done": report.done or before.get("done") is True,
        "tries": (tries if isinstance(tries, int) else 0) + 1,
        "met": sum(verdict.met is True for _, verdict in report.marks),
        "of": len(report.marks),
    }
    store.keep("checks", key, entry)
    if os.environ.get("NBGRADER_EXECUTION") and not report.done:
        raise NotDoneError(f"{key} is not done:\n{report!r}")
    return report


def _judged(requirement: Requirement, trace: Trace) -> Verdict:
    try:
        return requirement.judge(trace)
    except Exception as error:  # a student's result may be anything, and anything may go wrong in comparing it
        return Verdict(False, f"This could not be compared: {type(error).__name__}: {words.plain(str(error), 120)}.")
