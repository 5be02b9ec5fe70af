"""Waiting: nobody polls, nobody sleeps through, and Ctrl-C leaves everything in order."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading

import pytest

from runtime.channels import parking
from runtime.channels.ends import create_channel
from runtime.channels.parking import BLOCKED, Cancelled
from runtime.errors import ChannelClosedError, ChannelTimeoutError
from tests.runtime.helpers import HOME, wait_until


@pytest.fixture(params=["eventfd", "sockets"])
def kind(request, monkeypatch):
    """Both kinds of semaphore."""
    if request.param == "sockets":
        monkeypatch.setattr(parking, "HAS_EVENTFD", False)
    return request.param


@pytest.fixture
def semaphore(kind):
    """A semaphore with two permits."""
    semaphore = parking.create_semaphore(2)
    yield semaphore
    for fd in semaphore.descriptors:
        os.close(fd)


def test_a_semaphore_counts(semaphore):
    assert [semaphore.try_acquire() for _ in range(3)] == [True, True, False]
    semaphore.release(2)
    semaphore.post()
    assert [semaphore.try_acquire() for _ in range(4)] == [True, True, True, False]


def test_taking_notes_the_permit(semaphore):
    note = bytearray(8)
    assert semaphore.take(note)
    assert any(note)
    semaphore.take_all()
    semaphore.take_all()
    assert not semaphore.take(bytearray(8))


def test_attached_is_the_same_semaphore(semaphore):
    other = parking.attach_semaphore(semaphore.descriptors)
    assert [other.try_acquire(), semaphore.try_acquire(), other.try_acquire()] == [True, True, False]


def test_acquire_waits_for_a_release(semaphore):
    assert semaphore.try_acquire()
    assert semaphore.try_acquire()
    threading.Thread(target=semaphore.release).start()
    assert parking.acquire(semaphore, parking.deadline_after(30))
    assert not parking.acquire(semaphore, parking.deadline_after(0.01))


def test_acquire_is_cancelled(semaphore):
    assert semaphore.try_acquire()
    assert semaphore.try_acquire()
    cancel = parking.create_semaphore(1)
    with pytest.raises(Cancelled):
        parking.acquire(semaphore, cancel_fd=cancel.readable)
    assert cancel.try_acquire()


def test_sockets_say_when_they_are_full(monkeypatch):
    monkeypatch.setattr(parking, "HAS_EVENTFD", False)
    semaphore = parking.create_semaphore()
    with pytest.raises(OverflowError, match="no room for 10000000 more"):
        semaphore.release(10_000_000)


def test_a_bell_is_silenced_at_once(kind):
    bell = parking.create_bell()
    for _ in range(500):
        bell.post()
    bell.take_all()
    assert not bell.try_acquire()


@pytest.fixture
def gate(kind):
    """A gate whose flag is word 0."""
    words = memoryview(bytearray(8)).cast("Q")
    return parking.Gate(parking.create_bell(), words, 0), words


def test_a_gate_raises_its_flag_before_it_looks(gate):
    gate, words = gate
    assert gate.wait(lambda: words[0], parking.deadline_after(0)) == 1


def test_a_gate_looks_again_when_it_opens(gate):
    gate, _ = gate
    looks = []

    def attempt():
        looks.append(1)
        if len(looks) == 1:
            gate.open()  # as somebody else would
        return BLOCKED if len(looks) < 2 else "there"

    assert gate.wait(attempt, parking.deadline_after(30)) == "there"


def test_a_gate_opens_for_the_others_when_its_look_succeeds(gate):
    gate, _ = gate
    gate.wait(lambda: "mine")
    assert gate._bell.try_acquire()


def test_a_gate_opens_for_the_others_when_its_look_fails(gate):
    gate, _ = gate
    with pytest.raises(ZeroDivisionError):
        gate.wait(lambda: 1 // 0)
    assert gate._bell.try_acquire()


def test_the_deadline_of_a_gate(gate):
    gate, _ = gate
    assert gate.wait(lambda: BLOCKED, parking.deadline_after(0.01)) is BLOCKED


def test_a_gate_spins_no_more_when_that_is_in_vain_and_again_when_it_pays(gate):
    gate, _ = gate
    looks = 0
    sees_something_at = 0  # the look; 0: never

    def look():
        nonlocal looks
        looks += 1
        return "something" if looks == sees_something_at else BLOCKED

    def looks_of_a_wait():
        nonlocal looks
        looks = 0
        gate.wait(look, deadline=parking.deadline_after(0), spins=10)
        return looks

    without, spinning = 2, 12  # who waits looks before and after its sleep anyway
    in_vain = [looks_of_a_wait() for _ in range(80)]
    assert in_vain[0] == spinning
    assert in_vain.count(spinning) < 10
    assert set(in_vain) == {without, spinning}  # now and then it tries again
    assert in_vain.index(spinning, 10) > 10
    sees_something_at = 4
    paying = [looks_of_a_wait() for _ in range(300)]
    assert paying[-1] == 4  # in the spin, every time
    assert paying.index(4) > 10


@pytest.mark.parametrize("capacity", [0, 1, None])
def test_stop_wakes_who_waits(place, capacity):
    numbers, out = place.channel(capacity)
    cancel = parking.create_semaphore()
    elsewhere = place.kind == "process"
    source = (
        "from runtime.channels import broker, context\n"
        f"if {elsewhere}: cancel, = broker.bound().fetch(cancel)\n"
        "context.bind(context.Context(cancel_fd=cancel))\n"
        "try:\n with numbers.clone() as mine: mine.recv()\n"
        "finally: context.bind(context.NOBODY)"
    )
    descriptor = HOME.publish([cancel.readable]) if elsewhere else cancel.readable
    waiter = place.start(source, numbers=numbers, cancel=descriptor)
    wait_until(lambda: out.stats().tasks_waiting_receive == 1)
    cancel.post()
    assert waiter.error().startswith("Cancelled")
    with pytest.raises(RuntimeError):
        out.send_nowait("nobody") if capacity == 0 else out.send("nobody")


@pytest.mark.parametrize("side", ["recv", "send"])
def test_a_blocked_side_uses_no_cpu(place, side):
    numbers, out = place.channel(0)
    source = (
        "import time\nbegan = time.thread_time_ns()\nend.{}\nused = time.thread_time_ns() - began\nresult = used"
    ).format("recv()" if side == "recv" else "send(1)")
    end, other = (numbers, out) if side == "recv" else (out, numbers)
    blocked = place.start(source, end=end)
    wait_until(lambda: sum(other.stats()[4:6]) == 1)
    empty, _kept = create_channel()
    with pytest.raises(TimeoutError):
        empty.recv(timeout=0.3)
    other.recv() if side == "send" else other.send(1)
    assert blocked.result() < 20_000_000


def test_waiting_is_seen_from_outside(place):
    numbers, out = place.channel(0)
    receiver = place.start("result = numbers.recv()", numbers=numbers)
    wait_until(lambda: out.stats().tasks_waiting_receive == 1)
    out.send("done")
    receiver.result()
    assert out.stats().tasks_waiting_receive == 0


def test_ctrl_c_while_waiting_leaves_the_channel_in_order(kind):
    for capacity in (0, 1, None):
        numbers, out = create_channel(capacity=capacity)
        interrupted = threading.Thread(target=_interrupt_when_waiting, args=(numbers,))
        interrupted.start()
        with pytest.raises(KeyboardInterrupt):
            numbers.recv(timeout=30)
        interrupted.join()
        sender = threading.Thread(target=out.send, args=("after",))
        sender.start()
        assert numbers.recv(timeout=30) == "after"
        sender.join()


def _interrupt_when_waiting(end):
    wait_until(lambda: sum(end.stats()[4:6]) == 1)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


class Storm:
    """Raises `KeyboardInterrupt` in the main thread, once in each call, at moments that nobody can foresee."""

    def __init__(self, seconds):
        self._seconds, self._armed, self.hits = seconds, False, 0

    def __enter__(self):
        self._before = signal.signal(signal.SIGALRM, self._hit)
        return self

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)

    def _hit(self, *_):
        if self._armed:
            self._armed = False
            self.hits += 1
            raise KeyboardInterrupt

    def call(self, action):
        """Return what the action returned, in a list; an empty list when it was interrupted."""
        results = []
        try:
            self._armed = True
            signal.setitimer(signal.ITIMER_REAL, random.random() * self._seconds + 1e-6)
            results.append(action())
            self._armed = False
        except BaseException as error:
            self._armed = False
            if not isinstance(error, KeyboardInterrupt):
                raise
        return results


# An interrupt that hits a finalizer is printed and dropped by Python itself.
in_a_storm = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@in_a_storm
@pytest.mark.stress
@pytest.mark.parametrize("capacity", [0, 1, 3, None])
def test_ctrl_c_at_any_moment_of_recv(place, capacity):
    numbers, out = place.channel(capacity)
    sender = place.start("for n in range(1000): out.send(n)", out=out)
    got = []
    with Storm(0.0003) as storm, contextlib.suppress(ChannelClosedError):
        while True:
            got += storm.call(numbers.recv)
    sender.result()
    assert storm.hits > 0
    assert got == sorted(set(got))
    assert numbers.stats().tasks_waiting_receive == 0


@in_a_storm
@pytest.mark.stress
@pytest.mark.parametrize("capacity", [0, 1, 3, None])
def test_ctrl_c_at_any_moment_of_send(place, capacity):
    numbers, out = place.channel(capacity)
    receiver = place.start("result = list(numbers)", numbers=numbers)
    sent = []
    with Storm(0.0003) as storm:
        for n in range(1000):
            sent += [n for _ in storm.call(lambda n=n: out.send(n))]
    out.close()
    received = receiver.result()
    assert received == sorted(set(received))
    assert set(sent) <= set(received)
    assert storm.hits > 0


@in_a_storm
@pytest.mark.stress
@pytest.mark.parametrize("capacity", [0, 1])
def test_ctrl_c_at_any_moment_wakes_the_others_all_the_same(place, capacity):
    numbers, out = place.channel(capacity)
    receivers = [place.start("result = len(list(numbers))", numbers=numbers.clone()) for _ in range(2)]
    sent = 0
    with Storm(0.0003) as storm:
        for n in range(500):
            with contextlib.suppress(ChannelTimeoutError):
                storm.call(lambda: numbers.recv(timeout=0.0001))
            sent += 1
            storm.call(lambda n=n: out.send(n, timeout=20))
    numbers.close()
    out.close()
    assert sum(receiver.result() for receiver in receivers) <= sent
