"""What workers print goes to their recorder lanes, under their names and with its time.

An interpreter's `sys.stdout` would write to the host's descriptor, where lines of all workers mix in random order.
"""

from __future__ import annotations

import io
import sys
import threading
import time
from types import FrameType

from runtime.tracing.recorder import LaneWriter

_bound = threading.local()
_FLUSH_AT = 8192  # characters: a line longer than this is recorded in parts


class _Stream(io.TextIOBase):
    """Stands for `sys.stdout` or `sys.stderr`: collects what the current worker prints into lines."""

    encoding = "utf-8"

    def __init__(self, number: int) -> None:
        self._number = number

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        lane: LaneWriter | None = getattr(_bound, "lane", None)
        if lane is None:  # a thread that the snippet started, or no worker at all
            raw = sys.__stderr__
            return raw.write(text) if raw is not None else len(text)
        pending: dict[int, tuple[str, int]] = _bound.pending
        begun, at = pending.get(self._number, ("", 0))
        whole = begun + text
        at = at if begun else time.monotonic_ns()
        if "\n" in text or len(whole) > _FLUSH_AT:
            cut = whole.rfind("\n") + 1 or len(whole)
            lane.printed(self._number, whole[:cut], _line(sys._getframe(1), lane.filename), at)
            whole = whole[cut:]
        pending[self._number] = (whole, at)
        return len(text)


def _line(frame: FrameType | None, filename: str) -> int:
    while frame is not None:
        if frame.f_code.co_filename == filename:
            return frame.f_lineno
        frame = frame.f_back
    return 0


def install() -> None:
    """Let this interpreter's `print` go to whichever worker the printing thread is."""
    sys.stdout, sys.stderr = _Stream(1), _Stream(2)


def bind(lane: LaneWriter) -> None:
    """This thread is the worker that owns `lane`."""
    _bound.lane, _bound.pending = lane, {}


def flush() -> None:
    """Record a last line that has no end."""
    lane: LaneWriter | None = getattr(_bound, "lane", None)
    if lane is None:
        return
    for number, (text, at) in _bound.pending.items():
        if text:
            lane.printed(number, text, 0, at)
    _bound.pending = {}
