"""What an experiment can be changed in: from `copies=(1, 4), size=[1_000, 10_000]` to sliders and selectors.

(low, high) or (low, high, step)   a slider; whole numbers when all of them are
[a, b, c], range(...)              one of these: a slider for numbers, a menu for anything else
{"label": value, ...}              one of these, by its label
True or False                      a box to tick
anything else                      a fixed value, not shown
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from runtime.backends import BACKENDS
from vizlib import words

RUN_SETTINGS = ("backend", "cores", "timeout", "limits", "trace_lines")
"""What goes to the run and not to the function that makes the program."""
_FORMS = "(low, high), (low, high, step), a list of values, a dict of labels and values, or True or False"
type Number = int | float


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing to change, and the widget that does."""

    name: str
    widget: widgets.Widget
    about: str  # in the text form

    @property
    def label(self) -> str:
        """What stands before the widget."""
        return words.plain(self.name.replace("_", " "), 24)

    @property
    def value(self) -> Any:
        """What is chosen."""
        return self.widget.value


@dataclass(frozen=True, slots=True)
class Parameters:
    """All of an experiment's, and the values that are fixed."""

    shown: tuple[Parameter, ...]
    fixed: Mapping[str, Any]

    @property
    def values(self) -> dict[str, Any]:
        """What is chosen, by name."""
        return {**self.fixed, **{one.name: one.value for one in self.shown}}

    def set(self, changes: Mapping[str, Any]) -> None:
        """Choose values.  Raises `ValueError` for a name or a value that there is not."""
        named = {one.name: one for one in self.shown}
        for name, value in changes.items():
            if name not in named:
                raise ValueError(f"there is no {name!r} to change here, only {words.listed(list(named)) or 'nothing'}")
            _choose(named[name], value)


def _choose(parameter: Parameter, value: Any) -> None:
    try:
        parameter.widget.value = value
    except Exception as error:  # a widget may refuse in its own words
        raise ValueError(f"{parameter.name} can be {parameter.about}, not {value!r}") from error
    if parameter.value != value:  # a slider takes the nearest
        raise ValueError(f"{parameter.name} can be {parameter.about}, not {value!r}")


def of_experiment(make: Any, ranges: Mapping[str, Any]) -> Parameters:
    """The parameters of `make`, a function that makes a program or a program, and of its runs.

    Raises `ValueError` for a range that is none, for a name that `make` does not take, and for a parameter of it that
    has neither a range nor a default.
    """
    defaults = _defaults(make, ranges)
    shown, fixed = [], {}
    for name, given in {**ranges, **({} if "backend" in ranges else {"backend": [*BACKENDS]})}.items():
        made = _parameter(name, given, defaults.get(name))
        if made is None:
            fixed[name] = given
        else:
            shown.append(made)
    return Parameters(tuple(shown), fixed)


def _defaults(make: Any, ranges: Mapping[str, Any]) -> dict[str, Any]:
    """The default values of `make`, when it fits the ranges."""
    own = [name for name in ranges if name not in RUN_SETTINGS]
    if not inspect.isroutine(make):
        if own:
            raise ValueError(
                f"a program has no parameter {own[0]!r}: give lab() a function that makes the program, "
                f"def make({', '.join(own)}): ... return program"
            )
        return {}
    takes, name = inspect.signature(make).parameters, make.__name__
    open_ended = any(one.kind is one.VAR_KEYWORD for one in takes.values())
    for parameter in takes.values():
        if parameter.name in RUN_SETTINGS:
            raise ValueError(f"{name}() has a parameter {parameter.name!r}, which is a setting of the run: rename it")
        needed = parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        )
        if needed and parameter.name not in ranges:
            raise ValueError(
                f"parameter {parameter.name!r} of {name}() has no default and no range: "
                f"lab({name}, {parameter.name}=(low, high))"
            )
    unknown = [one for one in own if one not in takes]
    if unknown and not open_ended:
        raise ValueError(f"{name}() has no parameter {unknown[0]!r}: it takes {words.listed([*takes]) or 'none'}")
    return {one.name: one.default for one in takes.values() if one.default is not one.empty}


def _parameter(name: str, given: Any, default: Any) -> Parameter | None:
    """The widget for one range; None for a fixed value."""
    if isinstance(given, bool):
        ticked = default if isinstance(default, bool) else given
        return Parameter(name, widgets.Checkbox(value=ticked, indent=False), "True or False")
    if isinstance(given, tuple):
        return _slider(name, given, default)
    if isinstance(given, Mapping):
        return _menu(name, list(given.items()), default)
    if isinstance(given, list | range):
        return _choice(name, list(given), default)
    return None


def _slider(name: str, given: tuple[Any, ...], default: Any) -> Parameter:
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in given)
    if len(given) not in (2, 3) or not numbers or not given[0] < given[1] or (len(given) == 3 and given[2] <= 0):
        raise ValueError(f"the range of {name!r} must be {_FORMS}, with low below high, not {given!r}")
    low, high, *steps = given
    whole = all(isinstance(one, int) for one in given)
    step: Number = steps[0] if steps else 1 if whole else (high - low) / 20
    begin = default if _is_number(default) and low <= default <= high else low
    kind = widgets.IntSlider if whole else widgets.FloatSlider
    slider = kind(value=begin, min=low, max=high, step=step, continuous_update=False)
    return Parameter(name, slider, f"from {low} to {high}")


def _choice(name: str, values: list[Any], default: Any) -> Parameter:
    if values and all(map(_is_number, values)):
        return _one_of(name, widgets.SelectionSlider, [(str(one), one) for one in values], default, continuous=False)
    return _menu(name, [(str(one), one) for one in values], default)


def _menu(name: str, options: list[tuple[str, Any]], default: Any) -> Parameter:
    return _one_of(name, widgets.Dropdown, options, default)


def _one_of(
    name: str, kind: Callable[..., Any], options: list[tuple[str, Any]], default: Any, continuous: bool = True
) -> Parameter:
    if not options:
        raise ValueError(f"the range of {name!r} is empty: it must be {_FORMS}")
    values = [value for _, value in options]
    more = {} if continuous else {"continuous_update": False}
    widget = kind(options=options, value=default if _within(default, values) else values[0], **more)
    return Parameter(name, widget, f"one of {', '.join(label for label, _ in options)}")


def _within(value: Any, values: Iterable[Any]) -> bool:
    return any(type(value) is type(one) and value == one for one in values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
