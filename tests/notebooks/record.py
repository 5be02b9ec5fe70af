"""Record the runs of lessons, for machines that cannot do them: real runs, on this machine, which must have two cores.

    python tests/notebooks/record.py [notebooks/01_threads_take_turns.ipynb ...]

Without arguments it takes all.  Only lessons that run their programs by `lesson(...).run(...)` have anything to record.
Run it after changing a program of a lesson, on a machine with nothing else to do, and look at the traces: what is wrong
with them, every reader on one core will see.  Runs from which other programs took more than a little are not kept.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from runtime.tracing.model import State
from runtime.tracing.traces import Trace

ROOT = Path(__file__).resolve().parents[2]
MOST_TAKEN = 0.15  # of the workers' lives, by other programs
RECORDED = ROOT / "notebooks" / "recorded"
CALL = re.compile(r"\blesson\(\s*[\"'](\w+)[\"']")


def number_of(path: Path) -> str | None:
    """The number under which a notebook records its runs; None for one that does not."""
    cells = nbformat.read(path, as_version=4).cells
    found = CALL.search("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
    return found[1] if found else None


def taken(trace: Trace) -> float:
    """The part of the workers' lives, from 0 to 1, in which they waited for a core that should have been theirs."""
    if len(trace.workers) > trace.environment.cores:
        return 0.0  # more workers than cores: that they wait is what the run shows
    lives = trace.breakdown()
    return sum(life.states.get(State.CORE_WAIT, 0) for life in lives) / max(sum(life.wall_ns for life in lives), 1)


def record(path: Path, number: str) -> list[Path]:
    """Run a notebook and keep its runs in place of those recorded before; returns the files.

    Exits, and leaves what was there before, when the machine was too busy.
    """
    before = {old: old.read_bytes() for old in RECORDED.glob(f"{number}[-.]*")}
    for old in before:
        old.unlink()
    notebook = nbformat.read(path, as_version=4)
    env = {**os.environ, "LAB_MODE": "record", "LAB_PROGRESS": "off"}
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(path.resolve().parent)}}
    )
    client.execute(env=env)
    files = sorted(RECORDED.glob(f"{number}[-.]*"))
    busy = {
        one.name: share for one in files if one.suffix == ".trace" and (share := taken(Trace.load(one))) > MOST_TAKEN
    }
    if busy:
        for one in files:
            one.unlink()
        for old, content in before.items():
            old.write_bytes(content)
        told = ", ".join(f"{name} {share:.0%}" for name, share in busy.items())
        sys.exit(f"{path.name}: other programs took too much of the workers' time ({told}). Nothing was recorded.")
    return files


def main(paths: list[str]) -> None:
    """Record the notebooks at `paths`, or all."""
    if (os.process_cpu_count() or 1) < 2:
        sys.exit("There is one core here: record on a machine that can show what the lessons are about.")
    RECORDED.mkdir(exist_ok=True)
    for path in map(Path, paths or sorted(map(str, (ROOT / "notebooks").glob("*.ipynb")))):
        number = number_of(path)
        if number is not None:
            files = record(path, number)
            print(f"{path.name}: {len(files)} files, {sum(one.stat().st_size for one in files) / 1e3:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
