"""Ends as objects: what they say of themselves, how they live, and that they can be sent."""

from __future__ import annotations

import copy
import math
import pickle

import pytest

from runtime.channels.ends import create_channel
from runtime.errors import ChannelClosedError, ChannelNotFoundError, NotShareableError
from tests.runtime.helpers import wait_until


def test_receiving_end_comes_first():
    receiving, sending = create_channel("pair", 1)
    sending.send("hello")
    assert receiving.recv() == "hello"


@pytest.mark.parametrize("capacity", [-1, 1.5, True, "2"])
def test_capacity_is_checked(capacity):
    with pytest.raises(ValueError, match="capacity must be None or a whole number from 0 on, not "):
        create_channel(capacity=capacity)


def test_default_is_a_named_rendezvous():
    numbers, out = create_channel()
    assert (numbers.capacity, numbers.name) == (0, out.name)
    assert numbers.name.startswith("channel-")


def test_repr_says_name_end_and_state(place):
    numbers, out = place.channel(3, name="squares")
    out.send(1)
    assert repr(numbers) == "<RecvChannel 'squares', capacity 3, 1 queued>"
    out.close()
    assert repr(out) == "<SendChannel 'squares', capacity 3, closed>"


def test_repr_without_bound(place):
    assert repr(place.channel(None, name="all")[1]) == "<SendChannel 'all', unbounded, 0 queued>"


def test_equal_when_same_side_of_same_channel(place):
    numbers, out = place.channel(1)
    other, _ = place.channel(1)
    assert numbers == numbers.clone()
    assert len({numbers, numbers.clone(), out, out.clone(), other}) == 3
    assert numbers != out
    assert numbers != "numbers"


def test_an_end_is_true_and_has_a_length(place):
    numbers, out = place.channel(4)
    assert numbers
    assert (len(numbers), len(out)) == (0, 0)
    out.send(1)
    assert (len(numbers), len(out)) == (1, 1)


def test_closing_twice_does_nothing(place):
    numbers, out = place.channel(1)
    second = out.clone()
    out.close()
    out.close()
    assert (out.closed, second.closed, numbers.stats().open_send_channels) == (True, False, 1)


def test_with_closes(place):
    numbers, out = place.channel(1)
    with numbers, out:
        out.send(1)
    assert (numbers.closed, out.closed) == (True, True)


def test_a_clone_keeps_the_channel_open(place):
    numbers, out = place.channel(2)
    second = out.clone()
    out.close()
    second.send("still open")
    second.close()
    assert list(numbers) == ["still open"]


def test_a_dropped_end_is_closed(place):
    numbers, out = place.channel(1)
    del out
    with pytest.raises(ChannelClosedError, match="every sending end is closed"):
        numbers.recv(timeout=5)


def test_closing_wakes_who_waits_at_this_very_end(place):
    numbers, out = place.channel(0)
    kept = numbers.clone()
    receiver = place.start(
        "import threading\n"
        "closer = threading.Thread(target=lambda: (signal.recv(), numbers.close()))\n"
        "closer.start()\n"
        "try: numbers.recv()\n"
        "except Exception as error: result = str(error)\n"
        "closer.join()",
        numbers=numbers,
        signal=(pair := place.channel(1))[0],
    )
    wait_until(lambda: out.stats().tasks_waiting_receive == 1)
    pair[1].send("close it")
    assert receiver.result() == "this receiving end of channel 'numbers' is closed"
    assert kept.stats().open_receive_channels == 1


def test_stats_count_what_happened(place):
    numbers, out = place.channel(8)
    place.start("for n in range(5): out.send(n)", out=out.clone()).result()
    numbers.recv()
    stats = numbers.stats()
    assert stats[:4] == (4, 8, 1, 1)
    assert (stats.sent, stats.received) == (5, 1)
    assert stats.bytes_sent == (0 if place.kind == "local" else 40)


def test_stats_without_bound(place):
    assert place.channel(None)[0].stats().max_buffer_size == math.inf


def test_totals_survive_closed_ends(place):
    _numbers, out = place.channel(None)
    for _ in range(300):  # more than there are rows
        with out.clone() as clone:
            clone.send("x")
    assert out.stats().sent == 300


def test_an_end_sent_into_a_closing_channel_is_closed(place, monkeypatch):
    """The last receiver closes, and drains, after the sender has looked for it and before it puts its object."""
    if place.kind == "local":
        pytest.skip("the end itself is handed over there")
    requests, out = place.channel(None)
    reply, answer = place.channel(0)
    put = out._core.letterbox.put

    def put_late(*letter):
        requests.close()
        return put(*letter)

    monkeypatch.setattr(out._core.letterbox, "put", put_late)
    out.send((1, answer))
    answer.close()
    with pytest.raises(ChannelClosedError):
        reply.recv(timeout=10)


def test_reply_channel(place):
    if place.kind == "local":
        pytest.skip("the end itself is handed over there")
    requests, out = place.channel(0, name="requests")
    server = place.start("for n, answer in requests:\n with answer: answer.send(n * n)", requests=requests)
    squares = []
    for n in range(10):
        reply, answer = place.channel(0)
        out.send((n, answer))
        answer.close()
        squares += list(reply)
    out.close()
    server.result()
    assert squares == [n * n for n in range(10)]


def test_receiving_ends_travel_too(place):
    jobs, out = place.channel(1)
    worker = place.start("result = list(jobs.recv()['numbers'])", jobs=jobs)
    numbers, feed = place.channel(2)
    out.send({"numbers": numbers})
    if place.kind != "local":
        numbers.close()
    for n in range(5):
        feed.send(n)
    feed.close()
    assert worker.result() == [0, 1, 2, 3, 4]


def test_one_end_twice_in_a_message_is_one_end():
    numbers, out = create_channel(capacity=1)
    passenger = create_channel(capacity=1)[1]
    out.send([passenger, passenger])
    first, second = numbers.recv()
    assert first is second


def test_an_end_in_a_message_that_cannot_be_sent_does_not_stay_open():
    _numbers, out = create_channel(capacity=1)
    inner, passenger = create_channel(capacity=1)
    with pytest.raises(NotShareableError, match=r"message\[1\] is a lock"):
        out.send((passenger, __import__("threading").Lock(), [passenger] * 50))
    passenger.close()
    assert (inner.stats().open_send_channels, list(inner)) == (0, [])


@pytest.mark.parametrize("capacity", [0, 1])
def test_an_end_in_a_message_that_finds_no_room_does_not_stay_open(capacity):
    _numbers, out = create_channel(capacity=capacity)
    for n in range(capacity):
        out.send(n)
    inner, passenger = create_channel(capacity=1)
    for give_up in (out.send_nowait, lambda message: out.send(message, timeout=0.01)):
        with pytest.raises(RuntimeError, match="no room"):
            give_up([passenger])
    passenger.close()
    assert list(inner) == []


def test_an_end_that_nobody_will_receive_is_closed():
    numbers, out = create_channel(capacity=5)
    inner, passenger = create_channel(capacity=1)
    out.send([passenger])
    passenger.close()
    numbers.close()
    assert list(inner) == []


def test_an_end_in_an_object_that_cannot_be_made_again_is_closed(monkeypatch):
    numbers, out = create_channel(capacity=5)
    inner, passenger = create_channel(capacity=1)
    out.send([passenger, Fragile()])
    passenger.close()
    with pytest.raises(NotShareableError, match=r"'channel-\d+' that cannot be made again .*ZeroDivisionError"):
        numbers.recv()
    assert list(inner) == []


class Fragile:
    def __reduce__(self):
        return divmod, (1, 0)


def test_a_pickled_end_arrives_once():
    numbers, out = create_channel("once", 1)
    pickled = pickle.dumps(out)
    out.close()
    arrived = pickle.loads(pickled)
    arrived.send(1)
    with pytest.raises(ChannelNotFoundError, match="this copy of an end of channel 'once' has arrived before"):
        pickle.loads(pickled)
    arrived.close()
    assert list(numbers) == [1]


def test_a_pickled_end_of_a_channel_that_is_gone():
    numbers, out = create_channel("gone")
    pickled = pickle.dumps(out)
    pickle.loads(pickled).close()
    del numbers, out
    with pytest.raises(ChannelNotFoundError, match="channel 'gone' no longer exists: every end of it is gone"):
        pickle.loads(pickled)


def test_a_pickled_end_keeps_the_channel_in_being():
    numbers, out = create_channel("kept", 5)
    out.send("for later")
    pickled = pickle.dumps(numbers)
    del numbers, out
    assert list(pickle.loads(pickled)) == ["for later"]


def test_an_end_can_be_copied(place):
    numbers, out = create_channel(capacity=1)
    copy.copy(out).send(1)
    assert (numbers.recv(), numbers.stats().open_send_channels) == (1, 1)


def test_an_end_of_a_local_channel_cannot_leave():
    from runtime.channels.core import Core
    from runtime.channels.ends import RecvChannel

    _numbers, out = create_channel(capacity=1)
    with pytest.raises(NotShareableError, match="an end of a channel between threads cannot leave its interpreter"):
        out.send(RecvChannel(Core.create("here", 1, local=True)))


def test_a_closed_end_cannot_be_sent():
    _numbers, out = create_channel(capacity=1)
    closed = create_channel("shut")[1]
    closed.close()
    with pytest.raises(NotShareableError, match="this sending end of channel 'shut' is closed"):
        out.send([closed])


def test_too_many_ends():
    numbers, _out = create_channel("crowded")
    with pytest.raises(RuntimeError, match="channel 'crowded' has 255 open ends, which is the most it can have"):
        clones = [numbers.clone() for _ in range(300)]  # noqa: F841
