"""What the reader has answered, by key: in this kernel, and in earlier ones as far as `store` has kept it.

The first locked answer stays: a prediction is made before the run.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from vizlib.teaching import store


@dataclass(frozen=True, slots=True)
class Answer:
    """A locked answer.  `value` is the option's text, or the number; `shown` is how to write it.

    `kind` is `prediction` or `quiz`, and `right` whether it was, where that can be said.
    """

    key: str
    question: str
    value: str | float
    shown: str
    kind: str = "prediction"
    right: bool | None = None


_locked: dict[str, Answer] = {}
_remembered: set[str] = set()  # lessons whose earlier answers were read


def _remember() -> None:
    """Read once what was answered before the kernel started."""
    if store.lesson() in _remembered:
        return
    _remembered.add(store.lesson())
    for key, one in store.known("answers").items():
        value, question, shown = (one.get(name) for name in ("value", "question", "shown"))
        if isinstance(value, str | float | int) and isinstance(question, str) and isinstance(shown, str):
            kind, right = str(one.get("kind")), one.get("right")
            _locked.setdefault(
                key, Answer(key, question, value, shown, kind, right if right in (True, False) else None)
            )


def lock(answer: Answer) -> Answer:
    """Record `answer` unless its key has one already, and return the one that counts."""
    _remember()
    if answer.key not in _locked:
        _locked[answer.key] = answer
        store.keep("answers", answer.key, {name: one for name, one in asdict(answer).items() if name != "key"})
    return _locked[answer.key]


def locked(key: str) -> Answer | None:
    """The answer recorded under `key`, or None."""
    _remember()
    return _locked.get(key)


def forget(*keys: str) -> None:
    """Drop the answers under `keys`, or all of them, so that they can be given anew."""
    _remember()
    for key in keys or tuple(_locked):
        if _locked.pop(key, None) is not None:
            store.keep("answers", key, None)


def prediction(key: str) -> str | float | None:
    """What was predicted under `key`: the chosen option's text or the number; None when nothing was."""
    answer = locked(key)
    return None if answer is None else answer.value
