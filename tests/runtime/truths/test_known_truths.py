"""Programs whose truth is known come out right: the instrument, held against what it measures.

Shares of a worker's life are compared with a tolerance that is stated beside each; a busy machine can spoil one run, so
each measurement may be repeated, and the best attempt counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

import runtime
from runtime.host import observer
from runtime.tracing.model import NONE, State

ATTEMPTS = 5
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1

needs_observer = pytest.mark.skipif(not observer.available, reason="this system does not tell what a thread waits for")
needs_two_cores = pytest.mark.skipif(CORES < 2, reason="nothing runs in parallel on one core")


def eventually(measure: Callable[[], float], expected: float, tolerance: float) -> None:
    """Some attempt is within the tolerance of what is expected."""
    seen: list[float] = []
    for _ in range(ATTEMPTS):
        seen.append(measure())
        if abs(seen[-1] - expected) <= tolerance:
            return
    pytest.fail(f"expected {expected} +- {tolerance}, saw {seen}")


def share(trace: runtime.Trace, worker: str, state: State) -> float:
    (life,) = (life for life in trace.breakdown() if life.worker == worker)
    return life.share(state)


def spinners(count: int, seconds: float) -> runtime.Program:
    """Workers that compute for a given amount of their own CPU time."""
    program = runtime.Program("spin")

    @program.worker(seconds, copies=count)
    def spin(seconds):
        import time

        end = time.thread_time() + seconds  # the thread has used some to set itself up
        while time.thread_time() < end:
            pass

    return program


@needs_observer
def test_a_worker_that_sleeps_half_its_life(backend):
    program = runtime.Program("half")

    @program.worker()
    def half():
        import time

        for _ in range(10):
            time.sleep(0.02)
            end = time.monotonic() + 0.02
            while time.monotonic() < end:
                pass

    def slept_s() -> float:
        return program.run(backend).breakdown()[0].states[State.SLEEPING] / 1e9

    eventually(slept_s, 10 * 0.02, 0.02)


@needs_observer
@pytest.mark.parametrize("backend", ["threads", "shared-gil"])
def test_two_that_compute_under_one_gil_wait_for_it_half_their_lives(backend):
    program = spinners(2, 0.2)

    def wait_share() -> float:
        # of the time in which it did not wait for a core: on a busy machine, who wakes to ask for the GIL again has to
        life = program.run(backend).breakdown()[0]
        return life.share(State.GIL_WAIT) / (1 - life.share(State.CORE_WAIT))

    eventually(wait_share, 0.5, 0.1)


@needs_observer
@needs_two_cores
def test_two_that_compute_with_a_gil_each_never_wait_for_it():
    program = spinners(2, 0.2)

    eventually(lambda: share(program.run("interpreters"), "spin #1", State.GIL_WAIT), 0.0, 0.0)


@needs_observer
@needs_two_cores
def test_two_that_compute_with_a_gil_each_run_all_the_time():
    program = spinners(2, 0.2)

    def running_share() -> float:
        # of the time in which nothing else in the machine had its core
        life = program.run("interpreters").breakdown()[0]
        return life.share(State.RUNNING) / (1 - life.share(State.CORE_WAIT))

    eventually(running_share, 1.0, 0.05)


@needs_observer
@needs_two_cores
def test_three_that_compute_on_two_cores_wait_for_one_while_the_others_have_them():
    # a third of their lives when the machine has nothing else to do; in any case all that is not their own CPU time
    program = spinners(3, 0.3)
    shares: list[float] = []

    def mean_surprise() -> float:
        lives = program.run("interpreters", cores=2).breakdown()
        shares.append(sum(life.share(State.CORE_WAIT) for life in lives) / 3)
        return shares[-1] - sum(1 - 0.3e9 / life.wall_ns for life in lives) / 3

    eventually(mean_surprise, 0.0, 0.05)
    assert min(shares) > 1 / 3 - 0.1


def line(capacity: int, send_s: float, receive_s: float, count: int = 10) -> runtime.Program:
    """A sender and a receiver which sleep so long for each object."""
    program = runtime.Program("line")
    receiving, sending = program.channel("line", capacity=capacity)

    @program.worker(sending, send_s, count)
    def send(out, send_s, count):
        import time

        for n in range(count):
            time.sleep(send_s)
            out.send(n)

    @program.worker(receiving, receive_s)
    def receive(numbers, receive_s):
        import time

        for _ in numbers:
            time.sleep(receive_s)

    return program


def test_a_fast_sender_is_blocked_as_long_as_its_receiver_works(backend):
    program = line(capacity=1, send_s=0.0, receive_s=0.02)

    def blocked_s() -> float:
        trace = program.run(backend)
        return trace.breakdown()[0].states[State.SEND_BLOCKED] / 1e9

    # of ten objects one is with the receiver and one in the channel when the sender is done: it waits for eight
    eventually(blocked_s, 8 * 0.02, 0.03)


def test_a_receiver_is_blocked_as_long_as_its_sender_works(backend):
    program = line(capacity=1, send_s=0.02, receive_s=0.0)

    eventually(lambda: program.run(backend).breakdown()[1].states[State.RECV_BLOCKED] / 1e9, 10 * 0.02, 0.03)


def waited_s(trace: runtime.Trace, waiter: int, awaited: int) -> float:
    return sum(w.waited_ns for w in trace.waits() if (w.waiter, w.awaited) == (waiter, awaited)) / 1e9


@pytest.mark.parametrize("capacity", [0, 1])
def test_a_sender_waits_for_the_receiver_and_a_receiver_for_the_sender(backend, capacity):
    # of ten objects, one is with the receiver when the sender is done, and up to `capacity` are in the channel
    slow_receiver, slow_sender = line(capacity, 0.0, 0.02), line(capacity, 0.02, 0.0)

    eventually(lambda: waited_s(slow_receiver.run(backend), 0, 1), (9 - capacity) * 0.02, 0.03)
    eventually(lambda: waited_s(slow_sender.run(backend), 1, 0), 10 * 0.02, 0.03)


def test_a_wait_that_ends_with_its_timeout_is_for_nobody(backend):
    program = runtime.Program("late")
    receiving, sending = program.channel("line")

    @program.worker(receiving)
    def give_up(numbers):
        from runtime import ChannelClosedError, ChannelTimeoutError

        try:
            numbers.recv(timeout=0.05)
        except (ChannelTimeoutError, ChannelClosedError):  # closed: it began so late that the other was gone
            pass

    @program.worker(sending)
    def keep_quiet(out):
        import time

        time.sleep(0.1)

    eventually(lambda: waited_s(program.run(backend), 0, NONE), 0.05, 0.01)


@pytest.mark.parametrize("backend", ["interpreters", "shared-gil"])
def test_objects_of_50_mb_cost_their_copies_at_both_sides(backend):
    program = runtime.Program("copies")
    receiving, sending = program.channel("objects")

    @program.worker(sending)
    def send(out):
        import pickle
        import time

        rows = [b"%d" % n * 10 for n in range(830_000)]
        encode, decode = [], []
        for _ in range(2):
            out.send(rows)
            began = time.thread_time_ns()
            data = pickle.dumps(rows, protocol=5)
            encode.append(time.thread_time_ns() - began)
        for _ in range(2):
            began = time.thread_time_ns()
            pickle.loads(data)
            decode.append(time.thread_time_ns() - began)
        return min(encode), min(decode)

    @program.worker(receiving)
    def receive(objects):
        for rows in objects:
            del rows

    def ratios() -> tuple[float, float]:
        trace = program.run(backend)
        assert min(trace.messages.column("size")) > 50_000_000
        by_hand = trace.results["send"]
        encode = sum(life.states.get(State.ENCODE, 0) for life in trace.breakdown())
        decode = sum(life.states.get(State.DECODE, 0) for life in trace.breakdown())
        return encode / 2 / by_hand[0], decode / 2 / by_hand[1]

    # the same work, so about the same time; but by hand, nobody else used the memory at the same time
    eventually(lambda: max(abs(ratio - 1) for ratio in ratios()), 0.0, 0.5)


def on_core(trace: runtime.Trace) -> int:
    """The nanoseconds that the spans give as on a core, of all workers."""
    states = (State.RUNNING, State.ENCODE, State.DECODE, State.OBSERVER)
    return sum(life.states.get(state, 0) for life in trace.breakdown() for state in states)


@needs_observer
def test_on_cpu_time_agrees_with_the_operating_systems_account_of_the_threads(backend):
    program = runtime.Program("witness")

    @program.worker(copies=2)
    def work():
        import time

        began = time.thread_time_ns()
        while time.thread_time_ns() < began + 150_000_000:
            pass
        time.sleep(0.05)
        return time.thread_time_ns() - began

    def ratio() -> float:
        trace = program.run(backend)
        return on_core(trace) / sum(trace.results.values())

    eventually(ratio, 1.0, 0.03)


@needs_observer
def test_on_cpu_time_agrees_with_the_operating_systems_account_of_the_host(backend):
    program = runtime.Program("witness")
    receiving, sending = program.channel("rows", capacity=2)

    @program.worker(sending)
    def compute_and_send(out):
        import time

        for n in range(20):
            until = time.thread_time() + 0.02
            while time.thread_time() < until:
                pass
            out.send(list(range(n)))

    @program.worker(receiving)
    def receive_and_compute(rows):
        import time

        for _ in rows:
            until = time.thread_time() + 0.01
            while time.thread_time() < until:
                pass

    def ratio() -> float:
        trace = program.run(backend)
        return on_core(trace) / trace.overhead.workers_ns

    eventually(ratio, 1.0, 0.03)
