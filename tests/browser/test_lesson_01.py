"""Lesson 01 as a student meets it: predictions by keyboard, Run All, pictures in both themes, saved and reopened."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LESSON = "01_threads_take_turns.ipynb"
PICTURES = ("threads-timeline", "compare-two", "run-control", "compare-four", "compare-waiting")
CARDS = ("predict-threads", "run-threads", "predict-interpreters", "run-interpreters", "make-check", "quiz")


@pytest.fixture(scope="module")
def desk(lab_server, playwright_browser):
    """The lesson after a student went through its first half, predicting, and then ran all of it."""
    desk = lab_server.open(playwright_browser, LESSON)
    desk.page.locator(".jp-Notebook .jp-Cell").first.click()
    desk.page.keyboard.press("Escape")
    desk.folded = {name: desk.cell(name).locator(".jp-OutputPlaceholder").is_visible() for name in PICTURES}
    desk.step_to("predict-threads")
    desk.before = _lock_in_by_keyboard(desk, desk.cell("predict-threads"), option=0)
    desk.step_to("predict-interpreters")
    slider = desk.cell("predict-interpreters").get_by_role("slider")
    slider.focus()
    for _ in range(5):
        desk.page.keyboard.press("ArrowRight")
    desk.cell("predict-interpreters").get_by_role("button", name="Lock in").click()
    desk.run_all()
    desk.wait_for_pictures(len(PICTURES))
    yield desk
    desk.page.close()


def _lock_in_by_keyboard(desk, cell, option: int) -> str:
    """Choose an option and lock it in without a pointer; return what the cell showed before."""
    radio = cell.get_by_role("radio").nth(option)
    radio.focus()
    before = cell.inner_text()
    desk.page.keyboard.press("Space")
    cell.get_by_role("button", name="Lock in").focus()
    desk.page.keyboard.press("Enter")
    cell.locator(".lab-reasons").wait_for()
    return before


@pytest.fixture(autouse=True)
def _needs_a_browser(browser_path):
    pass


def test_every_cell_ran_without_error(desk):
    cells = desk.code_cells()
    assert all(cell["count"] for cell in cells)
    assert [cell["error"] for cell in cells if cell["error"]] == []


def test_results_are_folded_until_their_cell_is_run(desk):
    assert desk.folded == dict.fromkeys(PICTURES, True)
    assert desk.page.locator(".jp-OutputPlaceholder").count() == 0


def test_the_prediction_is_asked_before_its_reasons_are_told(desk):
    assert "Two threads each do the same whole job" in desk.before
    assert "lock of its interpreter" not in desk.before


def test_the_first_answer_stays_and_every_option_has_its_reason(desk):
    cell = desk.cell("predict-threads")
    expect(cell.locator(".lab-verdict")).to_have_text("You chose after T: they run side by side: ✗ wrong")
    assert cell.locator(".lab-reasons li").count() == 4
    assert not cell.get_by_role("button", name="Lock in").is_visible()
    assert cell.get_by_role("radio").first.is_disabled()


def test_the_prediction_is_drawn_beside_the_measurement(desk):
    shown = desk.cell("run-interpreters").locator(".lab-bars")
    expect(shown).to_contain_text("you predicted 1.5×measured")
    assert shown.locator(".lab-ghost").bounding_box()["width"] > 20


def test_all_pictures_are_drawn(desk):
    figures = desk.figures()
    assert len(figures) == 10  # 1 + 2 + 3 + 2 + 2 runs
    for figure in figures:
        assert figure["spans"] > 0
        assert figure["width"] > 400
        assert any(lane.startswith(("count", "fetch")) for lane in figure["lanes"])
    assert all(desk.painted(view) > 4 for view in desk.pictures().all())


def test_threads_and_interpreters_stand_side_by_side(desk):
    view = desk.cell("compare-two").locator(".lab-view")
    assert view.locator(".lab-title b").all_inner_texts() == ["Threads", "Interpreters"]


@pytest.mark.parametrize("width", [1400, 1024])
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_looks(desk, shot, theme, width):
    desk.page.set_viewport_size({"width": width, "height": 1300})  # room for the tallest picture
    desk.use_theme(theme)
    desk.wait_for_pictures(len(PICTURES))
    for view in desk.pictures().all():
        assert view.get_attribute("data-theme") == theme.lower()
    for name in (*PICTURES, *CARDS):
        output = desk.cell(name).locator(".jp-OutputArea").first
        output.scroll_into_view_if_needed()
        assert output.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1"), f"{name} is cut off at {width} px"
        shot(output, f"{theme.lower()}-{width}-{name}")
    desk.cell("title")
    shot(desk.page, f"{theme.lower()}-{width}-page-top")
    desk.cell("predict-threads")
    shot(desk.page, f"{theme.lower()}-{width}-page-predict")


def test_the_saved_lesson_shows_its_pictures_without_a_kernel(desk, lab_server, playwright_browser):
    desk.use_theme("Light")
    desk.command("docmanager:save")
    desk.command("kernelmenu:shutdown")
    again = lab_server.open(playwright_browser, LESSON, kernel=False)
    again.wait_for_pictures(len(PICTURES))
    assert again.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session") is None
    assert all(figure["spans"] > 0 for figure in again.figures())
    assert all(again.painted(view) > 4 for view in again.pictures().all())
    again.page.close()


def test_the_console_shows_no_error(desk):
    assert desk.errors == []
