"""Moving about in a timeline, in a real browser: keys, wheel, map, back, arrows; zooming in until each span shows."""

from __future__ import annotations

import pytest

import vizlib
from runtime.tracing.model import Output, State
from tests.browser.test_player import CLOCK, NOW
from tests.browser.test_player import show as show
from tests.vizlib import builders
from tests.vizlib.large import STALL_NS, large
from vizlib.palette import STYLES

pytestmark = pytest.mark.browser

RANGE = "Bokeh.index.roots[0].model.x_range"
PICTURE = "[...window.__lab.views.values()][0].pictures[0]"
SEEN = f"{PICTURE}.lanes.seen"
DATA = "(name) => Bokeh.index.roots[0].model.renderers.find((one) => one.name === name).data_source.data"


@pytest.fixture(scope="module")
def trace():
    return builders.squares(items=8)


def view(page):
    return page.evaluate(f"[{RANGE}.start, {RANGE}.end]")


def look_at(page, start, end):
    """Show an interval at once, and wait until it is drawn."""
    page.evaluate(f"([start, end]) => {RANGE}.setv({{ start, end }})", [start, end])
    page.wait_for_function("start => " + f"{SEEN}.from <= start + {SEEN}.pitch", arg=start)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def settled(page):
    """The view once it stands still, long enough to be one to go back to."""
    page.evaluate(
        f"""new Promise((done) => {{
            let [last, since] = [null, 0];
            const look = () => {{
                const now = {RANGE}.start + " " + {RANGE}.end;
                if (now !== last) [last, since] = [now, performance.now()];
                if (performance.now() - since > 450) done();
                else requestAnimationFrame(look);
            }};
            look();
        }})"""
    )
    return view(page)


def column(page, name):
    return page.evaluate(f"name => ({DATA})(name)", name)


def place(page, ns, lane=0):
    """Where a moment on a worker's lane is on the screen."""
    page.locator(".lab-frame").first.scroll_into_view_if_needed()
    box = page.locator(".lab-frame").first.bounding_box()
    start, end = view(page)
    lanes = page.evaluate(f"{PICTURE}.run.lanes.workers")
    return box["x"] + (ns - start) / (end - start) * box["width"], box["y"] + lanes[lane]["bottom"] - 3


# ---- level of detail -----------------------------------------------------------------------------------------------


def test_zooming_in_shows_every_span_at_its_time_at_last(show):
    trace = large(40_000, workers=4)
    page = show(vizlib.timeline(trace), width=1400)
    whole = view(page)
    assert page.evaluate(f"{SEEN}.what") == "merged"
    every = len(trace.spans) + len(trace.core_spans)
    assert page.evaluate(f"{SEEN}.found.reduce((sum, one) => sum + one.shown, 0)") == every
    pitch = page.evaluate(f"{SEEN}.pitch")
    wide = sum(s.length_ns >= pitch for s in trace.spans)
    assert wide <= len(column(page, "bars")["left"]) <= wide + len(trace.core_spans)
    assert f"of {every:,} spans in view are narrower than a pixel" in note(page)
    for part in (0.05, 0.005, 0.0005):
        middle = 0.4 * whole[1]
        low, high = middle, middle + part * (whole[1] - whole[0])
        look_at(page, low, high)
        inside = {(s.began_ns, s.ended_ns) for s in trace.spans if s.began_ns < high and s.ended_ns > low}
        if page.evaluate(f"{SEEN}.what") != "ticks":
            continue
        bars = column(page, "bars")
        assert inside <= set(zip(bars["left"], bars["right"], strict=True))
    assert page.evaluate(f"{SEEN}.what") == "ticks"
    assert "bar of its own" in note(page)


def note(page):
    return page.locator(".lab-merged").inner_text()


def test_a_stall_of_a_microsecond_is_a_tick_in_a_run_of_a_second(show):
    """Painted where it happened, above its lane, in its own colour."""
    spans = [
        builders.span(0, State.RUNNING, 0, 500_000_000),
        builders.span(0, State.SEND_BLOCKED, 500_000_000, 500_000_000 + STALL_NS),
        builders.span(0, State.RUNNING, 500_000_000 + STALL_NS, 10**9),
    ]
    page = show(vizlib.timeline(builders.trace([builders.worker(0, "a", 0, 10**9)], spans)))
    x, _ = place(page, 500_000_000)
    top = page.evaluate(f"{PICTURE}.run.lanes.workers[0].top")
    box = page.locator(".lab-frame").bounding_box()
    shot = pixels(page, {"x": x - 6, "y": box["y"] + top - 4, "width": 12, "height": 4})
    red, green, blue = bytes.fromhex(STYLES[State.SEND_BLOCKED].color[1:])
    assert (red, green, blue) in shot
    far = pixels(page, {"x": x - 60, "y": box["y"] + top - 4, "width": 12, "height": 4})
    assert (red, green, blue) not in far


def pixels(page, clip):
    from io import BytesIO

    from PIL import Image

    image = Image.open(BytesIO(page.screenshot(clip=clip))).convert("RGB")
    return {image.getpixel((x, y)) for x in range(image.width) for y in range(image.height)}


def test_what_is_merged_tells_how_many_it_is(show):
    trace = large(40_000, workers=4)
    page = show(vizlib.timeline(trace))
    page.mouse.move(*place(page, 0.3 * trace.wall_ns))
    tip = page.locator(".lab-tip")
    tip.wait_for(state="visible")
    assert "spans in this pixel of" in tip.inner_text()
    assert "running" in tip.inner_text()
    before = view(page)
    page.mouse.dblclick(*place(page, 0.3 * trace.wall_ns))
    start, end = settled(page)
    assert end - start < 0.1 * (before[1] - before[0])
    assert start < 0.3 * trace.wall_ns < end


def test_prints_that_would_lie_on_each_other_are_one_larger_mark(show):
    outputs = [Output(0, 1, 500_000 + n, 0) for n in range(40)] + [Output(0, 1, 900_000, 0)]
    life = [builders.span(0, State.RUNNING, 0, 1_000_000)]
    page = show(
        vizlib.timeline(builders.trace([builders.worker(0, "a", 0, 1_000_000)], life, outputs=outputs, texts=["hi"]))
    )
    marks = column(page, "mark:print")
    assert marks["x"] == [500_000, 900_000]
    assert marks["size"][0] > marks["size"][1]
    x, _ = place(page, 500_000)
    box = page.locator(".lab-frame").bounding_box()
    page.mouse.move(x, box["y"] + page.evaluate(f"{PICTURE}.run.lanes.workers[0].top"))
    page.locator(".lab-tip").wait_for(state="visible")
    assert "39 more marks" in page.locator(".lab-tip").inner_text()
    low, high = 499_700, 500_300
    look_at(page, low, high)
    apart = 6 * (high - low) / page.evaluate("Bokeh.index.roots[0].model.inner_width")
    expected = []
    for output in outputs[:-1]:
        if not expected or output.at_ns - expected[-1] >= apart:
            expected.append(output.at_ns)
    assert column(page, "mark:print")["x"] == expected
    assert 5 < len(expected) < 40


# ---- moving about --------------------------------------------------------------------------------------------------


def test_back_returns_to_the_view_before_whichever_way_it_was_left(show, trace):
    page = show(vizlib.timeline(trace))
    page.locator(".lab-picture").focus()
    first = settled(page)
    page.keyboard.press("w")
    second = settled(page)
    assert second[1] - second[0] == pytest.approx(0.6 * (first[1] - first[0]), rel=0.01)
    page.mouse.move(*place(page, sum(second) / 2))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    third = settled(page)
    assert third[1] - third[0] < second[1] - second[0]
    page.click("[data-do=back]")
    assert settled(page) == pytest.approx(second)
    page.locator(".lab-picture").focus()
    page.keyboard.press("Backspace")
    assert settled(page) == pytest.approx(first)
    page.keyboard.press("Backspace")
    assert settled(page) == pytest.approx(first)


def test_the_keys_zoom_at_the_mouse(show, trace):
    page = show(vizlib.timeline(trace))
    page.locator(".lab-picture").focus()
    moment = 0.7 * trace.wall_ns
    where = place(page, moment)
    page.mouse.move(*where)
    for _ in range(3):
        page.keyboard.press("w")
    settled(page)
    assert place(page, moment)[0] == pytest.approx(where[0], abs=1)


def test_zooming_to_the_selection(show, trace):
    page = show(vizlib.timeline(trace))
    span = max((s for s in trace.spans if s.worker == 1), key=lambda s: s.length_ns)
    page.mouse.click(*place(page, (span.began_ns + span.ended_ns) / 2, lane=1))
    page.keyboard.press("z")
    pad = 0.04 * span.length_ns
    assert settled(page) == pytest.approx((span.began_ns - pad, span.ended_ns + pad), rel=0.01)
    page.keyboard.press("f")
    assert settled(page)[1] > trace.wall_ns


def edges_of_window(page):
    box = page.locator(".lab-window").bounding_box()
    return box["x"], box["x"] + box["width"], box["y"] + box["height"] / 2


def test_the_map_s_window_follows_the_view_and_can_be_dragged_and_resized(show, trace):
    page = show(vizlib.timeline(trace))
    low, high = view(page)
    strip = page.locator(".lab-map").bounding_box()
    frame = page.locator(".lab-frame").bounding_box()
    assert (strip["x"], strip["width"]) == pytest.approx((frame["x"], frame["width"]), abs=1)
    look_at(page, 0.2 * high, 0.4 * high)
    left, right, y = edges_of_window(page)
    assert (left - strip["x"]) / strip["width"] == pytest.approx((0.2 * high - low) / (high - low), abs=0.01)
    assert (right - left) / strip["width"] == pytest.approx(0.2 * high / (high - low), abs=0.01)

    def dragged(from_x, to_x):
        page.mouse.move(from_x, y)
        page.mouse.down()
        page.mouse.move(to_x, y, steps=4)
        page.mouse.up()
        return edges_of_window(page)[:2]

    step = 0.1 * strip["width"]
    assert dragged((left + right) / 2, (left + right) / 2 + step) == pytest.approx((left + step, right + step), abs=2)
    assert dragged(right + step, right + 2 * step) == pytest.approx((left + step, right + 2 * step), abs=2)
    assert dragged(left + step, left + 2 * step) == pytest.approx((left + 2 * step, right + 2 * step), abs=2)
    assert dragged(strip["x"] + 5, strip["x"] + 5 + step) == pytest.approx(
        (strip["x"] + 5, strip["x"] + 5 + step), abs=2
    )
    page.mouse.click(strip["x"] + 0.6 * strip["width"], y)
    settled(page)
    middle = sum(edges_of_window(page)[:2]) / 2
    assert middle == pytest.approx(strip["x"] + 0.6 * strip["width"], abs=2)
    start, _ = view(page)
    page.keyboard.press("ArrowLeft")
    assert settled(page)[0] < start


def test_the_map_shows_all_runs_and_where_the_playhead_is(show, trace):
    page = show(vizlib.compare(trace, builders.squares("threads", items=8)))
    page.evaluate(f"{CLOCK}.go({CLOCK}.end / 2)")
    line = page.locator(".lab-map-now").bounding_box()
    playhead = page.locator(".lab-playhead").first.bounding_box()
    assert line["x"] == pytest.approx(playhead["x"], abs=1)
    colors = page.evaluate("""() => {
        const canvas = document.querySelector(".lab-map canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return [...new Set(new Uint32Array(data.buffer))].map((one) =>
            "#" + [0, 8, 16].map((byte) => ((one >> byte) & 255).toString(16).padStart(2, "0")).join(""));
    }""")
    for state in (State.RUNNING, State.RECV_BLOCKED, State.GIL_WAIT):  # which only the threads waited for
        assert STYLES[state].color.lower() in colors


def test_less_motion_means_moving_at_once(show, trace):
    page = show(vizlib.timeline(trace), reduced_motion="reduce")
    page.locator(".lab-picture").focus()
    whole = view(page)
    page.keyboard.press("w")
    assert view(page)[1] - view(page)[0] == pytest.approx(0.6 * (whole[1] - whole[0]))


# ---- arrows --------------------------------------------------------------------------------------------------------


def test_the_menu_chooses_which_arrows_are_shown(show, trace):
    page = show(vizlib.timeline(trace))
    assert page.locator(".lab-arrows select").input_value() == "view"
    assert len(column(page, "arrows")["x0"]) == len(trace.messages)
    page.select_option(".lab-arrows select", "direct")
    assert column(page, "arrows")["x0"] == []
    span = next(s for s in trace.spans if s.worker == 3 and s.state == State.DECODE)
    x, y = place(page, (span.began_ns + span.ended_ns) / 2, lane=3)
    page.mouse.click(x, y)
    page.mouse.move(1, 1)
    page.wait_for_function(f"({DATA})('chosen arrows').x0.length === 1")
    (taken,) = column(page, "chosen arrows")["x1"]
    assert taken in {m.taken_ns for m in trace.messages if m.receiver == 3}
    assert column(page, "chosen bars") == {"left": [span.began_ns], "right": [span.ended_ns], **edges_of_lane(page, 3)}
    page.select_option(".lab-arrows select", "chain")
    page.wait_for_function(f"({DATA})('chosen arrows').x0.length === 2")  # the number, and its square
    assert page.locator(".lab-arrows-told").inner_text() == "2 chosen"
    page.locator(".lab-picture").focus()
    page.keyboard.press("Escape")
    page.wait_for_function(f"({DATA})('chosen arrows').x0.length === 0")


def edges_of_lane(page, lane):
    return {name: [edge] for name, edge in page.evaluate(f"{PICTURE}.run.lanes.workers[{lane}]").items()}


def test_too_many_arrows_are_counted_and_come_when_one_zooms_in(show):
    trace = large(4_000, workers=4)
    page = show(vizlib.timeline(trace))
    assert page.locator(".lab-arrows select").input_value() == "direct"
    page.select_option(".lab-arrows select", "view")
    assert column(page, "arrows")["x0"] == []
    assert page.locator(".lab-arrows-told").inner_text() == "over 300: zoom in"
    low, high = 0.3 * trace.wall_ns, 0.4 * trace.wall_ns
    look_at(page, low, high)
    shown = column(page, "arrows")
    inside = [m for m in trace.messages if min(m.sent_ns, m.taken_ns) <= high and m.taken_ns >= low]
    assert sorted(shown["x1"]) == sorted(m.taken_ns for m in inside)
    assert page.locator(".lab-arrows-told").inner_text() == f"{len(inside)} in view"


def test_a_large_trace_plays_steps_and_follows_messages(show):
    trace = large(40_000, workers=4)
    page = show(vizlib.machine(trace))
    page.evaluate(f"{CLOCK}.pace = {CLOCK}.end / 1.0")
    page.click("[data-do=play]")
    page.wait_for_function(f"{NOW} > {CLOCK}.end * 0.3")
    page.click("[data-do=play]")
    page.click("[data-do=next]")
    edges = {s.began_ns for s in trace.spans}
    edges |= {at for m in trace.messages for at in (m.admitted_ns, m.taken_ns, m.received_ns)}
    assert page.evaluate(NOW) in edges
    page.locator(".lab-picture").focus()
    page.keyboard.press("]")
    assert page.evaluate(NOW) in {m.taken_ns for m in trace.messages}
