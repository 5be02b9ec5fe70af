"""Recording each line that a snippet executes, for slow motion: PEP 669, `sys.monitoring`.

Only the snippet's own code is watched, with the functions inside it; what it calls elsewhere runs at full speed.
Each line costs about two records (`trace.overhead.record_ns`): 0.4 to 0.6 µs where it was measured.  A loop that does
next to nothing on each line takes some fifty times as long (tests/benchmarks/bench_recording.py measures it), so this
is for looking at the order of things, not at their cost.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from runtime.channels.context import current

_TOOL = 4  # of the numbers 0 to 5; debuggers, coverage, profilers and optimisers have 0, 1, 2 and 5
_registering = threading.Lock()


def watch(function: Callable[..., Any]) -> None:
    """From now on, record the lines of this function, for whichever worker executes them."""
    monitoring = sys.monitoring
    with _registering:  # workers that are threads share one interpreter, and so one tool
        if monitoring.get_tool(_TOOL) is None:
            monitoring.use_tool_id(_TOOL, "interpreter-lab")
            monitoring.register_callback(_TOOL, monitoring.events.LINE, _record)
    for code in _codes(function.__code__):
        monitoring.set_local_events(_TOOL, code, monitoring.events.LINE)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _record(_: CodeType, line: int) -> None:
    lane = current().lane
    if lane is not None:
        lane.executed(line)
