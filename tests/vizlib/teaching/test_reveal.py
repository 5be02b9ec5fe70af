"""The prediction beside the measurement."""

from __future__ import annotations

import pytest

from vizlib.teaching.answers import Answer, forget, lock
from vizlib.teaching.reveal import reveal


@pytest.fixture(autouse=True)
def _no_answers():
    forget()
    yield
    forget()


def predicted(value):
    lock(Answer("gain", "How many times?", value, str(value)))


@pytest.mark.parametrize(
    ("value", "told"),
    [(1.5, "more than you thought"), (1.8, "a good prediction"), (3.0, "less than you thought")],
)
def test_a_number_is_judged(value, told):
    predicted(value)
    assert repr(reveal("gain", 1.9, "two interpreters")) == (
        f"~ two interpreters: you predicted {value:.1f}×, measured 1.9×: {told}"
    )


def test_without_a_prediction_the_measurement_stands_alone():
    found = reveal("gain", 1.9, "two interpreters")
    assert repr(found) == "~ two interpreters: measured 1.9× (no prediction was locked in)"
    assert 'class="lab-ghost"' not in found.html()


def test_a_choice_is_quoted():
    predicted("after <2 T>")
    found = reveal("gain", 2.04, "both are done after", " T")
    assert repr(found) == "~ both are done after: you predicted “after <2 T>”, measured 2.0 T"
    assert "&lt;2 T&gt;" in found.html()


def test_bars_are_drawn_on_one_scale():
    predicted(3.8)
    html = reveal("gain", 1.9, "gain").html()
    assert 'class="lab-ghost" style="width:80.0%"' in html
    assert 'class="lab-measured" style="width:40.0%"' in html


@pytest.mark.parametrize("measured", [0.0, -1.0])
def test_a_measurement_may_be_nothing(measured):
    assert "width:0.0%" in reveal("gain", measured, "gain").html()
