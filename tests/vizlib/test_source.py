"""The time spent on each line, and where each worker is."""

import pytest

from runtime.tracing.model import Line, State
from runtime.tracing.tables import Table
from tests.vizlib import builders
from vizlib.views import source


def test_copies_of_a_snippet_share_a_listing():
    found = source.listings(builders.squares())
    assert [(one.snippet, one.workers) for one in found] == [("produce", (0,)), ("square", (1, 2)), ("total", (3,))]
    assert found[0].lines[2] == "        value = slow_square(n)"


@pytest.mark.parametrize("backend", ["interpreters", "threads"])
def test_the_time_of_all_lines_is_the_time_of_all_spans(backend):
    trace = builders.squares(backend)
    told = sum(sum(one.spent.values()) + one.elsewhere for one in source.listings(trace))
    assert told == sum(span.length_ns for span in trace.spans)


def test_time_between_operations_is_told_as_such():
    spans = [builders.span(0, State.RUNNING, 0, 75), builders.span(0, State.ENCODE, 75, 100, line=13)]
    trace = builders.trace([builders.worker(0, "a")], spans)
    (one,) = source.listings(trace)
    assert (one.spent, one.elsewhere) == ({4: 25}, 75)
    assert "~ time of a: line 4 25 %, between operations 75 %" in source.text(trace)
    (panel,) = source.panels(trace)
    assert panel.subtitle == "1 worker · 75 % of its time between operations"
    assert panel.content["percent"] == ["", "", "", "25 %"]
    assert panel.content["walks"] == [{"at": [75], "line": [4], "until": [100]}]


def test_recorded_lines_are_exact():
    lines = Table.of(Line, [(0, 10, 10), (0, 11, 20), (0, 12, 90)])
    spans = [builders.span(0, State.RUNNING, 0, 100)]
    trace = builders.trace([builders.worker(0, "a")], spans, lines=lines)
    (one,) = source.listings(trace)
    assert (one.spent, one.elsewhere, one.exact) == ({1: 10, 2: 70, 3: 10}, 10, True)
    (panel,) = source.panels(trace)
    assert panel.content["walks"] == [{"at": [10, 20, 90], "line": [1, 2, 3], "until": [100, 100, 100]}]
