"""Every view of the gallery makes a page and a text of any trace."""

import dataclasses
import re

import pytest

import vizlib
from runtime.tracing.model import Channel, Line, Output, State, WorkerFailure
from runtime.tracing.tables import Table
from tests.vizlib import builders
from tests.vizlib.test_machine import crowd

EVIL = "</script><img src=x onerror=alert(1)>&\"'"
HOUR = 3_600 * 10**9


def evil():
    worker = dataclasses.replace(builders.worker(0, EVIL), source=f"def a():\n    {EVIL}\n", snippet=EVIL)
    return builders.trace(
        [worker], [builders.span(0, State.RECV_BLOCKED, 0, 100, channel=0, line=11)], name=EVIL, backend=EVIL,
        channels=(Channel(0, EVIL, 1),), messages=[builders.message(0, 0, 40, 50, preview=0)], texts=[EVIL],
        outputs=[Output(0, 1, 5, 0)], errors=(WorkerFailure(EVIL, EVIL, EVIL, EVIL, 10),),
    )  # fmt: skip


def recorded_lines():
    lines = Table.of(Line, [(0, 10, 1), (0, 11, 5), (0, 12, 50)])
    return builders.trace([builders.worker(0, "a")], [builders.span(0, State.RUNNING, 0, 100)], lines=lines)


TRACES = {
    "empty": builders.trace(),
    "one-event": builders.trace([builders.worker(0, "a", 0, 1)], [builders.span(0, State.RUNNING, 0, 1)]),
    "an-hour": builders.trace([builders.worker(0, "a", 0, HOUR)], [builders.span(0, State.SLEEPING, 0, HOUR)]),
    "failing": builders.failing(),
    "threads": builders.squares("threads", items=3),
    "crowd": crowd(),
    "evil": evil(),
    "lines": recorded_lines(),
}


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
@pytest.mark.parametrize("name", [*vizlib.VIEWS, "show"])
def test_every_view_takes_any_trace(name, trace):
    view = (vizlib.VIEWS[name].make if name in vizlib.VIEWS else vizlib.show)(trace)
    html = view.html()
    assert len(re.findall(r"</script>", html, re.IGNORECASE)) == 5
    assert "<img" not in html.lower()
    assert str(view).strip()
    assert view.sheet().name is not None


@pytest.mark.parametrize("name", vizlib.VIEWS)
def test_markup_has_no_student_in_it(name):
    sheet = vizlib.VIEWS[name].make(evil()).sheet()
    for part in (sheet.above, sheet.legend, sheet.below, *(panel.markup for panel in sheet.panels)):
        assert "<img" not in part
        assert "</script" not in part


def test_every_view_says_what_it_is():
    for name, entry in vizlib.VIEWS.items():
        assert entry.make.__name__ == name
        assert entry.title
        assert len(entry.about) < 80
        assert f"{name}(" in vizlib.__doc__


def test_text_forms_keep_their_labels_from_run_to_run():
    one, other = builders.squares(items=6, seed=1), builders.squares(items=6, seed=2)
    for entry in vizlib.VIEWS.values():
        first, second = ([line.split(": ")[0] for line in str(entry.make(t)).splitlines()] for t in (one, other))
        assert [a for a in first if a.startswith("~")] == [b for b in second if b.startswith("~")]
        plain = [[line for line in str(entry.make(t)).splitlines() if not line.startswith("~")] for t in (one, other)]
        assert plain[0] == plain[1]
