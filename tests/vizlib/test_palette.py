"""The colours, as readers with other colour vision see them: what looks alike is told apart by a second sign.

Simulated by the matrices of Machado, Oliveira and Fernandes (2009), for a cone type that is missing altogether, and
compared by their distance in CIE L*a*b* (1976): above 20, two colours side by side are different colours to anyone.
"""

from __future__ import annotations

import itertools
from math import dist

import pytest

from runtime.tracing.model import State
from vizlib.palette import DARK, LIGHT, STYLES, TRANSFER_COLORS

VISION = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
    "none": ((0.2126, 0.7152, 0.0722),) * 3,
}
APART = 20.0
XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
WHITE = (0.9505, 1.0, 1.089)


def linear(color):
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def lab(color, vision="usual"):
    seen = [min(max(part, 0.0), 1.0) for part in times(VISION[vision], linear(color))]
    x, y, z = (
        part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116
        for part in (value / white for value, white in zip(times(XYZ, seen), WHITE, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one, other, vision):
    return dist(lab(one, vision), lab(other, vision))


def test_the_simulation_knows_what_is_known():
    assert distance("#FF0000", "#00FF00", "usual") > 150
    assert distance("#808000", "#A04000", "deutan") < distance("#808000", "#A04000", "usual") / 2  # olive and brown
    assert distance("#0000FF", "#00FF00", "tritan") < distance("#0000FF", "#00FF00", "usual")
    assert lab("#FFFFFF") == pytest.approx((100, 0, 0), abs=0.1)


def signs(state):
    """What else than colour tells a state's bar: how high it is, and which way its arrow points."""
    return STYLES[state].height, STYLES[state].points


@pytest.mark.parametrize("vision", VISION)
def test_states_that_look_alike_differ_in_another_sign(vision):
    for one, other in itertools.combinations(State, 2):
        alike = distance(STYLES[one].color, STYLES[other].color, vision) < APART
        assert not alike or signs(one) != signs(other), f"{one.label} and {other.label}"


def test_the_states_that_matter_most_differ_for_everyone():
    """Computing, waiting for the GIL, waiting for a core, and the two ways to be blocked."""
    shown = (State.RUNNING, State.GIL_WAIT, State.CORE_WAIT, State.SEND_BLOCKED, State.RECV_BLOCKED)
    for vision in ("usual", "protan", "deutan", "tritan"):
        for one, other in itertools.combinations(shown, 2):
            apart = distance(STYLES[one].color, STYLES[other].color, vision) >= APART
            assert apart or abs(STYLES[one].height - STYLES[other].height) >= 0.2, (
                f"{vision}: {one.label}, {other.label}"
            )


@pytest.mark.parametrize("vision", ["usual", "protan", "deutan", "tritan"])
def test_ways_of_crossing_differ(vision):
    """In the costs they are told apart by nothing else than the words of the key and of the pointer."""
    for one, other in itertools.combinations(TRANSFER_COLORS.values(), 2):
        assert distance(one, other, vision) >= APART / 2


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("vision", ["usual", "protan", "deutan", "tritan"])
def test_the_playhead_and_an_alarm_stand_out_from_the_page(theme, vision):
    for role in ("playhead", "alarm"):
        assert distance(theme[role], theme["page"], vision) > 2 * APART
