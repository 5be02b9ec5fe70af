"""How far a reader has come: shown, and written to a file that can be handed in.

Nothing is sent anywhere.  The handed-in file is text that a person reads, then the same as JSON, then a digest of it,
which tells a teacher whether the file was changed on the way.  A digest is no signature: who wants to cheat can work
out a new one.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vizlib import words
from vizlib.teaching import store
from vizlib.teaching.markup import card, escaped

_MARK = "--- the same for machines; a changed file is told by the digest ---"


@dataclass(frozen=True, slots=True)
class LessonProgress:
    """What was done in one lesson."""

    name: str
    predictions: int
    answered: int  # questions of the self-test
    right: int
    done: tuple[str, ...]  # exercises
    tried: tuple[str, ...]  # exercises that are not done yet

    def __str__(self) -> str:
        parts = [words.count(self.predictions, "prediction")] if self.predictions else []
        parts += [f"self-test {self.right} right of {self.answered}"] if self.answered else []
        parts += [f"{words.listed(list(self.done))} done"] if self.done else []
        parts += [f"{words.listed(list(self.tried))} tried"] if self.tried else []
        return f"{self.name}: {', '.join(parts) or 'nothing yet'}"


def _of(name: str, record: dict[str, Any]) -> LessonProgress:
    answers, checks = (_dicts(record.get(kind)) for kind in ("answers", "checks"))
    tests = [one for one in answers.values() if one.get("kind") == "quiz"]
    return LessonProgress(
        words.plain(name or "a notebook"),
        len(answers) - len(tests),
        len(tests),
        sum(one.get("right") is True for one in tests),
        tuple(words.plain(key) for key, one in sorted(checks.items()) if one.get("done") is True),
        tuple(words.plain(key) for key, one in sorted(checks.items()) if one.get("done") is not True),
    )


def _dicts(found: Any) -> dict[str, dict[str, Any]]:
    return {str(key): one for key, one in found.items() if isinstance(one, dict)} if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Progress:
    """What was done in each lesson, as a list."""

    lessons: tuple[LessonProgress, ...]
    place: str  # empty where no record is kept

    def __repr__(self) -> str:
        listed = [f"~ {one}" for one in self.lessons] or ["~ progress: nothing is recorded yet"]
        return "\n".join(["Your progress", *listed, f"~ kept in: {self.place or 'no file, so it is not kept here'}"])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        listed = "".join(f"<li>{escaped(one)}</li>" for one in self.lessons) or "<li>Nothing is recorded yet.</li>"
        kept = f"Kept in {self.place}, and sent nowhere." if self.place else "Here it is not kept in a file."
        kept += " export_progress() writes a file to hand in." if self.lessons else ""
        html = card(
            f'<p class="lab-verdict"><b>Your progress</b></p><ul class="lab-marks lab-plain">{listed}</ul>'
            f'<p class="lab-told">{escaped(kept)}</p>'
        )
        return {"text/plain": repr(self), "text/html": html}


def progress() -> Progress:
    """What you have done so far, in all lessons."""
    records = store.read()
    place = store.file()
    told = words.plain(str(place), 200) if place else ""
    return Progress(tuple(_of(name, records[name]) for name in sorted(records)), told)


def export_progress(name: str = "", path: str | os.PathLike[str] = "progress-to-hand-in.txt") -> Path:
    """Write what you have done to a file to hand in, with your `name` if you give one; returns the file's path."""
    content = {
        "name": name,
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "lessons": store.read(),
    }
    data = json.dumps(content, sort_keys=True, indent=1)
    head = [f"Progress of {words.plain(name) or 'somebody'}, written {content['written']}", ""]
    listed = [str(one) for one in progress().lessons] or ["nothing is recorded"]
    lines = [*head, *listed, "", _MARK, data, f"sha256 {_digest(data)}", ""]
    target = Path(path)
    target.write_text("\n".join(lines), "utf-8")
    return target


def read_exported(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a handed-in file says, for teachers: `name`, `written`, `lessons`.

    Raises ValueError for a file that is not one, or that was changed since it was written.
    """
    head, found, rest = Path(path).read_text("utf-8").partition(f"{_MARK}\n")
    data, _, digest = rest.rstrip().rpartition("\nsha256 ")
    if not found or not head or not data:
        raise ValueError(f"{os.fspath(path)} is no exported progress: export_progress() writes one")
    if _digest(data) != digest:
        raise ValueError(f"{os.fspath(path)} was changed after it was written: its digest does not match")
    content = json.loads(data)
    shown = [str(_of(name, one)) for name, one in sorted(content["lessons"].items())] or ["nothing is recorded"]
    if head.splitlines()[2:-1] != shown:
        raise ValueError(f"{os.fspath(path)} was changed after it was written: its text is not that of its data")
    return dict(content)


def _digest(data: str) -> str:
    return hashlib.sha256(data.encode()).hexdigest()
