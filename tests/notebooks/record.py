"""Record the runs of lessons, for machines that cannot do them: real runs, on this machine, which must have two cores.

    python -m tests.notebooks.record [--tries 10] [notebooks/01_threads_take_turns.ipynb ...]

Without notebooks it takes all.  Only lessons that run their programs by `lesson(...).run(...)` have anything to record.
A lesson is run as often as it takes (at most `--tries` times) until other programs took little of any of its runs; what
was recorded before stays until then, and for good when it never happens.  Run it after changing a program of a lesson,
on a machine with nothing else to do, and look at the traces: what is wrong with them, every reader in replay will see.
It says what it did, and exits with 1 when a lesson was not recorded.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from runtime.tracing.model import State
from runtime.tracing.traces import Trace

ROOT = Path(__file__).resolve().parents[2]
MOST_TAKEN = 0.15  # of the workers' lives, by other programs
NOTICED_NS = 2_000_000  # what others took in all is not seen below that, however short the run
LARGE = 100_000  # bytes of a recording that is worth a word
TRIES = 10
LONGEST_PAUSE_S = 20
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
    waited = sum(life.states.get(State.CORE_WAIT, 0) for life in lives)
    return waited / max(sum(life.wall_ns for life in lives), 1) if waited > NOTICED_NS else 0.0


def run(path: Path) -> None:
    """Run a notebook, which records what it runs."""
    env = {**os.environ, "LAB_MODE": "record", "LAB_PROGRESS": "off"}
    place = {"metadata": {"path": str(path.resolve().parent)}}
    NotebookClient(nbformat.read(path, as_version=4), kernel_name="python3", timeout=120, resources=place).execute(
        env=env
    )


def of_lesson(number: str, folder: Path) -> list[Path]:
    """What is recorded of a lesson: its index and its traces."""
    return sorted(folder.glob(f"{number}[-.]*"))


def attempt(path: Path, number: str, folder: Path, run: Callable[[Path], None]) -> dict[str, float]:
    """Run the lesson and keep its runs in place of those before, if the machine was idle enough for each.

    Returns the share that others took of each run, by file; when one is too large, nothing was changed.
    """
    before = {old: old.read_bytes() for old in of_lesson(number, folder)}
    shares: dict[str, float] = {}
    kept = False
    try:
        for old in before:
            old.unlink()
        run(path)
        traces = [one for one in of_lesson(number, folder) if one.suffix == ".trace"]
        shares = {one.name: taken(Trace.load(one)) for one in traces}
        kept = max(shares.values(), default=0.0) <= MOST_TAKEN
    finally:
        if not kept:
            for one in of_lesson(number, folder):
                one.unlink()
            for old, content in before.items():
                old.write_bytes(content)
    return shares


def record(path: Path, number: str, tries: int, *, folder: Path = RECORDED, run: Callable[[Path], None] = run) -> bool:
    """Try until a lesson is recorded, pausing longer each time; prints each attempt.  Whether it came to that."""
    for number_of_try in range(1, tries + 1):
        shares = attempt(path, number, folder, run)
        busy = [f"{name} {share:.0%}" for name, share in shares.items() if share > MOST_TAKEN]
        if not busy:
            print(_told(path, number, folder, shares, number_of_try))
            return True
        print(f"{path.name}, try {number_of_try}: other programs took too much of {', '.join(busy)}", flush=True)
        if number_of_try < tries:
            time.sleep(min(2**number_of_try, LONGEST_PAUSE_S))
    print(f"{path.name}: NOT recorded; what was recorded before is as it was")
    return False


def _told(path: Path, number: str, folder: Path, shares: dict[str, float], number_of_try: int) -> str:
    sizes = {one.name: one.stat().st_size for one in of_lesson(number, folder)}
    large = [f"{name} {size / 1e3:.0f} kB" for name, size in sizes.items() if size > LARGE]
    lines = [
        f"{path.name}: recorded {len(shares)} runs at try {number_of_try}, {sum(sizes.values()) / 1e3:.0f} kB; "
        f"others took at most {max(shares.values(), default=0.0):.0%} of one"
    ]
    return "\n".join([*lines, *(f"  larger than it need be? {one}" for one in large)])


def main(arguments: Sequence[str]) -> int:
    """Record the lessons that are named, or all; 1 if one of them was not."""
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks.record", description="Record runs of lessons.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="all lessons, if none is named")
    parser.add_argument("--tries", type=int, default=TRIES, help="for each, until the machine was idle enough")
    chosen = parser.parse_args(arguments)
    if (os.process_cpu_count() or 1) < 2:
        print("There is one core here: record on a machine that can show what the lessons are about.")
        return 1
    RECORDED.mkdir(exist_ok=True)
    well = True
    for path in chosen.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb")):
        number = number_of(path)
        if number is None:
            print(f"{path.name}: runs nothing by lesson(...).run(...), so there is nothing to record")
        else:
            well = record(path, number, chosen.tries) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
