"""Questions to click: ipywidgets in a notebook, text and plain markup everywhere else.

A form shows its question, lets the reader choose, and records the choice when it is locked in.  Only then does it show
the reasons.  Displayed again (a cell that runs twice), it shows the answer that is already recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from vizlib.teaching import answers
from vizlib.teaching.answers import Answer
from vizlib.teaching.markup import card, escaped
from vizlib.teaching.questions import Choice, Estimate, Option, Question, score

_WIDGET = "application/vnd.jupyter.widget-view+json"


class Form:
    """One question or several, ready to be displayed."""

    def __init__(self, *questions: Question, kind: str = "prediction") -> None:
        self.questions = questions
        self.panels = [Panel(question, self._update, kind) for question in questions]
        self._score = widgets.HTML()
        self._update()
        score_lines = [self._score] if len(questions) > 1 else []
        self.box = widgets.VBox([*(panel.box for panel in self.panels), *score_lines])

    def __repr__(self) -> str:
        return "\n\n".join(one.in_text(answers.locked(one.key)) for one in self.questions)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        view: dict[str, Any] = self.box._repr_mimebundle_()
        static = "<br>".join(one.in_html() for one in self.questions)
        return {"text/plain": repr(self), "text/html": static, _WIDGET: view[_WIDGET]}

    def _update(self) -> None:
        choices = [one for one in self.questions if isinstance(one, Choice)]
        answered, right = score(choices, [answers.locked(one.key) for one in choices])
        told = f"{right} right of {answered} answered" if answered else "none answered yet"
        told += f", of {len(choices)} questions" if answered < len(choices) else ""
        self._score.value = card(f"<p><b>{told[0].upper()}{escaped(told[1:])}.</b></p>", live=True)


class Panel:
    """One question's widgets: the field, the button that locks the answer in, and what is said then."""

    def __init__(self, question: Question, locked: Callable[[], None] = lambda: None, kind: str = "prediction") -> None:
        self.question, self.kind = question, kind
        self._locked = locked
        self.field = _choices(question) if isinstance(question, Choice) else _number(question)
        self.button = widgets.Button(description="Lock in my answer", button_style="primary")
        self.feedback = widgets.HTML()
        heading = widgets.HTML(card(f'<p style="font-size:15px"><b>{escaped(question.text)}</b></p>'))
        unit = [widgets.Label(question.unit.strip())] if isinstance(question, Estimate) else []
        self.box = widgets.VBox([heading, widgets.HBox([self.field, *unit]), self.button, self.feedback])
        self.box.layout.margin = "0 0 12px 0"
        self.button.on_click(lambda _: self.lock())
        self._show()

    def lock(self) -> None:
        """Record what is chosen, and show what there is to say about it."""
        value = self.field.value
        if value is None:
            self.feedback.value = card("<p>Choose an answer first.</p>", live=True)
            return
        shown = value if isinstance(self.question, Choice) else self.question.shown(value)
        right = None
        if isinstance(self.question, Choice):
            right = next(option.is_right for option in self.question.options if option.text == value)
        answers.lock(Answer(self.question.key, self.question.text, value, shown, self.kind, right))
        self._show()
        self._locked()

    def _show(self) -> None:
        answer = answers.locked(self.question.key)
        if answer is None:
            return
        self.field.value = answer.value
        self.field.disabled = True
        self.button.layout.display = "none"
        self.feedback.value = card(self.question.feedback(answer), live=True)


def _choices(question: Choice) -> Any:
    options = [option.text for option in question.options]
    field = widgets.RadioButtons(
        options=options, value=None, layout=widgets.Layout(width="auto"), tooltip=question.text
    )
    field.add_class("lab-choices")
    return field


def _number(question: Estimate) -> Any:
    field = widgets.FloatSlider(
        value=min(max(1.0, question.low), question.high),
        min=question.low,
        max=question.high,
        step=question.step,
        readout_format=".1f",
        layout=widgets.Layout(width="28em", max_width="100%"),
        tooltip=question.text,
    )
    field.add_class("lab-number")
    return field


def _ready(question: Question) -> Question:
    """The question; an answer to an older wording of it does not count."""
    answer = answers.locked(question.key)
    if answer is not None and (
        answer.question != question.text
        or (isinstance(question, Choice) and answer.value not in {option.text for option in question.options})
        or (isinstance(question, Estimate) and not isinstance(answer.value, float | int))
    ):
        answers.forget(question.key)
    return question


def ask(question: str, options: Sequence[Option], *, key: str) -> Choice:
    """A question for a `quiz`.  Exactly one option is `right(...)`, the others are `wrong(...)`."""
    choice = Choice(key, question, tuple(options))
    _ready(choice)
    return choice


def predict(question: str, options: Sequence[Option], *, key: str) -> Form:
    """Ask for a prediction.  The first choice that is locked in is recorded under `key`; then every reason is shown."""
    return Form(ask(question, options, key=key))


def estimate(
    question: str, *, key: str, low: float = 0.5, high: float = 4.0, step: float = 0.1, unit: str = "×"
) -> Form:
    """Ask for a predicted number, to be drawn beside the measured one by `reveal`."""
    return Form(_ready(Estimate(key, question, low, high, step, unit)))


def quiz(*questions: Choice) -> Form:
    """A self-test: several questions from `ask`, each locked in on its own, and how many were right."""
    if not questions:
        raise ValueError("quiz() expected at least one ask(...) and got none")
    if len({question.key for question in questions}) < len(questions):
        raise ValueError("quiz() was given two questions with the same key")
    return Form(*questions, kind="quiz")
