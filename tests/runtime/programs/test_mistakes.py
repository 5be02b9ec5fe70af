"""Every mistake gets one clear error that says what to do, and what was recorded is kept."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

import runtime
from runtime.tracing.model import Ending
from tests.runtime.programs.examples import pair

limit = 5


def receiver_of(program, receiving):
    @program.worker(receiving)
    def receive(numbers):
        return list(numbers)


def test_a_name_of_the_notebook_is_explained(backend):
    program = runtime.Program("global")

    @program.worker()
    def count():
        return range(limit)

    with pytest.raises(runtime.WorkerError, match=r"It exists in the notebook, but .* @program.worker\(..., limit\)"):
        program.run(backend)


def test_an_error_points_at_the_line_of_the_snippet(backend):
    program, receiving, sending = pair()
    receiver_of(program, receiving)

    @program.worker(sending)
    def fail(out):
        out.send(1)
        out.send(1 / 0)  # here

    with pytest.raises(runtime.WorkerError, match=r"ZeroDivisionError: division by zero") as caught:
        program.run(backend, timeout=20)

    failure = caught.value.failures[0]
    with open(__file__, encoding="utf-8") as file:
        assert file.read().splitlines()[failure.line - 1].endswith("# here")
    assert failure.traceback.count("File ") == 1
    assert "out.send(1 / 0)" in str(caught.value)
    assert len(caught.value.trace.messages) == 1


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("threading.Lock()", r"message\['rows'\]\[1\] is a lock .*let one worker own the data"),
        ("lambda: 1", r"message\['rows'\]\[1\] is a function .*a lambda exists only in the interpreter that made it"),
        ("(n for n in ())", r"message\['rows'\]\[1\] is a generator .*send its values one by one"),
        ("threading", r"message\['rows'\]\[1\] is a module .*import the module in the snippet"),
    ],
)
def test_what_cannot_cross_is_named(isolated_backend, what, says):
    program, receiving, sending = pair()
    receiver_of(program, receiving)

    @program.worker(sending, what)
    def send(out, what):
        import threading

        out.send({"rows": [0, eval(what, {"threading": threading})]})

    with pytest.raises(runtime.WorkerError, match=says):
        program.run(isolated_backend, timeout=20)


def test_who_raised_first_is_named_first_even_when_its_end_is_told_last():
    program, receiving, sending = pair()
    names_in, names_out = program.channel("names", capacity=1)

    @program.worker(sending, names_in)
    def cause(out, names):
        import threading

        other = names.recv()
        close = type(names).close

        def close_late(end):
            if threading.current_thread() is not other:
                other.join()
            close(end)

        type(names).close = close_late  # this worker's end is not told before the other's
        raise KeyError("the cause")

    @program.worker(receiving, names_out)
    def victim(numbers, names):
        import threading

        names.send(threading.current_thread())
        numbers.recv()

    with pytest.raises(runtime.WorkerError, match=r"(?s)'cause' failed .*Then these failed too: 'victim'") as caught:
        program.run("threads", timeout=20)

    assert [failure.worker for failure in caught.value.failures] == ["cause", "victim"]


def test_a_result_that_cannot_leave_is_named(backend):
    program = runtime.Program("result")

    @program.worker()
    def give():
        return [1, lambda: 1]

    with pytest.raises(runtime.WorkerError, match=r"the value that it returned\[1\] is a function"):
        program.run(backend)


def test_an_endless_loop_is_stopped_by_the_timeout(backend):
    program = runtime.Program("loop")

    @program.worker()
    def loop():
        while True:
            pass

    with pytest.raises(runtime.RunTimeoutError, match=r"had not ended after 0.2 s") as caught:
        program.run(backend, timeout=0.2)
    assert caught.value.trace.workers[0].ending == Ending.STOPPED


def test_a_snippet_that_swallows_everything_is_stopped(backend):
    program = runtime.Program("stubborn")

    @program.worker()
    def loop():
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass

    with pytest.raises(runtime.RunTimeoutError) as caught:
        program.run(backend, timeout=0.2)
    assert caught.value.trace.workers[0].ending in (Ending.STOPPED, Ending.LOST)


def test_a_blocked_worker_is_stopped_by_the_timeout(backend):
    program, receiving, sending = pair()

    @program.worker(receiving, sending)
    def wait(numbers, out):
        numbers.recv(timeout=60)

    with pytest.raises(runtime.RunTimeoutError) as caught:
        program.run(backend, timeout=0.2)
    assert caught.value.trace.workers[0].ending == Ending.STOPPED


def test_who_sends_to_a_worker_that_was_stopped_first_was_stopped_too(backend):
    program = runtime.Program("chatter")
    receiving, sending = program.channel("numbers", capacity=None)

    @program.worker(receiving)
    def wait(numbers):
        numbers.recv()
        numbers.recv(timeout=60)

    @program.worker(sending)
    def send(out):
        out.send(1)
        while True:
            len(out)  # never waits: the receiver is gone long before this worker is interrupted
            if out.stats().open_receive_channels == 0:
                out.send(2)

    with pytest.raises(runtime.RunTimeoutError) as caught:
        program.run(backend, timeout=0.3)
    assert [worker.ending for worker in caught.value.trace.workers] == [Ending.STOPPED] * 2


def test_when_one_fails_the_others_are_stopped(backend):
    program, receiving, sending = pair()

    @program.worker(receiving, sending)
    def wait(numbers, out):
        numbers.recv(timeout=60)

    @program.worker()
    def fail():
        raise ValueError("enough")

    with pytest.raises(runtime.WorkerError, match=r"worker 'fail' failed at line .*: ValueError: enough") as caught:
        program.run(backend, timeout=20)
    assert [worker.ending for worker in caught.value.trace.workers] == [Ending.STOPPED, Ending.RAISED]


@pytest.mark.parametrize(
    ("deed", "says"),
    [
        ("os.abort()", "was ended by signal SIGABRT.*die' at line"),
        ("os._exit(3)", "ended with exit code 3"),
        ("os.kill(os.getpid(), 9)", "was ended by signal SIGKILL"),
    ],
)
def test_a_crash_of_the_host_keeps_what_was_recorded(backend, deed, says):
    program, receiving, sending = pair()

    @program.worker(sending, receiving, deed)
    def die(out, numbers, deed):
        import os

        out.send("before")
        numbers.recv()
        exec(deed, {"os": os})

    with pytest.raises(runtime.HostCrashError, match=says) as caught:
        program.run(backend, timeout=20)
    assert len(caught.value.trace.messages) == 1
    assert caught.value.trace.workers[0].ending == Ending.LOST


@pytest.fixture
def interruptible():
    """Also where the tests run in a shell's background, and Ctrl-C is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_interrupt_stops_a_run():
    program = runtime.Program("interrupted")

    @program.worker()
    def loop():
        while True:
            pass

    run = program.start()
    main = threading.main_thread()

    def interrupt():
        while run.running and not run.trace.workers[0].began_ns:
            os.sched_yield()
        signal.pthread_kill(main.ident, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt, match="'interrupted' was interrupted, and is stopped") as caught:
        run.wait()
    thread.join()
    assert not run.running
    assert run.trace.workers[0].ending == Ending.STOPPED
    assert caught.value.trace is run.trace
    assert caught.value._render_traceback_() == [f"KeyboardInterrupt: {caught.value}"]  # a notebook shows this alone


@pytest.mark.skipif(sys.platform != "linux", reason="the backend `processes` needs Linux")
def test_the_worker_whose_process_dies_is_named_and_the_others_are_stopped():
    program, receiving, sending = pair()

    @program.worker(sending)
    def fall(out):
        import ctypes

        out.send("before")
        ctypes.string_at(0)

    @program.worker(receiving)
    def stand(numbers):
        numbers.recv()
        numbers.recv(timeout=60)

    with pytest.raises(runtime.HostCrashError) as caught:
        program.run("processes", timeout=30)
    text = str(caught.value)
    assert "the process of worker 'fall' of program" in text
    assert "was ended by signal SIGSEGV" in text
    assert "ctypes.string_at(0)" in text
    trace = caught.value.trace
    assert [worker.ending for worker in trace.workers] == [Ending.LOST, Ending.STOPPED]
    assert [trace.text(message.preview) for message in trace.messages] == ["'before'"]


def test_recursion_without_end(backend):
    program = runtime.Program("recursion")

    @program.worker()
    def down():
        return down()

    with pytest.raises(runtime.WorkerError, match=r"RecursionError"):
        program.run(backend)


def test_no_memory_is_an_error_not_a_success(backend):
    program = runtime.Program("memory")

    @program.worker()
    def hoard():
        raise MemoryError

    with pytest.raises(runtime.WorkerError, match=r"worker 'hoard' failed at line .*: MemoryError"):
        program.run(backend)


def test_an_extension_that_stays_home_is_explained(interpreters_backend):
    program = runtime.Program("numbers")

    @program.worker()
    def compute():
        import numpy  # noqa: F401

    with pytest.raises(runtime.WorkerError, match=r"does not support loading in subinterpreters.*backend='processes'"):
        program.run(interpreters_backend)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what a process may allocate so")
def test_a_memory_bomb_hits_the_limit(backend):
    program = runtime.Program("bomb")

    @program.worker()
    def bomb():
        hoard = []
        while True:
            hoard.append(bytes(10_000_000))

    with pytest.raises(runtime.WorkerError, match=r"the run may use 0.5 GiB of memory: keep less .*memory_bytes="):
        program.run(backend, limits=runtime.Limits(memory_bytes=512 << 20), timeout=30)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how many threads a process has")
def test_too_many_threads_hit_the_limit(backend):
    program = runtime.Program("threads")

    @program.worker()
    def spawn():
        import threading
        import time

        for _ in range(200):
            threading.Thread(target=time.sleep, args=(60,)).start()
        time.sleep(60)

    with pytest.raises(
        runtime.RunLimitError, match=r"it has \d+ threads; limits=runtime.Limits\(threads=\.\.\.\) allows"
    ):
        program.run(backend, limits=runtime.Limits(threads=100), timeout=30)


def test_exit_is_a_failure_not_an_end(backend):
    program = runtime.Program("exit")

    @program.worker()
    def leave():
        raise SystemExit(3)

    with pytest.raises(runtime.WorkerError, match=r"SystemExit: 3 \(a worker ends by returning"):
        program.run(backend)


def test_printing_for_ever_is_bounded_and_counted(backend):
    program = runtime.Program("chatter")

    @program.worker()
    def chatter():
        for _ in range(1000):
            print("x" * 99)

    trace = program.run(backend, limits=runtime.Limits(output_bytes=5_000))
    assert len(trace.outputs) == 50
    assert trace.dropped >= 1
    assert trace.results["chatter"] is None


def test_events_beyond_the_limit_are_counted(backend):
    program, receiving, sending = pair()
    receiver_of(program, receiving)

    @program.worker(sending)
    def send(out):
        for n in range(100):
            out.send(n)

    trace = program.run(backend, limits=runtime.Limits(events=50))
    assert len(trace.results["receive"]) == 100
    assert trace.dropped >= 100


DECLARATION_MISTAKES = {
    "a lambda": (lambda program: program.worker()(lambda: 1), "not a lambda"),
    "a builtin": (lambda program: program.worker()(print), "must be a function written with def, not print"),
    "too few arguments": (
        lambda program: program.worker(1)(_two),
        r"is given 1 argument .* definition is _two\(a, b\)",
    ),
    "a generator": (lambda program: program.worker()(_generator), "contains yield"),
    "a coroutine": (lambda program: program.worker()(_coroutine), "is an async function"),
    "a closure": (lambda program: program.worker()(_closure()), "uses hidden of the function around it"),
    "an unshareable argument": (
        lambda program: program.worker(1, threading.Lock())(_two) and program.run(),
        r"worker '_two': argument \[1\] is a lock",
    ),
}


def _two(a, b):
    return a, b


def _generator():
    yield 1


async def _coroutine():
    return 1


def _closure():
    hidden = 1

    def inner():
        return hidden

    return inner


@pytest.mark.parametrize("mistake", DECLARATION_MISTAKES)
def test_a_mistake_in_the_declaration(mistake):
    make, says = DECLARATION_MISTAKES[mistake]
    with pytest.raises(runtime.ProgramError, match=says):
        make(runtime.Program("mistake"))


def test_a_program_without_workers():
    with pytest.raises(runtime.ProgramError, match=r"has no workers: write one with @program.worker"):
        runtime.Program("empty").run()


def test_an_end_is_not_open_in_the_notebook():
    _, receiving, sending = pair()
    with pytest.raises(runtime.ProgramError, match=r"open only while program 'pair' runs"):
        sending.send(1)
    with pytest.raises(runtime.ProgramError, match=r"give this end to a worker"):
        receiving.recv()


def test_an_unknown_backend_is_refused_by_name():
    with pytest.raises(
        ValueError, match=r"backend must be one of interpreters, shared-gil, threads, processes, not 'green'"
    ):
        runtime.Program("x").run("green")


def test_a_python_that_is_none():
    program = runtime.Program("x")
    program.worker(1, 2)(_two)
    with pytest.raises(runtime.ProgramError, match=r"cannot start /nowhere/python"):
        program.run(python="/nowhere/python")
