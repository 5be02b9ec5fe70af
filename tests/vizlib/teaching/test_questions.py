"""Predictions, numbers and self-tests: what is recorded, when reasons are told, what must not become markup."""

from __future__ import annotations

import pytest

from vizlib.teaching import ask, estimate, predict, prediction, quiz, right, wrong
from vizlib.teaching.answers import forget

EVIL = "</p><script>alert(1)</script>&\"'"
OPTIONS = [wrong("after T", "they share one lock"), right("after 2 T", "they take turns"), wrong("never", "they end")]


@pytest.fixture(autouse=True)
def _no_answers():
    forget()
    yield
    forget()


def answer(form, value, number=0):
    form.panels[number].field.value = value
    form.panels[number].button.click()
    return form


def test_a_prediction_is_recorded_when_it_is_locked_in():
    form = predict("When?", OPTIONS, key="when")
    form.panels[0].field.value = "after T"
    assert prediction("when") is None
    form.panels[0].button.click()
    assert prediction("when") == "after T"


def test_reasons_are_told_only_after_the_choice():
    form = predict("When?", OPTIONS, key="when")
    panel = form.panels[0]
    assert "take turns" not in repr(form) + panel.feedback.value
    answer(form, "after T")
    for option in OPTIONS:
        assert option.reason in panel.feedback.value
        assert option.reason in repr(form)


def test_the_first_answer_stays():
    form = answer(predict("When?", OPTIONS, key="when"), "after T")
    answer(form, "after 2 T")
    assert prediction("when") == "after T"
    again = predict("When?", OPTIONS, key="when")
    assert again.panels[0].field.value == "after T"
    assert again.panels[0].field.disabled
    assert again.panels[0].button.layout.display == "none"


def test_locking_in_nothing_asks_for_a_choice():
    form = predict("When?", OPTIONS, key="when")
    form.panels[0].button.click()
    assert prediction("when") is None
    assert "Choose an answer first" in form.panels[0].feedback.value


def test_a_question_that_was_rewritten_is_asked_anew():
    answer(predict("When?", OPTIONS, key="when"), "after T")
    predict("When exactly?", OPTIONS, key="when")
    assert prediction("when") is None


def test_a_choice_reads_as_text():
    form = predict("When?", OPTIONS, key="when")
    assert repr(form) == "When?\n  1. after T\n  2. after 2 T\n  3. never\nYour answer: none yet"
    answer(form, "after 2 T")
    assert "Your answer: after 2 T [right]\n  [wrong] after T: they share one lock" in repr(form)


def test_a_form_offers_widgets_markup_and_text():
    bundle = predict("When?", OPTIONS, key="when")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert bundle["text/html"].count("<details>") == 1


def test_nothing_in_a_question_becomes_markup():
    form = predict(EVIL, [right(EVIL, EVIL), wrong("b", "c")], key="evil")
    answer(form, EVIL)
    shown = form._repr_mimebundle_()["text/html"] + form.panels[0].feedback.value + form.panels[0].box.children[0].value
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ([right("a", "b")], "two options or more"),
        ([wrong("a", "b"), wrong("c", "d")], "exactly one"),
        ([right("a", "b"), right("c", "d")], "exactly one"),
        ([right("a", "b"), wrong("a", "d")], "same text"),
        ([right("a", "b"), wrong("c", " ")], "a reason"),
    ],
)
def test_a_badly_written_question_is_refused(options, what):
    with pytest.raises(ValueError, match=what):
        predict("When?", options, key="when")


def test_an_estimate_records_a_number():
    form = answer(estimate("How many times?", key="gain"), 1.5)
    assert prediction("gain") == 1.5
    assert repr(form).endswith("Your answer: 1.5×")
    assert "Locked in: <b>1.5×</b>" in form.panels[0].feedback.value


def test_an_estimate_needs_a_range():
    with pytest.raises(ValueError, match="low < high"):
        estimate("How many?", key="gain", low=2, high=1)


def test_a_quiz_counts_right_answers():
    form = quiz(ask("One?", OPTIONS, key="one"), ask("Two?", OPTIONS, key="two"))
    answer(form, "after 2 T", 0)
    assert "1 right of 1 answered, of 2 questions." in form._score.value
    answer(form, "after T", 1)
    assert "1 right of 2 answered." in form._score.value


def test_a_quiz_refuses_two_questions_under_one_key():
    with pytest.raises(ValueError, match="same key"):
        quiz(ask("One?", OPTIONS, key="one"), ask("Two?", OPTIONS, key="one"))
