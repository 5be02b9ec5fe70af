"""Every view of the gallery in a real browser, in both themes and two widths, on a saved page with the network off."""

import pytest
from nbconvert import HTMLExporter
from nbformat import v4

import vizlib
from runtime.tracing.model import State
from tests.browser.test_player import CLOCK, NOW, go
from tests.browser.test_player import show as show
from tests.vizlib import builders

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def trace():
    return builders.squares("threads", items=8)


VIEWS = {name: entry.make for name, entry in vizlib.VIEWS.items()} | {
    "show": vizlib.show,
    "compare": lambda trace: vizlib.compare(builders.squares(items=8), trace),
}
STILL = ("costs", "summary")  # nothing in them is in time


def use(page):
    """Step, play to the end, scrub and select, as a reader does."""
    page.click("[data-do=next]")
    first = page.evaluate(NOW)
    assert 0 < first < page.evaluate(f"{CLOCK}.end")
    page.click("[data-do=previous]")
    assert page.evaluate(NOW) < first
    page.evaluate(f"{CLOCK}.pace = {CLOCK}.end / 0.1")
    page.click("[data-do=play]")
    page.wait_for_function(f"{NOW} === {CLOCK}.end && !{CLOCK}.playing")
    axis = page.locator(".lab-axis").first
    box = axis.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 12, steps=2)
    page.mouse.up()
    assert 0 < page.evaluate(NOW) < page.evaluate(f"{CLOCK}.end")
    axis.press("Shift+PageUp")
    assert page.locator(".lab-brushed tbody tr").count() >= 4
    page.keyboard.press("Escape")
    assert page.locator(".lab-brushed").is_hidden()


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_works_and_fits(show, shot, trace, name):
    page = show(VIEWS[name](trace))
    assert (page.locator(".lab-player").count() == 0) is (name in STILL)
    if name not in STILL:
        use(page)
        go(page, trace.wall_ns * 0.4)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_selector(f".lab-view[data-theme={theme}]")
        for width in (1024, 1400):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
            shot(page.locator(".lab-view"), f"view-{name}-{theme}-{width}")


def test_the_source_marks_the_line_of_each_worker(show, trace):
    page = show(vizlib.source(trace))
    span = next(s for s in trace.spans if s.worker == 1 and s.state == State.ENCODE)
    go(page, span.began_ns + 1)
    flag = page.locator(".lab-flag", has_text="#1")
    assert (
        flag.evaluate("(one) => one.closest('.lab-line').querySelector('code').textContent")
        == "        out.send(value)"
    )
    assert flag.evaluate("(one) => one.closest('.lab-line').classList.contains('lab-here')")


def test_flags_at_one_line_stand_in_the_order_of_their_workers(show, trace):
    page = show(vizlib.source(trace))
    for part in [n / 40 for n in range(40)] + [n / 40 for n in range(40, 0, -1)]:  # whichever of them comes first
        page.evaluate(f"{CLOCK}.go({part * trace.wall_ns})")
        for flags in page.locator(".lab-flags").all_text_contents():
            assert flags.replace("after ", "") in ("", "#1", "#2", "#1#2", "produce", "total")


def test_figures_in_time_line_up_under_one_playhead(show, trace):
    page = show(vizlib.show(trace))
    page.evaluate(f"{CLOCK}.go({CLOCK}.end / 3)")
    lines = [one.bounding_box()["x"] for one in page.locator(".lab-playhead").all()]
    assert len(lines) == 2
    assert lines[0] == pytest.approx(lines[1], abs=1.5)


def test_a_mark_of_the_costs_tells_its_message(show, trace):
    page = show(vizlib.costs(trace))
    x, y = page.evaluate("""() => {
        const view = Bokeh.index.roots[0];
        const data = view.model.renderers[0].data_source.data;
        const box = view.el.getBoundingClientRect();
        return [box.left + view.frame.x_scale.compute(data.x[0]), box.top + view.frame.y_scale.compute(data.y[0])];
    }""")
    page.mouse.move(x, y)
    tip = page.locator(".lab-tip")
    tip.wait_for(state="visible")
    assert " paid " in tip.inner_text()
    assert "24 B" in tip.inner_text()


def test_an_exported_notebook_plays(browser, tmp_path, trace):
    views = [vizlib.machine(trace), vizlib.timeline(trace)]
    outputs = [v4.new_output("execute_result", view._repr_mimebundle_(), execution_count=1) for view in views]
    cells = [v4.new_code_cell("show", outputs=[output]) for output in outputs]
    html, _ = HTMLExporter().from_notebook_node(v4.new_notebook(cells=cells))
    (tmp_path / "exported.html").write_text(html, "utf-8")
    context = browser.new_context(offline=True)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((tmp_path / "exported.html").as_uri())
    page.wait_for_function("document.querySelectorAll('.lab-view[data-ready]').length === 2")
    for at in range(2):
        button = page.locator("[data-do=play]").nth(at)
        button.scroll_into_view_if_needed()
        button.click()
        page.wait_for_function("at => [...window.__lab.views.values()][at].clock.now > 0", arg=at)
    context.close()
    assert errors == []


def test_a_summary_carries_no_player_and_no_library(tmp_path, trace):
    vizlib.summary(trace).save(tmp_path / "run.html")
    assert (tmp_path / "run.html").stat().st_size < 100_000
