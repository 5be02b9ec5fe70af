"""What a student does in JupyterLab, and what a test wants to know of a notebook that is open in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ENDLESS = """
import runtime
endless = runtime.Program("endless")

@endless.worker()
def spin():
    print("spinning")
    while True:
        pass

run = endless.start()
while not run.trace.outputs:
    pass
print("it spins")
mine = run.wait()
"""
"""What a cell of a student may hold: a program that never ends, of whose running the last line but one tells."""

_KERNEL = "jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel"

_MODEL = "[...jupyterapp.shell.currentWidget.model.cells]"

_CELLS = (
    f"() => {_MODEL}"
    + """.filter((cell) => cell.type === "code").map((cell) => ({
    id: cell.id,
    count: cell.executionCount,
    error: Array.from({length: cell.outputs.length}, (_, i) => cell.outputs.get(i).toJSON())
        .filter((output) => output.output_type === "error").map((output) => output.ename).join(),
}))"""
)

# Every figure of the page's Bokeh documents: how many spans a timeline shows, and which lanes are labelled.
_FIGURES = """() => window.Bokeh.documents.flatMap((one) => one.roots()).map((figure) => ({
    spans: [...window.__lab.views.values()].flatMap((view) => view.pictures).filter((one) => one.figure.plot === figure)
        .flatMap((one) => one.lanes.seen.found).reduce((sum, lane) => sum + lane.shown, 0),
    lanes: [...figure.left[0].major_label_overrides.values()].map((label) => label.text ?? label),
    width: figure.inner_width,
}))"""

_PAINTED = """(canvas) => {
    if (!canvas.width || !canvas.height) return 0;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const colors = new Set();
    for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3]) colors.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    }
    return colors.size;
}"""


@dataclass
class Lab:
    """A running JupyterLab."""

    url: str
    token: str
    folder: Path

    @classmethod
    def announced_in(cls, log: IO[str], folder: Path) -> Lab:
        """Read the server's log until it says where it listens."""
        said = []
        for line in log:
            said.append(line)
            found = re.search(r"(http://(?:localhost|127\.0\.0\.1):\d+)/lab\?token=(\w+)", line)
            if found:
                return cls(found[1], found[2], folder)
        raise AssertionError(f"JupyterLab did not start:\n{''.join(said)}")

    def open(self, browser, name: str, *, kernel: bool = True) -> Desk:
        """Open a notebook in a new page, and wait until its kernel is ready or, with `kernel=False`, start none."""
        desk = Desk(browser.new_page(viewport={"width": 1400, "height": 900}))
        desk.page.set_default_timeout(60_000)
        if not kernel:
            desk.page.route(
                "**/api/sessions*", lambda route: None if route.request.method == "POST" else route.continue_()
            )
        desk.page.goto(f"{self.url}/lab/tree/{name}?reset&token={self.token}")
        desk.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")
        desk.page.wait_for_function("jupyterapp.shell.currentWidget?.context?.isReady")  # until then it has one cell
        if kernel:
            desk.wait_until_idle()
        return desk


@dataclass
class Desk:
    """One page with one notebook, and the errors that the browser's console showed."""

    page: object
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def wait_until_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(f'{_KERNEL}?.status === "idle" && {_KERNEL}?.connectionStatus === "connected"')

    def command(self, name: str) -> None:
        """Do what a menu entry does, and wait until it is done."""
        self.page.evaluate(f"jupyterapp.commands.execute({name!r}).then(() => null)")

    def cell(self, cell_id: str):
        """A cell of the notebook, brought into view."""
        index = self.page.evaluate(f"(id) => {_MODEL}.findIndex((cell) => cell.id === id)", cell_id)
        assert index >= 0, f"no cell {cell_id!r}"
        found = self.page.locator(".jp-Notebook .jp-Cell").nth(index)
        found.scroll_into_view_if_needed()
        return found

    def select(self, cell_id: str) -> None:
        """Make a cell the active one, in command mode, and bring it into view."""
        index = self.page.evaluate(f"(id) => {_MODEL}.findIndex((cell) => cell.id === id)", cell_id)
        self.page.evaluate(
            """(index) => {
                const { content } = jupyterapp.shell.currentWidget;
                content.activeCellIndex = index;
                content.mode = "command";
                content.node.focus();
                return content.scrollToItem(index).then(() => null);
            }""",
            index,
        )

    def step_to(self, cell_id: str) -> None:
        """Press Shift+Enter from the selected cell on, until this cell has been run."""
        current = "jupyterapp.shell.currentWidget.content.activeCell.model.id"
        self.page.evaluate("jupyterapp.shell.currentWidget.content.node.focus()")
        for _ in range(100):
            at = self.page.evaluate(current)
            self.page.keyboard.press("Shift+Enter")
            self.page.wait_for_function(f"(before) => {current} !== before", arg=at)
            if at == cell_id:
                count = f"(id) => {_MODEL}.find((cell) => cell.id === id).executionCount"
                self.page.wait_for_function(count, arg=cell_id)
                return self.wait_until_idle()
        raise AssertionError(f"no cell {cell_id!r} below")

    def write(self, cell_id: str, source: str) -> None:
        """Put other text into a cell."""
        self.page.evaluate(
            f"([id, text]) => {_MODEL}.find((cell) => cell.id === id).sharedModel.setSource(text)", [cell_id, source]
        )

    def start(self, cell_id: str) -> None:
        """Run one cell, and do not wait for it."""
        self.select(cell_id)
        self.page.evaluate("void jupyterapp.commands.execute('notebook:run-cell')")

    def run(self, cell_id: str) -> str:
        """Run one cell, wait until it has ended, and return what it shows."""
        count = f"(id) => {_MODEL}.find((cell) => cell.id === id).executionCount"
        before = self.page.evaluate(count, cell_id)
        self.start(cell_id)
        self.page.wait_for_function(f"([id, before]) => ![null, before].includes(({count})(id))", arg=[cell_id, before])
        self.wait_until_idle()
        return self.output(cell_id).inner_text()

    def output(self, cell_id: str):
        """Where a cell shows its results."""
        return self.cell(cell_id).locator(".jp-Cell-outputArea")

    def run_all(self) -> None:
        """Run all cells and wait until the last has ended."""
        self.command("notebook:run-all-cells")
        self.wait_until_idle()

    def code_cells(self) -> list[dict[str, object]]:
        """Id, count and error of every code cell."""
        return self.page.evaluate(_CELLS)

    def pictures(self):
        """The outputs that hold a picture."""
        return self.page.locator(".lab-view")

    def wait_for_pictures(self, count: int) -> None:
        """Bring each picture into view, as a reader does, and wait until it is drawn."""
        self.page.wait_for_function(f"document.querySelectorAll('.lab-view').length === {count}")
        for view in self.pictures().all():
            view.scroll_into_view_if_needed()
            self.page.wait_for_function("(view) => view.dataset.ready === 'true'", arg=view.element_handle())
            view.locator("canvas").first.wait_for()
        self.page.wait_for_function("window.Bokeh.documents.every((one) => one.is_idle)")

    def see_all_pictures(self) -> None:
        """Bring every picture that there is into view, and wait until it is drawn."""
        for view in self.pictures().all():
            view.scroll_into_view_if_needed()
            self.page.wait_for_function("(view) => view.dataset.ready === 'true'", arg=view.element_handle())
        self.page.wait_for_function("(window.Bokeh?.documents ?? []).every((one) => one.is_idle)")

    def figures(self) -> list[dict[str, object]]:
        """What every figure of the page holds."""
        return self.page.evaluate(_FIGURES)

    def painted(self, view) -> int:
        """How many colours the canvases of a picture show, at the most."""
        return max(canvas.evaluate(_PAINTED) for canvas in view.locator("canvas").all())

    def use_theme(self, name: str) -> None:
        """Change JupyterLab's theme: `Light` or `Dark`."""
        self.page.evaluate(
            "(theme) => jupyterapp.commands.execute('apputils:change-theme', {theme}).then(() => null)",
            f"JupyterLab {name}",
        )
        light = str(name == "Light").lower()
        self.page.wait_for_function(f"document.body.dataset.jpThemeLight === '{light}'")
