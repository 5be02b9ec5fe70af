"""A puzzle in plain text: its snippets with their steps, a schedule step by step, and all that can happen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vizlib import words
from vizlib.teaching.markup import card, escaped
from vizlib.teaching.report import Report
from vizlib.teaching.requirements import Requirement, Verdict
from vizlib.teaching.scheduler.game import Game, told
from vizlib.teaching.scheduler.state import Blocked, Move, State, Worker


def described(game: Game) -> str:
    """The puzzle before anybody has done anything."""
    lines = [f"{game.name}: you are the scheduler. {game.asked}"]
    lines += [f"  shared: {_pairs(game, game.machine.start())}"] if game.places else []
    for name, capacity in game.channels:
        bound = "no bound" if capacity is None else f"capacity {capacity}"
        lines.append(f"  channel {name}: {bound}{', a rendezvous' if capacity == 0 else ''}")
    lines += [f"  lock {name}" for name in game.locks]
    for worker in game.machine.workers:
        lines += [f"{worker.name}:", *_listing(worker)]
    return "\n".join(lines)


def _listing(worker: Worker) -> list[str]:
    """The snippet, and beside each line its steps where there is more than one."""
    lines, listed = worker.source.splitlines(), []
    width = max(map(len, lines))
    for number, line in enumerate(lines, 1):
        steps = [step.told for step in worker.steps if step.visible and step.line == number]
        beside = f"   # {', '.join(steps)}" if len(steps) > 1 else ""
        listed.append(f"  {line:{width}}{beside}".rstrip())
    return listed


def _pairs(game: Game, state: State) -> str:
    return ", ".join(f"{name} = {value}" for name, value in zip(game.places, game.memory(state), strict=True))


class Walk:
    """One schedule, from the start on.  `wrong` says what it led to; empty where nothing is wrong.

    `over` is whether nothing more can happen after it.
    """

    def __init__(self, game: Game, schedule: str | Sequence[str]) -> None:
        state, self._lines = game.machine.start(), [f"{game.name}, step by step"]
        self.wrong, self.over = "", False
        for number, worker in enumerate(game.turns(schedule), 1):
            self._judge(game, state)
            if self.over:
                self._lines.append(f"{number:4}. (nothing more happens: the schedule was over)")
                break
            turn = game.machine.turn(state, worker)
            if isinstance(turn, Move):
                state = turn.state
                self._lines.append(f"{number:4}. {told(game, turn)}")
            else:
                why = turn.told if isinstance(turn, Blocked) else "has ended"
                self._lines.append(f"{number:4}. {game.names[worker]} cannot go on: it {why}")
        self._judge(game, state)
        if game.places:
            self._lines.append(f"  then {_pairs(game, state)}")
        if self.wrong:
            self._lines.append(f"  wrong: {self.wrong}")
        elif self.over:
            self._lines.append("  the end, and nothing is wrong")
        else:
            self._lines += [f"  next: {line}" for line in _next(game, state)]

    def _judge(self, game: Game, state: State) -> None:
        final = not any(isinstance(one, Move) for one in game.machine.turns(state))
        self.wrong = game.wrong(state, final)
        self.over = final or bool(self.wrong)

    def __repr__(self) -> str:
        return "\n".join(self._lines)


def _next(game: Game, state: State) -> list[str]:
    found = []
    for worker, name in enumerate(game.names):
        turn = game.machine.turn(state, worker)
        if turn is not None:
            found.append(f"{name} {'could act' if isinstance(turn, Move) else turn.told}: {_line(game, state, worker)}")
    return found


def _line(game: Game, state: State, worker: int) -> str:
    one = game.machine.workers[worker]
    step = one.steps[state.lives[worker].at]
    return f"line {step.line}, {step.told}"


class Findings:
    """All that can happen in a puzzle: how many states and schedules there are, and which end wrong.

    `states` and `schedules` are the numbers (`schedules` is None where one can go round for ever), `wrong` what can go
    wrong, in words, and `shortest` the workers' names of a shortest schedule that does, or None.
    """

    def __init__(self, game: Game) -> None:
        explored = game.explored
        ways = explored.schedules
        shortest = explored.shortest()
        self.states = len(explored.nodes)
        self.schedules = None if ways is None else ways.total()
        self.wrong = sorted(one for one in explored.endings if one)
        self.shortest = None if shortest is None else [game.names[move.worker] for move in shortest]
        self._lines = [f"{game.name}, every order of steps: {words.count(self.states, 'state')}, {self._many()}"]
        for ending in sorted(explored.endings, key=lambda one: (not one, one)):
            count = "some schedules" if ways is None else words.count(ways[ending], "schedule")
            self._lines.append(f"  {count}: {ending or 'nothing is wrong'}")
        if not self.wrong:
            self._lines.append("  So nothing goes wrong in any order: every state was visited.")
        if shortest is not None:
            self._lines.append(f"  A shortest one that goes wrong, of {words.count(len(shortest), 'step')}:")
            self._lines += [f"{number:4}. {told(game, move)}" for number, move in enumerate(shortest, 1)]

    def _many(self) -> str:
        return "and schedules without end" if self.schedules is None else words.count(self.schedules, "schedule")

    def __repr__(self) -> str:
        return "\n".join(self._lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html()}

    def html(self) -> str:
        """The same as a card."""
        head, *rest = self._lines
        shown = "".join(f"<li>{escaped(line.strip())}</li>" for line in rest)
        return card(f'<p class="lab-verdict"><b>{escaped(head)}</b></p><ul class="lab-marks lab-plain">{shown}</ul>')


NONE = "none"


def marked(game: Game, schedule: object) -> Report:
    """Whether a schedule that a learner hands in goes wrong; or whether it is right that none does."""
    asked = Requirement("an order of steps that goes wrong, or the word none", lambda _: Verdict(None, ""))
    return Report(((asked, _verdict(game, schedule)),))


def _verdict(game: Game, schedule: object) -> Verdict:
    possible = any(game.explored.endings)  # the empty one is the good end
    if isinstance(schedule, str) and schedule.strip().lower() == NONE:
        told = "There is one: keep looking." if possible else "None: in no order does anything go wrong."
        return Verdict(not possible, told)
    if not isinstance(schedule, str | list | tuple) or not schedule:
        return Verdict(False, "Nothing yet: copy the panel’s schedule as text.")
    try:
        walk = Walk(game, schedule)
    except ValueError as error:
        return Verdict(False, f"{words.plain(str(error), 200)}.")
    if walk.wrong:
        return Verdict(True, f"It goes wrong: {walk.wrong}.")
    return Verdict(False, "It ends well." if walk.over else "It is not over yet: some worker could still act.")
