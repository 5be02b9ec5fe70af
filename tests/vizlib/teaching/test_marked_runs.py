"""Exercises marked from real runs: a good one meets everything, each mistake is found, whatever the machine does."""

from __future__ import annotations

import pytest

import runtime
import vizlib.teaching as teaching
from runtime.tracing.model import Transfer


def squares(capacity):
    program = runtime.Program("squares")
    numbers_in, numbers_out = program.channel("numbers", capacity)
    results_in, results_out = program.channel("results", None)

    @program.worker(numbers_out)
    def produce(out):
        for n in range(6):
            out.send(n)

    @program.worker(numbers_in, results_out, copies=2)
    def square(numbers, out):
        for n in numbers:
            sum(i * i for i in range(40_000))
            out.send(n * n)

    @program.worker(results_in)
    def total(results):
        return sum(results)

    return program


@pytest.fixture(scope="module")
def good():
    return squares(2).run()


def judged(trace, *requirements):
    return {
        requirement.title: (verdict.met, verdict.words)
        for requirement, verdict in teaching.check(trace, *requirements).marks
    }


def test_a_good_run_meets_what_is_asked(good):
    report = teaching.check(
        good,
        teaching.result_is("total", 55),
        teaching.all_returned(),
        teaching.no_deadlock(),
        teaching.workers_at_least(4),
        teaching.runs_on("interpreters"),
        teaching.every_message_received(),
        teaching.order_kept(),
        teaching.depth_at_most("numbers", 2),
        teaching.messages_sent(at_most=12),
        teaching.crosses_by(Transfer.SHARE),
        teaching.parallel_at_least(0),
        teaching.blocked_at_most(1.0),
    )
    assert report.done, report


def test_a_run_that_is_not_what_was_asked_for_is_told(good):
    found = judged(
        good,
        teaching.runs_on("threads"),
        teaching.crosses_by(Transfer.BUFFER),
        teaching.messages_sent(at_most=11),
        teaching.channels_bounded(),
        teaching.parallel_at_least(5),
        teaching.blocked_at_most(0.0, "total"),
    )
    assert [met for met, _ in found.values()] == [False] * 6
    assert found["it runs on threads"][1] == "This run was on interpreters."
    assert found["every channel has a bound"][1].startswith("No bound: results.")


def test_a_deadlock_is_told_as_a_ring():
    program = runtime.Program("stuck")
    there_in, there_out = program.channel("there")
    back_in, back_out = program.channel("back")

    @program.worker(back_in, there_out)
    def left(inbox, out):
        out.send(inbox.recv())

    @program.worker(there_in, back_out)
    def right(inbox, out):
        out.send(inbox.recv())

    with pytest.raises(runtime.DeadlockError) as caught:
        program.run()
    found = judged(caught.value, teaching.no_deadlock(), teaching.all_returned(), teaching.every_message_received())
    met, told = found["no deadlock"]
    assert not met
    assert "left waits for right to send to back" in told
    assert found["every worker finishes"][0] is False
    assert found["every message is received"] == (False, "No message was sent at all.")


def test_a_run_that_was_stopped_has_not_shown_that_it_ends():
    program = runtime.Program("endless")

    @program.worker()
    def spin():
        while True:
            pass

    with pytest.raises(runtime.RunTimeoutError) as caught:
        program.run(timeout=0.2)
    assert judged(caught.value, teaching.no_deadlock())["no deadlock"] == (
        False,
        "The run was cut short: spin had not come to an end.",
    )
