"""A spare host makes the next run begin sooner, and changes nothing else."""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys

import pytest

import runtime
from runtime import hosting
from tests.runtime.helpers import wait_until
from tests.runtime.programs.examples import pair, squares
from tests.runtime.programs.test_leaving_nothing import children, descriptors, with_house

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def _cold_afterwards():
    yield
    runtime.keep_warm(False)
    hosting._spares.wanted = None


def spare() -> int:
    """The process that waits for the next run."""
    assert hosting.spare_ready(PATIENCE_S)
    return hosting._spares._spare.process.pid


def host_of(program: runtime.Program, **settings) -> int:
    """The process that a run of the program had."""
    run = program.start(**settings)
    run.wait()
    return run._process.pid


def where() -> runtime.Program:
    """Tells in which folder, with which module path and setting it runs."""
    program = runtime.Program("where")

    @program.worker()
    def tell():
        import os
        import sys

        return os.getcwd(), sys.path[0], os.environ.get("LAB_TEST", "")

    return program


def test_a_run_takes_the_spare_and_leaves_another(backend):
    runtime.keep_warm()
    for _ in range(2):
        waiting = spare()
        run = squares(count=10).start(backend)
        assert run._process.pid == waiting
        assert run.wait().results["total"] == sum(n * n for n in range(10))
    assert spare() != waiting  # each runs one program only


def test_none_is_kept_unless_asked_for_outside_of_a_notebook():
    before = children() if sys.platform == "linux" else ""
    squares(count=3).run()
    assert not hosting.spare_ready()
    assert sys.platform != "linux" or children() == before


def test_none_is_started_while_a_run_goes_on():
    program, receiving, sending = pair()
    program.worker(receiving, sending)(wait_for_ever)
    with program.start("threads"):
        runtime.keep_warm()
        assert not hosting.spare_ready()
    assert hosting.spare_ready(PATIENCE_S)


def wait_for_ever(numbers, out):
    numbers.recv(timeout=600)


@pytest.mark.parametrize("change", ["folder", "path", "environment", "python"])
def test_a_spare_that_does_not_fit_is_given_up(change, monkeypatch, tmp_path):
    runtime.keep_warm()
    waiting = os.pidfd_open(spare()) if hasattr(os, "pidfd_open") else None
    settings = {}
    if change == "folder":
        monkeypatch.chdir(tmp_path)
    elif change == "path":
        monkeypatch.syspath_prepend(tmp_path)
    elif change == "environment":
        monkeypatch.setenv("LAB_TEST", "changed")
    else:
        link = tmp_path / "python"
        link.symlink_to(sys.executable)
        settings = {"python": str(link)}
    folder, path, setting = where().run("threads", **settings).results["tell"]

    assert folder == os.getcwd()
    assert change != "path" or path == str(tmp_path)
    assert change != "environment" or setting == "changed"
    if waiting is not None:
        assert select.select([waiting], [], [], 10)[0], "the old spare lives on"
        os.close(waiting)


def test_a_spare_that_has_died_is_no_harm():
    runtime.keep_warm()
    waiting = hosting._spares._spare.process
    os.killpg(waiting.pid, signal.SIGKILL)
    waiting.wait()
    assert squares(count=3).run("threads").results["total"] == 5


def test_stop_and_limits_are_the_same():
    program, receiving, sending = pair()
    program.worker(receiving, sending)(wait_for_ever)
    runtime.keep_warm()
    spare()
    with pytest.raises(runtime.RunTimeoutError):
        program.run("threads", timeout=0.1)
    spare()
    assert program.start("threads").stop() in ("woken", "killed")  # killed: before it has begun


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_spare_sleeps_and_nothing_of_it_is_left():
    squares(count=3).run("threads")
    gc.collect()
    before, family = descriptors(), children()
    runtime.keep_warm()
    for _ in range(3):
        spare()
        squares(count=3).run("threads")
    waiting = spare()
    with open(f"/proc/{waiting}/stat") as file:
        wait_until(lambda: file.seek(0) == 0 and file.read().rpartition(") ")[2][0] == "S")
    runtime.keep_warm(False)
    gc.collect()

    assert descriptors() == before
    assert children() == family


KERNEL = """
import runtime
from runtime import hosting
runtime.keep_warm()
hosting.spare_ready(60)
print(hosting._spares._spare.process.pid, flush=True)
input()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfd_open")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_a_spare_dies_with_its_kernel(end):
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=with_house()
    )
    waiting = os.pidfd_open(int(kernel.stdout.readline()))
    if end is None:
        kernel.stdin.write(b"\n")  # it ends by itself
        kernel.stdin.flush()
    else:
        kernel.send_signal(end)
    kernel.wait()

    assert select.select([waiting], [], [], 10)[0], "the spare lives on"
    os.close(waiting)
    kernel.stdin.close()
    kernel.stdout.close()
