"""What must hold for the trace of any run whatever: nothing in it contradicts time, or itself."""

from __future__ import annotations

from itertools import pairwise

import runtime
from runtime.tracing.model import NONE, State


def assert_consistent(trace: runtime.Trace) -> None:
    """Nothing was received before it was sent, no worker was in two states, no channel held what it cannot."""
    assert_lives_add_up(trace)
    assert_messages_move_forward(trace)
    assert_channels_keep_their_bounds(trace)
    assert_cores_run_one_at_a_time(trace)
    assert_waits_add_up(trace)


def assert_lives_add_up(trace: runtime.Trace) -> None:
    for worker, life in zip(trace.workers, trace.breakdown(), strict=True):
        spans = [span for span in trace.spans if span.worker == worker.index]
        assert all(before.ended_ns == after.began_ns for before, after in pairwise(spans))
        assert all(span.began_ns < span.ended_ns for span in spans)
        assert abs(sum(life.states.values()) - life.wall_ns) <= life.wall_ns / 100


def assert_messages_move_forward(trace: runtime.Trace) -> None:
    lives = [(worker.began_ns, worker.ended_ns) for worker in trace.workers]
    last_taken: dict[tuple[int, int, int], int] = {}
    for m in sorted(trace.messages, key=lambda m: (m.sender, m.serial)):
        began, ended = lives[m.sender]
        assert began <= m.began_ns <= m.encoded_ns <= m.admitted_ns <= m.sent_ns <= ended, m
        if m.receiver != NONE:
            began, ended = lives[m.receiver]
            assert began <= m.asked_ns <= m.taken_ns <= m.received_ns <= ended, m
            assert m.admitted_ns <= m.taken_ns, m
            way = (m.sender, m.channel, m.receiver)
            assert last_taken.get(way, 0) <= m.taken_ns, m  # in the order in which they were sent
            last_taken[way] = m.taken_ns


def assert_channels_keep_their_bounds(trace: runtime.Trace) -> None:
    for channel in trace.channels:
        steps = trace.depth(channel.index)
        assert [at for at, _ in steps] == sorted(at for at, _ in steps)
        most = len(trace.messages) if channel.capacity is None else channel.capacity
        assert all(0 <= depth <= most for _, depth in steps), (channel, steps)


def assert_cores_run_one_at_a_time(trace: runtime.Trace) -> None:
    ordered = sorted(trace.core_spans, key=lambda span: (span.core, span.began_ns))
    assert all(a.core != b.core or a.ended_ns <= b.began_ns for a, b in pairwise(ordered))


def assert_waits_add_up(trace: runtime.Trace) -> None:
    waits = trace.waits()
    for worker, life in zip(trace.workers, trace.breakdown(), strict=True):
        for state in (State.SEND_BLOCKED, State.RECV_BLOCKED):
            found = sum(w.waited_ns for w in waits if (w.waiter, w.state) == (worker.index, state))
            assert found == life.states.get(state, 0)
