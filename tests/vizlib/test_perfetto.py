"""The file for Perfetto says what the trace says, in the documented format."""

import json
from collections import Counter, defaultdict

import pytest

from runtime.tracing.depth import depth_of
from runtime.tracing.model import CoreSpan, State
from tests.vizlib import builders, edges
from vizlib import perfetto


def exported(trace, tmp_path):
    perfetto.export(trace, tmp_path / "run.json")
    return json.loads((tmp_path / "run.json").read_text("utf-8"))["traceEvents"]


def of_kind(events, kind):
    return [event for event in events if event["ph"] == kind]


@pytest.fixture(params=["interpreters", "threads"])
def trace(request):
    return builders.squares(request.param)


def test_counts_are_those_of_the_trace(trace, tmp_path):
    events = exported(trace, tmp_path)
    kinds = Counter(event["ph"] for event in events)
    assert kinds["X"] == len(trace.spans)
    assert kinds["s"] == kinds["f"] == len(trace.messages)
    assert kinds["T"] == len(trace.core_spans)
    assert kinds["C"] == sum(1 + len(depth_of(trace.messages, c.index)) for c in trace.channels)
    assert kinds["i"] == len(trace.outputs)


def test_every_event_has_the_fields_that_its_phase_wants(trace, tmp_path):
    wanted = {"M": {"pid", "name", "args"}, "X": {"pid", "tid", "ts", "dur", "name"}, "s": {"pid", "tid", "ts", "id"},
              "f": {"pid", "tid", "ts", "id", "bp"}, "C": {"pid", "ts", "name", "args"},
              "T": {"pid", "tid", "ts", "dur", "args"}, "i": {"pid", "tid", "ts", "s"}}  # fmt: skip
    for event in exported(trace, tmp_path):
        assert wanted[event["ph"]] <= set(event)
        assert event.get("dur", 0) >= 0
        assert isinstance(event["pid"], int)


def test_slices_are_where_the_spans_are(trace, tmp_path):
    slices = of_kind(exported(trace, tmp_path), "X")
    shown = [(e["tid"] - 1, e["name"], round(e["ts"] * 1000), round((e["ts"] + e["dur"]) * 1000)) for e in slices]
    assert shown == [(s.worker, State(s.state).label, s.began_ns, s.ended_ns) for s in trace.spans]


def test_slices_of_a_thread_never_overlap(trace, tmp_path):
    lanes = defaultdict(list)
    for event in of_kind(exported(trace, tmp_path), "X"):
        lanes[event["pid"], event["tid"]].append(
            (round(event["ts"] * 1000), round((event["ts"] + event["dur"]) * 1000))
        )
    for spans in lanes.values():
        assert all(end <= begin for (_, end), (begin, _) in zip(sorted(spans), sorted(spans)[1:], strict=False))


def test_an_arrow_has_an_id_of_its_own_and_both_ends_lie_in_slices(trace, tmp_path):
    events = exported(trace, tmp_path)
    starts, ends = of_kind(events, "s"), of_kind(events, "f")
    assert [one["id"] for one in starts] == [one["id"] for one in ends]
    assert len({one["id"] for one in starts}) == len(starts)
    slices = of_kind(events, "X")
    for end in (*starts, *ends):
        open_then = [e for e in slices if e["tid"] == end["tid"] and e["ts"] <= end["ts"] <= e["ts"] + e["dur"]]
        assert open_then
    for start, end in zip(starts, ends, strict=True):
        assert start["ts"] <= end["ts"]


def test_an_interpreter_is_a_process_and_threads_share_one(trace, tmp_path):
    slices = of_kind(exported(trace, tmp_path), "X")
    assert len({event["pid"] for event in slices}) == (4 if trace.backend == "interpreters" else 1)
    assert len({event["tid"] for event in slices}) == 4


def test_cores_are_thread_states_with_a_cpu(tmp_path):
    trace = builders.trace([builders.worker(0, "a")], core_spans=[CoreSpan(3, 0, 1_500, 2_000)])
    (stay,) = of_kind(exported(trace, tmp_path), "T")
    assert (stay["name"], stay["ts"], stay["dur"], stay["args"]) == ("Running", 1.5, 0.5, {"cpu": 3})


def test_what_went_wrong_is_an_instant(tmp_path):
    instants = of_kind(exported(builders.failing(), tmp_path), "i")
    assert [one["name"] for one in instants] == ["raised", "stopped", "never received"]
    assert instants[0]["args"]["how"] == "raised ValueError: not a <number>"


def test_a_deadlock_is_an_instant_on_each_lane_of_its_ring(tmp_path):
    instants = [one for one in of_kind(exported(edges.deadlock(2), tmp_path), "i") if one["name"] == "deadlock"]
    assert [(one["tid"], one["ts"]) for one in instants] == [(1, 1_500.0), (2, 2_500.0)]
    assert instants[0]["args"]["who"] == "philosopher #1 waits for philosopher #2 to send to fork 2"
