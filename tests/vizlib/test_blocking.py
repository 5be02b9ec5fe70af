"""Who waited for whom, and how full each channel was."""

import pytest

from runtime.tracing.depth import depth_of
from runtime.tracing.model import NONE, Channel, State
from tests.vizlib import builders
from vizlib.views import blocking
from vizlib.views.blocking import Wait, waits

CHANNELS = (Channel(0, "numbers", 1),)


def pair(spans, messages):
    workers = [builders.worker(0, "a"), builders.worker(1, "b")]
    return builders.trace(workers, spans, channels=CHANNELS, messages=messages)


def test_one_who_waits_for_a_message_waits_for_its_sender():
    trace = pair([builders.span(1, State.RECV_BLOCKED, 36, 40, channel=0)], [builders.message(0, 1, 39, 41)])
    assert waits(trace) == [Wait(1, 0, State.RECV_BLOCKED, 4, 1)]
    assert blocking.in_words(trace) == ["b waited 4 ns for a message from a."]


def test_one_who_waits_for_room_waits_for_the_one_who_makes_it():
    first = builders.message(0, 1, 20, 50)
    second = builders.message(0, 1, 52, 60, serial=1)._replace(began_ns=30, encoded_ns=32, admitted_ns=51)
    trace = pair([builders.span(0, State.SEND_BLOCKED, 32, 51, channel=0)], [first, second])
    assert waits(trace) == [Wait(0, 1, State.SEND_BLOCKED, 19, 1)]


def test_a_wait_that_nobody_ended():
    trace = pair([builders.span(1, State.RECV_BLOCKED, 10, 100, channel=0)], [])
    assert waits(trace) == [Wait(1, NONE, State.RECV_BLOCKED, 90, 1)]
    assert "for a message that did not come" in blocking.text(trace)


def test_one_who_waits_for_the_gil_waits_for_those_who_had_it_meanwhile():
    trace = builders.trace(
        [builders.worker(i, name) for i, name in enumerate("abc")],
        [
            builders.span(0, State.GIL_WAIT, 10, 50),
            builders.span(1, State.RUNNING, 0, 30),
            builders.span(2, State.RUNNING, 30, 45),
        ],
        backend="threads",
    )
    assert waits(trace) == [
        Wait(0, 1, State.GIL_WAIT, 20, 1),
        Wait(0, 2, State.GIL_WAIT, 15, 1),
        Wait(0, NONE, State.GIL_WAIT, 5, 1),
    ]


@pytest.mark.parametrize("backend", ["interpreters", "threads"])
def test_no_waiting_is_lost(backend):
    trace = builders.squares(backend)
    blocked = {State.SEND_BLOCKED, State.RECV_BLOCKED} | ({State.GIL_WAIT} if backend == "threads" else set())
    recorded = sum(span.length_ns for span in trace.spans if span.state in blocked)
    assert sum(one.ns for one in waits(trace)) == recorded


def test_depth_is_drawn_as_recorded():
    trace = builders.squares()
    assert blocking.steps(trace, 0)[1:-1] == depth_of(trace.messages, 0)


def test_of_too_many_steps_the_fullest_is_kept(monkeypatch):
    monkeypatch.setattr(blocking, "STEPS", 20)
    trace = builders.squares()
    found = blocking.steps(trace, 0)
    assert len(found) <= 22
    assert max(depth for _, depth in found) == max(depth for _, depth in depth_of(trace.messages, 0))
    assert "too many steps to draw" in blocking.notes(trace)[0]
