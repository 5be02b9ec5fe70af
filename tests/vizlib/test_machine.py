"""The machine: who stands where, who sends to whom, and the same in words."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vizlib
from runtime.tracing.model import NONE, Channel, Evidence, State
from tests.vizlib import builders
from vizlib.plan import NARROW, WIDE, Flow, flows, layers, plan
from vizlib.views import machine


def crowd(workers=64):
    """One that sends to all others."""
    return builders.trace(
        [builders.worker(i, f"w #{i}") for i in range(workers)],
        [builders.span(i, State.RUNNING, 0, 100) for i in range(workers)],
        channels=[Channel(0, "work", 8)],
        messages=[builders.message(0, i, 10 + i, 20 + i, serial=i) for i in range(1, workers)],
    )


def test_who_is_at_which_end_of_a_channel():
    assert flows(builders.squares()) == [Flow((0,), (1, 2)), Flow((1, 2), (3,))]


def test_one_who_only_ever_waits_is_at_an_end_too():
    waits = builders.span(0, State.RECV_BLOCKED, 0, 100, Evidence.INFERRED, channel=0)
    trace = builders.trace([builders.worker(0, "a")], [waits], channels=[Channel(0, "never", 0)])
    assert flows(trace) == [Flow((), (0,))]


def test_senders_come_before_receivers():
    assert layers(4, [Flow((0,), (1, 2)), Flow((1, 2), (3,))]) == [0, 1, 1, 2]
    assert layers(2, [Flow((0,), (1,)), Flow((1,), (0,))]) == [0, 1]  # a reply channel leads back
    assert layers(3, [Flow((0,), (1,)), Flow((1,), (2,)), Flow((2,), (0,))]) == [0, 1, 2]  # a ring


sets = st.sets(st.integers(0, 9), max_size=4)


@given(st.lists(st.tuples(sets, sets), max_size=8))
def test_any_graph_has_layers_and_only_ways_back_lead_up(pairs):
    ends = [Flow(tuple(sorted(senders)), tuple(sorted(receivers))) for senders, receivers in pairs]
    found = layers(10, ends)
    after = [{to for flow in ends if one in flow.senders for to in flow.receivers} for one in range(10)]

    def reaches(start, goal):
        seen, todo = set(), [start]
        while todo:
            for to in after[todo.pop()] - seen:
                seen.add(to)
                todo.append(to)
        return goal in seen

    for one, receivers in enumerate(after):
        for to in receivers:
            assert found[to] > found[one] or reaches(to, one)


def overlap(a, b):
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize(
    "trace",
    [builders.squares(items=4), builders.failing(), crowd(), crowd(13), crowd(5)],
    ids=lambda t: str(len(t.workers)),
)
def test_rooms_and_pipes_stand_apart_and_within_the_picture(trace, width):
    made = plan(trace, width)
    assert [room.index for room in made.rooms] == list(range(len(trace.workers)))
    assert [pipe.index for pipe in made.pipes] == list(range(len(trace.channels)))
    for a, b in itertools.combinations([*made.rooms, *made.pipes], 2):
        assert not overlap(a, b)
    for box in (*made.rooms, *made.pipes):
        assert 0 <= box.x <= box.x + box.width <= width
        assert 0 <= box.y <= box.y + box.height <= made.height


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_links_lead_from_a_room_to_a_pipe_or_from_a_pipe_to_a_room(width):
    made = plan(builders.squares(items=4), width)
    assert {(worker, channel, sends) for worker, channel, sends, _ in made.links} == {
        (0, 0, True), (1, 0, False), (2, 0, False), (1, 1, True), (2, 1, True), (3, 1, False),
    }  # fmt: skip
    for link in made.links:
        room, pipe = made.rooms[link.worker], made.pipes[link.channel]
        (x, _), (end, y) = (link.points[:2], link.points[6:]) if link.sends else (link.points[6:], link.points[:2])
        assert x in (room.x, room.x + room.width)
        assert end in (pipe.x, pipe.x + pipe.width)
        assert y == pipe.middle


def test_a_crowd_is_drawn_small_and_said():
    made = plan(crowd(), NARROW)
    assert made.small
    assert made.notes == ["64 workers: small rooms, whose colour is their state; point at one for its name."]
    assert made.height < 1_000


def test_any_trace_has_a_machine():
    for trace in (builders.trace(), builders.failing(), builders.trace([builders.worker(0, "a", 0, 0)])):
        assert vizlib.machine(trace).html()
    with pytest.raises(ValueError, match="expected at least one trace and got none"):
        vizlib.machine()


def test_the_machine_in_words():
    lines = str(vizlib.machine(builders.squares(items=4))).splitlines()
    assert lines[0] == "The machine of squares: own GIL each · 4 workers"
    assert lines[1].startswith("~ at the start: produce running, square #1 recv-blocked")
    assert lines[3] == "numbers (capacity 8): from produce to square #1 and square #2"
    assert lines[4].startswith("~ numbers: 4 messages, 4 taken, 96 B, at most ")
    assert lines[5] == "results (no bound): from square #1 and square #2 to total"


def held(*states):
    trace = builders.trace(
        [builders.worker(i, f"w{i}") for i in range(len(states))],
        [builders.span(i, state, 0, 100) for i, state in enumerate(states)],
        backend="threads",
    )
    return machine.text(trace).splitlines()[1].split("; ")[1]


def test_where_the_one_gil_is():
    assert held(State.RUNNING, State.GIL_WAIT) == "the one GIL: w0"
    assert held(State.RUNNING, State.RUNNING) == "the one GIL: unknown"
    assert held(State.GIL_WAIT, State.SLEEPING) == "the one GIL: unknown"
    assert held(State.CORE_WAIT, State.RECV_BLOCKED) == "the one GIL: unknown"
    assert held(State.SLEEPING, State.RECV_BLOCKED) == "the one GIL: free"


def test_what_was_never_taken_is_told():
    assert "1 message, 0 taken" in machine.text(builders.failing())
    assert builders.failing().messages[0].receiver == NONE
