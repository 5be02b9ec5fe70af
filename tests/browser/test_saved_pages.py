"""Saved pages in a real browser, from a file and with the network off."""

import pytest

import vizlib
from runtime.tracing.model import Channel, State
from tests.vizlib import builders
from vizlib.palette import STYLES

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror='window.harmed = true'>"
PLOT = "Bokeh.index.roots.map((view) => view.model).filter((model) => model.name === 'timeline').at(-1)"
RANGE = f"() => [{PLOT}.x_range.start, {PLOT}.x_range.end]"


@pytest.fixture
def show(browser, tmp_path):
    """Save a view, open the file, and wait until it is drawn.  Any error on the page's console fails the test."""
    errors, contexts = [], []

    def opened(view, **settings):
        view.save(tmp_path / "run.html")
        contexts.append(browser.new_context(offline=True, viewport={"width": 1024, "height": 500}, **settings))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto((tmp_path / "run.html").as_uri())
        if settings.get("java_script_enabled", True):
            page.wait_for_selector(".lab-view[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(scope="module")
def pair():
    return vizlib.compare(builders.squares(), builders.squares("threads"))


def point_at(page, across, down):
    """Put the pointer over the last figure: `across` is a part of its width, `down` pixels from its top."""
    page.locator(".lab-plot").last.scroll_into_view_if_needed()
    box = page.locator(".lab-plot").last.bounding_box()
    page.mouse.move(box["x"] + box["width"] * across, box["y"] + down)


def test_a_saved_page_is_drawn_without_a_network(show, pair):
    page = show(pair)
    assert page.locator(".lab-plot .bk-Figure").count() == 2
    assert page.locator(".lab-text").bounding_box()["width"] == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 1024


def test_the_page_follows_the_browsers_theme(show, pair):
    page = show(pair, color_scheme="dark")
    assert page.locator(".lab-view").get_attribute("data-theme") == "dark"
    page.emulate_media(color_scheme="light")
    page.wait_for_selector(".lab-view[data-theme=light]")


def test_what_a_program_says_is_shown_as_text(show):
    worker = builders.worker(0, "a")
    trace = builders.trace(
        [worker], [builders.span(0, State.RUNNING, 0, 100, channel=0)], name=EVIL, channels=[Channel(0, EVIL, 1)]
    )
    page = show(vizlib.timeline(trace))
    point_at(page, 0.4, 15)
    tip = page.locator(".lab-tip")
    tip.wait_for(state="visible")
    assert EVIL in tip.inner_text()
    assert page.locator("img").count() == 0
    assert page.evaluate("window.harmed") is None


def test_the_wheel_zooms_only_with_ctrl(show, pair):
    page = show(pair)
    point_at(page, 0.5, 40)
    whole, top = page.evaluate(RANGE), page.evaluate("scrollY")
    page.mouse.wheel(0, -60)
    page.wait_for_function("top => scrollY < top", arg=top)
    assert page.evaluate(RANGE) == whole
    point_at(page, 0.5, 40)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"end => ({RANGE})()[1] < end", arg=whole[1])
    page.keyboard.up("Control")
    page.click("[data-do=fit]")
    page.wait_for_function(f"end => ({RANGE})()[1] === end", arg=whole[1])


def test_the_legend_singles_out_and_hides(show, pair):
    page = show(pair)
    shown = f"""color => {{
        const {{ color: colors, alpha }} = {PLOT}.renderers.find((one) => one.name === "bars").data_source.data;
        return [...new Set(alpha.filter((_, i) => colors[i] === color))];
    }}"""
    running, waiting = STYLES[State.RUNNING].color, STYLES[State.GIL_WAIT].color
    page.click(".lab-legend [data-state=gil-wait]")
    assert page.evaluate(shown, running) == [0.1]
    assert page.evaluate(shown, waiting) == [1]
    page.click(".lab-legend [data-state=gil-wait]")
    page.click(".lab-legend [data-state=running]", modifiers=["Shift"])
    assert page.evaluate(shown, running) == []
    page.keyboard.press("Enter")
    assert page.evaluate(shown, running) == [1]


def test_a_bar_narrower_than_its_edge_has_none(show):
    """Or many short waits would look like one long one."""
    waits = [builders.span(0, State.CORE_WAIT, n * 1000, n * 1000 + 1) for n in range(1, 100)]
    running = [builders.span(0, State.RUNNING, n * 1000 + 1, (n + 1) * 1000) for n in range(1, 100)]
    long_wait = builders.span(0, State.CORE_WAIT, 100_000, 150_000)
    spans = sorted([*waits, *running, long_wait], key=lambda span: span.began_ns)
    page = show(vizlib.timeline(builders.trace([builders.worker(0, "a")], spans)))
    data = f"{PLOT}.renderers.find((one) => one.name === 'edges').data_source.data"
    assert page.evaluate(f"[{data}.left, {data}.right]") == [[100_000], [150_000]]


def test_a_click_keeps_the_arrows_of_a_bar(show):
    trace = builders.trace(
        [builders.worker(0, "a"), builders.worker(1, "b")],
        [builders.span(0, State.ENCODE, 0, 100), builders.span(1, State.RECV_BLOCKED, 0, 100)],
        channels=[Channel(0, "numbers", 8)],
        messages=[builders.message(0, 1, 90, 95)],
    )
    page = show(vizlib.timeline(trace))
    arrows = f"{PLOT}.renderers.find((one) => one.name === 'chosen arrows').data_source.data.x0.length"
    point_at(page, 0.4, 15)
    page.locator(".lab-tip").wait_for(state="visible")
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(1, 1)
    page.locator(".lab-tip").wait_for(state="hidden")
    page.wait_for_function(f"{arrows} === 1")


def test_the_text_form_can_be_read_on_the_page(show, pair):
    page = show(pair)
    page.click("[data-do=text]")
    assert page.locator(".lab-text").bounding_box()["height"] > 100
    assert page.locator(".lab-text").inner_text().startswith("Interpreters and Threads compared")


def test_a_page_without_scripts_shows_the_text_form(show, pair):
    page = show(pair, java_script_enabled=False)
    assert page.locator(".lab-still").is_visible()
    assert page.locator(".lab-text").bounding_box()["height"] > 100
