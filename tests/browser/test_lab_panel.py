"""The experiment panel in JupyterLab: choose, predict, run, watch, stop, compare, and find it in the saved file."""

from __future__ import annotations

import re

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NAME = "experiment.ipynb"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
PANEL = """
import runtime, vizlib

def squares(copies=1, size=20_000, endless=False):
    program = runtime.Program("squares")
    numbers_in, numbers_out = program.channel("numbers", capacity=8)

    @program.worker(numbers_out, endless)
    def produce(out, endless):
        n = 0
        while n < 24 or endless:
            out.send(n)
            n += 1

    @program.worker(numbers_in, size, copies=copies)
    def square(numbers, size):
        return [sum(i * n for i in range(size)) for n in numbers]

    return program

vizlib.lab(squares, copies=(1, 4), size=[2_000, 20_000], endless=False)
"""


@pytest.fixture(autouse=True)
def _needs_a_browser(browser_path):
    pass


@pytest.fixture(scope="module")
def desk(lab_server, playwright_browser):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(PANEL.strip(), id="panel")], metadata={"kernelspec": KERNEL}
    )
    nbformat.write(notebook, lab_server.folder / NAME)
    desk = lab_server.open(playwright_browser, NAME)
    desk.page.set_default_timeout(30_000)
    desk.run_all()
    yield desk
    desk.page.close()


@pytest.fixture
def panel(desk):
    return desk.cell("panel").locator(".lab-live")


def press_run(panel, runs):
    """Run, and wait until there is a button for the run."""
    panel.locator(".lab-go").click()
    expect(panel.locator(".lab-chip")).to_have_count(runs, timeout=30_000)


def lanes(desk):
    desk.page.wait_for_function("document.querySelector('.lab-live .lab-view')?.dataset.ready === 'true'")
    return desk.page.evaluate(
        "Bokeh.documents.at(-1).roots().map((one) => [...one.left[0].major_label_overrides.values()])"
    )


def test_a_run_is_drawn_in_the_panel(desk, panel, shot):
    shot(panel, "panel-empty")
    press_run(panel, 1)
    expect(panel).to_contain_text("Finished in")
    expect(panel.locator(".lab-chip")).to_have_text("1.0×")
    assert [name for name in lanes(desk)[0] if name.startswith("square")] == ["square"]


def test_a_slider_is_moved_a_prediction_made_and_the_result_told_beside_it(desk, panel):
    slider = panel.get_by_role("slider").first
    slider.focus()
    slider.press("ArrowRight")
    panel.locator(".lab-guess input").fill("1.5")
    press_run(panel, 2)
    expect(panel.locator(".lab-bars")).to_contain_text("you predicted 1.5×measured")
    assert [name for name in lanes(desk)[0] if name.startswith("square")] == ["square #1", "square #2"]


def test_a_picked_run_is_compared_with_the_newest(desk, panel, shot):
    panel.locator(".lab-chip").first.click()
    expect(panel.locator(".lab-view .lab-title b")).to_have_count(2)
    titles = panel.locator(".lab-view .lab-title b").all_inner_texts()
    assert titles == ["run 1, copies 1 · Interpreters", "run 2, copies 2 · Interpreters"]
    for theme in ("Light", "Dark"):
        desk.use_theme(theme)
        for width in (1024, 1400):
            desk.page.set_viewport_size({"width": width, "height": 1300})
            lanes(desk)
            assert panel.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1")
            shot(panel, f"panel-{theme.lower()}-{width}")
    desk.use_theme("Light")


def test_an_endless_run_grows_and_is_stopped_and_the_panel_lives_on(desk, panel, shot):
    panel.get_by_role("checkbox").check()
    panel.locator(".lab-go").click()
    expect(panel).to_contain_text("squares running")
    desk.page.wait_for_function("""Bokeh.documents.flatMap((one) => one.roots())
        .findLast((one) => one.name === "live")?.renderers[0].data_source.data.right.some((end) => end > 4e8)""")
    shot(panel, "panel-growing")
    panel.get_by_role("button", name="Stop").click()
    expect(panel.locator(".lab-chip")).to_have_text(["1.0×", re.compile(r"\d×$"), "■"], timeout=60_000)
    expect(panel).to_contain_text("Stopped after")
    panel.get_by_role("checkbox").uncheck()
    press_run(panel, 4)
    shot(panel, "panel-after")


def test_the_panel_works_on_in_a_page_that_is_opened_again(desk, panel):
    desk.command("docmanager:save")
    desk.page.reload()
    desk.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")
    desk.wait_until_idle()
    desk.select("panel")
    expect(panel.locator(".lab-chip")).to_have_count(4, timeout=30_000)
    press_run(panel, 5)
    assert [name for name in lanes(desk)[0] if name.startswith("square")] == ["square #1", "square #2"]
    expect(desk.page.locator(".lab-view")).to_have_count(1)  # the copy in the file stays quiet


def test_the_saved_notebook_shows_the_picture_without_a_kernel(desk, lab_server, playwright_browser):
    assert desk.errors == []
    desk.command("docmanager:save")
    desk.command("kernelmenu:shutdown")
    again = lab_server.open(playwright_browser, NAME, kernel=False)
    again.wait_for_pictures(1)
    assert again.errors == []
    again.page.close()
