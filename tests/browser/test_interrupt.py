"""The interrupt button ends a run whose worker never would, and the kernel lives on."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.lab import ENDLESS

pytestmark = pytest.mark.browser

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def test_interrupt_stops_an_endless_loop(browser, lab_server):
    cells = [nbformat.v4.new_code_cell(ENDLESS, id="endless"), nbformat.v4.new_code_cell("6 * 7", id="after")]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, lab_server.folder / "endless.ipynb")
    desk = lab_server.open(browser, "endless.ipynb")
    desk.page.locator(".jp-Notebook .jp-Cell .jp-InputPrompt").first.click()
    desk.page.keyboard.press("Shift+Enter")
    expect(desk.cell("endless").locator(".jp-OutputArea")).to_contain_text("it spins", timeout=30_000)
    desk.page.set_default_timeout(10_000)  # the run must end within seconds

    desk.page.locator("[data-command='notebook:interrupt-kernel'], [data-jp-item-name=interrupt]").first.click()

    told = desk.cell("endless").locator(".jp-OutputArea")
    expect(told).to_contain_text("KeyboardInterrupt: program 'endless' was interrupted, and is stopped", timeout=10_000)
    expect(told).not_to_contain_text("Traceback")
    desk.wait_until_idle()
    desk.step_to("after")
    assert desk.cell("after").locator(".jp-OutputArea-output").inner_text().strip() == "42"
    desk.page.close()
