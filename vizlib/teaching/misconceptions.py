"""What you would see if it were true: beside what happened, what a wrong idea of the machine predicts.

Each misconception is a small model that can be executed: the same snippets stepped through by other rules, or a few
lines that work out a time.  What it says is no measurement and is never drawn as one: it is a `Contrast`, no trace, and
every place that shows it calls it a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.errors import RunError
from runtime.tracing.model import State
from runtime.tracing.rings import sentence
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.teaching.markup import card, escaped
from vizlib.teaching.scheduler.game import Game
from vizlib.teaching.scheduler.outcomes import outcomes
from vizlib.teaching.scheduler.puzzle import Declared, Puzzle
from vizlib.teaching.scheduler.state import Rules

MODEL = "MODEL, not measured"
_APART = 1.25  # two times that differ by less say nothing


@dataclass(frozen=True, slots=True)
class Misconception:
    """One wrong idea: the claim, what is so instead, where it was found, and the model in which it is true.

    Either `rules`, by which snippets are stepped through, or `times`, which works out from the measured runs how long
    each would have taken.
    """

    claim: str
    instead: str
    source: str = ""
    rules: Rules | None = None
    times: Callable[[Sequence[Trace]], list[float]] | None = None


def _shrinks_with_the_buffer(runs: Sequence[Trace]) -> list[float]:
    """The consumer takes as many objects at once as the buffer holds."""
    rooms = [_room(run, runs) for run in runs]
    return [runs[0].wall_ns * rooms[0] / room for room in rooms]


def _room(run: Trace, runs: Sequence[Trace]) -> int:
    """The capacity that differs from run to run, at least 1; without bound it is as if all messages fitted."""
    for one in run.channels:
        if len({other.channels[one.index].capacity for other in runs}) > 1:
            return max(1, len(run.messages) if one.capacity is None else one.capacity)
    return 1


def _as_long_as_one(runs: Sequence[Trace]) -> list[float]:
    """However many do the job side by side, all are done when one is."""
    return [float(runs[0].wall_ns)] * len(runs)


def _copies_for_nothing(runs: Sequence[Trace]) -> list[float]:
    """Encoding and decoding take no time."""
    return [float(run.wall_ns - max((_copying(life.states) for life in run.breakdown()), default=0)) for run in runs]


def _all_at_once(runs: Sequence[Trace]) -> list[float]:
    """Whoever was sent the most handled all of it at the same time: it is done when one message would be."""
    return [
        run.wall_ns / max(Counter(message.receiver for message in run.messages).values(), default=1) for run in runs
    ]


def _copying(states: Any) -> int:
    return int(states.get(State.ENCODE, 0) + states.get(State.DECODE, 0))


_TUNNEL = "Tunnell Wilson, Fisler and Krishnamurthi 2017, on aliasing and copying"
_BUGS = "Tu, Liu, Song and Zhang 2019, on real bugs in Go programs, doi 10.1145/3297858.3304069"
_STROMBACK = "Strömbäck, Mannila and Kamkar 2021, on exam answers, doi 10.15388/infedu.2021.29"

MISCONCEPTIONS: dict[str, Misconception] = {
    "channels share objects": Misconception(
        "A channel hands over the object itself, so a change on one side is seen on the other.",
        "Between interpreters a message is a copy, made when it is sent.",
        _TUNNEL,
        Rules(references=True),
    ),
    "a line is one step": Misconception(
        "One line of Python, such as x += 1, is one step: nobody comes between.",
        "It is a read, an addition and a write, and another thread may come between them.",
        "Lewandowski and others 2010, on students and concert tickets, Communications of the ACM 53 (7)",
        Rules(whole_lines=True),
    ),
    "interpreters share variables": Misconception(
        "Interpreters of one process share their modules and global variables.",
        "Each interpreter imports its own copy of a module, with variables of its own.",
        rules=Rules(),
    ),
    "no locks, no deadlock": Misconception(
        "Who uses no locks cannot have a deadlock.",
        "Whoever waits for a message waits for somebody: two that wait for each other wait for ever.",
        _BUGS,
        Rules(never_stuck=True),
    ),
    "one order for all": Misconception(
        "Messages of several senders arrive in one order, the one in which the program is written.",
        "The order of each sender is kept; between senders there is none.",
        _STROMBACK,
        Rules(one_order=True),
    ),
    "a bigger buffer is faster": Misconception(
        "A bigger buffer makes the consumer faster.",
        "The consumer needs as long for each object as before; only more of them wait.",
        times=_shrinks_with_the_buffer,
    ),
    "more workers, same time": Misconception(
        "However many workers do the same job side by side, all are done as soon as one would be.",
        "They need a core each, and threads of one interpreter need its one GIL too.",
        "a learner's question, github.com/UPPMAX/HPC-python/issues/7",
        times=_as_long_as_one,
    ),
    "a mailbox is read in parallel": Misconception(
        "An actor handles all the messages in its mailbox at the same time.",
        "It handles one message at a time. What runs in parallel is actors.",
        times=_all_at_once,
    ),
    "crossing is free": Misconception(
        "Sending an object costs nothing worth a word.",
        "It is copied out and copied in again, unless it is shared, shown or moved.",
        times=_copies_for_nothing,
    ),
}
"""By the name that a lesson gives to `contrast`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to compare.  `measured`: the real value differs from run to run."""

    what: str
    real: str
    model: str
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Contrast:
    """What happened beside what a misconception's model says.  Shows itself as a table, or prints as lines.

    In the text form a line that rests on a measurement begins with `~ `.
    """

    misconception: Misconception
    real: str  # what the real side is
    rows: tuple[Row, ...]
    differs: bool  # whether there is a difference to be seen

    @property
    def verdict(self) -> str:
        """What follows."""
        if self.differs:
            return f"So it is not true here. {self.misconception.instead}"
        return f"Here both look the same, so this decides nothing. {self.misconception.instead}"

    def __repr__(self) -> str:
        lines = [f"If it were true: {self.misconception.claim}"]
        for row in self.rows:
            if row.measured:
                lines += [f"~ {row.what}, {self.real}: {row.real}", f"~ {row.what}, {MODEL}: {row.model}"]
            else:
                lines += [f"  {row.what}, {self.real}: {row.real}", f"  {row.what}, {MODEL}: {row.model}"]
        return "\n".join([*lines, f"  {self.verdict}"])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html()}

    def html(self) -> str:
        """A table with the model's column marked as what it is."""
        rows = "".join(
            f'<tr><th scope="row">{escaped(row.what)}</th><td>{escaped(row.real)}</td>'
            f'<td class="lab-model">{escaped(row.model)}</td></tr>'
            for row in self.rows
        )
        idea = self.misconception
        source = f'<p class="lab-told">Documented: {escaped(idea.source)}.</p>' if idea.source else ""
        return card(
            f"<p>If it were true: <b>{escaped(idea.claim)}</b></p>"
            f'<table class="lab-contrast"><thead><tr><td></td><th scope="col">{escaped(self.real)}</th>'
            f'<th scope="col" class="lab-model">what you would see <span>{MODEL}</span></th></tr></thead>'
            f"<tbody>{rows}</tbody></table><p>{escaped(self.verdict)}</p>{source}"
        )


def contrast(
    misconception: str,
    real: Trace | RunError | Puzzle | Sequence[Trace],
    model: Declared | Puzzle | None = None,
    *,
    varies: bool = False,
) -> Contrast:
    """What happened beside what you would see if a misconception, by its name in `MISCONCEPTIONS`, were true.

    `real` is a run (its trace, or the `RunError` that it ended with) and `model` its program or a puzzle; or `real` is
    a puzzle, of which every order of steps is taken.  For a misconception about times `real` is a list of traces, the
    first the one to compare with.  `varies`: the results of the run are not the same each time.

    Raises ValueError for a name that is not there, or for less than the misconception needs.
    """
    if misconception not in MISCONCEPTIONS:
        raise ValueError(f"misconception {misconception!r} is not one of {', '.join(map(repr, MISCONCEPTIONS))}")
    idea = MISCONCEPTIONS[misconception]
    if idea.rules is None:
        runs = [real] if isinstance(real, Trace) else real
        if not isinstance(runs, Sequence) or not runs or not all(isinstance(run, Trace) for run in runs):
            raise ValueError(f"{misconception!r} needs the traces of one or more runs")
        return _of_times(idea, runs)
    trace = real.trace if isinstance(real, RunError) else real
    if isinstance(trace, Puzzle):
        return _of_orders(idea, trace.game, idea.rules)
    if not isinstance(trace, Trace) or model is None:
        raise ValueError(f"{misconception!r} needs a run and its program, or a puzzle")
    game = model.game if isinstance(model, Puzzle) else Puzzle.of(model).game
    return _of_run(idea, trace, game.under(idea.rules), varies)


def _of_times(idea: Misconception, runs: Sequence[Trace]) -> Contrast:
    assert idea.times is not None
    pairs = list(zip(runs, idea.times(runs), strict=True))
    rows = [
        Row(f"{_named(run, runs)} takes", words.duration(run.wall_ns), words.duration(model), measured=True)
        for run, model in pairs
    ]
    apart = any(max(run.wall_ns, model) > _APART * min(run.wall_ns, model) for run, model in pairs)
    return Contrast(idea, "measured", tuple(rows), apart)


def _named(run: Trace, runs: Sequence[Trace]) -> str:
    """What tells one run from the others."""
    names = {one.name for one in runs}
    if len(names) == len(runs) > 1:
        return words.plain(run.name)
    told = [words.plain(run.name)] if len(names) > 1 else []
    if len({one.backend for one in runs}) > 1:
        told.append(f"on {words.plain(run.backend)}")
    if len({len(one.workers) for one in runs}) > 1:
        told.append(f"with {words.count(len(run.workers), 'worker')}")
    for channel in run.channels:
        if len({one.channels[channel.index].capacity for one in runs if len(one.channels) > channel.index}) > 1:
            bound = "without bound" if channel.capacity is None else f"with capacity {channel.capacity}"
            told.append(f"{words.plain(channel.name)} {bound}")
    return " ".join(told) or "the run"


def _of_orders(idea: Misconception, game: Game, rules: Rules) -> Contrast:
    real, model = outcomes(game), outcomes(game.under(rules))
    rows = [Row(what, real.get(what, "-"), model.get(what, "-")) for what in dict.fromkeys([*real, *model])]
    return Contrast(idea, "every order of steps", tuple(rows), _differ(rows))


def _of_run(idea: Misconception, trace: Trace, game: Game, varies: bool) -> Contrast:
    model = outcomes(game)
    rows = [Row("the end", _ending(trace), model.pop("the end"))]
    for worker in trace.workers:
        what = f"{words.plain(worker.name)} returns"
        result = trace.results.get(worker.name)
        if result is not None or model.get(what, "None") != "None":
            real = words.plain(repr(result), 80) if worker.name in trace.results else "-"
            rows.append(Row(what, real, model.get(what, "-"), varies))
    return Contrast(idea, f"one run on {words.plain(trace.backend)}", tuple(rows), _differ(rows))


def _differ(rows: Sequence[Row]) -> bool:
    return any(row.real != row.model for row in rows)


def _ending(trace: Trace) -> str:
    if trace.deadlock:
        return sentence(trace.deadlock, trace.workers, trace.channels).rstrip(".").replace("D", "d", 1)
    if trace.errors:
        return f"{words.plain(trace.errors[0].worker)} raises {words.plain(trace.errors[0].type)}"
    return "everybody returns" if trace.complete else "the run is cut short"
