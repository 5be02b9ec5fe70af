"""From ranges to widgets, with a clear word for every range that is none."""

import pytest

import runtime
from runtime.backends import BACKENDS
from vizlib.running.parameters import of_experiment


def make(copies=2, size=1_000, fast=False):
    """An experiment's program."""


def values(**ranges):
    return of_experiment(make, ranges).values


def kinds(**ranges):
    return {one.name: type(one.widget).__name__ for one in of_experiment(make, ranges).shown}


def test_each_form_has_its_widget():
    found = kinds(copies=(1, 4), size=[10, 1_000], fast=True)
    assert found == {"copies": "IntSlider", "size": "SelectionSlider", "fast": "Checkbox", "backend": "Dropdown"}
    assert kinds(size=(0.5, 2.0))["size"] == "FloatSlider"
    assert kinds(size={"small": 10, "large": 1_000})["size"] == "Dropdown"
    assert kinds(copies=range(1, 9))["copies"] == "SelectionSlider"


def test_the_functions_defaults_are_chosen_first_where_they_are_possible():
    assert values(copies=(1, 4), size=[10, 1_000]) == {"copies": 2, "size": 1_000, "backend": "interpreters"}
    assert values(copies=(3, 4), size=[10, 20])["copies"] == 3
    assert values(size=[10, 20])["size"] == 10


def test_every_backend_can_be_chosen_unless_it_is_fixed():
    (backend,) = of_experiment(make, {}).shown
    assert [value for _, value in backend.widget.options] == list(BACKENDS)
    fixed = of_experiment(make, {"backend": "threads"})
    assert fixed.shown == ()
    assert fixed.values == {"backend": "threads"}


def test_a_program_without_parameters_has_those_of_its_run():
    assert of_experiment(runtime.Program("x"), {"cores": (1, 2)}).values == {"cores": 1, "backend": "interpreters"}


def test_values_can_be_set():
    found = of_experiment(make, {"copies": (1, 4), "size": [10, 20]})
    found.set({"copies": 3, "size": 20, "backend": "threads"})
    assert found.values == {"copies": 3, "size": 20, "backend": "threads"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"copies": 9}, "copies can be from 1 to 4, not 9"),
        ({"size": 15}, "size can be one of 10, 20, not 15"),
        ({"copies": "many"}, "copies can be from 1 to 4, not 'many'"),
        ({"speed": 1}, "there is no 'speed' to change here, only copies, size and backend"),
    ],
)
def test_values_that_cannot_be_set_are_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        of_experiment(make, {"copies": (1, 4), "size": [10, 20]}).set(changes)


def needs(size):
    """It has no default."""


def clashes(cores=1):
    """It has the name of a setting of the run."""


@pytest.mark.parametrize(
    ("function", "ranges", "says"),
    [
        (make, {"copies": (4, 1)}, r"the range of 'copies' must be .* with low below high, not \(4, 1\)"),
        (make, {"copies": (1,)}, r"the range of 'copies' must be"),
        (make, {"copies": ("a", "b")}, r"the range of 'copies' must be"),
        (make, {"copies": (1, 4, 0)}, r"the range of 'copies' must be"),
        (make, {"size": []}, "the range of 'size' is empty"),
        (make, {"speed": (1, 2)}, r"make\(\) has no parameter 'speed': it takes copies, size and fast"),
        (needs, {}, r"parameter 'size' of needs\(\) has no default and no range: lab\(needs, size=\(low, high\)\)"),
        (clashes, {}, r"clashes\(\) has a parameter 'cores', which is a setting of the run: rename it"),
        (runtime.Program("x"), {"copies": (1, 2)}, r"a program has no parameter 'copies': .* def make\(copies\)"),
    ],
)
def test_a_range_that_is_none_is_refused_with_what_to_do(function, ranges, says):
    with pytest.raises(ValueError, match=says):
        of_experiment(function, ranges)
