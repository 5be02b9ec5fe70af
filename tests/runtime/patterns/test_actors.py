"""Actors: each message is handled once, a crash costs one message, and what is passed over keeps its order."""

from __future__ import annotations

import pytest

import runtime
from runtime import create_channel
from runtime.patterns import actors


def mailbox(*messages):
    inbox, out = create_channel(capacity=None)
    for message in messages:
        out.send(message)
    return actors.Mailbox(inbox), out


def test_selective_receive_passes_over_and_keeps_the_order():
    box, out = mailbox(1, "a", 2, "b", 3)
    assert box.receive(lambda m: isinstance(m, str)) == "a"
    assert box.receive(lambda m: m == 3) == 3
    assert len(box) == 3
    out.close()
    assert list(box) == [1, 2, "b"]


def test_a_receive_that_finds_nothing_wanted_ends_in_time_and_loses_nothing():
    box, out = mailbox(1, 2)
    with pytest.raises(runtime.ChannelTimeoutError):
        box.receive(lambda m: m == 9, timeout=0.01)
    out.close()
    with pytest.raises(runtime.ChannelClosedError):
        box.receive(lambda m: m == 9)
    assert list(box) == [1, 2]


def test_a_crash_costs_its_message_and_the_state_is_fresh():
    box, out = mailbox(1, 2, "oops", 3, 4)
    out.close()
    sums, (told, monitor) = [], create_channel(capacity=None)

    def add(box):
        sums.append(0)
        for number in box:
            sums[-1] += number
        return sums

    assert actors.supervise(add, box, monitor=monitor) == [3, 7]
    crash = told.recv_nowait()
    assert (crash.behaviour, crash.error.partition(":")[0], crash.restarts) == ("add", "TypeError", 0)


def test_too_many_crashes_are_let_out():
    box, _out = mailbox(*range(10))

    def fail(box):
        raise ValueError(box.receive())

    with pytest.raises(ValueError, match="2"):
        actors.supervise(fail, box, restarts=2)
    assert len(box) == 7


def crowd(senders: int, each: int) -> runtime.Program:
    """Senders, and one actor that crashes over every seventh number."""
    program = runtime.Program("actors")
    inbox, out = program.channel("inbox", capacity=16)
    crashes_in, crashes_out = program.channel("crashes", capacity=None)

    @program.worker(out, each, copies=senders, name="tell")
    def tell(out, each):
        import os
        import threading

        me = f"{os.getpid()} {threading.get_native_id()}"
        for number in range(each):
            out.send((me, number))
        return me

    @program.worker(inbox, crashes_out)
    def keep(inbox, crashes):
        from runtime.patterns import actors

        handled = []

        def behaviour(mailbox):
            for who, number in mailbox:
                if number % 7 == 6:
                    raise ArithmeticError(f"{who} {number}")
                handled.append((who, number))

        actors.supervise(behaviour, actors.Mailbox(inbox), restarts=10**6, monitor=crashes)
        return handled

    @program.worker(crashes_in)
    def watch(crashes):
        return [crash.error.rpartition(": ")[2].rpartition(" ") for crash in crashes]

    return program


def test_each_message_of_a_crowd_is_handled_once_or_crashed_once_in_order(backend):
    senders, each = 3, 200
    trace = crowd(senders, each).run(backend, timeout=60)

    handled = trace.results["keep"]
    crashed = [(who, int(number)) for who, _, number in trace.results["watch"]]
    names = {trace.results[f"tell #{n}"] for n in range(1, senders + 1)}
    assert len(names) == senders
    for name in names:
        own = [number for who, number in handled if who == name]
        lost = [number for who, number in crashed if who == name]
        assert own == [n for n in range(each) if n % 7 != 6]
        assert lost == [n for n in range(each) if n % 7 == 6]


def test_an_answer_finds_who_asked_and_a_crash_tells_him(backend):
    program = runtime.Program("ask")
    inbox, out = program.channel("inbox", capacity=None)

    @program.worker(inbox)
    def square(inbox):
        from runtime.patterns import actors

        def behaviour(mailbox):
            for request in mailbox:
                request.answer(request.content**2)

        actors.supervise(behaviour, actors.Mailbox(inbox), restarts=10)

    @program.worker(out, copies=2)
    def client(actor):
        from runtime import ChannelClosedError
        from runtime.patterns import actors

        answers = [actors.ask(actor, n, timeout=30) for n in range(20)]
        try:
            actors.ask(actor, "no number", timeout=30)
        except ChannelClosedError:
            answers.append("down")
        return [*answers, actors.ask(actor, 3)]

    trace = program.run(backend, timeout=60)
    for name in ("client #1", "client #2"):
        assert trace.results[name] == [*(n * n for n in range(20)), "down", 9]
