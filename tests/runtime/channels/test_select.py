"""Select: the first that is ready, fairly, without polling; it sees timeouts, closing and Stop."""

from __future__ import annotations

import random
import time

import pytest

import runtime
from runtime.channels.ends import create_channel
from runtime.errors import ChannelClosedError, ChannelTimeoutError
from tests.runtime.helpers import Elsewhere, wait_until


@pytest.mark.parametrize("capacity", [1, None])
def test_receives_from_the_end_that_has_something(place, capacity):
    ends = [place.channel(capacity, name=str(n)) for n in range(3)]
    for n in (1, 2, 0):
        ends[n][1].send(n * 10)
        end, value = runtime.select(*(receiving for receiving, _ in ends))
        assert (end, value) == (ends[n][0], n * 10)


@pytest.mark.parametrize("capacity", [0, 1, None])
def test_waits_for_the_first_that_comes(place, capacity):
    a, a_out = place.channel(capacity, name="a")
    b, _b_out = place.channel(capacity, name="b")
    waiter = place.start(
        "import runtime\nend, value = runtime.select(b, a)\nresult = end.name, value", a=a.clone(), b=b.clone()
    )
    wait_until(lambda: a.stats().tasks_waiting_receive == b.stats().tasks_waiting_receive == 1)
    a_out.send("hello")
    assert waiter.result() == ("a", "hello")
    assert a.stats().tasks_waiting_receive == b.stats().tasks_waiting_receive == 0


def test_meets_a_sender_that_waits_at_a_rendezvous(place):
    a, a_out = place.channel(0)
    b, _b_out = place.channel(0)
    sender = place.start("out.send('met')", out=a_out.clone())
    wait_until(lambda: a.stats().tasks_waiting_send == 1)
    assert runtime.select(b, a) == (a, "met")
    sender.result()


def test_is_not_caught_by_a_sender_that_gives_up(place):
    a, a_out = place.channel(0, name="a")
    b, b_out = place.channel(0, name="b")
    waiter = place.start("import runtime\nend, value = runtime.select(a, b)\nresult = end.name, value", a=a, b=b)
    for _ in range(20):
        try:
            a_out.send("never mind", timeout=0)
        except ChannelTimeoutError:
            continue
        assert waiter.result() == ("a", "never mind")
        return
    b_out.send("this")
    assert waiter.result() == ("b", "this")


def test_with_a_default_it_never_waits(place):
    a, a_out = place.channel(1)
    b, _b_out = place.channel(0)
    assert runtime.select(a, b, default="nothing") == (None, "nothing")
    assert runtime.select(a, default=None) == (None, None)
    a_out.send(1)
    assert runtime.select(a, b, default="nothing") == (a, 1)


@pytest.mark.parametrize("seconds", [0, 0.02, 0.15])
def test_a_timeout_is_kept(place, seconds):
    kept = [place.channel(capacity, name=f"channel {capacity}") for capacity in (0, 1)]
    began = time.monotonic()
    with pytest.raises(ChannelTimeoutError, match=f"through any of 'channel 0', 'channel 1' within {seconds} s"):
        runtime.select(*(receiving for receiving, _ in kept), timeout=seconds)
    assert seconds <= time.monotonic() - began < seconds + 0.5


def test_closed_is_ready_and_says_which(place):
    a, a_out = place.channel(1)
    b, b_out = place.channel(1)
    b_out.send("last")
    b_out.close()
    assert runtime.select(a, b) == (b, "last")
    with pytest.raises(ChannelClosedError, match="every sending end is closed") as caught:
        runtime.select(a, b)
    assert caught.value.end is b
    b.close()
    with pytest.raises(ChannelClosedError, match="this receiving end") as caught:
        runtime.select(a, b)
    assert caught.value.end is b
    del a_out


def test_what_is_there_comes_before_the_news_that_another_is_closed(place):
    a, a_out = place.channel(30)
    b, b_out = place.channel(1)
    b_out.close()
    for n in range(30):
        a_out.send(n)
    assert [runtime.select(a, b).value for _ in range(30)] == list(range(30))
    with pytest.raises(ChannelClosedError) as caught:
        runtime.select(a, b)
    assert caught.value.end is b


@pytest.mark.parametrize("capacity", [0, 1])
def test_closing_wakes_who_waits(place, capacity):
    a, _a_out = place.channel(capacity)
    b, b_out = place.channel(capacity, name="b")
    source = "import runtime\ntry: runtime.select(a, b)\nexcept runtime.ChannelClosedError as e: result = e.end.name"
    waiter = place.start(source, a=a.clone(), b=b.clone())
    wait_until(lambda: b.stats().tasks_waiting_receive == 1)
    b_out.close()
    assert waiter.result() == "b"


def test_merge_gives_everything_and_ends_when_all_have(place):
    channels = [place.channel(None, name=str(n)) for n in range(3)]
    for n, (_, out) in enumerate(channels):
        for value in range(5):
            out.send((n, value))
        out.close()
    got = [(end.name, value) for end, value in runtime.merge(*(receiving for receiving, _ in channels))]
    assert sorted(got) == [(str(n), (n, value)) for n in range(3) for value in range(5)]
    assert list(runtime.merge()) == []


def test_the_same_end_twice_is_once(place):
    a, out = place.channel(1)
    other = place.start("out.send(1)", out=out)
    assert runtime.select(a, a) == (a, 1)
    other.result()


def test_what_cannot_be_selected():
    receiving, sending = create_channel()
    with pytest.raises(ValueError, match="select needs at least one receiving end"):
        runtime.select()
    with pytest.raises(TypeError, match="select takes receiving ends and timers, not <SendChannel"):
        runtime.select(receiving, sending)
    with pytest.raises(ValueError, match="timeout must be"):
        runtime.select(receiving, timeout=-1)


def test_all_that_are_ready_have_the_same_chance():
    channels = [create_channel(capacity=None) for _ in range(4)]
    for _, out in channels:
        for _ in range(10_000):
            out.send(None)
    ends = [receiving for receiving, _ in channels]
    for _ in range(10_000):
        runtime.select(*ends)
    shares = [10_000 - len(end) for end in ends]
    assert min(shares) > 10_000 / 4 / 2, shares


def test_a_part_of_them_that_is_ready_is_served_evenly():
    """A rotation that takes the first end that is ready would give one of them three quarters."""
    channels = [create_channel(capacity=None) for _ in range(4)]
    for _, out in channels[1:3]:
        for _ in range(3_000):
            out.send(None)
    ends = [receiving for receiving, _ in channels]
    for _ in range(3_000):
        runtime.select(*ends)
    assert min(3_000 - len(end) for end in ends[1:3]) > 1_000


def microseconds(receive, channels):
    """The best time of a receive from channels in which much is queued."""
    best = float("inf")
    for _ in range(7):
        for _, out in channels:
            for _ in range(1_000):
                out.send(None)
        began = time.perf_counter_ns()
        for _ in range(1_000):
            receive()
        best = min(best, (time.perf_counter_ns() - began) / 1e6)
        for receiving, _ in channels:
            while len(receiving):
                receiving.recv()
    return best


def test_costs_at_most_three_plain_receives():
    channels = [create_channel(capacity=None) for _ in range(4)]
    ends = [receiving for receiving, _ in channels]
    for _ in range(4):  # on a machine that is busy with other things
        plain = microseconds(lambda: ends[0].recv(), channels)
        several = microseconds(lambda: runtime.select(*ends), channels)
        if several <= 3 * plain:
            return
    raise AssertionError((several, plain))


def test_sleeps_while_it_waits(place):
    a, out = place.channel(1)
    b, _out = place.channel(0)
    source = (
        "import runtime, time\nbefore = time.thread_time()\nruntime.select(a, b)\nresult = time.thread_time() - before"
    )
    waiter = place.start(source, a=a.clone(), b=b.clone())
    wait_until(lambda: a.stats().tasks_waiting_receive == 1)
    with pytest.raises(ChannelTimeoutError):
        runtime.select(b, timeout=0.3)
    out.send(1)
    assert waiter.result() < 0.05


# --- timers -------------------------------------------------------------------------------------------------------


def test_after_gives_one_moment_and_is_closed():
    began = time.monotonic()
    timer = runtime.after(0.05)
    assert (len(timer), timer.closed, timer.recv_nowait("not yet")) == (0, False, "not yet")
    with pytest.raises(runtime.ChannelEmptyError):
        timer.recv_nowait()
    moment = timer.recv()
    assert began + 0.05 <= moment <= time.monotonic() < began + 0.5
    assert timer.closed
    with pytest.raises(ChannelClosedError, match="no moment will come"):
        timer.recv()


def test_tick_keeps_to_its_plan_and_leaves_out_what_was_missed():
    began = time.monotonic()
    with runtime.tick(0.02) as timer:
        first = timer.recv()
        runtime.after(0.05).recv()
        assert len(timer) == 1
        second = timer.recv()
        third = timer.recv()
    periods = [(moment - began) / 0.02 for moment in (first, second, third)]
    assert periods[0] == pytest.approx(1, abs=0.01)
    assert all(period == pytest.approx(round(period), abs=0.01) for period in periods)
    assert second - first == pytest.approx(0.02)
    assert third - second > 0.021
    assert list(timer) == []


def test_a_timer_ends_a_select(place):
    a, out = place.channel(1)
    timeout = runtime.after(0.03)
    out.send(1)
    assert runtime.select(a, timeout) == (a, 1)
    end, moment = runtime.select(a, timeout)
    assert end is timeout
    assert moment <= time.monotonic()
    with pytest.raises(ChannelClosedError) as caught:
        runtime.select(a, timeout)
    assert caught.value.end is timeout


def test_a_timer_of_seconds_and_a_timeout_that_is_shorter():
    began = time.monotonic()
    with pytest.raises(ChannelTimeoutError, match=r"after\(...\) had nothing to give within 0.01 s"):
        runtime.after(60).recv(timeout=0.01)
    with pytest.raises(ChannelTimeoutError):
        runtime.select(runtime.after(60), runtime.tick(50), timeout=0.01)
    assert time.monotonic() - began < 5


def test_a_timer_crosses_as_a_copy(place):
    timers, out = place.channel(1)
    timer = runtime.after(0)
    due = timer.due_ns
    out.send(timer)
    assert place.start("result = timers.recv().recv()", timers=timers).result() == due / 1e9


@pytest.mark.parametrize("seconds", [-1, float("nan"), "soon", None, 1e10])
def test_what_is_no_time(seconds):
    with pytest.raises(ValueError, match="a timer takes a number of seconds"):
        runtime.after(seconds)
    with pytest.raises(ValueError, match="at least 1e-06"):
        runtime.tick(0)


def test_timers_say_what_they_are():
    assert repr(runtime.tick(0.5)).startswith("<Timer tick(0.5), next in 0.")
    timer = runtime.after(0)
    timer.close()
    assert repr(timer) == "<Timer after(...), closed>"


# --- many at once -------------------------------------------------------------------------------------------------

GATHER = """
import runtime
got = []
for end, message in runtime.merge(*ends) if kind == "merge" else ((None, m) for m in ends[0]):
    got.append(message)
result = got
"""
SCATTER = """
import random, runtime
dice = random.Random(seed)
sent = []
for n in range(count):
    out = outs[dice.randrange(len(outs))]
    try:
        out.send((seed, n), timeout=dice.random() * 0.002 if dice.random() < 0.3 else None)
        sent.append((seed, n))
    except runtime.ChannelTimeoutError:
        pass
for out in outs: out.close()
result = sent
"""


class Ends(list):
    """Ends that are closed together."""

    def close(self):
        for end in self:
            end.close()


@pytest.mark.stress
@pytest.mark.parametrize("where", ["interpreter", "thread"])
@pytest.mark.parametrize("capacities", [(0, 0, 0), (1, 5, None), (0, 1, None)])
def test_selects_and_receives_together_lose_nothing_and_get_nothing_twice(where, capacities):
    seed = random.randrange(1 << 30)
    channels = [create_channel(capacity=capacity) for capacity in capacities]
    receivers = [
        Elsewhere(GATHER, {"ends": Ends(receiving.clone() for receiving, _ in channels), "kind": "merge"}, where)
        for _ in range(2)
    ]
    receivers += [
        Elsewhere(GATHER, {"ends": Ends([receiving.clone()]), "kind": "plain"}, where) for receiving, _ in channels
    ]
    senders = [
        Elsewhere(SCATTER, {"outs": Ends(out.clone() for _, out in channels), "seed": seed + n, "count": 200}, where)
        for n in range(3)
    ]
    for receiving, out in channels:
        receiving.close()
        out.close()
    sent = [message for sender in senders for message in sender.result()]
    received = [message for receiver in receivers for message in receiver.result()]
    assert sorted(received) == sorted(sent), seed
