"""The notebook around us: its kernel, its cells, its outputs, its interrupt button.

Without a kernel (a terminal, a script) nothing here does anything, and displays fall back to text.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from IPython.core.getipython import get_ipython
from IPython.display import display
from ipywidgets import Widget

type Bundle = dict[str, Any]

_display: Any = display
WIDGET = "application/vnd.jupyter.widget-view+json"


def has_kernel() -> bool:
    """Whether this is a notebook's kernel, whose outputs can hold widgets and be changed later."""
    return getattr(get_ipython(), "kernel", None) is not None


def cell() -> str:
    """The cell that is being run, by its id; empty where the front end does not say."""
    shell: Any = get_ipython()
    try:
        return str(shell.get_parent()["metadata"]["cellId"])
    except (AttributeError, KeyError, TypeError):
        return ""


class Output:
    """One output of a cell, which can be changed when the cell has long been run."""

    def __init__(self) -> None:
        self._id = f"lab-{uuid4().hex}"

    def show(self, bundle: Bundle) -> None:
        """Put it into the output of the cell that is being run."""
        _display(bundle, raw=True, display_id=self._id)

    def change(self, bundle: Bundle) -> None:
        """Let it show something else, wherever it stands."""
        _display(bundle, raw=True, display_id=self._id, update=True)


def with_widget(widget: Widget, bundle: Bundle) -> Bundle:
    """`bundle` as what front ends show that have no widgets."""
    view: Bundle = widget._repr_mimebundle_()
    return {**bundle, WIDGET: view[WIDGET]}


def close(widget: Widget) -> None:
    """Close a widget and all that it holds, in the kernel and in the page."""
    for child in getattr(widget, "children", ()):
        close(child)
    for part in ("layout", "style"):
        held = getattr(widget, part, None)
        if isinstance(held, Widget):
            held.close()
    widget.close()


# --- what a cell has put up ------------------------------------------------------------------------------------------

_guests: dict[str, Callable[[], None]] = {}


def take_cell(leave: Callable[[], None]) -> None:
    """Call `leave` when the cell that is being run is run again; a guest that it has already leaves now."""
    name = cell()
    if not name:
        return
    _watch_cells()
    _leave(name)
    _guests[name] = leave


def leave_cell(leave: Callable[[], None]) -> None:
    """Forget `leave`: there is nothing left to end."""
    for name, guest in list(_guests.items()):
        if guest == leave:
            del _guests[name]


def _watch_cells() -> None:
    shell: Any = get_ipython()
    with contextlib.suppress(ValueError):  # not yet registered
        shell.events.unregister("pre_run_cell", _before_cell)
    shell.events.register("pre_run_cell", _before_cell)


def _before_cell(info: Any) -> None:
    _leave(getattr(info, "cell_id", None) or "")


def _leave(name: str) -> None:
    guest = _guests.pop(name, None)
    if guest is not None:
        guest()


# --- the interrupt button --------------------------------------------------------------------------------------------


class Interrupts:
    """Lets the notebook's interrupt button reach what goes on while no cell runs.

    An idle kernel ignores the interrupt signal, so while there is something to stop, we take it.  While a cell runs it
    belongs to that cell: the kernel takes it at the cell's beginning and gives it back at its end, so it is taken, and
    given back, between cells only.
    """

    def __init__(self) -> None:
        self._stops: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, stop: Callable[[], None]) -> None:
        """Call `stop` at an interrupt, until it is removed.  To be called by the thread that runs cells."""
        if threading.current_thread() is not threading.main_thread():
            return
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._stops.append(stop)
        self._loop.call_soon(self._settle)

    def remove(self, stop: Callable[[], None]) -> None:
        """From any thread."""
        if self._loop is not None and stop in self._stops:
            self._stops.remove(stop)
            with contextlib.suppress(RuntimeError):  # the kernel is going down
                self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        assert self._loop is not None
        wanted: Any = self._interrupt if self._stops else signal.SIG_IGN
        other = signal.SIG_IGN if self._stops else self._interrupt
        current = signal.getsignal(signal.SIGINT)
        if current == other:
            signal.signal(signal.SIGINT, wanted)
        elif current != wanted:
            self._loop.call_later(0.05, self._settle)  # a cell is being run

    def _interrupt(self, *_: object) -> None:
        for stop in self._stops.copy():
            stop()


interrupts = Interrupts()
