"""Execute notebooks from a clean kernel, top to bottom, and write them back with what may be committed.

    python tests/notebooks/execute.py [notebooks/01_threads_take_turns.ipynb ...]

Run it with the Python of the lab's environment after changing a lesson; without arguments it takes all of them.  What
differs between two correct executions without saying anything to a reader is taken out: times of execution, widget
state, versions in the metadata.  A picture's interactive page (0.5 MB, and inert until a reader trusts the notebook)
is replaced by an image of it, so that the file shows the same on any site.  Source, ids and tags stay as they are.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import bootstrap
from tests.notebooks.grading import GRADED, graded

ROOT = Path(__file__).resolve().parents[2]
WIDGET = "application/vnd.jupyter.widget-view+json"
WIDTH, SCALE = 960, 1.5  # CSS pixels of an image, and image pixels to each
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
STILL = (
    "<style>body { margin: 0; background: #fff } "
    ".lab-bar, .lab-save, .lab-said, .lab-lead { display: none !important }</style>"
)


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run every cell in a new kernel that works in `folder`; raises CellExecutionError when one fails."""
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=120,
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env={**os.environ, "LAB_PROGRESS": "off"})


def normalise(notebook: NotebookNode, lesson: str, picture_of: Callable[[str], bytes]) -> None:
    """Take out what must not be committed."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.id in GRADED:
            cell.metadata.nbgrader = graded(cell.id, lesson)
        for output in cell.get("outputs", ()):
            if "data" in output:
                normalise_output(output, picture_of)


def normalise_output(output: NotebookNode, picture_of: Callable[[str], bytes]) -> None:
    """Drop references to widgets of a kernel that is gone; turn a live picture into an image with its text."""
    data = output.data
    data.pop(WIDGET, None)
    if "text/plain" in data:
        data["text/plain"] = re.sub(r"(Linux|Darwin|Windows) [^\s,]+", r"\1", data["text/plain"])
    if 'class="lab-view' in data.get("text/html", ""):
        data["image/png"] = base64.b64encode(picture_of(data.pop("text/html"))).decode()
        output.metadata["image/png"] = {"width": WIDTH}


@contextmanager
def camera() -> Iterator[Callable[[str], bytes]]:
    """A function from a picture's markup to a PNG of it, in the light theme."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=bootstrap.find_browser(), args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 800}, device_scale_factor=SCALE)

        def picture_of(html: str) -> bytes:
            page.set_content(f'<!doctype html><body data-jp-theme-light="true">{STILL}{html}</body>')
            page.wait_for_selector('.lab-view[data-ready="true"]')
            page.wait_for_function("() => (window.Bokeh?.documents ?? []).every((one) => one.is_idle)")
            return page.locator(".lab-picture").screenshot()

        yield picture_of
        browser.close()


def main(paths: list[str]) -> None:
    """Execute the notebooks at `paths`, or all."""
    with camera() as picture_of:
        for path in map(Path, paths or sorted(map(str, (ROOT / "notebooks").glob("*.ipynb")))):
            notebook = nbformat.read(path, as_version=4)
            execute(notebook, path.resolve().parent)
            normalise(notebook, path.stem[:2], picture_of)
            nbformat.validate(notebook)
            nbformat.write(notebook, path)
            print(f"{path.name}: {len(notebook.cells)} cells, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
