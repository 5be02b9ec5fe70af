"""A run that grows in the notebook while it goes on, with a button that stops it, and ends as the finished picture."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from runtime.tracing.progress import Progress
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.pictures import timeline
from vizlib.running import notebook, strip
from vizlib.running.loader import style
from vizlib.running.notebook import Bundle, Output, interrupts
from vizlib.running.outcomes import Outcome
from vizlib.running.stage import Stage
from vizlib.running.watching import Running, Watch


def live(run: Running) -> Live:
    """Watch `run`, which `program.start(...)` returned, in the notebook: its timeline grows until it ends.

    Returns at once; the kernel stays free for other cells.  Beside the timeline stand the time, the messages, what
    each worker does and prints, and a Stop button; the notebook's interrupt button stops the run too, and so does
    running the cell again.  When the run has ended the output becomes the finished picture, which plays without a
    kernel.  `wait()` blocks until then.

    Raises `TypeError` for anything but a started run.
    """
    if not isinstance(run, Running):
        raise TypeError(f"live() expected a started run and got {_what(run)}")
    return Live(run)


def _what(given: Any) -> str:
    if isinstance(given, Trace):
        return "a trace, whose run is over: vizlib.timeline(trace) draws it"
    if hasattr(given, "start"):
        return "a program that was not started: vizlib.live(program.start())"
    return f"{type(given).__name__!r}: vizlib.live(program.start())"


class Live:
    """One run on its way into a notebook.  It begins to grow when it is displayed."""

    def __init__(self, run: Running) -> None:
        self.run = run
        self._title = f"{words.plain(run.name)} on {words.plain(run.backend)}"
        self._watch = Watch(lambda: run, self._show, self._done)
        self._output = Output()
        self._stage: Stage | None = None
        self._left = False

    @property
    def trace(self) -> Trace:
        """What has been recorded so far."""
        return self.run.trace

    def wait(self) -> Trace:
        """Block until the run has ended and its picture is shown, and return the trace.  Raises as `run.wait()`."""
        try:
            self._watch.join()
        except KeyboardInterrupt:
            self.run.stop()
            raise
        return self.run.wait()

    def stop(self) -> str:
        """End the run; returns when it has ended, and what that took.  See `Run.stop`."""
        how = self.run.stop()
        self._watch.join()
        return how

    # --- how it shows itself ----------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return "\n".join([self._first_line, f"~ so far: {'; '.join(self._so_far())}"])

    @property
    def _first_line(self) -> str:
        return f"{self._title}, live"

    def _so_far(self) -> list[str]:
        if self._watch.outcome is not None:
            return [self._watch.outcome.sentence]
        over = self.run.poll()
        return strip.in_text("over" if over else "running", self.run.progress())

    def _ipython_display_(self) -> None:
        if not notebook.has_kernel():
            print(self)
        elif self._stage is not None or self._watch.outcome is not None:
            self._output.show(self._finished() if self._stage is None else self._growing(self._stage))
        else:
            self._stop_button = _stop_button(self._press_stop)
            self._stage = Stage(self._stop_button)
            self._stage.box.add_class("lab-live")
            self._stage.clear(self._title)
            self._output.show(self._growing(self._stage))
            notebook.take_cell(self._leave)
            interrupts.add(self._press_stop)
            self._watch.start()

    def _growing(self, stage: Stage) -> Bundle:
        return notebook.with_widget(stage.box, {"text/plain": repr(self)})

    def _finished(self) -> Bundle:
        outcome = self._watch.outcome
        assert outcome is not None
        told = strip.outcome(self._title, outcome)
        html = f'<style>{style()}</style><div class="lab-live">{told}</div>'
        if outcome.trace is not None:
            html += timeline(outcome.trace).html()
        return {"text/html": html, "text/plain": repr(self)}

    def _press_stop(self, *_: object) -> None:
        self._stop_button.disabled = True
        self._watch.stop()

    def _show(self, phase: str, told: Progress) -> None:
        assert self._stage is not None
        self._stage.show(phase, told)

    def _done(self, outcome: Outcome) -> None:
        assert self._stage is not None
        interrupts.remove(self._press_stop)
        if self._left:
            self._close()
            return
        finished = self._finished()
        self._output.change(finished)
        if len(self._stage.pages) > 1:  # a page that was opened again does not know the output: it keeps the widgets
            self._stage.end(outcome)
            self._stop_button.layout.display = "none"
        else:
            notebook.leave_cell(self._leave)
            self._close()

    def _leave(self) -> None:
        """The cell is run again: end."""
        self._left = True
        self._watch.stop()
        self._watch.join()
        self._close()

    def _close(self) -> None:
        if self._stage is not None:
            self._stage.close()
            self._stage = None


def _stop_button(pressed: Any) -> widgets.Button:
    button = widgets.Button(description="Stop", icon="stop", tooltip="Stop this run")
    button.add_class("lab-stop")
    button.on_click(pressed)
    return button
