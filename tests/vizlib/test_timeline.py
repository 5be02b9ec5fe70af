"""The columns of a timeline equal the trace that they were made from."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.tracing.model import NONE, CoreSpan, Evidence, Output, State
from tests.vizlib import builders
from vizlib.views import timeline
from vizlib.views.timeline import columns

HOUR = 3_600 * 10**9


def rows(table, *fields):
    return list(zip(*(table[field] for field in fields), strict=True))


@pytest.mark.parametrize("backend", ["interpreters", "threads"])
def test_every_span_is_drawn_at_its_time_in_its_lane(backend):
    trace = builders.squares(backend)
    drawn = columns(trace)
    recorded = [(span.worker, span.state, span.began_ns, span.ended_ns) for span in trace.spans]
    assert rows(drawn.spans, "worker", "state", "left", "right") == recorded
    for worker, bottom in rows(drawn.spans, "worker", "bottom"):
        assert bottom == drawn.lanes.workers[worker].bottom


def test_every_message_is_an_arrow_from_the_end_of_its_send_to_its_taking():
    trace = builders.squares()
    drawn = columns(trace)
    expected = sorted((m.sender, m.receiver, min(m.sent_ns, m.taken_ns), m.taken_ns) for m in trace.messages)
    assert sorted(rows(drawn.messages, "sender", "receiver", "x0", "x1")) == expected


@given(st.integers(6, 100), st.integers(6, 100))
def test_no_arrow_points_back_in_time(sent, taken):
    trace = builders.trace(
        [builders.worker(0, "a"), builders.worker(1, "b")],
        channels=CHANNEL,
        messages=[builders.message(0, 1, sent, taken)],
    )
    (left, right), = rows(columns(trace).messages, "x0", "x1")  # fmt: skip
    assert left <= right == taken


CHANNEL = (builders.Channel(0, "numbers", 8),)


def test_a_message_that_nobody_received_is_a_mark_with_its_value():
    trace = builders.trace(
        [builders.worker(0, "a")],
        channels=CHANNEL,
        messages=[builders.message(0, NONE, 40, NONE, preview=0)],
        texts=["7"],
    )
    drawn = columns(trace)
    assert drawn.messages["x0"] == []
    (kind, at, words), = rows(drawn.marks, "kind", "x", "words")  # fmt: skip
    assert (kind, at) == ("undelivered", 40)
    assert "a → nobody" in words
    assert "value\t7" in words


def test_prints_and_failures_are_marks():
    trace = builders.failing()
    kinds = set(columns(trace).marks["kind"])
    assert kinds == {"undelivered", "raised", "stopped"}
    printed = builders.trace([builders.worker(0, "a")], outputs=[Output(0, 1, 5, 0), Output(0, 2, 6, 0)], texts=["hi"])
    assert rows(columns(printed).marks, "kind", "x") == [("print", 5), ("stderr", 6)]


def test_what_the_hover_says_of_a_span():
    worker = builders.worker(0, "square #1", 0, 5_000_000)
    trace = builders.trace([worker], [builders.span(0, State.RUNNING, 1_000_000, 1_412_000, line=12)])
    assert columns(trace).spans["words"] == [
        "running · 412 µs\nworker\tsquare #1\nfrom\t1.000 ms to 1.412 ms\nline 3\tvalue = slow_square(n)"
    ]


def test_what_the_hover_says_of_a_message():
    trace = builders.trace(
        [builders.worker(0, "a"), builders.worker(1, "b")], channels=CHANNEL, texts=["42"],
        messages=[builders.message(0, 1, 40, 60, preview=0)],
    )  # fmt: skip
    assert columns(trace).messages["words"][0].split("\n") == [
        "a → b",
        "channel\tnumbers",
        "value\t42",
        "crossed as\tpickle, 24 B",
        "encode\t2 ns",
        "waited for room\t1 ns",
        "queued\t20 ns",
        "decode\t3 ns",
        "sent at line 4\tout.send(value)",
        "received at line 2\tfor n in numbers:",
    ]


def test_inferred_spans_are_marked_and_said():
    trace = builders.trace([builders.worker(0, "a")], [builders.span(0, State.GIL_WAIT, 0, 100, Evidence.INFERRED)])
    drawn = columns(trace)
    assert drawn.spans["kind"] == ["inferred"]
    assert "inferred, not measured" in drawn.spans["words"][0]


def test_core_lanes_stand_above_the_workers():
    trace = builders.trace([builders.worker(0, "a")], core_spans=[CoreSpan(3, 0, 0, 50), CoreSpan(1, 0, 50, 99)])
    drawn = columns(trace)
    assert list(drawn.lanes.cores) == [1, 3]
    assert max(drawn.cores["bottom"]) < drawn.lanes.border < drawn.lanes.workers[0].top
    assert rows(drawn.cores, "left", "right", "name") == [(0, 50, "a"), (50, 99, "a")]


def test_lanes_do_not_overlap_and_fit_in_the_frame():
    trace = builders.trace([builders.worker(i, f"w #{i}") for i in range(64)], core_spans=[CoreSpan(0, 0, 0, 1)])
    lanes = columns(trace).lanes
    strips = [*lanes.cores.values(), *lanes.workers]
    assert all(upper.bottom < lower.top for upper, lower in itertools.pairwise(strips))
    assert strips[-1].bottom < lanes.height < 1_200


def many(spans):
    """One worker in turn running and waiting."""
    states = [State.RUNNING, State.RECV_BLOCKED]
    life = [builders.span(0, states[i % 2], i * 10, i * 10 + 10) for i in range(spans)]
    return builders.trace([builders.worker(0, "a", 0, spans * 10)], life)


def test_too_many_spans_are_merged_counted_and_said():
    drawn = columns(many(30_000))
    assert len(drawn.spans["left"]) <= timeline.BARS
    assert sum(drawn.spans["count"]) == 30_000
    (note,) = drawn.notes
    assert note.startswith("30,000 of 30,000 spans are short and drawn merged")
    assert "spans drawn as one" in drawn.spans["words"][0]
    assert "running\t50 %" in drawn.spans["words"][0]


def test_the_height_of_a_merged_bar_is_shared_out_as_its_time_was(monkeypatch):
    monkeypatch.setattr(timeline, "BARS", 2)
    life = [builders.span(0, State.RUNNING, 0, 75), builders.span(0, State.GIL_WAIT, 75, 100)]
    drawn = columns(builders.trace([builders.worker(0, "a")], [*life, builders.span(0, State.RUNNING, 100, 100)]))
    lane = drawn.lanes.workers[0]
    assert rows(drawn.spans, "state", "top", "bottom") == [
        (State.RUNNING, lane.level(0.75), lane.bottom),
        (State.GIL_WAIT, lane.level(1), lane.level(0.75)),
    ]


def test_many_messages_are_told_in_words(monkeypatch):
    monkeypatch.setattr(timeline, "ARROWS", 10)
    monkeypatch.setattr(timeline, "MESSAGES", 20)
    drawn = columns(builders.squares(items=24))
    assert len(drawn.messages["x0"]) == 20
    assert "48 messages: point at a bar or click it to see its arrows." in drawn.notes
    assert "Arrows exist here for the first 20 of 48 messages received." in drawn.notes


def test_a_message_that_was_never_sent_is_told_in_words():
    unsent = builders.message(0, NONE, 40, NONE)._replace(sent_ns=NONE)
    drawn = columns(builders.trace([builders.worker(0, "a")], channels=CHANNEL, messages=[unsent]))
    assert drawn.marks["x"] == []
    assert "1 message had not been sent when the run ended." in drawn.notes


def test_lost_records_and_a_cut_are_told_in_words():
    cut, lost = columns(builders.failing()).notes
    assert "cut short" in cut
    assert lost.startswith("3 records did not fit")


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
    drawn = columns(trace)
    plot = timeline.draw(drawn, timeline.axis_for([drawn]))
    assert plot.x_range.start < 0 < trace.wall_ns or trace.wall_ns == 0
    assert plot.x_range.end > trace.wall_ns


def test_the_figure_holds_the_columns():
    drawn = columns(builders.squares(items=4))
    plot = timeline.draw(drawn, timeline.axis_for([drawn]))
    sources = {renderer.name: renderer.data_source.data for renderer in plot.renderers}
    assert sources["touch"]["left"] == drawn.spans["left"]
    assert sources["cores"]["name"] == drawn.cores["name"]
    assert len(sources["arrows"]["xs"]) == len(drawn.messages["x0"]) == 8
    assert [sources["arrows"]["xs"][0][0], sources["arrows"]["xs"][0][-1]] == [
        drawn.messages["x0"][0],
        drawn.messages["x1"][0],
    ]
