"""Who waited for whom, for recordings whose truth is known; and that it all adds up, for any recording."""

from hypothesis import given

from runtime.tracing.decode import decode
from runtime.tracing.layout import Status
from runtime.tracing.model import NONE, State
from runtime.tracing.waits import waits_of
from tests.runtime.tracing.lanes import MS, end, receive, recording, recordings, send, start

SEND, RECV = State.SEND_BLOCKED, State.RECV_BLOCKED


def waits(lanes, capacity=4, **facts):
    """(waiter, awaited, send or recv, times, ms)."""
    decoded = decode(recording(lanes, channels=((7, "numbers", capacity),), **facts))
    found = waits_of(decoded.spans, decoded.messages, decoded.channels)
    return [(w.waiter, w.awaited, w.state, w.times, w.waited_ns / MS) for w in found]


def life(*operations, ended=20 * MS):
    return start() + b"".join(operations) + end(ended)


def test_a_wait_to_receive_is_for_the_sender_of_what_came():
    sender = life(send(0, 5 * MS, 5 * MS, 5 * MS, 6 * MS))
    assert waits([sender, life(receive(0, 0, MS, 6 * MS, 7 * MS))]) == [(1, 0, RECV, 1, 5)]


def test_a_wait_at_a_rendezvous_is_for_the_one_that_took_it():
    sender = life(send(0, MS, MS, 4 * MS, 5 * MS))
    assert waits([sender, life(receive(0, 0, 4 * MS, 4 * MS, 5 * MS))], capacity=0) == [(0, 1, SEND, 1, 3)]


def test_a_wait_for_room_is_for_the_one_that_made_it():
    # worker 1 takes the first object at 8 ms, and so lets the second in; worker 2 takes that one
    sender = life(send(0, 0, 0, 0, MS), send(1, MS, MS, 8 * MS, 9 * MS))
    first, second = life(receive(0, 0, 8 * MS, 8 * MS, 9 * MS)), life(receive(0, 1, 12 * MS, 12 * MS, 13 * MS))
    assert waits([sender, first, second], capacity=1) == [(0, 1, SEND, 1, 7)]


def test_waits_that_nothing_ended_are_for_nobody():
    late = life(receive(0, 0, MS, 4 * MS, 4 * MS, status=Status.TIMEOUT))
    assert waits([late]) == [(0, NONE, RECV, 1, 3)]


def test_waits_are_added_up_and_the_longest_comes_first():
    sender = life(send(0, 5 * MS, 5 * MS, 5 * MS, 6 * MS), send(1, 10 * MS, 10 * MS, 10 * MS, 11 * MS))
    other = life(send(0, 13 * MS, 13 * MS, 13 * MS, 14 * MS))
    taken = life(
        receive(0, 0, MS, 5 * MS, 6 * MS),
        receive(0, 1, 7 * MS, 10 * MS, 11 * MS),
        receive(2, 0, 12 * MS, 13 * MS, 14 * MS),
    )
    assert waits([sender, taken, other]) == [(1, 0, RECV, 2, 7), (1, 2, RECV, 1, 1)]


@given(recordings())
def test_waits_add_up_to_the_blocked_time_exactly(recording):
    decoded = decode(recording)
    found = waits_of(decoded.spans, decoded.messages, decoded.channels)
    for worker in decoded.workers:
        for state in (SEND, RECV):
            spans = [s for s in decoded.spans if (s.worker, s.state) == (worker.index, state)]
            rows = [w for w in found if (w.waiter, w.state) == (worker.index, state)]
            assert sum(w.waited_ns for w in rows) == sum(s.length_ns for s in spans)
            assert sum(w.times for w in rows) == len(spans)
