"""How many objects a channel holds, and how long they are in it."""

from runtime.tracing.decode import decode
from runtime.tracing.depth import QueueTime, depth_of, queue_times
from tests.runtime.tracing.lanes import receive, recording, send


def messages(*moments):
    """One channel's messages, each (admitted, taken); taken is None for one that nobody received."""
    sent = [send(n, admitted, admitted, admitted, admitted) for n, (admitted, _) in enumerate(moments)]
    taken = sorted((taken, n) for n, (_, taken) in enumerate(moments) if taken is not None)
    received = [receive(0, n, at, at, at) for at, n in taken]
    return decode(recording([b"".join(sent), b"".join(received)])).messages


def test_a_step_up_for_each_that_enters_and_down_for_each_that_leaves():
    assert depth_of(messages((10, 30), (20, 40)), 0, 4) == [(10, 1), (20, 2), (30, 1), (40, 0)]


def test_who_is_let_into_a_full_channel_found_room_there():
    # the receiver made room before 50, but wrote it down only at 60
    assert depth_of(messages((10, 60), (50, 70)), 0, 1) == [(10, 1), (50, 0), (50, 1), (70, 0)]


def test_a_rendezvous_never_holds_anything():
    assert depth_of(messages((10, 11), (20, 22)), 0, 0) == []


def test_an_object_that_was_lost_takes_no_room_for_ever():
    assert depth_of(messages((10, None), (20, 30), (40, 50)), 0, 1)[-1] == (50, 0)


def test_without_a_bound_everything_has_room():
    assert max(depth for _, depth in depth_of(messages(*((n, 100) for n in range(9))), 0)) == 9


def test_time_in_queue():
    found = queue_times(messages((10, 30), (20, 25), (30, 130), (40, None)), 2)
    assert list(found) == [QueueTime(channel=0, messages=3, shortest_ns=5, median_ns=20, longest_ns=100)]
