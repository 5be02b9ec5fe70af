"""Where a run is shown while it goes on: the strip of words, and the figure that grows below it.

The figure needs BokehJS in the page.  So the stage brings it (`loader`), and makes the figure when a page has said that
it is there.  A page that is opened again says so again, and gets a new figure.
"""

from __future__ import annotations

import threading
from collections import deque
from uuid import uuid4

import ipywidgets as widgets
from jupyter_bokeh import BokehModel

from runtime.tracing.progress import Printed, Progress
from vizlib.running import strip
from vizlib.running.figure import GrowingFigure
from vizlib.running.growth import Growth
from vizlib.running.loader import loader, style
from vizlib.running.notebook import close
from vizlib.running.outcomes import Outcome


class _Grown(BokehModel):  # type: ignore[misc]
    """A Bokeh figure as a widget that can be closed twice: by us, and when it is collected."""

    def close(self) -> None:
        if self.comm is not None:
            super().close()


class Stage:
    """Widgets for one run after the other; any thread may call any method.

    `box` holds them all, `controls` beside the strip.
    """

    def __init__(self, *controls: widgets.Widget) -> None:
        name = f"lab-ready-{uuid4().hex}"
        self._lock = threading.RLock()
        self._ready = widgets.Text()
        self._ready.add_class(name).add_class("lab-hidden")
        self._ready.observe(lambda change: self._page_is_ready(change["new"]), "value")
        page = {"output_type": "display_data", "data": {"text/html": loader(name)}, "metadata": {}}
        self._loads = widgets.Output(outputs=(page,))
        self._loads.add_class("lab-loads")
        self._strip = widgets.HTML()
        self._slot = widgets.VBox()
        self._notes = widgets.HTML()
        self._style = widgets.HTML(f"<style>{style()}</style>")
        head = widgets.HBox([*controls, self._strip])
        head.add_class("lab-top")
        self.box = widgets.VBox([self._style, head, self._slot, self._notes, self._ready, self._loads])
        self.pages: set[str] = set()  # that have said that they are ready
        self._figure: GrowingFigure | None = None
        self.clear("")

    def clear(self, title: str) -> None:
        """Make room for a run."""
        with self._lock:
            self.title, self._growth = title, Growth()
            self._printed: deque[Printed] = deque(maxlen=strip.LINES)
            self._lines = 0
            self._drop_figure()
            self._strip.value = self._notes.value = ""

    def show(self, phase: str, told: Progress) -> None:
        """Draw one more stretch of the run."""
        with self._lock:
            self._printed.extend(told.printed)
            self._lines += len(told.printed)
            if told.now_ns:
                self._growth.add(told)
            self.say(phase, told)
            if self._figure is not None:
                self._figure.show()
            elif self.pages and told.now_ns:
                self._make_figure()

    def say(self, phase: str, told: Progress) -> None:
        """Say what the run does, and leave the figure as it is."""
        with self._lock:
            self._strip.value = strip.strip(self.title, phase, told, self._printed, self._lines)
            self._notes.value = strip.notes(told.dropped, self._growth.joined, self._growth.estimated)

    def end(self, outcome: Outcome) -> None:
        """Say how it ended, and take the figure away."""
        with self._lock:
            self._drop_figure()
            self._strip.value, self._notes.value = strip.outcome(self.title, outcome), ""

    def close(self) -> None:
        """Close all widgets."""
        with self._lock:
            self._drop_figure()
            close(self.box)

    def _page_is_ready(self, greeting: str) -> None:
        """A page says its name, with a number when it says it again."""
        page = greeting.partition(" ")[0]
        with self._lock:
            self._ready.placeholder = page  # heard
            if page and page not in self.pages:
                self.pages.add(page)
                if self._growth.now_ns:
                    self._make_figure()

    def _make_figure(self) -> None:
        self._drop_figure()
        self._figure = GrowingFigure(self._growth)
        self._slot.children = (_Grown(self._figure.model),)

    def _drop_figure(self) -> None:
        shown = self._slot.children
        self._slot.children = ()
        self._figure = None
        for widget in shown:
            close(widget)
