"""The pool keeps the promises of the standard library's executors, and its trace has every task in it."""

from __future__ import annotations

import concurrent.futures
import gc
import itertools
import math
import os
import signal
import sys
import threading
import time

import pytest

import runtime
from runtime.tracing.model import NONE
from tests.runtime.helpers import Point, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc; the pool itself needs AF_UNIX")

factor = 7


@pytest.fixture(scope="module")
def warm():
    """A pool that several tests use."""
    with runtime.Pool(2, "warm") as pool:
        yield pool


def local_square():
    """A function that no module has, as one in a notebook."""

    def square(n):
        return n * n

    return square


def test_map_on_every_backend(backend):
    with runtime.Pool(2, backend=backend) as pool:
        assert list(pool.map(local_square(), range(100))) == [n * n for n in range(100)]
        assert list(pool.map(pow, (2, 3), (5, 2))) == [32, 9]
    trace = pool.trace
    assert trace.complete
    assert trace.backend == backend


def test_the_trace_has_every_task():
    with runtime.Pool(2, "crew") as pool:
        list(pool.map(math.sqrt, range(50)))
        pool.submit(math.pow, 2, 3).result()
    tasks = pool.tasks()
    assert [task.call for task in tasks] == [*(f"sqrt({n})" for n in range(50)), "pow(2, ..)"]
    assert {pool.trace.workers[task.worker].name for task in tasks} <= {"crew #1", "crew #2"}
    assert all(task.submitted_ns >= 0 and task.began_ns <= task.ended_ns != NONE for task in tasks)
    for worker in {task.worker for task in tasks}:
        own = sorted((task.began_ns, task.ended_ns) for task in tasks if task.worker == worker)
        assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(own))


def test_submit_takes_keywords_defaults_and_functions_of_modules(warm):
    def with_default(a, b=factor, *, c=1):
        return a, b, c

    assert warm.submit(with_default, 1, c=3).result() == (1, 7, 3)
    assert warm.submit(int, "ff", base=16).result() == 255
    assert warm.submit(Point, 1, 2).result() == Point(1, 2)


def test_chunks_are_one_task_each():
    with runtime.Pool(1) as pool:
        assert list(pool.map(local_square(), range(10), chunksize=4)) == [n * n for n in range(10)]
        with pytest.raises(ValueError, match="chunksize must be >= 1"):
            pool.map(abs, [1], chunksize=0)
    assert [task.call for task in pool.tasks()] == ["square x 4", "square x 4", "square x 2"]


def test_what_a_task_raises_comes_with_its_own_traceback(warm):
    def divide(n):
        return 1 / n

    with pytest.raises(ZeroDivisionError) as caught:
        warm.submit(divide, 0).result()
    assert "return 1 / n" in str(caught.value.__cause__)
    assert "test_pool.py" in str(caught.value.__cause__)
    assert "runtime/pools" not in str(caught.value.__cause__)
    assert warm.submit(divide, 1).result() == 1


def test_what_cannot_leave_is_told_in_text(warm):
    def own():
        class Own(Exception):
            pass

        raise Own("here")

    with pytest.raises(runtime.TaskError, match="Own: here"):
        warm.submit(own).result()
    with pytest.raises(runtime.NotShareableError, match="the value that it returned is a lock"):
        warm.submit(threading.Lock).result()


def test_what_cannot_enter_is_refused_at_once(warm):
    with pytest.raises(runtime.NotShareableError, match="argument"):
        warm.submit(print, threading.Lock())
    with pytest.raises(runtime.ProgramError, match="not a lambda"):
        warm.submit(lambda: 1)


def test_a_name_of_the_notebook_is_explained(warm):
    def use():
        return factor

    with pytest.raises(NameError) as caught:
        warm.submit(use).result()
    assert any("pass it as an argument of submit or map" in note for note in caught.value.__notes__)


def test_each_function_is_compiled_once_in_each_worker(warm):
    def mark(_):
        import sys

        return id(sys._getframe().f_code), id(sys)

    assert len(set(warm.map(mark, range(40)))) <= 2


def test_an_initializer_runs_first_in_each_worker():
    def prepare(value):
        import sys

        sys.prepared = value

    def read(_):
        import sys

        return sys.prepared

    with runtime.Pool(2, initializer=prepare, initargs=(5,)) as pool:
        assert set(pool.map(read, range(10))) == {5}


def test_an_initializer_that_raises_breaks_the_pool():
    def prepare():
        raise OSError("no licence")

    pool = runtime.Pool(2, initializer=prepare)
    with pytest.raises(runtime.BrokenPoolError, match="OSError: no licence"):
        pool.submit(math.sqrt, 4).result(timeout=60)
    with pytest.raises(concurrent.futures.BrokenExecutor):
        pool.submit(math.sqrt, 4)
    pool.shutdown()


@pytest.mark.parametrize("backend", ["interpreters", "processes"])
def test_a_crash_breaks_the_pool_and_not_the_notebook(backend):
    def crash():
        import os

        os._exit(3)

    pool = runtime.Pool(2, backend=backend)
    done = pool.submit(math.sqrt, 4)
    assert done.result() == 2
    with pytest.raises(runtime.BrokenPoolError, match="ended with exit code 3"):
        pool.submit(crash).result(timeout=60)
    pool.shutdown()
    assert pool.tasks()[0].call == "sqrt(4)"  # the host may have died before it noted the second


def test_futures_that_wait_can_be_cancelled():
    with runtime.Pool(1) as pool:
        blocked = pool.submit(time.sleep, 0.2)
        wait_until(blocked.running)
        futures = [pool.submit(math.sqrt, n) for n in range(50)]
        pool.shutdown(wait=False, cancel_futures=True)
        assert sum(future.cancelled() for future in futures) >= 48
        with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
            pool.submit(math.sqrt, 1)
    assert blocked.result() is None
    assert all(future.done() for future in futures)


def test_shutdown_waits_for_what_was_submitted():
    with runtime.Pool(2) as pool:
        futures = [pool.submit(time.sleep, 0.01) for _ in range(10)]
    assert all(future.done() and not future.cancelled() for future in futures)


def test_as_completed_and_wait_take_its_futures(warm):
    futures = {warm.submit(math.sqrt, n * n): n for n in range(20)}
    assert {futures[f]: f.result() for f in concurrent.futures.as_completed(futures)} == {n: n for n in range(20)}
    done, left = concurrent.futures.wait(futures)
    assert (len(done), len(left)) == (20, 0)


def test_a_timeout_of_map_is_the_callers(warm):
    results = warm.map(time.sleep, [0.0, 0.5], timeout=0.1)
    next(results)
    with pytest.raises(TimeoutError):
        next(results)


def test_stop_ends_what_never_ends():
    def loop():
        while True:
            pass

    pool = runtime.Pool(1)
    future = pool.submit(loop)
    wait_until(future.running)
    pool.stop()
    assert isinstance(future.exception(), runtime.BrokenPoolError)
    assert not pool._run.running


def test_ctrl_c_while_it_waits_stops_the_pool():
    pool = runtime.Pool(1)
    future = pool.submit(time.sleep, 60)
    wait_until(future.running)
    main = threading.main_thread().ident
    waiter = threading.Thread(target=lambda: (wait_until(lambda: pool._link._closing), signal.pthread_kill(main, 2)))
    waiter.start()
    with pytest.raises(KeyboardInterrupt):
        pool.shutdown()
    waiter.join()
    assert not pool._run.running


def test_nothing_is_left_behind():
    def run():
        with runtime.Pool(1) as pool:
            pool.submit(math.sqrt, 1).result()

    run()
    gc.collect()
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    run()
    gc.collect()
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before


def test_a_pool_that_nobody_has_any_more_ends():
    pool = runtime.Pool(1)
    host = os.pidfd_open(pool._run._process.pid)
    thread = pool._link._thread
    del pool
    gc.collect()
    thread.join(60)
    assert not thread.is_alive()
    os.close(host)


@pytest.mark.skipif(sys.version_info < (3, 14), reason="the standard library's pool of interpreters is newer")
def test_ten_thousand_small_tasks_take_no_longer_than_with_the_standard_librarys_pool(warm):
    ratios = []
    with concurrent.futures.InterpreterPoolExecutor(2) as other:
        list(other.map(math.sqrt, range(10)))
        for _ in range(5):  # a busy machine may spoil one
            took = []
            for pool in (warm, other):
                began = time.perf_counter()
                assert sum(pool.map(math.sqrt, range(10_000))) == pytest.approx(666_616.46, abs=1)
                took.append(time.perf_counter() - began)
            ratios.append(took[0] / took[1])
            if ratios[-1] <= 1:
                break
    assert min(ratios) <= 1, ratios
