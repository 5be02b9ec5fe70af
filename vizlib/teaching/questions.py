"""Questions as plain data, with their two forms that need no kernel: text, and markup whose reasons are folded.

A question is only worth asking when a wrong answer teaches something: each option, right or wrong, has a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vizlib.teaching.answers import Answer
from vizlib.teaching.markup import card, escaped


@dataclass(frozen=True, slots=True)
class Option:
    """One possible answer, and why it is right or wrong."""

    text: str
    reason: str
    is_right: bool


def right(text: str, reason: str) -> Option:
    """The right answer to a question, and why it is."""
    return Option(text, reason, True)


def wrong(text: str, reason: str) -> Option:
    """A wrong answer to a question, and what speaks against it."""
    return Option(text, reason, False)


@dataclass(frozen=True, slots=True)
class Choice:
    """A question with options, exactly one of them right.  Raises ValueError when it is not written so."""

    key: str
    text: str
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        if not self.key or not self.text.strip():
            raise ValueError("a question needs a key and a text")
        if len(self.options) < 2 or sum(option.is_right for option in self.options) != 1:
            raise ValueError(f"question {self.key!r} needs two options or more, exactly one of them right(...)")
        if len({option.text for option in self.options}) < len(self.options):
            raise ValueError(f"question {self.key!r} has two options with the same text")
        if not all(option.text.strip() and option.reason.strip() for option in self.options):
            raise ValueError(f"question {self.key!r}: every option needs a text and a reason")

    def option(self, answer: Answer) -> Option:
        """The option that was chosen; raises KeyError when the question has changed since."""
        found = next((option for option in self.options if option.text == answer.value), None)
        if found is None:
            raise KeyError(answer.value)
        return found

    def in_text(self, answer: Answer | None) -> str:
        """The question as plain text; with the reasons once it is answered."""
        lines = [self.text, *(f"  {number}. {option.text}" for number, option in enumerate(self.options, 1))]
        if answer is None:
            return "\n".join([*lines, "Your answer: none yet"])
        chosen = self.option(answer)
        lines += [f"Your answer: {chosen.text} {_mark(chosen)}"]
        lines += [f"  {_mark(option)} {option.text}: {option.reason}" for option in self.options]
        return "\n".join(lines)

    def in_html(self) -> str:
        """The question where nothing can be clicked: its options, and what each is told, folded."""
        listed = "".join(f"<li>{escaped(option.text)}</li>" for option in self.options)
        return card(
            f"<p><b>{escaped(self.text)}</b></p><ol>{listed}</ol>"
            f"<details><summary>What each answer is told (choose one first)</summary>{reasons(self.options)}</details>"
        )

    def feedback(self, answer: Answer) -> str:
        """Markup for after the choice: whether it was right, and every option's reason."""
        chosen = self.option(answer)
        head = f'<p class="lab-verdict">You chose <b>{escaped(chosen.text)}</b>: {_sign(chosen)}</p>'
        return head + reasons(self.options, chosen)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A question whose answer is a number between `low` and `high`."""

    key: str
    text: str
    low: float
    high: float
    step: float
    unit: str

    def __post_init__(self) -> None:
        if not self.key or not self.text.strip():
            raise ValueError("a question needs a key and a text")
        if not self.low < self.high or self.step <= 0:
            raise ValueError(f"question {self.key!r} needs low < high and a positive step")

    def shown(self, value: float) -> str:
        """The number with its unit."""
        return f"{value:g}{self.unit}"

    def in_text(self, answer: Answer | None) -> str:
        """The question as plain text, with the answer if there is one."""
        told = "none yet" if answer is None else answer.shown
        return f"{self.text}\n  from {self.shown(self.low)} to {self.shown(self.high)}\nYour answer: {told}"

    def in_html(self) -> str:
        """The question where nothing can be moved."""
        span = f"from {escaped(self.shown(self.low))} to {escaped(self.shown(self.high))}"
        return card(f"<p><b>{escaped(self.text)}</b></p><p>A number {span}.</p>")

    def feedback(self, answer: Answer) -> str:
        """Markup for after the answer, which only the run can judge."""
        return f'<p class="lab-verdict">Locked in: <b>{escaped(answer.shown)}</b>. Now run it.</p>'


type Question = Choice | Estimate


def reasons(options: Iterable[Option], chosen: Option | None = None) -> str:
    """All options with their reasons; the one chosen is marked."""
    return f'<ul class="lab-reasons">{"".join(_reason(option, option == chosen) for option in options)}</ul>'


def _reason(option: Option, is_chosen: bool) -> str:
    yours = ' <span class="lab-yours">your choice</span>' if is_chosen else ""
    return f"<li>{_sign(option)} <b>{escaped(option.text)}</b>{yours}<br>{escaped(option.reason)}</li>"


def _sign(option: Option) -> str:
    kind, sign = ("lab-right", "✓ right") if option.is_right else ("lab-wrong", "✗ wrong")
    return f'<span class="{kind}">{sign}</span>'


def _mark(option: Option) -> str:
    return "[right]" if option.is_right else "[wrong]"


def score(choices: Sequence[Choice], answers: Iterable[Answer | None]) -> tuple[int, int]:
    """How many of `choices` were answered, and how many of them rightly."""
    given = [(choice, answer) for choice, answer in zip(choices, answers, strict=True) if answer is not None]
    return len(given), sum(choice.option(answer).is_right for choice, answer in given)
