"""What a channel promises, wherever its two sides are."""

from __future__ import annotations

import itertools

import pytest

from runtime.errors import ChannelClosedError, ChannelEmptyError, ChannelFullError
from tests.runtime.helpers import wait_until


@pytest.mark.parametrize("capacity", [0, 1, 8, None])
def test_objects_arrive_in_order(place, capacity):
    numbers, out = place.channel(capacity)
    sender = place.start("for n in range(300): out.send(n)", out=out)
    assert list(numbers) == list(range(300))
    sender.result()


@pytest.mark.parametrize("capacity", [0, 1, 8, None])
def test_receiver_elsewhere_gets_all(place, capacity):
    numbers, out = place.channel(capacity)
    receiver = place.start("result = list(numbers)", numbers=numbers)
    with out:
        for n in range(300):
            out.send((n, str(n)))
    assert receiver.result() == [(n, str(n)) for n in range(300)]


def test_rendezvous_waits_for_a_receiver(place):
    numbers, out = place.channel(0)
    sender = place.start("out.send('now'); result = 'over'", out=out)
    wait_until(lambda: numbers.stats().tasks_waiting_send == 1)
    assert len(numbers) == 0
    assert (numbers.recv(), sender.result()) == ("now", "over")


def test_rendezvous_returns_when_a_receiver_waits(place):
    numbers, out = place.channel(0)
    receiver = place.start("result = numbers.recv()", numbers=numbers)
    wait_until(lambda: out.stats().tasks_waiting_receive == 1)
    out.send_nowait("now")
    assert receiver.result() == "now"


def test_capacity_bounds_what_is_queued(place):
    numbers, out = place.channel(2)
    sender = place.start("for n in range(3): out.send(n)", out=out)
    wait_until(lambda: numbers.stats().tasks_waiting_send == 1)
    assert (len(numbers), numbers.recv()) == (2, 0)
    sender.result()
    assert list(numbers) == [1, 2]


def test_no_bound_never_waits(place):
    numbers, out = place.channel(None)
    place.start("for n in range(3000): out.send_nowait(str(n))", out=out).result()
    assert len(numbers) == 3000
    assert list(numbers) == [str(n) for n in range(3000)]


def in_order(got):
    """Whether the (sender, number) pairs of each sender came in the order in which it sent them."""
    last = {}
    return all(number > last.get(who, -1) and not last.update({who: number}) for who, number in got)


@pytest.mark.parametrize("capacity", [0, 2, None])
def test_many_senders_and_receivers_exactly_once(place, capacity):
    numbers, out = place.channel(capacity)
    with numbers, out:
        receivers = [place.start("result = list(numbers)", numbers=numbers.clone()) for _ in range(2)]
        senders = [place.start("for n in range(200): out.send((who, n))", out=out.clone(), who=who) for who in range(2)]
    for sender in senders:
        sender.result()
    lists = [receiver.result() for receiver in receivers]
    assert sorted(itertools.chain(*lists)) == [(who, n) for who in range(2) for n in range(200)]
    assert all(in_order(got) for got in lists)


@pytest.mark.parametrize("capacity", [0, 3, None])
def test_nowait_without_a_partner(place, capacity):
    numbers, _out = place.channel(capacity, name="empty")
    with pytest.raises(ChannelEmptyError, match="nothing is queued in channel 'empty' now"):
        numbers.recv_nowait()
    assert numbers.recv_nowait(None) is None


def test_send_nowait_without_a_waiting_receiver(place):
    _numbers, out = place.channel(0)
    with pytest.raises(ChannelFullError, match=r"'numbers' now \(no receiver waits at the rendezvous\)"):
        out.send_nowait(1)


def test_send_nowait_into_a_full_channel(place):
    _numbers, out = place.channel(1)
    out.send_nowait(1)
    with pytest.raises(ChannelFullError, match=r"no room in channel 'numbers' now \(it holds 1 of 1\)"):
        out.send_nowait(2)


def test_recv_nowait_takes_from_a_waiting_sender(place):
    numbers, out = place.channel(0)
    sender = place.start("out.send('now')", out=out)
    wait_until(lambda: numbers.stats().tasks_waiting_send == 1)
    assert numbers.recv_nowait() == "now"
    sender.result()


def test_a_newcomer_does_not_starve_a_waiting_receiver(place):
    numbers, out = place.channel(0)
    waiting = place.start("result = numbers.recv()", numbers=numbers.clone())
    wait_until(lambda: out.stats().tasks_waiting_receive == 1)
    out.send("first")
    newcomer = numbers.recv_nowait(None)  # may be faster than the one that waits
    if newcomer is not None:
        out.send("second")
    assert sorted(filter(None, [newcomer, waiting.result()])) == ["first", "second"][: 2 if newcomer else 1]


@pytest.mark.parametrize("capacity", [0, 1, None])
def test_last_sender_gone_wakes_receivers(place, capacity):
    numbers, out = place.channel(capacity)
    receivers = [place.start("numbers.recv()", numbers=numbers.clone()) for _ in range(2)]
    wait_until(lambda: out.stats().tasks_waiting_receive == 2)
    out.close()
    text = "ChannelClosedError: channel 'numbers' is empty and every sending end is closed: nothing will come"
    assert [receiver.error() for receiver in receivers] == [text, text]


@pytest.mark.parametrize("capacity", [0, 1])
def test_last_receiver_gone_wakes_senders(place, capacity):
    numbers, out = place.channel(capacity)
    senders = [place.start("for n in range(9): out.send(n)", out=out.clone()) for _ in range(2)]
    wait_until(lambda: numbers.stats().tasks_waiting_send == 2)
    numbers.close()
    text = "ChannelClosedError: every receiving end of channel 'numbers' is closed: nobody would receive it"
    assert [sender.error() for sender in senders] == [text, text]


@pytest.mark.parametrize("capacity", [5, None])
def test_nothing_queued_is_lost_by_closing(place, capacity):
    numbers, out = place.channel(capacity)
    place.start("for n in range(5): out.send([n])", out=out).result()
    assert (numbers.stats().open_send_channels, list(numbers)) == (0, [[0], [1], [2], [3], [4]])
    with pytest.raises(ChannelClosedError, match="nothing will come"):
        numbers.recv()


def test_send_without_receivers(place):
    numbers, out = place.channel(3)
    numbers.close()
    with pytest.raises(ChannelClosedError, match="every receiving end of channel 'numbers' is closed"):
        out.send(1)


def test_closed_ends_say_so(place):
    numbers, out = place.channel(3)
    numbers.close()
    out.close()
    with pytest.raises(ChannelClosedError, match="this sending end of channel 'numbers' is closed"):
        out.send(1)
    for use in (numbers.recv, numbers.recv_nowait, numbers.clone, lambda: next(numbers)):
        with pytest.raises(ChannelClosedError, match="this receiving end of channel 'numbers' is closed"):
            use()
