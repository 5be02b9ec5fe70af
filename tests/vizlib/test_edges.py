"""Runs at the edges of what can happen, in every view: what is said and drawn of them."""

from __future__ import annotations

import base64
import gzip
import json
import re

import pytest

import runtime
import vizlib
from runtime.tracing.model import NONE, State
from tests.benchmarks.bench_endings import ring
from tests.vizlib.edges import EDGES, LONG, alone, crash, deadlock, renamed, silent, stopped
from vizlib import words
from vizlib.plan import NARROW, WIDE, Flow, flows, plan
from vizlib.views import blocking
from vizlib.views.deadlock import places


def markup(view):
    packed = re.search(r'<script type="text/plain" class="lab-document">([^<]*)</script>', view.html())[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))["markup"]


@pytest.mark.parametrize("name", EDGES)
def test_every_edge_is_saved_and_told_in_every_view(name, tmp_path):
    trace = EDGES[name]()
    trace.save(tmp_path / "run.trace")
    assert runtime.Trace.load(tmp_path / "run.trace") == trace
    for make in (*(entry.make for entry in vizlib.VIEWS.values()), lambda one: vizlib.compare(one, one)):
        assert all(line.isprintable() for line in str(make(trace)).splitlines())


def test_a_deadlock_is_told_first_and_in_the_text_forms():
    trace = deadlock(2)
    told = (
        "Deadlock: philosopher #1 waits for philosopher #2 to send to fork 2 and "
        "philosopher #2 waits for philosopher #1 to send to fork 1."
    )
    assert vizlib.timeline(trace).sheet().sentences[1] == told
    assert told in str(vizlib.timeline(trace))
    assert "~ philosopher #1 waited: 50.5 ms for a message from philosopher #2 that did not come" in str(
        vizlib.blocking(trace)
    )
    assert "took: 52.0 ms, then a deadlock" in str(vizlib.summary(trace))


def test_the_ring_is_drawn_in_a_panel_of_its_own():
    drawn = markup(vizlib.blocking(deadlock(3)))
    ring = drawn[drawn.index("lab-ring") :]
    assert ring.count('class="lab-waits-for"') == ring.count('class="lab-node"') == 3
    names = re.findall(r'class="lab-node-name"[^>]*>([^<]*)<', ring)
    assert names == ["philosop… #1", "philosop… #2", "philosop… #3"]
    assert re.findall(r'class="lab-waits-what"[^>]*>([^<]*)<', ring) == ["fork 2", "fork 3", "fork 1"]
    assert "lab-ring" not in markup(vizlib.blocking(silent()))
    assert "lab-ring" not in markup(vizlib.blocking(deadlock(13)))  # told only


@pytest.mark.parametrize("count", range(1, 13))
def test_the_workers_of_a_ring_stand_apart_and_within_the_drawing(count):
    found, tall = places(count)
    for at, one in enumerate(found):
        assert 52 <= one.x <= 316 - 52
        assert 15 <= one.y <= tall - 15
        assert all(abs(one.x - other.x) >= 104 or abs(one.y - other.y) >= 30 for other in found[at + 1 :])


@pytest.mark.parametrize("count", range(1, 13))
def test_the_names_of_what_is_waited_for_stand_within_the_drawing(count):
    drawn = markup(vizlib.blocking(deadlock(count)))
    _, tall = places(count)
    heights = [float(y) for y in re.findall(r'class="lab-waits-what" x="[^"]*" y="([^"]*)"', drawn)]
    assert len(heights) == count
    assert all(9 <= y <= tall - 3 for y in heights)  # a base line, with room for the letters


def test_arcs_lead_on_the_timeline_from_each_worker_to_the_one_that_it_waits_for():
    trace = deadlock(3)
    (section,) = vizlib.timeline(trace).sheet().sections
    arcs = next(one for one in section.figure.renderers if one.name == "deadlock arcs").data_source.data
    lanes = {label: middle for middle, label in section.figure.yaxis[0].major_label_overrides.items()}
    for link, xs, ys in zip(trace.deadlock, arcs["xs"], arcs["ys"], strict=True):
        assert ys[0] == pytest.approx(lanes[trace.workers[link.worker].name], abs=6)
        assert ys[-1] == pytest.approx(lanes[trace.workers[link.awaited].name], abs=6)
        assert max(xs) < trace.wall_ns


def test_who_is_waited_for_is_at_the_channel_in_the_machine():
    trace = deadlock(2)
    assert flows(trace) == [Flow((0,), (0, 1)), Flow((1,), (0, 1))]
    for width in (NARROW, WIDE):
        links = {(link.worker, link.channel, link.sends) for link in plan(trace, width).links}
        for one in trace.deadlock:
            assert {(one.worker, one.channel, False), (one.awaited, one.channel, True)} <= links


def test_a_wait_that_a_deadlock_made_endless_is_for_the_next_of_the_ring():
    (wait,) = blocking.waits(alone())
    assert (wait.who, wait.whom, wait.state, wait.over) == (0, 0, State.RECV_BLOCKED, False)
    assert [(one.who, one.whom) for one in blocking.waits(deadlock(3))] == [(0, 1), (1, 2), (2, 0)]
    assert NONE not in {one.whom for one in blocking.waits(deadlock(3))}


def test_a_real_deadlock_is_drawn():
    with pytest.raises(runtime.DeadlockError) as caught:
        ring(3).run(timeout=30)
    trace = caught.value.trace
    assert vizlib.timeline(trace).sheet().sentences[1].startswith("Deadlock: worker 0 waits for worker 2 to send to")
    assert {(one.who, one.whom) for one in blocking.waits(trace) if not one.over} == {(0, 2), (2, 1), (1, 0)}


def test_why_a_run_ended_early_is_said():
    assert vizlib.timeline(crash()).sheet().sentences[1] == (
        "The process that ran them died: all four workers were lost with it."
    )
    assert (
        vizlib.timeline(stopped()).sheet().sentences[1] == "The run was stopped: all four workers were still at work."
    )


def test_rooms_without_channels_stand_side_by_side():
    made = plan(silent(), WIDE)
    assert len({room.y for room in made.rooms}) == 1
    assert len({room.y for room in plan(silent(), NARROW).rooms}) == 2


def test_lives_are_told_also_where_there_is_no_channel():
    assert "Where each worker" in vizlib.blocking(silent()).sheet().below
    assert "nothing, for no message crossed" in vizlib.costs(silent()).sheet().below


def test_a_long_name_keeps_both_ends():
    assert words.short(LONG, 24) == "the_worker_that_rea… #12"
    assert words.short("a" * 30 + "the end", 24) == "a" * 15 + "…athe end"
    assert words.short("short", 24) == "short"
    lanes = vizlib.timeline(renamed(LONG, "x")).sheet().sections[0].figure.yaxis[0].major_label_overrides
    assert list(lanes.values())[-4:] == [f"the_worker_that…ee #12 {number}" for number in range(4)]


def test_a_long_run_is_marked_in_minutes():
    (section, *_) = vizlib.timeline(EDGES["one-hour"]()).sheet().sections
    assert section.figure.xaxis[0].ticker.tickers[1].base == 60
    assert "messages in an hour: 19" in str(vizlib.summary(EDGES["one-hour"]()))
