"""Every lesson from end to end in JupyterLab, in both themes and two widths, with pictures of every page for people.

Then each as a student goes through it, who predicts and answers wrongly, writes an endless loop and a deadlock, and
as a teacher does, who tries the panel, compares, and takes a picture and a page home.

A long walk, left out by default.  It finds what running the cells alone does not: errors that only the browser's
console tells, and what is cut off, or does not follow the theme, where it is shown.
"""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect

from tests.browser.lab import ENDLESS

pytestmark = [pytest.mark.browser, pytest.mark.soak]

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
LESSONS = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
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


# --- a student ------------------------------------------------------------------------------------------------------

STUCK = """
stuck = runtime.Program("stuck")
left_in, left_out = stuck.channel("to the left")
right_in, right_out = stuck.channel("to the right")

def waits(inbox, out):
    out.send(inbox.recv())

stuck.worker(left_in, right_out, name="left")(waits)
stuck.worker(right_in, left_out, name="right")(waits)
mine = stuck.run()
"""

TEN_SECONDS = 10_000  # within which whatever runs must have ended


@pytest.fixture(scope="module")
def sources(lesson):
    """What stands in each cell of the lesson, by id."""
    return {cell.id: cell.source for cell in nbformat.read(NOTEBOOKS / lesson, as_version=4).cells}


def wrong_options(source):
    """Of the first prediction in a cell: the place and the text of each option that is wrong."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    asked = next(call for call in calls if getattr(call.func, "id", "") == "predict")
    options = [(option.func.id, option.args[0].value) for option in asked.args[1].elts]
    return [(place, text) for place, (kind, text) in enumerate(options) if kind == "wrong"]


def test_a_wrong_prediction_is_told_with_a_reason_for_each_option(desk, sources, shot, lesson):
    asked = next(one for one, source in sources.items() if "predict(" in source and one.startswith("predict"))
    place, text = wrong_options(sources[asked])[-1]
    cell = desk.output(asked)
    cell.get_by_role("radio").nth(place).check()
    cell.get_by_role("button", name="Lock in").click()
    expect(cell.locator(".lab-verdict")).to_have_text(f"You chose {text}: ✗ wrong")
    assert cell.locator(".lab-reasons li").count() == cell.get_by_role("radio").count()
    shot(cell, f"lesson-{lesson[:2]}-wrong-prediction")


def test_an_answer_that_is_not_enough_is_told_what_is_missing_and_the_solution_is_enough(desk, sources, shot, lesson):
    assert "not yet" in desk.run("make-check")
    shot(desk.output("make-check"), f"lesson-{lesson[:2]}-wrong-answer")
    solution = re.findall(r"```python\n(.*?)```", sources["hints"], re.DOTALL)[-1]
    desk.write("make-stub", solution)
    for _ in range(3):  # what is measured may come out otherwise on a busy machine
        desk.run("make-stub")
        if "not yet" not in desk.run("make-check"):
            break
    wrong = desk.output("make-check").locator("li").filter(has_text="not yet")
    assert [one for one in wrong.all_inner_texts() if "times as fast" not in one] == []
    shot(desk.output("make-check"), f"lesson-{lesson[:2]}-solution")


def test_an_endless_loop_is_stopped_by_the_interrupt_button(desk, shot, lesson):
    desk.write("make-stub", ENDLESS)
    desk.start("make-stub")
    expect(desk.output("make-stub")).to_contain_text("it spins", timeout=60_000)
    desk.page.locator("[data-command='notebook:interrupt-kernel'], [data-jp-item-name=interrupt]").first.click()
    expect(desk.output("make-stub")).to_contain_text("KeyboardInterrupt", timeout=TEN_SECONDS)
    expect(desk.output("make-stub")).not_to_contain_text("Traceback")
    desk.wait_until_idle()
    shot(desk.page, f"lesson-{lesson[:2]}-interrupted")


def test_a_deadlock_is_named_and_the_kernel_lives(desk, shot, lesson):
    desk.write("make-stub", STUCK)
    told = desk.run("make-stub")
    assert "DeadlockError: in program 'stuck' 2 workers wait for each other" in told
    assert "Traceback" not in told
    shot(desk.output("make-stub"), f"lesson-{lesson[:2]}-deadlock")
    desk.write(
        "make-stub",
        f"{STUCK.replace('mine = ', 'try:\n    mine = ')}except runtime.RunError as error:\n    mine = error",
    )
    desk.run("make-stub")
    assert "not yet" in desk.run("make-check")


# --- a teacher ------------------------------------------------------------------------------------------------------


def test_the_panel_runs_with_what_is_chosen_and_compares(desk, sources, shot, lesson):
    if "panel" not in sources:
        pytest.skip("this lesson has no panel")
    panel = desk.output("panel").locator(".lab-live")
    panel.locator(".lab-go").click()
    expect(panel.locator(".lab-chip")).to_have_count(1)
    slider = panel.get_by_role("slider").first
    slider.focus()
    slider.press("ArrowRight")
    panel.locator(".lab-guess input").fill("1.5")
    panel.locator(".lab-go").click()
    expect(panel.locator(".lab-chip")).to_have_count(2)
    panel.locator(".lab-chip").first.click()
    expect(panel.locator(".lab-view .lab-title b")).to_have_count(2)
    desk.see_all_pictures()
    assert panel.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1")
    shot(panel, f"lesson-{lesson[:2]}-panel")


def test_a_picture_is_saved_for_a_slide(desk):
    for picture in desk.pictures().all()[:1]:
        picture.scroll_into_view_if_needed()
        with desk.page.expect_download() as found:
            picture.locator("[data-do=svg]").click()
        assert b"<svg" in Path(found.value.path()).read_bytes()


def test_a_run_is_exported_as_a_page(desk, lab_server, playwright_browser, sources, lesson, shot):
    desk.write("make-stub", sources["make-stub"])
    desk.run("make-stub")
    desk.write("make-check", "vizlib.timeline(getattr(mine, 'trace', mine)).save('handed-in.html')")
    desk.run("make-check")
    page = playwright_browser.new_page(viewport={"width": 1024, "height": 700})
    page.goto((lab_server.folder / "handed-in.html").as_uri())
    page.wait_for_selector('.lab-view[data-ready="true"]')
    shot(page, f"lesson-{lesson[:2]}-exported")
    page.close()


def test_after_all_that_the_console_shows_no_error(desk):
    assert desk.errors == []
