"""Channels against a model: random sends, receives, timeouts and closes by threads and interpreters.

The model is the textbook's bounded buffer.  It says how many operations must complete after each step and with what;
where several wait, it leaves open which of them is served, and learns it from the channel.  A step is compared only
when nothing moves any more: each worker has answered, or waits.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from runtime.channels.ends import SendChannel, create_channel
from tests.runtime.helpers import Elsewhere, wait_until

PLACES = ("thread", "interpreter")
SHORT_S = 0.01
PASSIVE = ("select", "arecv")  # at a rendezvous these wait for a sender that waits, and offer nothing

FOLLOW = """
import asyncio, runtime
never = runtime.after(1e6)
for deed, value in orders:
    try:
        if deed == "close":
            end.close()
            answer = "closed"
        elif deed.startswith("send"):
            if deed == "send":
                end.send(value)
            elif deed == "send_nowait":
                end.send_nowait(value)
            else:
                end.send(value, timeout=short)
            answer = "sent"
        elif deed == "recv":
            answer = end.recv()
        elif deed == "recv_nowait":
            answer = end.recv_nowait()
        elif deed == "select":
            answer = runtime.select(end, never).value
        elif deed == "select_nowait":
            found = runtime.select(end, never, default=None)
            answer = "ChannelEmptyError" if found.end is None else found.value
        elif deed == "select_timeout":
            answer = runtime.select(end, never, timeout=short).value
        elif deed == "arecv":
            answer = asyncio.run(end.arecv())
        elif deed == "arecv_timeout":
            answer = asyncio.run(end.arecv(timeout=short))
        else:
            answer = end.recv(timeout=short)
    except runtime.ChannelError as error:
        answer = type(error).__name__
    answers.send((who, answer))
"""


class Worker:
    """Somebody with one end, who does what he is told, one order at a time."""

    def __init__(self, who: int, end: Any, place: str, answers: SendChannel) -> None:
        self.who = who
        self.open, self.busy = True, False
        orders, self._orders = create_channel(capacity=None)
        names = {"who": who, "end": end, "orders": orders, "answers": answers, "short": SHORT_S}
        self._snippet = Elsewhere(FOLLOW, names, place)

    def order(self, deed: str, value: Any = None) -> None:
        self.busy = True
        self._orders.send((deed, value))

    def dismiss_later(self) -> None:
        self._orders.close()

    def dismiss(self) -> None:
        self._snippet.result()


class ChannelMachine(RuleBasedStateMachine):
    """Two senders and two receivers of one channel."""

    @initialize(
        capacity=st.sampled_from([0, 1, 2, None]), places=st.lists(st.sampled_from(PLACES), min_size=4, max_size=4)
    )
    def begin(self, capacity, places):
        self.capacity = capacity
        self.answers, answering = create_channel("answers", capacity=None)
        receiving, sending = create_channel("tested", capacity)
        self.watched = receiving.clone()
        ends = [sending.clone(), sending, receiving.clone(), receiving]
        self.workers = [
            Worker(who, end, place, answering.clone())
            for who, (end, place) in enumerate(zip(ends, places, strict=True))
        ]
        answering.close()
        self.senders, self.receivers = self.workers[:2], self.workers[2:]
        self.watched.close()
        self.queue: deque[int] = deque()
        self.waiting_to_send: dict[int, int] = {}  # worker -> value
        self.waiting_to_recv: set[int] = set()
        self.passive: set[int] = set()  # those of them that offer nothing
        self.stirred = False  # one of those who wait may for a moment still try to meet a sender whom another met
        self.next_value = 0

    # --- orders ---------------------------------------------------------------------------------------------------

    def idle(self, side):
        return [worker for worker in side if worker.open and not worker.busy]

    @precondition(lambda self: self.idle(self.senders))
    @rule(data=st.data(), deed=st.sampled_from(["send", "send", "send_nowait", "send_timeout"]))
    def send(self, data, deed):
        worker = data.draw(st.sampled_from(self.idle(self.senders)))
        unseen = self.capacity == 0 and bool(self.waiting_to_recv) and self.waiting_to_recv <= self.passive
        if (unseen and deed == "send_timeout") or (self.waiting_to_recv and self.stirred):
            deed = "send"  # whether they meet in time nobody can say
        value, self.next_value = self.next_value, self.next_value + 1
        worker.order(deed, value)
        if not any(receiver.open for receiver in self.receivers):
            self.expect({worker.who: "ChannelClosedError"})
        elif unseen and deed == "send_nowait":
            self.expect({worker.who: "ChannelFullError"})
        elif self.waiting_to_recv:
            self.stirred = self.capacity == 0 and len(self.waiting_to_recv) > 1
            self.expect({worker.who: "sent"}, one_of=dict.fromkeys(self.waiting_to_recv, value))
        elif self.capacity is None or len(self.queue) < self.capacity:
            self.queue.append(value)
            self.expect({worker.who: "sent"})
        elif deed == "send":
            self.waiting_to_send[worker.who] = value
            self.expect({})
        else:
            self.expect({worker.who: "ChannelFullError" if deed == "send_nowait" else "ChannelTimeoutError"})

    @precondition(lambda self: self.idle(self.receivers))
    @rule(
        data=st.data(),
        deed=st.sampled_from(
            ["recv", "recv", "select", "arecv"]
            + [f"{how}_{bound}" for how in ("recv", "select") for bound in ("nowait", "timeout")]
            + ["arecv_timeout"]
        ),
    )
    def recv(self, data, deed):
        worker = data.draw(st.sampled_from(self.idle(self.receivers)))
        worker.order(deed)
        if self.queue:
            value = self.queue.popleft()
            self.expect({worker.who: value}, one_of=dict.fromkeys(self.waiting_to_send, "sent"))
        elif self.waiting_to_send:  # at a rendezvous: whichever sender is met, its value is what comes
            self.meet(worker)
        elif not any(sender.open for sender in self.senders):
            self.expect({worker.who: "ChannelClosedError"})
        elif deed.endswith("_nowait"):
            self.expect({worker.who: "ChannelEmptyError"})
        elif deed.endswith("_timeout"):
            self.expect({worker.who: "ChannelTimeoutError"})
        else:
            self.waiting_to_recv.add(worker.who)
            if deed in PASSIVE:
                self.passive.add(worker.who)
            self.expect({})

    @precondition(lambda self: self.idle(self.workers))
    @rule(data=st.data())
    def close(self, data):
        worker = data.draw(st.sampled_from(self.idle(self.workers)))
        worker.order("close")
        worker.open = False
        expected: dict[int, Any] = {worker.who: "closed"}
        if worker in self.senders and not any(sender.open for sender in self.senders):
            expected |= dict.fromkeys(self.waiting_to_recv, "ChannelClosedError")
        if worker in self.receivers and not any(receiver.open for receiver in self.receivers):
            expected |= dict.fromkeys(self.waiting_to_send, "ChannelClosedError")
            self.queue.clear()  # nobody will ever ask for it
        self.expect(expected)

    @rule()
    def look(self):
        """Nothing has happened; nothing may have changed."""
        self.settle({})

    # --- answers --------------------------------------------------------------------------------------------------

    def expect(self, certain, one_of=None):
        """These workers answer so, and one of those; nobody else does.  A sender of those has filled the room made."""
        answers = dict(self.answers.recv(timeout=60) for _ in range(len(certain) + bool(one_of)))
        served = [who for who in answers if who not in certain]
        assert {who: answer for who, answer in answers.items() if who in certain} == certain
        assert all(answers[who] == one_of[who] for who in served)
        self.queue.extend(self.waiting_to_send.pop(who) for who in served if who in self.waiting_to_send)
        self.settle(answers)

    def meet(self, receiver):
        """The receiver and one waiting sender complete together."""
        answers = dict(self.answers.recv(timeout=60) for _ in range(2))
        value = answers.pop(receiver.who)
        ((sender, answer),) = answers.items()
        assert answer == "sent"
        assert self.waiting_to_send.pop(sender) == value
        self.settle({receiver.who: value, sender: answer})

    def settle(self, answered):
        for who in answered:
            self.workers[who].busy = False
            self.waiting_to_recv.discard(who)
            self.passive.discard(who)
            if not self.workers[who].open or answered[who] == "ChannelClosedError":
                self.waiting_to_send.pop(who, None)
        stats = self.watched.stats
        wait_until(lambda: stats().tasks_waiting_send == len(self.waiting_to_send))
        wait_until(lambda: stats().tasks_waiting_receive == len(self.waiting_to_recv))
        assert len(self.answers) == 0
        if any(receiver.open for receiver in self.receivers):
            assert stats().current_buffer_used == len(self.queue)
        assert stats().open_send_channels == sum(sender.open for sender in self.senders)
        assert stats().open_receive_channels == sum(receiver.open for receiver in self.receivers)

    def teardown(self):
        if not hasattr(self, "workers"):
            return
        # who waits is released by the other side's closing: answers come until all have closed
        for worker in self.workers:
            worker.order("close")
            worker.dismiss_later()
        for worker in self.workers:
            worker.dismiss()


def check(examples: int) -> None:
    run_state_machine_as_test(
        ChannelMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )


def test_a_channel_does_what_the_model_does():
    check(40)


@pytest.mark.soak
def test_a_channel_does_what_the_model_does_in_two_thousand_lives():
    check(2_000)
