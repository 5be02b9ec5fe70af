"""What the reader has answered in this kernel, by key.

The first locked answer stays: a prediction is made before the run.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """A locked answer.  `value` is the option's text, or the number; `shown` is how to write it."""

    key: str
    question: str
    value: str | float
    shown: str


_locked: dict[str, Answer] = {}


def lock(answer: Answer) -> Answer:
    """Record `answer` unless its key has one already, and return the one that counts."""
    return _locked.setdefault(answer.key, answer)


def locked(key: str) -> Answer | None:
    """The answer recorded under `key`, or None."""
    return _locked.get(key)


def forget(*keys: str) -> None:
    """Drop the answers under `keys`, or all of them, so that they can be given anew."""
    for key in keys or tuple(_locked):
        _locked.pop(key, None)


def prediction(key: str) -> str | float | None:
    """What was predicted under `key`: the chosen option's text or the number; None when nothing was."""
    answer = locked(key)
    return None if answer is None else answer.value
