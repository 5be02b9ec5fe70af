"""Every row of the table, on each backend where it can happen: the outcome, the words, the trace, and nothing left."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap

import pytest

import runtime
from tests.runtime.faults.table import FAULTS, Fault

ROWS = [pytest.param(fault, backend, id=f"{fault.name}-{backend}") for fault in FAULTS for backend in fault.backends]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, sends Linux's signals")


def program_of(fault: Fault, folder: os.PathLike[str]) -> runtime.Program:
    """Write the deed as a function into a file, as a student would, and make a program of it."""
    path = os.path.join(folder, "snippet.py")
    with open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
        file.write("def worker(inbox, out):\n    out.send('before')\n" + textwrap.indent(fault.deed, "    ") + "\n")
    names: dict[str, object] = {}
    with open(path, encoding="utf-8", errors="surrogatepass") as file:
        exec(compile(file.read(), path, "exec"), names)
    program = runtime.Program("fault")
    program.worker(*program.channel("line", capacity=2))(names["worker"])
    return program


def alive() -> set[str]:
    """Our descriptors, and the processes of every session that a host began."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    mine = {line for line in listed.splitlines() if "runtime.host.coordinator" in line or "sleep 999" in line}
    return {f"descriptor {fd}" for fd in os.listdir("/proc/self/fd")} | mine


@pytest.mark.parametrize(("fault", "backend"), ROWS)
def test_a_fault_ends_in_clear_words_and_leaves_nothing(fault, backend, tmp_path, recwarn):
    program = program_of(fault, tmp_path)
    gc.collect()
    before = alive()

    if fault.ends_with is None:
        trace = program.run(backend, timeout=fault.timeout, limits=fault.limits)
        assert trace.complete
    else:
        with pytest.raises(fault.ends_with) as caught:
            program.run(backend, timeout=fault.timeout, limits=fault.limits)
        trace = caught.value.trace
        assert fault.says in str(caught.value)
        if isinstance(caught.value, runtime.RunTimeoutError):
            assert fault.timeout < 30, "only the timeout ended it"
        del caught

    assert [trace.text(message.preview) for message in trace.messages[:1]] == ["'before'"]
    assert trace.environment.python
    gc.collect()
    assert alive() <= before


def test_the_table_is_as_long_as_promised():
    assert len(FAULTS) >= 40
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
