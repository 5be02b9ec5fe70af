"""A million messages of a real run: none is lost, and nothing that is done with the trace takes long."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runtime
from runtime.tracing import text
from runtime.tracing.model import NONE
from tests.runtime.truths.consistent import assert_lives_add_up


def stream(count: int) -> runtime.Program:
    """Numbers from one worker to another."""
    program = runtime.Program("stream")
    receiving, sending = program.channel("numbers", capacity=64)

    @program.worker(sending, count)
    def send(out, count):
        for n in range(count):
            out.send(n)

    @program.worker(receiving)
    def receive(numbers):
        return sum(numbers)

    return program


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """(seconds, seconds of CPU time, what it returned)."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def summarised(trace: runtime.Trace) -> str:
    return str(trace.breakdown()) + text.summary(trace)


def record(count: int, path: Path) -> dict[str, tuple[float, float]]:
    """Run, save, load and summarise; return the seconds (wall, CPU) of each."""
    taken = {}
    *taken["run and decode"], trace = timed(lambda: stream(count).run("interpreters"))
    assert trace.dropped == 0
    assert trace.results["receive"] == count * (count - 1) // 2
    assert len(trace.messages) == count
    assert NONE not in trace.messages.column("receiver")
    *taken["save"], _ = timed(lambda: trace.save(path))
    *taken["load"], loaded = timed(lambda: runtime.Trace.load(path))
    *taken["summarise"], words = timed(lambda: summarised(loaded))
    assert loaded == trace
    assert f"{count:,} sent, {count:,} received" in words
    print(f"\n{count:,} messages, {len(trace.spans):,} spans, the run took {trace.wall:.1f} s")
    print(f"{'file':>16}: {path.stat().st_size / 1e6:.0f} MB")
    for what, (wall, cpu) in taken.items():
        print(f"{what:>16}: {wall:5.2f} s, {cpu:5.2f} s of CPU time")
    return taken


def test_fifty_thousand_messages_are_all_recorded(tmp_path):
    program = stream(50_000)
    trace = program.run("interpreters")
    assert_lives_add_up(trace)
    taken = record(50_000, tmp_path / "many.trace")
    assert taken["load"][1] < 3
    assert taken["summarise"][1] < 1


@pytest.mark.soak
@pytest.mark.benchmark
def test_a_million_messages_are_all_recorded(tmp_path):
    taken = record(1_000_000, tmp_path / "million.trace")
    assert taken["load"][1] < 3  # of CPU time: a busy machine makes nothing slower
    assert taken["summarise"][1] < 1
