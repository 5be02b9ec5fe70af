"""The suites about passing objects: a pair, a fan, many channels, a million messages."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from runtime.backends import BACKENDS
from runtime.bench import scenes
from runtime.bench.scenes import Scene
from runtime.bench.stage import play_in_program, play_on_lines
from runtime.bench.suites import Contestant, Plan, Slices, Suite, Table
from runtime.host.job import Limits


class _Passer(NamedTuple):
    """Something that passes objects.  `slow`: it polls, so it plays few messages.  `streams`: not only round trips."""

    title: str
    play: Callable[[Scene], Any]
    missing: Callable[[], str] = lambda: ""
    slow: bool = False
    streams: bool = True


def _needs_eventfd() -> str:
    return "" if hasattr(os, "eventfd") else "this system has no eventfd"


def _needs_cores() -> str:
    return "" if hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1 else "there is no second core"


def _needs_standard_queue() -> str:
    return "" if sys.version_info >= (3, 14) else "new in Python 3.14"


def _needs_backport() -> str:
    if sys.version_info >= (3, 14):
        return "it is concurrent.interpreters.Queue here"
    return _needs("interpreters-pep-734", "interpreters_backport.interpreters")()


def _needs_backend(name: str) -> str:
    return "" if name in BACKENDS else "this runtime has no such backend"


def _needs(package: str, module: str) -> Callable[[], str]:
    def missing() -> str:
        try:
            found = importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:  # the package that it would be in
            found = False
        return "" if found else f"not installed: pip install {package}"

    return missing


def _program(title: str, backend: str = "interpreters", **settings: Any) -> _Passer:
    return _Passer(
        title, partial(play_in_program, backend=backend, **settings), missing=partial(_needs_backend, backend)
    )


def _peer(
    kind: str, title: str, missing: Callable[[], str] = lambda: "", *, apart: bool = False, **facts: bool
) -> _Passer:
    return _Passer(title, partial(play_on_lines, kind=kind, apart=apart), missing, **facts)


PASSERS: dict[str, _Passer] = {
    "wake-up": _peer("wake-up", "eventfd alone", _needs_eventfd, streams=False),
    "bare": _peer("bare", "bare primitive", _needs_eventfd),
    "recorded": _program("this runtime"),
    "unrecorded": _program("this runtime, not recorded", record=False),
    "rendezvous": _program("this runtime, rendezvous", capacity=0),
    "unbounded": _program("this runtime, unbounded", capacity=None),
    "threads": _program("this runtime, threads", "threads"),
    "processes": _program("this runtime, processes", "processes"),
    "simple queue": _peer("simple queue", "queue.SimpleQueue, threads"),
    "queue": _peer("queue", "queue.Queue, threads"),
    "culsans": _peer("culsans", "culsans.Queue, threads", _needs("culsans", "culsans")),
    "aiologic": _peer("aiologic", "aiologic.Queue, threads", _needs("aiologic", "aiologic")),
    "pipe": _peer("pipe", "multiprocessing.Pipe"),
    "pipe apart": _peer("pipe", "multiprocessing.Pipe, a core each", _needs_cores, apart=True),
    "process queue": _peer("process queue", "multiprocessing.Queue"),
    "standard queue": _peer("standard queue", "concurrent.interpreters.Queue", _needs_standard_queue, slow=True),
    "backport queue": _peer("backport queue", "interpreters-pep-734 queue", _needs_backport, slow=True),
    "backport channel": _peer(
        "backport channel",
        "interpreters-pep-734 channel",
        _needs("interpreters-pep-734", "interpreters_experimental.interpreters"),
        slow=True,
    ),
}


def _contestants(names: Mapping[str, Any] | tuple[str, ...], turn: Callable[[_Passer, Plan], Slices]) -> Any:
    return {
        name: Contestant(PASSERS[name].title, partial(turn, PASSERS[name]), PASSERS[name].missing) for name in names
    }


# --- a pair -------------------------------------------------------------------------------------------------------


def _pair(passer: _Passer, plan: Plan) -> Slices:
    plan = plan | (plan["slow"] if passer.slow else {})
    scene = scenes.pair(plan["slices"], plan["trips"], plan["streams"] if passer.streams else {})
    measured: Slices = passer.play(scene)
    return measured


PAIR = Suite(
    "Two, joined by channels",
    _contestants(PASSERS, _pair),
    (
        Table("Round trip: an integer goes there and comes back", ("round trip",), reference="bare"),
        Table("One-way stream of integers (8 B), each message", ("stream of 8 B",), reference="bare"),
        Table("One-way stream of bytes (1 kB), each message", ("stream of 1 kB",), reference="bare"),
        Table("One-way stream of bytes (1 MB), each message", ("stream of 1 MB",), reference="bare"),
        Table("One-way stream of tuples of 256 integers, each integer", ("stream in batches",), reference="bare"),
    ),
    plan={
        "slices": 8,
        "trips": 250,
        "streams": {
            "stream of 8 B": 3_000,
            "stream of 1 kB": 1_500,
            "stream of 1 MB": 16,
            "stream in batches": 200,
        },
        "slow": {
            "slices": 1,
            "trips": 8,
            "streams": {"stream of 8 B": 640, "stream of 1 kB": 320, "stream of 1 MB": 16, "stream in batches": 128},
        },
    },
    quick={"slices": 3, "trips": 100},
    rounds=9,
    note="Threads hand over the object itself; interpreters and processes copy it.",
)


# --- a fan --------------------------------------------------------------------------------------------------------

_SHAPES = {"1 : 4": (1, 4), "4 : 1": (4, 1), "4 : 4": (4, 4)}


def _fan(passer: _Passer, plan: Plan) -> Slices:
    messages = plan["slow_messages" if passer.slow else "messages"]
    measured = {}
    for shape, (senders, receivers) in _SHAPES.items():
        seen = passer.play(scenes.fan(senders, receivers, 1 if passer.slow else plan["slices"], messages))
        measured[shape] = [took / messages for took in seen]
    return measured


PASS_BETWEEN_MANY = (
    "bare",
    "recorded",
    "unrecorded",
    "threads",
    "processes",
    "simple queue",
    "queue",
    "culsans",
    "aiologic",
    "process queue",
    "standard queue",
)

FAN = Suite(
    "Senders and receivers on one channel",
    _contestants(PASS_BETWEEN_MANY, _fan),
    (Table("Senders : receivers on one channel, each message", tuple(_SHAPES), reference="bare"),),
    plan={"slices": 4, "messages": 4_000, "slow_messages": 400},
    quick={"slices": 2, "messages": 2_000},
    rounds=5,
)


# --- many channels ------------------------------------------------------------------------------------------------


def _many(passer: _Passer, plan: Plan) -> Slices:
    return {f"{count}": passer.play(scenes.many(count, plan["slices"], plan["messages"])) for count in plan["channels"]}


MANY = Suite(
    "Many channels",
    _contestants(("bare", "recorded", "unrecorded", "simple queue", "pipe"), _many),
    (
        Table(
            "Channels between two, used in turn; each message, and how many times that of one channel",
            ("1", "4", "16", "64"),
        ),
    ),
    plan={"slices": 5, "messages": 6_400, "channels": [1, 4, 16, 64]},
    quick={"slices": 3, "messages": 3_200},
    rounds=5,
)


# --- select -------------------------------------------------------------------------------------------------------


def _choose(passer: _Passer, plan: Plan) -> Slices:
    measured: Slices = passer.play(scenes.choose(4, plan["slices"], plan["messages"]))
    return measured


SELECT = Suite(
    "Select",
    {
        "recorded": Contestant("this runtime", partial(_choose, PASSERS["unbounded"])),
        "unrecorded": Contestant(
            "this runtime, not recorded", partial(_choose, _program("", capacity=None, record=False))
        ),
        "threads": Contestant("this runtime, threads", partial(_choose, _program("", "threads", capacity=None))),
    },
    (
        Table(
            "Receive from 4 channels that all have something: in turn, and by select; how many times that",
            ("recv", "select"),
        ),
    ),
    plan={"slices": 5, "messages": 4_000},
    quick={"slices": 3, "messages": 2_000},
    rounds=5,
)


# --- a great many messages ----------------------------------------------------------------------------------------

_TENTHS = 10


def _flood(passer: _Passer, plan: Plan) -> Slices:
    seen = passer.play(scenes.flood(_TENTHS, plan["messages"]))
    return {"first tenth": seen[:1], "fifth tenth": seen[4:5], "last tenth": seen[-1:]}


FLOOD = Suite(
    "A million messages",
    {
        "bare": _contestants(("bare",), _flood)["bare"],
        "recorded": Contestant(
            "this runtime",
            partial(_flood, _program("this runtime", limits=Limits(events=1_200_000))),
        ),
        "unrecorded": _contestants(("unrecorded",), _flood)["unrecorded"],
    },
    (
        Table(
            "A million messages, all recorded; each message, and how many times that of the first tenth",
            ("first tenth", "fifth tenth", "last tenth"),
        ),
    ),
    plan={"messages": 1_000_000},
    quick={"messages": 100_000},
    rounds=3,
)
