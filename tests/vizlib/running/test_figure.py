"""The figure that grows: one source of bars, and an axis that leaps."""

from dataclasses import replace

import pytest

from runtime.tracing.model import CoreSpan
from tests.vizlib.running.fakes import MS, stretch
from vizlib.running.figure import GrowingFigure, leap
from vizlib.running.growth import Growth


@pytest.fixture
def growth():
    growth = Growth()
    growth.add(stretch(0, 100))
    return growth


def end_of(figure):
    return figure.model.x_range.end / 1.02


def test_it_draws_what_has_grown(growth):
    figure = GrowingFigure(growth)
    (bars,) = figure.model.renderers
    assert bars.data_source.data["right"] == [100 * MS, 100 * MS]
    growth.add(stretch(100, 300))
    figure.show()
    assert bars.data_source.data["right"] == [300 * MS, 300 * MS]


def test_one_message_to_the_page_for_each_look(growth):
    figure = GrowingFigure(growth)
    from bokeh.document import Document

    document, changes = Document(), []
    document.add_root(figure.model)
    document.on_change(changes.append)
    for at in range(100, 900, 100):
        growth.add(stretch(at, at + 100))
        figure.show()
    assert len(changes) == 8


def test_the_axis_leaps_to_round_moments(growth):
    figure = GrowingFigure(growth)
    assert end_of(figure) == 1_000 * MS
    growth.add(stretch(100, 1_500))
    figure.show()
    assert end_of(figure) == 2_000 * MS
    labels = figure.model.xaxis[0].major_label_overrides.values()
    assert list(labels) == ["0 s", "0.4 s", "0.8 s", "1.2 s", "1.6 s", "2 s"]


@pytest.mark.parametrize(("now_s", "end_s"), [(0, 1), (0.99, 1), (1, 2), (4.9, 5), (5, 10), (3_700, 5_000)])
def test_leap(now_s, end_s):
    assert leap(int(now_s * 1e9)) == end_s * 10**9


def test_a_core_that_is_used_later_gets_its_lane(growth):
    figure = GrowingFigure(growth)
    before = figure.model.height
    growth.add(replace(stretch(100, 200), core_spans=(CoreSpan(1, 0, 100 * MS, 200 * MS),)))
    figure.show()
    assert figure.model.height > before
    assert "core 1" in figure.model.yaxis[0].major_label_overrides.values()


def test_nothing_in_it_answers_the_pointer(growth):
    assert GrowingFigure(growth).model.toolbar.tools == []
