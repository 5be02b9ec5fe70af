"""The widgets of the experiment panel: controls, buttons, the runs, what is told of them, and the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from vizlib.page import View
from vizlib.running.history import Entry, History
from vizlib.running.notebook import close
from vizlib.running.parameters import Parameters

_WIDE = "28em"


class Controls:
    """The panel's widgets.  It knows how things look; what they do is told to it (`on_run` and so on)."""

    def __init__(self, title: str, chosen: Parameters, predict: bool, stage: widgets.Widget) -> None:
        self._parameters = chosen
        self._run = _button("Run", "play", "Run with what is chosen", "lab-go")
        self._stop = _button("Stop", "stop", "Stop this run", "lab-stop")
        self._stop.disabled = True
        self._guess = widgets.Text(placeholder="run once first", disabled=True, layout=widgets.Layout(width="8.5em"))
        self._guess.add_class("lab-guess")
        said = widgets.HTML("your prediction:")
        unit = widgets.HTML("times as fast as run 1")
        guess = [said, self._guess, unit] if predict else []
        self._heading = widgets.HTML(f'<p class="lab-state"><b>Experiment</b> <span>{escape(title)}</span></p>')
        self._problem = widgets.HTML()
        self._chips = widgets.HBox()
        self._chips.add_class("lab-chips")
        self._revealed = widgets.HTML()
        self._listed = widgets.HTML()
        self._picture = widgets.Output()
        self._picked: Callable[[int, bool], None] = lambda number, pressed: None
        rows = [_row(one.label, one.widget) for one in chosen.shown]
        buttons = widgets.HBox([self._run, self._stop, *guess])
        buttons.add_class("lab-buttons")
        desk = widgets.VBox([self._heading, *rows, buttons, self._problem])
        desk.add_class("lab-desk-card")
        self.box = widgets.VBox([desk, stage, self._chips, self._listed, self._revealed, self._picture])

    # --- what happens in it ---------------------------------------------------------------------------------------

    def on_run(self, run: Callable[[], object]) -> None:
        """Call `run` when Run is pressed."""
        self._run.on_click(lambda _: run())

    def on_stop(self, stop: Callable[[], object]) -> None:
        """Call `stop` when Stop is pressed."""
        self._stop.on_click(lambda _: stop())

    def on_pick(self, pick: Callable[[int, bool], None]) -> None:
        """Call `pick(number, pressed)` when a run's button is pressed or released."""
        self._picked = pick

    def on_change(self, changed: Callable[[], object]) -> None:
        """Call `changed` when a control is moved."""
        for one in self._parameters.shown:
            one.widget.observe(lambda _: changed(), "value")

    @property
    def prediction(self) -> float | None:
        """The number that was entered, if any."""
        text = self._guess.value.strip().rstrip("×xX").replace(",", ".")
        return float(text) if text else None

    @property
    def prediction_is_none(self) -> bool:
        """Whether something was entered that is no positive number.  Says so."""
        try:
            number = self.prediction
            wrong = number is not None and not 0 < number < 1e6
        except ValueError:
            wrong = True
        told = f"A prediction is a number like 1.5, not “{escape(self._guess.value[:20])}”: change it, or clear it."
        self._problem.value = f'<p class="lab-alarm" role="status">{told}</p>' if wrong else ""
        return wrong

    # --- what it shows --------------------------------------------------------------------------------------------

    def running(self) -> None:
        """A run begins."""
        self._run.disabled, self._stop.disabled, self._guess.disabled = True, False, True
        self._revealed.value = ""

    def stopping(self) -> None:
        """It was asked to stop."""
        self._stop.disabled = True

    def ended(self, history: History, revealed: str) -> None:
        """It has ended: another can begin."""
        self._run.disabled, self._stop.disabled = False, True
        self._guess.value = ""
        self._revealed.value = revealed
        if history.yardstick is not None:
            self._guess.disabled, self._guess.placeholder = False, "1.5"
        self._set_chips(history)

    def show(self, picked: Sequence[Entry], view: View | None) -> None:
        """Show these runs: their buttons as pressed, each in a line of words, and their picture."""
        numbers = {entry.number for entry in picked}
        for chip in self._chips.children[1:]:
            chip.unobserve_all("value")
            chip.value = chip.number in numbers
            chip.observe(self._chip_pressed, "value")
        lines = "".join(f"<p>{escape(entry.in_words())}</p>" for entry in picked)
        self._listed.value = f'<div class="lab-quiet">{lines}</div>'
        data = {} if view is None else {"text/html": view.html(), "text/plain": str(view)}
        output = {"output_type": "display_data", "data": data, "metadata": {}}
        self._picture.outputs = (output,) if data else ()

    def _set_chips(self, history: History) -> None:
        former = self._chips.children
        chips = []
        for entry in history.entries:
            chip = widgets.ToggleButton(description=entry.face, tooltip=entry.in_words())
            chip.number = entry.number
            chip.add_class("lab-chip")
            chips.append(chip)
        lead = widgets.HTML('<span class="lab-quiet">runs (press several to compare):</span>')
        self._chips.children = (lead, *chips)
        for widget in former:
            close(widget)

    def _chip_pressed(self, change: dict[str, Any]) -> None:
        self._picked(change["owner"].number, bool(change["new"]))

    def close(self) -> None:
        """Close all widgets."""
        close(self.box)


def _button(description: str, icon: str, tooltip: str, kind: str) -> widgets.Button:
    button = widgets.Button(description=description, icon=icon, tooltip=tooltip)
    button.add_class(kind)
    return button


def _row(label: str, widget: widgets.Widget) -> widgets.HBox:
    widget.layout.width, widget.layout.max_width = _WIDE, "100%"
    widget.tooltip = label
    row = widgets.HBox([widgets.HTML(f'<span class="lab-label">{escape(label)}</span>'), widget])
    row.add_class("lab-row")
    return row
