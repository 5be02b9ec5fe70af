"""The interrupt button ends a run whose worker never would, and the kernel lives on."""

from __future__ import annotations

import nbformat
import pytest

pytestmark = pytest.mark.browser

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
ENDLESS = """
import runtime
endless = runtime.Program("endless")

@endless.worker()
def spin():
    print("spinning")
    while True:
        pass

endless.run()
"""


def test_interrupt_stops_an_endless_loop(browser, lab_server):
    cells = [nbformat.v4.new_code_cell(ENDLESS, id="endless"), nbformat.v4.new_code_cell("6 * 7", id="after")]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, lab_server.folder / "endless.ipynb")
    desk = lab_server.open(browser, "endless.ipynb")
    desk.command("notebook:run-cell-and-select-next", wait=False)
    desk.page.wait_for_function("jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'")
    desk.page.set_default_timeout(10_000)  # the run must end within seconds

    desk.page.locator("[data-command='notebook:interrupt-kernel'], [data-jp-item-name=interrupt]").first.click()

    desk.wait_until_idle()
    assert [cell["error"] for cell in desk.code_cells()] == ["KeyboardInterrupt", ""]
    desk.step_to("after")
    assert desk.cell("after").locator(".jp-OutputArea-output").inner_text().strip() == "42"
    desk.page.close()
