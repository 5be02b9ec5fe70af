"""Programs run alike on every backend, and their traces say what happened."""

from __future__ import annotations

import collections
import os
import sys

import pytest

import runtime
from runtime.tracing.model import NONE, Ending
from tests.runtime.programs.examples import pair, squares

SUM_OF_SQUARES = sum(n * n for n in range(100))


def test_squares_gives_the_same_on_every_backend(backend):
    trace = squares().run(backend=backend)

    assert trace.results["total"] == SUM_OF_SQUARES
    assert trace.complete
    assert trace.backend == backend


def test_every_message_is_sent_once_and_received_once(backend):
    trace = squares().run(backend=backend)

    identities = [(message.sender, message.serial) for message in trace.messages]
    assert len(identities) == len(set(identities)) == 200
    assert all(message.receiver != NONE for message in trace.messages)
    assert trace.dropped == 0


def test_a_message_is_received_after_it_was_sent(backend):
    trace = squares().run(backend=backend)

    for message in trace.messages:
        assert message.began_ns <= message.encoded_ns <= message.admitted_ns <= message.sent_ns
        assert message.admitted_ns <= message.taken_ns <= message.received_ns
        assert message.asked_ns <= message.taken_ns


def test_the_receiver_of_a_long_tuple_is_seen_to_pay_for_its_items():
    program = runtime.Program("long tuples")
    there_in, there_out = program.channel("there", capacity=None)

    @program.worker(there_out)
    def send(there):
        for _ in range(5):
            there.send(tuple(map(float, range(100_000))))

    @program.worker(there_in)
    def receive(there):
        return sum(len(one) for one in there)

    trace = program.run()

    assert trace.results["receive"] == 500_000
    quickest = min(message.decode_ns for message in trace.messages)
    assert quickest > 100_000 * 2  # two nanoseconds to make a float: less than any machine takes


def test_order_per_sender_is_kept(backend):
    trace = squares(copies=1).run(backend=backend)

    taken = sorted((message for message in trace.messages if message.sender == 0), key=lambda m: m.taken_ns)
    assert [message.serial for message in taken] == list(range(100))


def test_operations_know_their_line(backend):
    trace = squares().run(backend=backend)

    sources = {worker.index: (worker.first_line, worker.source.splitlines()) for worker in trace.workers}
    for message in trace.messages:
        first_line, lines = sources[message.sender]
        assert "out.send" in lines[message.send_line - first_line]
        first_line, lines = sources[message.receiver]
        assert "for n in numbers" in lines[message.recv_line - first_line] or "sum(results)" in lines[1]


def test_copies_have_numbers(backend):
    trace = squares().run(backend=backend)

    assert [worker.name for worker in trace.workers] == ["produce", "square #1", "square #2", "total"]
    assert all(worker.ending == Ending.RETURNED for worker in trace.workers)


def test_prints_come_back_under_their_names_in_order(backend):
    program = runtime.Program("talk")

    @program.worker(copies=2)
    def talk():
        import sys

        for n in range(3):
            print("line", n)
        print("to stderr", file=sys.stderr)
        print("no end", end="")

    trace = program.run(backend)
    said = collections.defaultdict(list)
    for output in trace.outputs:
        said[output.worker].append((output.stream, trace.text(output.text)))
        assert 0 <= output.at_ns <= trace.wall_ns
    own = [(1, "line 0"), (1, "line 1"), (1, "line 2"), (2, "to stderr"), (1, "no end")]
    assert said == {0: own, 1: own}


def test_default_values_come_along_and_annotations_stay(backend):
    factor = 7
    program = runtime.Program("defaults")

    @program.worker(3)
    def multiply(n: Undefined, by=factor, *, plus=factor + 1) -> Undefined:  # noqa: F821
        return n * by + plus

    assert program.run(backend).results["multiply"] == 29


def test_a_worker_sees_its_own_name(backend):
    program = runtime.Program("recursive")

    @program.worker(10)
    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    assert program.run(backend).results["fibonacci"] == 55


def test_a_declared_worker_replaces_the_one_of_its_name():
    program = squares()

    @program.worker(7)
    def produce(n):
        return n

    with pytest.raises(runtime.ProgramError, match="no worker has the sending end of channel 'numbers'"):
        program.run()


def test_one_program_runs_many_times():
    program = squares(count=10)

    assert [program.run().results["total"] for _ in range(3)] == [285] * 3


def test_without_recording_the_results_are_the_same(backend):
    trace = squares().run(backend, record=False)

    assert trace.results["total"] == SUM_OF_SQUARES
    assert len(trace.messages) == 0
    assert trace.wall_ns > 0


def test_reply_channels_cross_channels(isolated_backend):
    program = runtime.Program("reply")
    requests_in, requests_out = program.channel("requests")

    @program.worker(requests_out)
    def ask(requests):
        import runtime

        replies_in, replies_out = runtime.create_channel("replies", capacity=1)
        requests.send((20, replies_out))
        return replies_in.recv(timeout=10)

    @program.worker(requests_in)
    def answer(requests):
        for number, reply in requests:
            reply.send(number + 1)
            reply.close()

    trace = program.run(isolated_backend, timeout=20)
    assert trace.results["ask"] == 21
    assert [channel.name for channel in trace.channels] == ["requests", "replies"]
    assert len(trace.messages) == 2


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not pin processes to cores")
def test_cores_limits_the_host(backend):
    program = runtime.Program("cores")

    @program.worker()
    def count():
        import os

        return len(os.sched_getaffinity(0))

    trace = program.run(backend, cores=1)
    assert trace.results["count"] == trace.environment.cores == 1


def test_another_python_can_be_the_host(backend):
    link = os.path.realpath(sys.executable)
    trace = squares(count=10).run(backend, python=link)

    assert trace.results["total"] == 285


def test_start_returns_a_run_whose_trace_can_be_read_live():
    program, receiving, sending = pair()

    @program.worker(sending)
    def send(out):
        out.send(1)
        out.send(2)
        out.send(3)
        out.send(4)

    @program.worker(receiving)
    def hold(numbers):
        numbers.recv()
        import time

        time.sleep(60)

    with program.start() as run:
        while run.running and len(run.trace.messages) < 3:
            os.sched_yield()
        assert run.running
        assert run.stop() in ("interrupted", "killed")
    assert [worker.ending for worker in run.trace.workers] != [Ending.RETURNED, Ending.RETURNED]
    assert not run.trace.complete
    assert len(run.trace.messages) == 3


@pytest.mark.stress
def test_many_messages_of_many_senders_to_many_receivers_arrive_exactly_once(backend):
    program = runtime.Program("crowd")
    receiving, sending = program.channel("crowd", capacity=64)

    @program.worker(sending, 25_000, copies=4)
    def send(out, count):
        for n in range(count):
            out.send(n)

    @program.worker(receiving, copies=4)
    def receive(numbers):
        count = total = 0
        for n in numbers:
            count += 1
            total += n
        return count, total

    trace = program.run(backend, timeout=120)

    received = [result for name, result in trace.results.items() if name.startswith("receive")]
    assert sum(count for count, _ in received) == 100_000
    assert sum(total for _, total in received) == 4 * sum(range(25_000))
    columns = trace.messages.columns
    assert len(set(zip(columns["sender"], columns["serial"], strict=True))) == len(trace.messages) == 100_000
    assert NONE not in columns["receiver"]
    taken_by_pair = collections.defaultdict(list)
    for message in sorted(trace.messages, key=lambda m: m.taken_ns):
        taken_by_pair[message.sender, message.receiver].append(message.serial)
    assert all(serials == sorted(serials) for serials in taken_by_pair.values())


def test_a_blocked_program_uses_no_cpu(backend):
    program, receiving, sending = pair()

    @program.worker(receiving, sending)
    def wait(numbers, out):
        import runtime

        try:
            numbers.recv(timeout=0.5)
        except runtime.ChannelTimeoutError:
            return __import__("time").thread_time_ns()

    trace = program.run(backend)
    assert trace.results["wait"] is not None
    blocked = trace.breakdown()[0]
    assert blocked.share(runtime_state("RECV_BLOCKED")) > 0.9
    # half a second of polling every 10 ms would be 50 wake-ups; this thread only set itself up and waited
    assert trace.results["wait"] < 100_000_000


def runtime_state(name):
    from runtime.tracing.model import State

    return State[name]


def test_a_worker_may_create_any_number_of_channels(backend):
    program = runtime.Program("late")

    @program.worker()
    def create():
        import runtime
        from runtime import cpython

        for _ in range(70_000):  # channels share these numbers, and none is given out twice
            cpython.destroy_queue(cpython.create_queue())
        receiving, sending = runtime.create_channel("the last", capacity=1)
        sending.send("hello")
        return receiving.recv()

    trace = program.run(backend)

    assert trace.results["create"] == "hello"
    assert [(trace.channels[message.channel].name, message.serial) for message in trace.messages] == [("the last", 0)]


def test_an_end_that_came_in_a_message_is_its_receivers(backend):
    """Between threads it comes by reference: what is sent through it is the one's who sends, not its creator's."""
    program = runtime.Program("answers")
    questions_in, questions_out = program.channel("questions", capacity=4)

    @program.worker(questions_in)
    def knows(questions):
        for n, reply in questions:
            reply.send(n * n)

    @program.worker(questions_out)
    def asks(questions):
        import runtime

        waiting = []
        for n in range(50):
            receiving, sending = runtime.create_channel(capacity=1)
            questions.send((n, sending))
            waiting.append(receiving)
        return [answer.recv() for answer in waiting]

    trace = program.run(backend)

    assert trace.results["asks"] == [n * n for n in range(50)]
    assert collections.Counter((message.sender, message.receiver) for message in trace.messages) == {
        (1, 0): 50,
        (0, 1): 50,
    }
    knows_at = trace.workers[0].first_line
    lines = {message.send_line - knows_at for message in trace.messages if message.sender == 0}
    assert [trace.workers[0].source.splitlines()[line].strip() for line in lines] == ["reply.send(n * n)"]
    assert trace.dropped == 0


def test_each_side_closes_an_end_of_its_own_when_one_is_sent_along(backend):
    program = runtime.Program("replies")
    requests, ask = program.channel("requests", capacity=None)

    @program.worker(ask)
    def client(out):
        from runtime import create_channel

        answers, reply = create_channel("answers", capacity=1)
        for message in (reply, (2, (reply,))):
            out.send(message)
        reply.close()  # the server has ends of its own
        return list(answers)

    @program.worker(requests)
    def server(inbox):
        first, (number, (second,)) = inbox.recv(), inbox.recv()
        first.send("first")
        first.close()
        second.send(number)
        return second.stats().open_send_channels

    results = program.run(backend).results
    assert results["client"] == ["first", 2]
    assert results["server"] == 1


@pytest.mark.skipif(sys.version_info[:2] != (3, 14), reason="only 3.14 crashes when one imports what another uses")
def test_ctypes_is_imported_before_any_worker_starts():
    program = runtime.Program("imports")

    @program.worker(copies=2)
    def look():
        import sys

        return "_ctypes" in sys.modules

    assert program.run("interpreters").results == {"look #1": True, "look #2": True}
