"""Every lesson from end to end in JupyterLab, in both themes and two widths, with pictures of every page for people.

A long walk, left out by default.  It finds what running the cells alone does not: errors that only the browser's
console tells, and what is cut off, or does not follow the theme, where it is shown.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

pytestmark = [pytest.mark.browser, pytest.mark.soak]

LESSONS = sorted(path.name for path in (Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
TALL = 2_400  # pixels of a page that is looked at
SCROLLER = "document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer')"

# What is wider than its place, and neither scrolls nor is meant to be clipped.
_CUT_OFF = """() => [...document.querySelectorAll(".jp-Notebook :is(.jp-OutputArea-output, .jp-RenderedMarkdown)")]
    .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1)
    .map((one) => `${one.scrollWidth} > ${one.clientWidth}: ${one.innerText.slice(0, 60)}`)"""


@pytest.fixture(autouse=True)
def _needs_a_browser(browser_path):
    pass


@pytest.fixture(params=LESSONS, ids=[name[:2] for name in LESSONS], scope="module")
def lesson(request):
    return request.param


@pytest.fixture(scope="module")
def desk(lesson, lab_server, playwright_browser):
    """The lesson after Run All."""
    desk = lab_server.open(playwright_browser, lesson)
    desk.run_all()
    desk.see_all_pictures()
    yield desk
    desk.page.close()


def test_every_cell_runs_without_error(desk):
    cells = desk.code_cells()
    assert [cell["id"] for cell in cells if not cell["count"]] == []
    assert [(cell["id"], cell["error"]) for cell in cells if cell["error"]] == []


@pytest.mark.parametrize("width", [1400, 1024])
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_nothing_is_cut_off(desk, shot, lesson, theme, width):
    page = desk.page
    page.set_viewport_size({"width": width, "height": TALL})
    desk.use_theme(theme)
    desk.see_all_pictures()
    assert {view.get_attribute("data-theme") for view in desk.pictures().all()} <= {theme.lower()}
    with suppress(PlaywrightTimeoutError):  # a picture follows its place a moment after that changed
        page.wait_for_function(f"() => !({_CUT_OFF})().length", timeout=10_000)
    assert page.evaluate(_CUT_OFF) == []
    for number, top in enumerate(range(0, page.evaluate(f"{SCROLLER}.scrollHeight"), TALL - 150)):
        page.evaluate(f"(top) => {SCROLLER}.scrollTop = top", top)
        page.wait_for_function("(window.Bokeh?.documents ?? []).every((one) => one.is_idle)")
        page.evaluate("new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))")
        shot(page, f"lesson-{lesson[:2]}-{theme.lower()}-{width}-{number}")


def test_the_console_shows_no_error(desk):
    assert desk.errors == []
