"""Record the runs of lessons, for machines that cannot do them: real runs, on this machine, which must have two cores.

    python tests/notebooks/record.py [notebooks/01_threads_take_turns.ipynb ...]

Without arguments it takes all.  Only lessons that run their programs by `lesson(...).run(...)` have anything to record.
Run it after changing a program of a lesson, on a machine with little else to do, and look at the traces: what is wrong
with them, every reader on one core will see.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "notebooks" / "recorded"
CALL = re.compile(r"\blesson\(\s*[\"'](\w+)[\"']")


def number_of(path: Path) -> str | None:
    """The number under which a notebook records its runs; None for one that does not."""
    cells = nbformat.read(path, as_version=4).cells
    found = CALL.search("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
    return found[1] if found else None


def record(path: Path, number: str) -> list[Path]:
    """Run a notebook and keep its runs in place of those recorded before; returns the files."""
    for old in RECORDED.glob(f"{number}[-.]*"):
        old.unlink()
    notebook = nbformat.read(path, as_version=4)
    env = {**os.environ, "LAB_MODE": "record", "LAB_PROGRESS": "off"}
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(path.resolve().parent)}}
    )
    client.execute(env=env)
    return sorted(RECORDED.glob(f"{number}[-.]*"))


def main(paths: list[str]) -> None:
    """Record the notebooks at `paths`, or all."""
    if (os.process_cpu_count() or 1) < 2:
        sys.exit("There is one core here: record on a machine that can show what the lessons are about.")
    for path in map(Path, paths or sorted(map(str, (ROOT / "notebooks").glob("*.ipynb")))):
        number = number_of(path)
        if number is not None:
            files = record(path, number)
            print(f"{path.name}: {len(files)} files, {sum(one.stat().st_size for one in files) / 1e3:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
