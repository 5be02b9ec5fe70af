"""Runs leave nothing behind: no process, no descriptor, no memory; also when the kernel itself is killed."""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import uuid

import pytest

import runtime
from tests.runtime.helpers import MARK, processes_marked, wait_until
from tests.runtime.programs.examples import pair, squares

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def children() -> str:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return file.read()


def resident_kib() -> int:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def run_all_ways() -> None:
    """A run that ends well, one that fails, and one that is stopped."""
    squares(count=10).run()
    program, receiving, sending = pair()

    @program.worker(receiving, sending)
    def wait(numbers, out):
        numbers.recv()

    with pytest.raises(runtime.DeadlockError):
        program.run("threads")
    program.start().stop()


def test_descriptors_and_children_are_back_to_what_they_were():
    run_all_ways()
    gc.collect()
    before, family = descriptors(), children()
    for _ in range(3):
        run_all_ways()
    gc.collect()

    assert descriptors() == before
    assert children() == family


@pytest.mark.soak
def test_a_thousand_runs_leave_the_kernel_as_it_was():
    for _ in range(100):
        squares(count=10).run("threads")
    gc.collect()
    before, memory = descriptors(), resident_kib()
    for _ in range(1000):
        squares(count=10).run("threads")
    gc.collect()

    assert descriptors() == before
    assert resident_kib() < memory * 1.1


KERNEL = """
import runtime
program = runtime.Program("orphan")

@program.worker({argument})
def worker(how):
    if how == "python":
        while True:
            pass
    import re
    re.match("(a+)+b", "a" * 64)  # stays in C, holding its GIL, for ever

run = program.start({backend!r})
print(run._process.pid, flush=True)
run.wait()
"""


@pytest.mark.parametrize("how", ["python", "c"])
def test_the_host_dies_with_its_kernel(tmp_path, backend, how):
    script = tmp_path / "kernel.py"
    script.write_text(KERNEL.format(argument=repr(how), backend=backend))
    kernel = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, cwd=os.getcwd(), env=with_house())
    host = os.pidfd_open(int(kernel.stdout.readline()))

    kernel.send_signal(signal.SIGKILL)
    kernel.wait()
    kernel.stdout.close()
    poller = select.poll()
    poller.register(host, select.POLLIN)

    assert poller.poll(10_000), "the host lives on"
    os.close(host)


HASTY = """
import os, sys
import runtime
program = runtime.Program("hasty")

@program.worker(copies=2)
def loop():
    while True:
        pass

run = program.start({backend!r})
sys.stdin.readline()
os._exit(0)
"""


@pytest.mark.parametrize("after_ms", [0, 20, 80, 160])
def test_a_kernel_that_dies_while_its_host_starts_leaves_nothing(tmp_path, backend, after_ms):
    mark = uuid.uuid4().hex
    script = tmp_path / "kernel.py"
    script.write_text(HASTY.format(backend=backend))
    kernel = subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, cwd=os.getcwd(), env={**with_house(), MARK: mark}
    )
    wait_until(lambda: len(processes_marked(mark)) >= 2)  # the host is there
    threading.Event().wait(after_ms / 1e3)  # the moment of the death is what varies, not what is waited for
    kernel.communicate(b"\n")
    wait_until(lambda: not processes_marked(mark))


@pytest.mark.parametrize("wait", ["inbox.recv(), inbox.recv(timeout=60)", "time.sleep(60)"])
def test_a_workers_process_ends_when_its_host_dies_under_a_kernel_that_is_stopped(tmp_path, wait):
    mark = uuid.uuid4().hex
    script = tmp_path / "kernel.py"
    script.write_text(STOPPED.format(wait=wait))
    kernel = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, cwd=os.getcwd(), env={**with_house(), MARK: mark}
    )
    host = int(kernel.stdout.readline())
    try:
        kernel.send_signal(signal.SIGSTOP)  # it can see nobody out
        os.kill(host, signal.SIGKILL)
        wait_until(lambda: len(processes_marked(mark)) <= 1, timeout=20)
    finally:
        kernel.kill()
        kernel.wait()
        kernel.stdout.close()


STOPPED = """
import runtime
program = runtime.Program("stopped")
receiving, sending = program.channel("line", capacity=1)

@program.worker(receiving, sending)
def worker(inbox, out):
    import time
    out.send("begun")
    {wait}

run = program.start("processes")
while not run.trace.messages:
    pass
print(run._process.pid, flush=True)
run.wait()
"""


def with_house() -> dict[str, str]:
    house = os.path.dirname(os.path.dirname(os.path.abspath(runtime.__file__)))
    return {**os.environ, "PYTHONPATH": house}


def test_a_run_that_nobody_waits_for_is_ended_with_its_last_reference():
    program = runtime.Program("forgotten")

    @program.worker()
    def loop():
        while True:
            pass

    run = program.start()
    host = os.pidfd_open(run._process.pid)
    del run
    gc.collect()
    poller = select.poll()
    poller.register(host, select.POLLIN)

    assert poller.poll(10_000), "the host lives on"
    os.close(host)


def test_what_was_recorded_before_a_kill_is_in_the_trace():
    program = runtime.Program("killed")
    receiving, sending = program.channel("line", capacity=None)

    @program.worker(receiving, sending)
    def count(numbers, out):
        import os
        import signal

        for n in range(10_000):
            out.send(n)
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(runtime.HostCrashError, match="SIGKILL") as caught:
        program.run(timeout=60)
    assert len(caught.value.trace.messages) == 10_000


def test_memory_of_the_recording_is_only_what_was_used():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with squares(count=10).start() as run:
        run.wait()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize(
    ("snippet", "took"),
    [
        ("inbox.recv(), inbox.recv(timeout=60)", "woken"),
        ("while True: pass", "interrupted"),
        ("re.match('(a+)+b', 'a' * 64)", "killed"),
    ],
)
def test_stop_says_what_it_took(backend, snippet, took):
    program, receiving, sending = pair()

    @program.worker(receiving, sending, snippet)
    def work(inbox, out, snippet):
        import re

        out.send("begun")
        exec(snippet, {"inbox": inbox, "re": re})

    run = program.start(backend)
    while run.running and not run.trace.messages:
        os.sched_yield()
    assert run.stop() == took
    assert not run.running
