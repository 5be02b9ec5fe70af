"""What can come out of a puzzle: the ends of all its schedules, thing by thing."""

from __future__ import annotations

from vizlib.teaching.scheduler.game import Game
from vizlib.teaching.scheduler.values import shown

_MOST = 4  # values that are named


def outcomes(game: Game) -> dict[str, str]:
    """How it ends, what is in each shared place then, and what each worker returns, with all that is possible."""
    found: dict[str, dict[str, None]] = {"the end": {}}

    def note(what: str, value: str) -> None:
        found.setdefault(what, {}).setdefault(value)

    for node in game.explored.nodes:
        if not node.final:
            continue
        lives = list(zip(game.names, node.state.lives, strict=True))
        raised = [f"{name} raises {life.raised.partition(':')[0]}" for name, life in lives if life.raised]
        over = all(life.ended for _, life in lives)
        note("the end", raised[0] if raised else "everybody returns" if over else node.wrong)
        for place, value in zip(game.places, game.memory(node.state), strict=True):
            note(f"{place} at the end", value)
        for name, life in lives:
            if life.ended and not life.raised:
                note(f"{name} returns", shown(node.state.heap, life.result))
    nothing = [what for what, values in found.items() if what.endswith(" returns") and list(values) == ["None"]]
    return {what: _one_of(sorted(values)) for what, values in found.items() if what not in nothing}


def _one_of(values: list[str]) -> str:
    if len(values) > _MOST:
        return f"one of {len(values)} values"
    return " or ".join(values)
