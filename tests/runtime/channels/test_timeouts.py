"""Timeouts are seconds, as floats, and are kept."""

from __future__ import annotations

import time

import pytest

from runtime.channels.parking import deadline_after
from runtime.errors import ChannelError, ChannelTimeoutError
from tests.runtime.helpers import wait_until


def seconds_of(action):
    began = time.monotonic()
    with pytest.raises(ChannelTimeoutError) as caught:
        action()
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, ChannelError)
    return time.monotonic() - began


@pytest.mark.parametrize("capacity", [0, 2, None])
def test_recv_gives_up_in_time(place, capacity):
    numbers, _out = place.channel(capacity)
    assert 0.05 <= seconds_of(lambda: numbers.recv(timeout=0.05)) < 1


@pytest.mark.parametrize("capacity", [0, 1])
def test_send_gives_up_in_time(place, capacity):
    _numbers, out = place.channel(capacity)
    for n in range(capacity):
        out.send(n)
    assert 0.05 <= seconds_of(lambda: out.send("late", timeout=0.05)) < 1
    assert (len(out), out.stats().sent, out.stats().tasks_waiting_send) == (capacity, capacity, 0)


@pytest.mark.parametrize("capacity", [0, 2, None])
def test_zero_does_not_wait(place, capacity):
    numbers, out = place.channel(capacity)
    assert seconds_of(lambda: numbers.recv(timeout=0)) < 0.5
    if capacity == 0:
        assert seconds_of(lambda: out.send(1, timeout=0)) < 0.5


def test_the_message_says_how_long(place):
    numbers, out = place.channel(0, name="slow")
    with pytest.raises(ChannelTimeoutError, match=r"^nothing came through channel 'slow' within 0\.01 s$"):
        numbers.recv(timeout=0.01)
    with pytest.raises(ChannelTimeoutError, match=r"^no room in channel 'slow' within 0\.01 s \(no receiver waits"):
        out.send(1, timeout=0.01)


@pytest.mark.parametrize("timeout", [-1, float("nan"), -0.001])
def test_no_length_of_time(place, timeout):
    numbers, out = place.channel(1)
    for operation in (lambda: numbers.recv(timeout=timeout), lambda: out.send(1, timeout=timeout)):
        with pytest.raises(
            ValueError, match=r"timeout must be None or a number of seconds from 0 on, not (-1|nan|-0\.001)$"
        ):
            operation()


@pytest.mark.parametrize("timeout", [1e7, 1e8, 1e12, float("inf")])
def test_years_are_not_too_long(place, timeout):
    numbers, out = place.channel(0)
    sender = place.start("out.send('now')", out=out)
    wait_until(lambda: numbers.stats().tasks_waiting_send == 1)
    assert numbers.recv(timeout=timeout) == "now"
    sender.result()


def test_a_receiver_that_gave_up_leaves_no_offer(place):
    numbers, out = place.channel(0)
    for _ in range(20):
        with pytest.raises(ChannelTimeoutError):
            numbers.recv(timeout=0.001)
    with pytest.raises(ChannelTimeoutError):
        out.send("nobody is there", timeout=0.01)
    assert len(numbers) == 0


def test_a_late_object_is_received_in_time(place):
    numbers, out = place.channel(2)
    receiver = place.start("result = numbers.recv(timeout=30)", numbers=numbers)
    wait_until(lambda: out.stats().tasks_waiting_receive == 1)
    out.send("here")
    assert receiver.result() == "here"


def test_deadlines_are_on_the_monotonic_clock():
    before = time.monotonic_ns()
    deadline = deadline_after(0.25)
    assert before + 250_000_000 <= deadline <= time.monotonic_ns() + 250_000_000
