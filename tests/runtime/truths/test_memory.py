"""What a worker takes: its start-up, its memory, and what is said of how we know."""

from __future__ import annotations

import os

import pytest

import runtime
from runtime import hosting
from runtime.host import memory
from runtime.tracing import text
from runtime.tracing.model import NONE
from runtime.tracing.upkeep import upkeep_of

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="this system does not tell")

MB = 1_000_000


def hoarders(copies: int, size: int) -> runtime.Program:
    """Workers that each keep so many bytes until all have them."""
    program = runtime.Program("hoard")
    ready_in, ready_out = program.channel("ready", capacity=None)
    go_in, go_out = program.channel("go", capacity=None)

    @program.worker(ready_out, go_in, size, copies=copies, name="keep")
    def keep(ready, go, size):
        import sys

        sys.hoard = bytearray(b"x") * size  # kept beyond the worker's end, as what it imported would be
        ready.send(1)
        go.recv()

    @program.worker(ready_in, go_out, copies)
    def release(ready, go, copies):
        for _ in range(copies):
            ready.recv()
        for _ in range(copies):
            go.send(1)

    return program


def test_start_up_and_memory_are_known_on_every_backend(backend):
    trace = hoarders(2, 0).run(backend)
    for worker in trace.workers:
        assert 0 < worker.startup_ns < 60e9
        assert worker.shared_bytes > 1 * MB
        assert worker.memory_inferred == (backend != "processes")
    if backend != "threads":  # a thread may take less than a page more
        assert all(1 * MB < worker.ready_bytes < 100 * MB for worker in trace.workers)


def test_a_thread_takes_less_than_an_interpreter_and_that_less_than_a_process():
    own = {backend: upkeep_of(hoarders(2, 0).run(backend).workers) for backend in runtime.BACKENDS}
    assert own["threads"].own_bytes < own["interpreters"].own_bytes / 4
    alone = {backend: found.own_bytes + found.shared_bytes for backend, found in own.items()}
    assert alone["processes"] > own["interpreters"].own_bytes


def test_what_a_worker_keeps_is_measured_where_it_has_a_process():
    small, large = (hoarders(2, size).run("processes").workers[0].ended_bytes for size in (0, 64 * MB))
    assert large - small == pytest.approx(64 * MB, rel=0.05)


@pytest.mark.parametrize("backend", ["interpreters", "shared-gil"])
def test_what_workers_of_one_process_keep_is_divided_evenly(backend):
    workers = hoarders(2, 64 * MB).run(backend).workers
    assert len({worker.ended_bytes for worker in workers}) == 1
    grown = sum(worker.ended_bytes - worker.ready_bytes for worker in workers)
    assert grown == pytest.approx(2 * 64 * MB, rel=0.1)


def test_it_is_in_the_text_and_survives_a_file(tmp_path):
    trace = hoarders(1, 0).run("interpreters")
    trace.save(tmp_path / "any.trace")
    again = runtime.Trace.load(tmp_path / "any.trace")
    assert again == trace
    assert "(inferred: an even part of what their process grew)" in text.timeline(again)
    assert any("of memory to itself" in sentence for sentence in text.describe(again))


def test_a_live_trace_knows_what_is_known_so_far():
    program = runtime.Program("live")

    @program.worker()
    def sleep():
        import time

        time.sleep(60)

    with program.start("processes") as run:
        while run.running and run.trace.workers[0].ready_bytes == NONE:
            os.sched_yield()
        (worker,) = run.trace.workers
        assert min(worker.ready_bytes, worker.startup_ns) > 0
        assert worker.ended_bytes == NONE


def test_what_cannot_be_measured_is_zero():
    assert memory.measure("no such process") == memory.Memory(0, 0)


def test_a_warm_host_tells_of_the_same_memory_as_a_cold_one():
    """Its observer was there before the run, and is no part of what the workers take."""
    program = hoarders(2, 0)
    cold = min(upkeep_of(program.run().workers).own_bytes for _ in range(3))
    runtime.keep_warm()
    try:
        warm = []
        for _ in range(3):
            assert hosting.spare_ready(60)
            warm.append(upkeep_of(program.run().workers).own_bytes)
    finally:
        runtime.keep_warm(False)
    assert 0.75 < min(warm) / cold < 1.33
