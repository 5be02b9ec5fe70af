"""A puzzle as a learner meets it: by pointer and by keys, in JupyterLab in both themes, reopened without a kernel."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NAME = "puzzle.ipynb"
DEPOSITS = """from vizlib.teaching import Puzzle
puzzle = Puzzle("two deposits", wanted="account.balance == 2")
account = puzzle.shared("account", balance=0)

@puzzle.worker(account)
def ann(account):
    account.balance += 1

@puzzle.worker(account)
def ben(account):
    account.balance += 1

puzzle.play()"""
SQUARES = """squares = Puzzle("squares")
numbers_in, numbers_out = squares.channel("numbers", 2)
lock = squares.lock("lock")

@squares.worker(numbers_out, lock)
def produce(out, lock):
    for n in range(3):
        with lock:
            out.send(n)

@squares.worker(numbers_in, lock)
def total(numbers, lock):
    found = 0
    for n in numbers:
        with lock:
            found += n
    return found

squares.play()"""
CARDS = """from IPython.display import display
from vizlib.teaching import contrast, lesson, progress
display(contrast("a line is one step", puzzle), puzzle.explore(), lesson("01", mode="replay"), progress())"""
CELLS = "[...jupyterapp.shell.currentWidget.model.cells].map((cell) => `${cell.id} ${cell.type}`)"


@pytest.fixture(autouse=True)
def _needs_a_browser(browser_path):
    pass


@pytest.fixture(scope="module")
def notebook(lab_server):
    cells = [
        {"cell_type": "code", "id": name, "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for name, source in (("deposits", DEPOSITS), ("squares", SQUARES), ("cards", CARDS))
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file = lab_server.folder / NAME
    file.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    yield NAME
    file.unlink()


@pytest.fixture(scope="module")
def desk(lab_server, playwright_browser, notebook):
    desk = lab_server.open(playwright_browser, notebook)
    desk.run_all()
    desk.page.locator(".lab-puzzle[data-ready]").nth(1).wait_for()
    yield desk
    desk.page.close()


@pytest.fixture
def deposits(desk):
    panel = desk.cell("deposits").locator(".lab-puzzle")
    yield panel
    panel.get_by_role("button", name="Start again").dispatch_event("click")


def turn(panel, name):
    return panel.get_by_role("button", name=name, exact=False).and_(panel.locator(".lab-turn"))


def test_whole_lines_lose_nothing_single_steps_do(deposits):
    turn(deposits, "ann").click()
    turn(deposits, "ben").click()
    expect(deposits.locator(".lab-verdict-bar")).to_contain_text("The end, and nothing is wrong.")
    deposits.get_by_role("button", name="Undo").click()
    deposits.get_by_role("button", name="Undo").click()
    deposits.get_by_role("button", name="Steps of line 2 of ann").click()
    turn(deposits, "ann").click()
    expect(deposits.locator(".lab-own").first).to_have_text("in hand: 0")
    turn(deposits, "ben").click()
    expect(deposits.locator(".lab-value").first).to_have_text("1")
    turn(deposits, "ann").click()
    turn(deposits, "ann").click()
    expect(deposits.locator(".lab-verdict-bar b")).to_have_text(
        "You found one: at the end account.balance is 1, but wanted is account.balance == 2."
    )
    expect(deposits.locator(".lab-astext code")).to_have_text("ann, ben, ben, ben, ann, ann")
    expect(turn(deposits, "ann")).to_have_attribute("aria-disabled", "true")


def test_keys_play_and_jupyterlabs_own_stay_quiet(desk, deposits):
    cells = desk.page.evaluate(CELLS)
    deposits.locator(".lab-name").click()
    for key in ("e", "1", "1", "2", "u", "a", "x", "m"):
        desk.page.keyboard.press(key)
    turn(deposits, "ann").focus()
    desk.page.keyboard.press("Enter")
    desk.page.keyboard.press("u")
    assert desk.page.evaluate(CELLS) == cells
    assert deposits.locator(".lab-schedule li").count() == 2
    expect(deposits.get_by_role("status")).to_have_text("One step back.")
    desk.page.keyboard.press("r")
    expect(deposits.get_by_role("status")).to_have_text("Back at the start.")
    desk.page.keyboard.press("e")
    desk.page.keyboard.press("Escape")
    assert desk.page.evaluate("!document.activeElement.closest('.lab-puzzle')")


def test_the_answer_is_told_only_when_it_is_asked_for(deposits):
    answer = deposits.locator(".lab-answer")
    assert not answer.is_visible()
    deposits.get_by_role("button", name="Is there one?").click()
    expect(answer).to_contain_text("21 states and 20 schedules")
    answer.get_by_role("button", name="Show a shortest one").click()
    expect(deposits.locator(".lab-verdict-bar b")).to_contain_text("You found one")
    assert deposits.locator(".lab-schedule li").count() == 6
    deposits.get_by_role("button", name="Is there one?").click()
    deposits.get_by_role("button", name="Hide all steps").click()


def test_a_blocked_worker_says_whom_it_waits_for(desk):
    squares = desk.cell("squares").locator(".lab-puzzle")
    squares.locator(".lab-name").click()
    for key in "11112221":
        desk.page.keyboard.press(key)
    expect(squares.locator(".lab-stuck")).to_have_text(["waits for lock, which total has"])
    expect(squares.locator(".lab-things .lab-value")).to_have_text("total has it")


@pytest.mark.parametrize("width", [1400, 1024])
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_looks(desk, shot, theme, width):
    desk.page.set_viewport_size({"width": width, "height": 1000})
    desk.use_theme(theme)
    for name in ("deposits", "squares", "cards"):
        output = desk.cell(name).locator(".jp-OutputArea").first
        output.scroll_into_view_if_needed()
        assert output.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1"), f"{name} is cut off at {width} px"
        shot(output, f"{theme.lower()}-{width}-puzzle-{name}")


def test_a_models_column_says_that_it_is_one(desk):
    table = desk.cell("cards").get_by_role("table")
    expect(table.get_by_role("columnheader", name="MODEL, not measured")).to_be_visible()
    row = table.get_by_role("row", name="account.balance at the end")
    assert row.get_by_role("cell").all_inner_texts() == ["1 or 2", "2"]


def test_it_plays_again_without_a_kernel(desk, lab_server, playwright_browser):
    desk.command("docmanager:save")
    desk.command("kernelmenu:shutdown")
    again = lab_server.open(playwright_browser, NAME, kernel=False)
    panel = again.cell("deposits").locator(".lab-puzzle")
    turn(panel, "ben").click()
    expect(panel.locator(".lab-value").first).to_have_text("1")
    assert not panel.locator(".lab-still").is_visible()
    assert desk.errors == again.errors == []
    again.page.close()
