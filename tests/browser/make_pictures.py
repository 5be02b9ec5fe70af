"""Make the README's pictures from real runs: `python -m tests.browser.make_pictures`.

`compare.png` is what `View.save` makes.  `machine.webp` moves: the same program on interpreters and on threads, played
frame by frame as a reader sees it, with `machine.png` for readers who want nothing to move.  Run it on an idle machine:
a picture of one that does other things shows that.
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

import bootstrap
import runtime
import vizlib
from tests.browser.conftest import FLAGS

FOLDER = Path(__file__).resolve().parents[2] / "notebooks" / "pictures"
WIDTH = 1_000
FRAMES, FRAME_MS, LAST_MS = 120, 80, 2_500
LARGEST = 1_500_000  # bytes of the moving picture
STEP = """async ([part, pace]) => {
    const view = [...window.__lab.views.values()][0];
    view.clock.pace = view.clock.end / pace;
    view.clock.go(part * view.clock.end, part === 1 ? "jump" : "play");
    return view.take({ kind: "png", light: true, sharpness: 1, at_ns: null });
}"""


def squares() -> runtime.Program:
    """The README's program, with enough work to see."""
    program = runtime.Program("squares")
    numbers_in, numbers_out = program.channel("numbers", capacity=8)
    results_in, results_out = program.channel("results", capacity=None)

    @program.worker(numbers_out)
    def produce(out):
        for n in range(24):
            out.send(n)

    @program.worker(numbers_in, results_out, copies=2)
    def square(numbers, out):
        for n in numbers:
            out.send(sum(n for _ in range(80_000)))

    @program.worker(results_in)
    def total(results):
        return sum(results)

    return program


def best_of(program: runtime.Program, backend: str, runs: int = 25) -> runtime.Trace:
    """The run that the rest of the machine disturbed least."""
    return min((program.run(backend) for _ in range(runs)), key=lambda trace: trace.wall_ns)


def frames(page: Page) -> Iterator[Image.Image]:
    """What a reader sees from the beginning of the run to its end."""
    for frame in range(FRAMES + 1):
        taken = page.evaluate(STEP, [frame / FRAMES, FRAMES * FRAME_MS / 1_000])
        yield Image.open(io.BytesIO(base64.b64decode(taken))).convert("RGB")


def film(view: vizlib.View, path: Path) -> None:
    """Play a view into a picture that moves."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        view.save(Path(folder) / "view.html")
        browser = playwright.chromium.launch(executable_path=bootstrap.find_browser(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
        page.goto((Path(folder) / "view.html").as_uri())
        page.wait_for_selector(".lab-view[data-ready]")
        first, *others = frames(page)
        browser.close()
    durations = [FRAME_MS] * len(others) + [LAST_MS]
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0, lossless=True, method=4)
    assert path.stat().st_size < LARGEST, f"{path} has {path.stat().st_size:,} bytes: fewer frames, or narrower ones"


def main() -> None:
    """Run, draw, photograph."""
    program = squares()
    runs = best_of(program, "interpreters"), best_of(program, "threads")
    FOLDER.mkdir(exist_ok=True)
    vizlib.compare(*runs).save(FOLDER / "compare.png", width=1_200)
    machine = vizlib.machine(*runs)
    machine.save(FOLDER / "machine.png", width=WIDTH, at_ns=runs[0].wall_ns // 2)
    film(machine, FOLDER / "machine.webp")
    for name in ("compare.png", "machine.png", "machine.webp"):
        print(f"{FOLDER / name}: {(FOLDER / name).stat().st_size / 1e3:.0f} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
