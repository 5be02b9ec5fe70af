"""What a reader has answered and solved, in a small file of theirs, which nothing sends anywhere.

The file is `my-progress.json` beside the notebook, or in the home folder where that cannot be written; LAB_PROGRESS
names another, and `off` keeps nothing.  Outside a notebook, and while a test runs one, nothing is kept either.  What
goes wrong with the file (damaged, a full disk, no rights) costs the record, never the lesson.

    {"version": 1, "lessons": {"01_threads_take_turns": {"answers": {KEY: {...}}, "checks": {KEY: {...}}}}}
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

NAME = "my-progress.json"
VERSION = 1
_OFF = "off"


def file() -> Path | None:
    """Where the record is kept; None where none is."""
    told = os.environ.get("LAB_PROGRESS", "")
    if told:
        return None if told == _OFF else Path(told)
    if "ipykernel.kernelapp" not in sys.modules or "PYTEST_CURRENT_TEST" in os.environ:
        return None
    return (Path.cwd() if os.access(Path.cwd(), os.W_OK) else Path.home()) / NAME


def lesson() -> str:
    """The notebook's name, as far as its kernel was told; empty otherwise."""
    return Path(os.environ.get("JPY_SESSION_NAME", "")).stem


def read() -> dict[str, Any]:
    """All lessons' records; empty where there are none or they cannot be read."""
    path = file()
    if path is None:
        return {}
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_text("utf-8"))
        if isinstance(found, dict) and isinstance(found.get("lessons"), dict):
            return {str(name): one for name, one in found["lessons"].items() if isinstance(one, dict)}
    return {}


def known(kind: str) -> dict[str, dict[str, Any]]:
    """What is recorded of this lesson: its `answers` or its `checks`, by key."""
    found = read().get(lesson(), {}).get(kind, {})
    return {key: one for key, one in found.items() if isinstance(one, dict)} if isinstance(found, dict) else {}


def keep(kind: str, key: str, entry: dict[str, Any] | None) -> None:
    """Record one thing of this lesson, or with None forget it.

    The file is read anew each time, because other lessons may be open too, and is there as a whole or not at all.
    """
    path = file()
    if path is None:
        return
    with contextlib.suppress(OSError, TypeError, ValueError):
        _set_aside(path)
        lessons = read()
        entries = lessons.setdefault(lesson(), {}).setdefault(kind, {})
        if entry is None:
            entries.pop(key, None)
        else:
            entries[key] = entry
        text = json.dumps({"version": VERSION, "lessons": lessons}, indent=1, sort_keys=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
        temporary.write_text(text + "\n", "utf-8")
        os.replace(temporary, path)


def _set_aside(path: Path) -> None:
    """A file that cannot be read is kept under another name, not overwritten."""
    if path.exists():
        try:
            whole = json.loads(path.read_text("utf-8"))
            sound = isinstance(whole, dict) and whole.get("version") == VERSION
        except ValueError:
            sound = False
        if not sound:
            os.replace(path, path.with_name(f"{path.name}.damaged"))
