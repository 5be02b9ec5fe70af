"""Other Pythons on this machine that can be a run's host: builds without a GIL.

`program.run("threads", python=...)` takes any Python from 3.13 on.  On a free-threaded build its threads run side by
side.  Such a build is called `python3.14t`, or lies in a folder of pyenv or uv whose name says so; whoever is found is
asked whether it is one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

_OLDEST = 13  # minor version
_NEWEST = 19
_ANSWERS_WITHIN_S = 20.0
_QUESTION = "import sys; print(*sys.version_info[:3], bool(getattr(sys, '_is_gil_enabled', bool)()), sys.executable)"
_FOLDERS = (
    ("PYENV_ROOT", "~/.pyenv", "versions/*t/bin/python"),
    ("PYENV_ROOT", "~/.pyenv", "versions/*t-dev/bin/python"),
    ("UV_PYTHON_INSTALL_DIR", "~/.local/share/uv/python", "*+freethreaded*/bin/python3"),
    ("", "/opt", "python3*t/bin/python3"),
)


class FreeThreaded(NamedTuple):
    """A Python whose threads run side by side."""

    version: str
    executable: str


def free_threaded() -> list[FreeThreaded]:
    """Those that are on this machine, the newest first.  Starts each one found: a tenth of a second or so."""
    found: dict[str, FreeThreaded] = {}
    for path in _candidates():
        one = _ask(path)
        if one is not None:
            found.setdefault(os.path.realpath(one.executable), one)
    return sorted(found.values(), key=lambda one: [int(part) for part in one.version.split(".")], reverse=True)


def _candidates() -> Iterator[str]:
    import glob  # noqa: PLC0415 - nobody but the doctor needs it

    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for minor in range(_NEWEST, _OLDEST - 1, -1):
            yield os.path.join(folder, f"python3.{minor}t")
    for variable, home, pattern in _FOLDERS:
        root = os.environ.get(variable) or os.path.expanduser(home)
        yield from sorted(glob.glob(os.path.join(glob.escape(root), pattern)))


def _ask(path: str) -> FreeThreaded | None:
    """What a Python says of itself; None when it has a GIL, is too old, or is none."""
    import re  # noqa: PLC0415
    import subprocess  # noqa: PLC0415

    if not os.access(path, os.X_OK) or os.path.isdir(path):
        return None
    try:
        answer = subprocess.run(
            [path, "-I", "-c", _QUESTION], capture_output=True, text=True, timeout=_ANSWERS_WITHIN_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    said = re.fullmatch(r"(\d+) (\d+) (\d+) (True|False) (.+)\n", answer)
    if said is None or said[4] == "True" or (int(said[1]), int(said[2])) < (3, _OLDEST):
        return None
    return FreeThreaded(".".join(said.group(1, 2, 3)), said[5])
