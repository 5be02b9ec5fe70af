"""The outline of a timeline: its lanes, its marks, what it says; and the figure that the page fills in."""

import itertools

import pytest

from runtime.tracing.model import NONE, Channel, CoreSpan, Output, State
from tests.vizlib import builders
from vizlib.views import timeline
from vizlib.views.timeline import outline

HOUR = 3_600 * 10**9
CHANNEL = (Channel(0, "numbers", 8),)


def test_core_lanes_stand_above_the_workers():
    trace = builders.trace([builders.worker(0, "a")], core_spans=[CoreSpan(3, 0, 0, 50), CoreSpan(1, 0, 50, 99)])
    lanes = outline(trace).lanes
    assert list(lanes.cores) == [1, 3]
    assert max(lane.bottom for lane in lanes.cores.values()) < lanes.border < lanes.workers[0].top


@pytest.mark.parametrize("workers", [1, 12, 13, 33, 64])
def test_lanes_do_not_overlap_and_fit_in_the_frame(workers):
    trace = builders.trace([builders.worker(i, f"w #{i}") for i in range(workers)], core_spans=[CoreSpan(0, 0, 0, 1)])
    lanes = outline(trace).lanes
    strips = [*lanes.cores.values(), *lanes.workers]
    assert all(upper.bottom < lower.top for upper, lower in itertools.pairwise(strips))
    assert strips[-1].bottom < lanes.height < 1_200
    # an image shows lanes in whole rows of pixels
    assert all(edge == round(edge) for strip in strips for edge in (strip.top, strip.bottom))


def test_the_marks_that_occur_are_known():
    assert outline(builders.failing()).marks == {"undelivered", "raised", "stopped"}
    printed = builders.trace([builders.worker(0, "a")], outputs=[Output(0, 1, 5, 0), Output(0, 2, 6, 0)], texts=["hi"])
    assert outline(printed).marks == {"print", "stderr"}


def test_a_message_that_was_never_sent_is_told_in_words():
    unsent = builders.message(0, NONE, 40, NONE)._replace(sent_ns=NONE)
    made = outline(builders.trace([builders.worker(0, "a")], channels=CHANNEL, messages=[unsent]))
    assert made.marks == set()
    assert "1 message had not been sent when the run ended." in made.notes


def test_lost_records_and_a_cut_are_told_in_words():
    cut, lost = outline(builders.failing()).notes
    assert "cut short" in cut
    assert lost.startswith("3 records did not fit")


def test_the_end_is_the_last_that_happened():
    late = builders.trace([builders.worker(0, "a", 0, 50)], [builders.span(0, State.RUNNING, 0, 70)], wall_ns=60)
    assert outline(late).ends_ns == 70
    assert outline(builders.trace()).ends_ns == 1


@pytest.mark.parametrize(
    "trace",
    [
        builders.trace(),
        builders.trace([builders.worker(0, "a", 0, 0)]),
        builders.trace([builders.worker(0, "a", 0, 1)], [builders.span(0, State.RUNNING, 0, 1)]),
        builders.trace([builders.worker(0, "a", 0, HOUR)], [builders.span(0, State.SLEEPING, 0, HOUR)]),
        builders.failing(),
        builders.squares("threads", items=3),
    ],
    ids=["empty", "no-time", "one-nanosecond", "one-hour", "failing", "squares"],
)
def test_a_figure_is_made_of_any_trace(trace):
    made = outline(trace)
    plot = timeline.draw(made, timeline.axis_for([made]))
    assert plot.x_range.start < 0 < trace.wall_ns or trace.wall_ns == 0
    assert plot.x_range.end > trace.wall_ns


def test_what_moves_lies_in_the_overlay_and_nothing_is_left_out_while_panning():
    made = outline(builders.squares(items=4))
    plot = timeline.draw(made, timeline.axis_for([made]))
    levels = {renderer.name: renderer.level for renderer in plot.renderers}
    assert {levels[f"chosen {name}"] for name in ("bars", "arrows", "heads")} == {"overlay"}
    assert next(name for name in levels if name) == "raster"
    assert plot.lod_threshold is None
