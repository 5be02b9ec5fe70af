"""Make the README's pictures from real runs: `python -m tests.browser.make_pictures`.

Run it on an idle machine: a picture of one that does other things shows that.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import bootstrap
import runtime
import vizlib
from tests.browser.conftest import FLAGS

FOLDER = Path(__file__).resolve().parents[2] / "notebooks" / "pictures"
WIDTH, HEIGHT = 1200, 900


def squares() -> runtime.Program:
    """The README's program, with enough work to see."""
    program = runtime.Program("squares")
    numbers_in, numbers_out = program.channel("numbers", capacity=8)
    results_in, results_out = program.channel("results", capacity=None)

    @program.worker(numbers_out)
    def produce(out):
        for n in range(40):
            out.send(n)

    @program.worker(numbers_in, results_out, copies=2)
    def square(numbers, out):
        for n in numbers:
            out.send(sum(n for _ in range(50_000)))

    @program.worker(results_in)
    def total(results):
        return sum(results)

    return program


def best_of(program: runtime.Program, backend: str, runs: int = 5) -> runtime.Trace:
    """The run that the rest of the machine disturbed least."""
    return min((program.run(backend) for _ in range(runs)), key=lambda trace: trace.wall_ns)


def main() -> None:
    """Run, draw, photograph."""
    program = squares()
    view = vizlib.compare(best_of(program, "interpreters"), best_of(program, "threads"))
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "compare.html"
        view.save(page_file)
        browser = playwright.chromium.launch(executable_path=bootstrap.find_browser(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(page_file.as_uri())
        page.locator("canvas").first.wait_for()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / "compare.png", full_page=True)
        browser.close()
    print(f"made {FOLDER / 'compare.png'}", file=sys.stderr)


if __name__ == "__main__":
    main()
