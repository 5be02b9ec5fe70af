"""The player in JupyterLab: JupyterLab's own keys stay quiet, and a notebook reopened without a kernel plays."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.browser

NAME = "player.ipynb"
CODE = "import vizlib\nfrom tests.vizlib import builders\nvizlib.machine(builders.squares(items=8))"
CLOCK = "[...window.__lab.views.values()].at(-1).clock"
KINDS = "[...jupyterapp.shell.currentWidget.model.cells].map((cell) => cell.type)"
CELLS = "jupyterapp.shell.currentWidget.model.cells.length"


@pytest.fixture(autouse=True)
def _needs_a_browser(browser_path):
    pass


@pytest.fixture
def notebook(lab_server):
    cell = {"cell_type": "code", "id": "see", "metadata": {}, "source": CODE, "outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    file = lab_server.folder / NAME
    file.write_text(json.dumps(content))
    yield NAME
    file.unlink()


def test_it_plays_in_the_notebook_and_again_without_a_kernel(lab_server, playwright_browser, notebook, shot):
    desk = lab_server.open(playwright_browser, notebook)
    desk.run_all()
    desk.wait_for_pictures(1)
    page = desk.page
    page.locator(".lab-time").click()
    cells = page.evaluate(CELLS)
    for key in ("d", "d", "a", "s", "w", "f", "."):
        page.keyboard.press(key)
    for key in ("b", "x", "m"):  # mean something to JupyterLab, and nothing to the picture
        page.keyboard.press(key)
    assert page.evaluate(CELLS) == cells
    assert page.evaluate(KINDS) == ["code"]
    assert page.evaluate(f"{CLOCK}.now") > 0
    page.keyboard.press(" ")
    page.wait_for_function(f"{CLOCK}.playing")
    page.wait_for_function(f"{CLOCK}.now > {CLOCK}.end * 0.03")
    page.keyboard.press(" ")
    shot(desk.cell("see").locator(".jp-OutputArea"), "player-in-lab")
    page.keyboard.press("Escape")
    assert page.evaluate("!document.activeElement.closest('.lab-view')")
    desk.command("docmanager:save")
    desk.command("kernelmenu:shutdown")

    again = lab_server.open(playwright_browser, notebook, kernel=False)
    again.wait_for_pictures(1)
    again.page.locator("[data-do=play]").click()
    again.page.wait_for_function(f"{CLOCK}.now > {CLOCK}.end * 0.03")
    assert again.page.locator(".lab-room").count() == 4
    assert desk.errors == again.errors == []
    desk.page.close()
    again.page.close()
