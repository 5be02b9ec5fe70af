"""A run that does what a test tells it to, and a notebook's kernel that keeps what is displayed."""

from __future__ import annotations

import threading

import runtime
from runtime.tracing.model import Ending, Span, State
from runtime.tracing.progress import Printed, Progress
from tests.vizlib import builders

MS = 1_000_000
WORKERS = (builders.worker(0, "produce", 0, 0), builders.worker(1, "square #1", 0, 0))
PATIENCE_S = 30


def stretch(began: int, ended: int, state: State = State.RUNNING, **more) -> Progress:
    """Both workers in one state, all of it settled; times in ms."""
    spans = tuple(Span(who, state, began * MS, ended * MS, 0, -1, -1) for who in (0, 1))
    facts = {"now": (state, state), "spans": spans, "read_from_ns": (began * MS,) * 2} | more
    return Progress(workers=WORKERS, began_ns=began * MS, settled_ns=ended * MS, now_ns=ended * MS, **facts)


def line(text: str, worker: int = 0) -> Printed:
    return Printed(worker, 1, 0, text)


class FakeRun:
    """Goes on until a test calls `finish`, or `stop` is called.  Looks at it are numbered: 100 ms each."""

    name, backend = "squares", "interpreters"

    def __init__(self, error: Exception | None = None, how: str = "interrupted", looks: int = 0) -> None:
        self.error, self.how = error, how
        self.trace = builders.squares(items=3)
        self.over, self.looked = threading.Event(), threading.Event()
        self.looks, self.ends_after = 0, looks
        self.stops = 0

    def finish(self) -> None:
        self.over.set()

    def progress(self, after=None):
        self.looks += 1
        if self.ends_after and self.looks >= self.ends_after:
            self.finish()
        self.looked.set()
        return stretch(100 * (self.looks - 1), 100 * self.looks)

    def poll(self, timeout=0.0):
        return self.over.wait(timeout)

    def stop(self):
        self.stops += 1
        self.error = self.error or runtime.RunStoppedError("program 'squares' was stopped", self.trace)
        self.over.set()
        return self.how

    def wait(self):
        assert self.over.wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        return self.trace


class FakeKernel:
    """Keeps every bundle that was displayed, by output; the last one is what stands there."""

    def __init__(self) -> None:
        self.shown: dict[str, list[dict]] = {}
        self.cell = "cell"

    def display(self, bundle, *, raw, display_id, update=False):
        assert raw
        assert update == (display_id in self.shown)
        self.shown.setdefault(display_id, []).append(bundle)

    @property
    def outputs(self) -> list[dict]:
        return [bundles[-1] for bundles in self.shown.values()]


def failing() -> runtime.WorkerError:
    return runtime.WorkerError("worker 'produce' failed: <b>no</b>\n\nTraceback ...", builders.failing())


ENDED = (Ending.RETURNED, Ending.RAISED)
