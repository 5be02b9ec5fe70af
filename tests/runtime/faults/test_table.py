"""Every row of the table, on each backend where it can happen: the outcome, the words, the trace, and nothing left."""

from __future__ import annotations

import gc
import os
import sys
import textwrap
import uuid

import pytest

import runtime
from tests.runtime.faults.table import FAULTS, Fault
from tests.runtime.helpers import MARK, processes_marked

ROWS = [
    pytest.param(
        fault,
        backend,
        id=f"{fault.name}-{backend}",
        marks=pytest.mark.soak if backend == "processes" and not fault.about_processes else (),
    )
    for fault in FAULTS
    for backend in fault.backends
]

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


def left(mark: str) -> set[str]:
    """Our descriptors, and every process that inherited the mark: hosts, and what their workers started."""
    return {f"descriptor {fd}" for fd in os.listdir("/proc/self/fd")} | set(map(str, processes_marked(mark)))


@pytest.mark.parametrize(("fault", "backend"), ROWS)
def test_a_fault_ends_in_clear_words_and_leaves_nothing(fault, backend, tmp_path, recwarn, monkeypatch):
    program = program_of(fault, tmp_path)
    monkeypatch.setenv(MARK, mark := uuid.uuid4().hex)
    gc.collect()
    before = left(mark)

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
    assert left(mark) <= before


def test_the_table_is_as_long_as_promised():
    assert len(FAULTS) >= 40
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
