"""The puzzle as a panel in a page: whose turn is it?  All that can happen travels with it, so no kernel is needed.

The text form stays visible where scripts do not run, and remains as the panel's text alternative where they do.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from vizlib.bundle import pack
from vizlib.palette import DARK, LIGHT, variables, worker_color
from vizlib.teaching.scheduler.exploration import Node
from vizlib.teaching.scheduler.game import Game
from vizlib.teaching.scheduler.state import State, Worker
from vizlib.teaching.scheduler.steps import PuzzleError
from vizlib.teaching.scheduler.telling import described
from vizlib.teaching.scheduler.values import shown

MOST_STATES = 5_000
_STILL = "Playing needs JavaScript. In JupyterLab, run the cell or trust the notebook. The puzzle in words:"


class Panel:
    """One puzzle to play with.  Displays itself; `str` gives its text form."""

    def __init__(self, game: Game) -> None:
        states = len(game.explored.nodes)
        if states > MOST_STATES:
            raise PuzzleError(
                f"puzzle {game.name!r} has {states:,} states; a page holds {MOST_STATES:,}: shorten its loops"
            )
        self._game = game

    def __repr__(self) -> str:
        return described(self._game)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": repr(self)}

    def html(self) -> str:
        """The panel as a self-contained piece of HTML, for the middle of any page."""
        return "\n".join(
            (
                '<div class="lab-puzzle">',
                f"<style>{_style()}</style>",
                '<div class="lab-board"></div>',
                f'<p class="lab-still">{_STILL}</p>',
                f'<pre class="lab-text">{escape(repr(self))}</pre>',
                f'<script type="text/plain" class="lab-content">{pack(json.dumps(content(self._game)))}</script>',
                f"<script>{_script()}</script>",
                "</div>",
            )
        )


@cache
def _asset(name: str) -> str:
    return resources.files("vizlib").joinpath("assets", name).read_text("utf-8")


@cache
def _style() -> str:
    return _asset("puzzle.css").replace("LIGHT", variables(LIGHT)).replace("DARK", variables(DARK))


def _script() -> str:
    return _asset("puzzle.js")


def content(game: Game) -> dict[str, Any]:
    """What the panel's script needs, as plain data."""
    explored = game.explored
    ways, shortest = explored.schedules, explored.shortest()
    return {
        "name": game.name,
        "asked": game.asked,
        "workers": [_worker(index, one) for index, one in enumerate(game.machine.workers)],
        "places": game.places,
        "channels": [{"name": name, "capacity": capacity} for name, capacity in game.channels],
        "locks": list(game.locks),
        "nodes": [_node(game, node) for node in explored.nodes],
        "endings": [
            {"told": ending, "schedules": None if ways is None else f"{ways[ending]:,}"} for ending in explored.endings
        ],
        "schedules": None if ways is None else f"{ways.total():,}",
        "shortest": None if shortest is None else [move.worker for move in shortest],
    }


def _worker(index: int, worker: Worker) -> dict[str, Any]:
    return {
        "name": worker.name,
        "color": worker_color(index),
        "lines": worker.source.splitlines(),
        "steps": [[step.line, step.told, step.visible, step.first] for step in worker.steps],
    }


def _node(game: Game, node: Node) -> dict[str, Any]:
    state = node.state
    waits = {one.worker: one.told for one in node.blocked}
    return {
        "at": [life.at for life in state.lives],
        "own": [game.variables(state, worker) for worker in range(len(state.lives))],
        "said": [waits.get(worker, _end(state, worker)) for worker in range(len(state.lives))],
        "memory": game.memory(state),
        "queues": [[[sender, shown(state.heap, value)] for sender, value in queue] for queue in state.queues],
        "owners": list(state.owners),
        "moves": [[move.worker, move.told, goes_to] for move, goes_to in node.moves],
        "wrong": node.wrong,
    }


def _end(state: State, worker: int) -> str:
    life = state.lives[worker]
    if not life.ended:
        return ""
    return f"raised {life.raised}" if life.raised else f"returned {shown(state.heap, life.result)}"
