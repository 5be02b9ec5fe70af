"""The live view in JupyterLab: a run grows, is stopped, and ends as a picture that plays; no cell comes before it."""

from __future__ import annotations

import re

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

NAME = "live.ipynb"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
SOURCES = {
    "grow": """
import runtime, vizlib
stream = runtime.Program("stream")
numbers_in, numbers_out = stream.channel("numbers", capacity=4)

@stream.worker(numbers_out)
def produce(out):
    import time
    n = 0
    while True:
        out.send(n)
        n += 1
        if n % 50 == 0:
            print(f"<b>{n}</b> so far")
        time.sleep(0.002)

@stream.worker(numbers_in, copies=2)
def square(numbers):
    for n in numbers:
        sum(range(20_000))

vizlib.live(stream.start())
""",
    "other": "6 * 7",
    "spin": """
spinning = runtime.Program("spinning")

@spinning.worker()
def spin():
    while True:
        pass

vizlib.live(spinning.start())
""",
    "left": """
import os, threading
from ipywidgets.widgets.widget import _instances
runtime.keep_warm(False)  # a spare for the next run is no remnant
with open(f"/proc/self/task/{os.getpid()}/children") as file:
    children = len(file.read().split())
watching = sum(thread.name == "vizlib watch" for thread in threading.enumerate())
print(f"{watching} threads, {len(_instances)} widgets, {children} processes are left")
""",
}
# What the live figure that stands in the page draws; one whose run has ended may linger in Bokeh's list.
BARS = """(beyond) => {
    const stands = (one) => one.views_manager?.roots.some(({ model, el }) => model.name === "live" && el.isConnected);
    const figure = window.Bokeh?.documents.findLast(stands)?.roots()[0];
    const data = figure?.renderers[0].data_source.data;
    const end = Math.max(0, ...(data?.right ?? []));
    return end > beyond ? { count: data.right.length, end, axis: figure.x_range.end } : null;
}"""


@pytest.fixture(autouse=True)
def _needs_a_browser(browser_path):
    pass


@pytest.fixture(scope="module")
def desk(lab_server, playwright_browser):
    cells = [nbformat.v4.new_code_cell(source.strip(), id=name) for name, source in SOURCES.items()]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, lab_server.folder / NAME)
    desk = lab_server.open(playwright_browser, NAME)
    desk.page.set_default_timeout(30_000)
    yield desk
    desk.page.close()


def run(desk, name):
    desk.select(name)
    desk.page.keyboard.press("Shift+Enter")
    return desk.cell(name).locator(".jp-Cell-outputArea")


def grown(desk, beyond_ns=0):
    """What the live figure shows, once it reaches beyond a moment of the run."""
    seen = desk.page.wait_for_function(BARS, arg=beyond_ns)
    return seen.json_value()


def test_a_run_grows_while_other_cells_run(desk, shot):
    output = run(desk, "grow")
    first = grown(desk)
    expect(output).to_contain_text("stream on interpreters running")
    expect(run(desk, "other")).to_contain_text("42")
    second = grown(desk, first["end"] + 500_000_000)
    assert second["count"] > first["count"]
    assert second["axis"] > second["end"]
    expect(output).to_contain_text(re.compile(r"produce: <b>\d+</b> so far"))
    expect(output.locator(".lab-crew")).to_contain_text("square #2")
    for theme in ("Light", "Dark"):
        desk.use_theme(theme)
        for width in (1024, 1400):
            desk.page.set_viewport_size({"width": width, "height": 900})
            grown(desk, grown(desk)["end"])
            assert output.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1")
            shot(output, f"live-{theme.lower()}-{width}")
    desk.use_theme("Light")


def test_nothing_that_happens_in_the_page_goes_to_the_kernel(desk):
    desk.page.evaluate("""() => {
        window.sent = 0;
        const { send } = WebSocket.prototype;
        WebSocket.prototype.send = function (data) {
            const text = typeof data === "string" ? data : new TextDecoder().decode(data);
            window.sent += /comm_msg|execute_request/.test(text); // JupyterLab has words of its own for the kernel
            return send.call(this, data);
        };
    }""")
    box = desk.cell("grow").locator(".lab-live canvas").first.bounding_box()
    for step in range(20):
        desk.page.mouse.move(box["x"] + 100 + 20 * step, box["y"] + 20 + 4 * step)
    desk.page.mouse.wheel(0, 40)
    desk.page.mouse.click(box["x"] + 200, box["y"] + 60)
    grown(desk, grown(desk)["end"])
    assert desk.page.evaluate("window.sent") == 0


def test_stop_stops_and_leaves_the_picture_and_nothing_else(desk, shot):
    output = desk.cell("grow").locator(".jp-Cell-outputArea")
    output.get_by_role("button", name="Stop").click()
    expect(output).to_contain_text("Stopped after")
    expect(output).to_contain_text(re.compile("it was enough to wake the workers that waited|an exception had to"))
    desk.wait_for_pictures(1)
    expect(run(desk, "left")).to_contain_text("0 threads, 0 widgets, 0 processes are left")
    output.scroll_into_view_if_needed()
    shot(output, "live-stopped")


def test_the_interrupt_button_stops_it_too(desk):
    output = run(desk, "spin")
    grown(desk)
    desk.command("notebook:interrupt-kernel")
    expect(output).to_contain_text(re.compile("an exception had to be raised|its process had to be killed"))
    desk.wait_for_pictures(2)


def test_a_page_that_is_opened_again_goes_on_and_a_cell_that_is_run_again_ends_the_former_run(desk):
    expect(run(desk, "grow")).to_contain_text("stream on interpreters running")
    grown(desk)
    desk.command("docmanager:save")
    desk.page.reload()
    desk.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")
    desk.wait_until_idle()
    desk.select("grow")
    again = grown(desk)
    grown(desk, again["end"])
    desk.errors.clear()  # of the figure that came before BokehJS
    output = run(desk, "spin")
    desk.page.wait_for_function("document.querySelectorAll('.lab-live').length === 2")
    output = run(desk, "spin")
    expect(output).to_contain_text("spinning on interpreters running")
    output.get_by_role("button", name="Stop").click()
    expect(output).to_contain_text("Stopped after")
    desk.cell("grow").get_by_role("button", name="Stop").click()
    expect(desk.cell("grow")).to_contain_text("Stopped after")
    expect(run(desk, "left")).to_contain_text("0 threads")


def test_the_console_shows_no_error(desk):
    assert desk.errors == []
