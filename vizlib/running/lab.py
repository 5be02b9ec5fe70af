"""The panel for experiments: change a parameter, predict, run, watch, compare."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from runtime.tracing.progress import Progress
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.page import View
from vizlib.pictures import compare, timeline
from vizlib.running import notebook, parameters
from vizlib.running.controls import Controls
from vizlib.running.history import Entry, History, named
from vizlib.running.loader import kept
from vizlib.running.notebook import Bundle, Output, interrupts
from vizlib.running.outcomes import Outcome
from vizlib.running.stage import Stage
from vizlib.running.watching import Running, Watch
from vizlib.teaching.reveal import Reveal

_TIMEOUT_S = 60.0


def lab(make: Any, *, on_change: bool = False, predict: bool = True, **ranges: Any) -> Lab:
    """A panel to experiment with a program: a control for each parameter, Run, Stop, and the runs so far.

    `make` is a function that makes the program from its parameters and returns it, or a program without parameters.
    `ranges` say what each may be: `copies=(1, 4)` a slider, `size=[1_000, 10_000]` one of these, `{"small": 10}` one
    of these by its label, `True` or `False` a box to tick, anything else a fixed value.  The function's defaults are
    where the controls begin.  `backend`, `cores`, `timeout` (60 s) and the like are settings of the run, see
    `Program.run`, and can be changed in the same way; each backend can be chosen unless `backend` says otherwise.

        import runtime, vizlib

        def squares(copies=2, size=10_000):
            program = runtime.Program("squares")
            numbers_in, numbers_out = program.channel("numbers", capacity=8)

            @program.worker(numbers_out)
            def produce(out):
                for n in range(20):
                    out.send(n)

            @program.worker(numbers_in, size, copies=copies)
            def square(numbers, size):
                return [sum(i * n for i in range(size)) for n in numbers]

            return program

        panel = vizlib.lab(squares, copies=(1, 4), size=[1_000, 10_000])
        panel

    A run begins with the Run button, or, with `on_change`, whenever a control is moved.  Whatever goes wrong is told in
    the panel, which lives on.  With `predict` a reader can say beforehand how many times as fast as the first run the
    next will be.  Runs are shown by their buttons: one as its timeline, several compared.

    Raises `ValueError` for a range that is none and for a parameter that there is not.
    """
    return Lab(make, parameters.of_experiment(make, {"timeout": _TIMEOUT_S, **ranges}), on_change, predict)


class Lab:
    """An experiment on its way into a notebook.  `run()` does what the Run button does, and waits."""

    def __init__(self, make: Any, chosen: parameters.Parameters, on_change: bool, predict: bool) -> None:
        self._make, self._parameters = make, chosen
        self._on_change, self._predict = on_change, predict
        self._title = words.plain(str(getattr(make, "__name__", getattr(make, "name", "program"))))
        self._history, self._picked = History(), list[int]()
        self._lock = threading.RLock()
        self._watch: Watch | None = None
        self._again = self._left = False
        self._output, self._kept = Output(), Output()
        self._mark = f"lab-panel-{uuid4().hex}"
        self._controls: Controls | None = None

    # --- what a notebook's code can do ------------------------------------------------------------------------------

    @property
    def runs(self) -> list[Trace]:
        """The traces of the runs so far, oldest first."""
        return [entry.outcome.trace for entry in self._history.entries if entry.outcome.trace is not None]

    def run(self, **changes: Any) -> Trace:
        """Choose values, run, and return the trace when the run has ended.  Raises what went wrong in it.

        Raises `ValueError` for values that cannot be chosen, and `RuntimeError` while another run goes on.
        """
        self._parameters.set(changes)
        watch = self._start()
        if watch is None:
            raise RuntimeError("a run of this experiment goes on: stop it first, or wait until it has ended")
        try:
            watch.join()
        except KeyboardInterrupt:
            watch.stop()
            watch.join()
            raise
        assert watch.outcome is not None
        if watch.outcome.error is not None:
            raise watch.outcome.error
        assert watch.outcome.trace is not None
        return watch.outcome.trace

    def stop(self) -> None:
        """Stop the run that goes on, if one does; returns at once."""
        with self._lock:
            self._again = False
            if self._watch is not None:
                self._watch.stop()
                if self._controls is not None:
                    self._controls.stopping()

    def close(self) -> None:
        """Stop what goes on, and take the panel away."""
        self._left = True
        self.stop()
        watch = self._watch
        if watch is not None:
            watch.join()
        with self._lock:
            if self._controls is not None:
                self._stage.close()
                self._controls.close()
                self._controls = None

    # --- one run ----------------------------------------------------------------------------------------------------

    def _start(self) -> Watch | None:
        """Begin a run with what is chosen; None while another goes on."""
        with self._lock:
            if self._watch is not None:
                return None
            values, predicted = self._parameters.values, None
            if self._controls is not None:
                if self._controls.prediction_is_none:
                    return None
                predicted = self._controls.prediction
                self._controls.running()
                self._stage.clear(self._title)
                interrupts.add(self.stop)
            shown = {one.name: one.value for one in self._parameters.shown}
            self._watch = Watch(
                lambda: _begin(self._make, values),
                self._show,
                lambda outcome: self._done(shown, outcome, predicted),
            )
            self._watch.start()
            return self._watch

    def _show(self, phase: str, told: Progress) -> None:
        if self._controls is not None:
            self._stage.show(phase, told)

    def _done(self, chosen: dict[str, Any], outcome: Outcome, predicted: float | None) -> None:
        interrupts.remove(self.stop)
        with self._lock:
            entry = self._history.add(chosen, outcome, predicted)
            self._picked, self._watch = [entry.number], None
            again, self._again = self._again and not self._left, False
            if self._controls is None or self._left:
                return
            self._stage.end(outcome)
            self._controls.ended(self._history, self._told(entry))
            self._draw()
        if again:
            self._start()

    def _told(self, entry: Entry) -> str:
        """The prediction beside the result, as markup."""
        if entry.predicted is None or entry.speedup is None:
            return ""
        return Reveal(f"run {entry.number} against run {entry.over}", entry.speedup, "×", entry.predicted).html()

    # --- what is shown ----------------------------------------------------------------------------------------------

    def _pick(self, number: int, pressed: bool) -> None:
        with self._lock:
            self._picked = [one for one in self._picked if one != number] + [number] * pressed
            self._draw()

    def _draw(self) -> None:
        """Show the picked runs: one as its timeline, several compared."""
        assert self._controls is not None
        picked = [entry for entry in self._history.entries if entry.number in self._picked]
        view = self._picture(picked)
        self._controls.show(picked, view)
        self._kept.change(self._in_file("" if view is None else view.html()))

    def _picture(self, picked: Sequence[Entry]) -> View | None:
        traces = named(picked, self._history.changed())
        if not traces:
            return None
        return timeline(traces[0]) if len(traces) == 1 else compare(*traces)

    def __repr__(self) -> str:
        told = "; ".join(entry.in_words() for entry in self._history.entries) or "none yet"
        named_ = [f"{one.label} {one.about}" for one in self._parameters.shown]
        return f"experiment {self._title}: {'; '.join(named_) or 'nothing to change'}\n~ runs: {told}"

    def _in_file(self, picture: str) -> Bundle:
        return {"text/html": kept(picture, self._mark), "text/plain": "(the picture of the picked runs)"}

    def _ipython_display_(self) -> None:
        if not notebook.has_kernel():
            print(self)
            return
        if self._controls is None:
            self._put_up()
        assert self._controls is not None
        self._output.show(notebook.with_widget(self._controls.box, {"text/plain": repr(self)}))
        self._kept.show(self._in_file(""))

    def _put_up(self) -> None:
        self._stage = Stage()
        self._controls = Controls(self._title, self._parameters, self._predict, self._stage.box)
        self._controls.box.add_class("lab-live").add_class(self._mark)
        self._controls.on_run(lambda: self._start())
        self._controls.on_stop(self.stop)
        self._controls.on_pick(self._pick)
        if self._on_change:
            self._controls.on_change(self._changed)
        notebook.take_cell(self.close)

    def _changed(self) -> None:
        """A control was moved: run with it, after what goes on."""
        with self._lock:
            if self._watch is None:
                self._start()
            else:
                self.stop()
                self._again = True


def _begin(make: Any, values: dict[str, Any]) -> Running:
    """Make the program and start it."""
    settings = {name: value for name, value in values.items() if name in parameters.RUN_SETTINGS}
    own = {name: value for name, value in values.items() if name not in settings}
    program = make
    if not hasattr(make, "start"):
        maker: Callable[..., Any] = make
        program = maker(**own)
        if not hasattr(program, "start"):
            raise TypeError(
                f"{getattr(make, '__name__', 'the function')}() returned {program!r:.60}, not a program: "
                "end it with `return program`"
            )
    run: Running = program.start(**settings)
    return run
