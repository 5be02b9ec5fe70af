"""The player in a real browser, on a saved page with the network off: play, step, scrub, select, loop, keys."""

import pytest

import vizlib
from runtime.tracing.model import State
from tests.vizlib import builders
from tests.vizlib.test_machine import crowd
from vizlib.played import HOLDING

pytestmark = pytest.mark.browser

CLOCK = "[...window.__lab.views.values()][0].clock"
NOW = f"{CLOCK}.now"


@pytest.fixture
def show(browser, tmp_path):
    """Save a view, open the file, and wait until it is drawn.  Any error on the page's console fails the test."""
    errors, contexts = [], []

    def opened(view, width=1024, **settings):
        view.save(tmp_path / "run.html")
        contexts.append(browser.new_context(offline=True, viewport={"width": width, "height": 900}, **settings))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto((tmp_path / "run.html").as_uri())
        page.wait_for_selector(".lab-view[data-ready]")
        page.wait_for_function("document.querySelectorAll('.lab-frame').length === 0 || "
                               "document.querySelector('.lab-frame').offsetWidth > 100")  # fmt: skip
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(scope="module")
def trace():
    return builders.squares(items=8)


@pytest.fixture(scope="module")
def pair(trace):
    return vizlib.compare(trace, builders.squares("threads", items=8))


def line_at(page, which=0):
    """Where the playhead is, as a part of the time that its figure shows."""
    return page.evaluate(
        """which => {
            const frame = document.querySelectorAll(".lab-frame")[which].getBoundingClientRect();
            const line = document.querySelectorAll(".lab-playhead")[which].getBoundingClientRect();
            return (line.left + 1 - frame.left) / frame.width;
        }""",
        which,
    )


def place_of(page, ns):
    """Where a moment lies, as a part of the time that the figures show."""
    start, end = page.evaluate("(({start, end}) => [start, end])(Bokeh.index.roots[0].model.x_range)")
    return (ns - start) / (end - start)


def on_axis(page, part):
    box = page.locator(".lab-axis").first.bounding_box()
    return box["x"] + part * box["width"], box["y"] + 12


def test_stepping_goes_from_event_to_event_and_says_what_each_worker_does(show, trace):
    page = show(vizlib.timeline(trace))
    page.click("[data-do=next]")
    first = page.evaluate(NOW)
    begins = {span.began_ns for span in trace.spans}
    assert first in begins - {0}
    page.click("[data-do=next]")
    assert page.evaluate(NOW) > first
    said = page.locator(".lab-said").inner_text()
    assert said.startswith("t = ")
    assert "produce " in said
    page.click("[data-do=previous]")
    assert page.evaluate(NOW) == first
    page.click("[data-do=start]")
    assert page.evaluate(NOW) == 0


def test_one_playhead_for_all_figures(show, pair):
    page = show(pair)
    page.evaluate(f"{CLOCK}.go({CLOCK}.end / 2)")
    moment = page.evaluate(NOW)
    assert page.locator(".lab-playhead").count() == 2
    for which in range(2):
        assert line_at(page, which) == pytest.approx(place_of(page, moment), abs=0.003)
    assert "Threads:" not in page.locator(".lab-time").inner_text()


def test_playing_moves_the_playhead_to_the_end_without_painting_the_figure(show, trace):
    page = show(vizlib.timeline(trace))
    page.evaluate("""() => {
        window.painted = 0;
        const view = Bokeh.index.roots[0];
        const paint = view.paint.bind(view);
        view.paint = (...args) => { window.painted += 1; return paint(...args); };
    }""")
    page.evaluate(f"{CLOCK}.pace = {CLOCK}.end / 0.5")
    page.click("[data-do=play]")
    assert page.locator("[data-do=play]").get_attribute("aria-label") == "pause"
    page.wait_for_function(f"{NOW} > {CLOCK}.end * 0.2")
    page.wait_for_function(f"{NOW} === {CLOCK}.end && !{CLOCK}.playing")
    assert line_at(page) == pytest.approx(place_of(page, page.evaluate(f"{CLOCK}.end")), abs=0.003)
    assert page.evaluate("window.painted") == 0


def test_a_run_takes_about_ten_seconds_at_first_and_the_slider_changes_that(show, trace):
    page = show(vizlib.timeline(trace))
    assert page.evaluate(f"{CLOCK}.pace") == pytest.approx(trace.wall_ns / 10, rel=0.05)
    words = page.locator(".lab-speed-words").inner_text()
    assert words.startswith("1 s of screen = ")
    page.locator("[data-role=speed]").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(f"{CLOCK}.pace") > trace.wall_ns / 10


def test_dragging_on_an_axis_moves_through_time(show, pair):
    page = show(pair)
    page.mouse.move(*on_axis(page, 0.2))
    page.mouse.down()
    page.mouse.move(*on_axis(page, 0.6), steps=4)
    assert line_at(page, 1) == pytest.approx(0.6, abs=0.005)
    page.mouse.up()
    page.mouse.move(*on_axis(page, 0.1))
    assert line_at(page) == pytest.approx(0.6, abs=0.005)


def test_a_selected_interval_is_looped(show, trace):
    page = show(vizlib.timeline(trace))
    page.keyboard.down("Shift")
    page.mouse.move(*on_axis(page, 0.3))
    page.mouse.down()
    page.mouse.move(*on_axis(page, 0.4), steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    low, high = page.evaluate(f"{CLOCK}.brush")
    assert 0 < low < high < trace.wall_ns
    shown = page.locator(".lab-selected").bounding_box()["width"] / page.locator(".lab-frame").bounding_box()["width"]
    assert shown == pytest.approx(0.1, abs=0.01)
    page.click("[data-do=loop]")
    page.evaluate(f"{CLOCK}.pace = ({high} - {low}) / 0.2")
    page.evaluate(f"window.seen = []; {CLOCK}.follow((ns) => window.seen.push(ns))")
    page.click("[data-do=play]")
    page.wait_for_function("seen.filter((ns, i) => i && ns < seen[i - 1]).length >= 2")  # it came back twice
    page.click("[data-do=play]")
    assert all(low <= ns <= high for ns in page.evaluate("seen.slice(2)"))
    page.keyboard.press("Escape")
    assert page.evaluate(f"{CLOCK}.brush") is None


def test_a_selected_interval_is_told_as_a_table(show, trace):
    page = show(vizlib.timeline(trace))
    low, high = int(trace.wall_ns * 0.2), int(trace.wall_ns * 0.7)
    whole = page.evaluate("Bokeh.index.roots[0].model.x_range.end")
    page.keyboard.down("Shift")
    page.mouse.move(*on_axis(page, place_of(page, low)))
    page.mouse.down()
    page.mouse.move(*on_axis(page, place_of(page, high)), steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    low, high = page.evaluate(f"{CLOCK}.brush")
    lives = dict(
        zip((w.name for w in trace.workers), page.locator(".lab-brushed tbody tr").all_inner_texts(), strict=True)
    )
    for worker in trace.workers:
        inside = [max(0, min(s.ended_ns, high) - max(s.began_ns, low)) for s in trace.spans if s.worker == worker.index
                  and s.state == State.RUNNING]  # fmt: skip
        percent = round(100 * sum(inside) / (high - low))
        assert any(f"{percent + off} %" in lives[worker.name] for off in (-1, 0, 1)), lives[worker.name]
    page.get_by_role("button", name="zoom to it").click()
    page.wait_for_function("whole => Bokeh.index.roots[0].model.x_range.end < whole", arg=whole)
    page.get_by_role("button", name="clear").click()
    assert page.locator(".lab-brushed").is_hidden()


def test_dragging_selects_when_asked_to(show, trace):
    page = show(vizlib.timeline(trace))
    page.click("[data-do=brush]")
    box = page.locator(".lab-frame").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 60, steps=4)
    page.mouse.up()
    assert page.locator(".lab-selected").bounding_box()["width"] == pytest.approx(100, abs=2)
    assert page.locator("[data-do=brush]").get_attribute("aria-pressed") == "true"


def test_the_keys_answer_only_while_the_picture_has_the_focus(show, trace):
    page = show(vizlib.timeline(trace))
    page.keyboard.press(".")
    assert page.evaluate(NOW) == 0
    page.locator(".lab-picture").focus()
    page.keyboard.press(".")
    assert page.evaluate(NOW) > 0
    whole = page.evaluate("Bokeh.index.roots[0].model.x_range.end")
    page.keyboard.press("w")
    page.keyboard.press("d")
    page.wait_for_function(
        "whole => (({start, end}) => Math.abs((end - start) / whole - 0.6) < 0.012 && start > 0)"
        "(Bokeh.index.roots[0].model.x_range)",
        arg=whole,
    )
    page.keyboard.press("f")
    page.wait_for_function("whole => Bokeh.index.roots[0].model.x_range.end === whole", arg=whole)
    page.keyboard.press("?")
    assert page.locator(".lab-keys").is_visible()
    page.keyboard.press(" ")
    page.wait_for_function(f"{CLOCK}.playing")
    page.keyboard.press(" ")
    assert not page.evaluate(f"{CLOCK}.playing")
    page.keyboard.press("Escape")
    moment = page.evaluate(NOW)
    page.keyboard.press(".")
    assert page.evaluate(NOW) == moment


def test_brackets_follow_a_message_to_its_ends(show, trace):
    page = show(vizlib.timeline(trace))
    page.locator(".lab-picture").focus()
    page.evaluate(f"{CLOCK}.go({CLOCK}.end / 2)")
    page.keyboard.press("]")
    taken = page.evaluate(NOW)
    assert taken in {message.taken_ns for message in trace.messages}
    page.keyboard.press("[")
    sent = page.evaluate(NOW)
    assert any((min(m.sent_ns, m.taken_ns), m.taken_ns) == (sent, taken) for m in trace.messages)
    strong = (
        "Bokeh.index.roots[0].model.renderers.find((one) => one.name === 'chosen arrows').data_source.data.x0.length"
    )
    assert page.evaluate(strong) == 1
    assert "sent: " in page.locator(".lab-said").inner_text()


def test_less_motion_means_steps_only(show, trace):
    page = show(vizlib.timeline(trace), reduced_motion="reduce")
    assert page.locator("[data-do=play]").is_disabled()
    page.locator(".lab-picture").focus()
    page.keyboard.press(" ")
    assert not page.evaluate(f"{CLOCK}.playing")
    page.keyboard.press(".")
    assert page.evaluate(NOW) > 0


def test_nothing_moves_out_of_sight(show, trace):
    page = show(vizlib.timeline(trace))
    page.evaluate("document.body.style.paddingBottom = '4000px'")
    page.click("[data-do=play]")
    page.wait_for_function(f"{NOW} > 0")
    page.evaluate("""async () => {
        const gone = new Promise((done) => new IntersectionObserver((all) => {
            if (!all.at(-1).isIntersecting) requestAnimationFrame(() => requestAnimationFrame(done));
        }).observe(document.querySelector(".lab-view")));
        window.scrollTo(0, 3000);
        await gone;
    }""")
    moment = page.evaluate(NOW)
    page.evaluate(
        """new Promise((done) => {
            let frames = 0;
            const next = () => (++frames > 10 ? done() : requestAnimationFrame(next));
            next();
        })"""
    )
    assert page.evaluate(NOW) == moment
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_function(f"{NOW} > {moment}")


def test_a_hidden_state_does_not_answer_the_pointer(show, trace):
    page = show(vizlib.timeline(trace))
    box = page.locator(".lab-frame").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 85)
    page.locator(".lab-tip").wait_for(state="visible")
    state = page.locator(".lab-tip b").inner_text().split(" ")[0]
    page.click(f".lab-legend [data-state={state}]", modifiers=["Shift"])
    page.mouse.move(box["x"] + 200, box["y"] + 85)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.locator(".lab-tip").is_hidden()


TOKEN = ".lab-token"


def center(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def go(page, ns):
    """Go to a moment, and wait until what glides has arrived."""
    page.evaluate(f"{CLOCK}.go({ns})")
    page.wait_for_function("document.getAnimations().every((one) => one.playState === 'finished')")


@pytest.mark.parametrize(("width", "beside"), [(1024, True), (800, False)])
def test_the_machine_stands_beside_the_timeline_where_there_is_room(show, trace, width, beside):
    page = show(vizlib.machine(trace), width=width)
    times, panel = (page.locator(one).bounding_box() for one in (".lab-times", ".lab-panel"))
    assert (panel["x"] > times["x"] + times["width"]) is beside
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_rooms_show_the_state_of_their_workers(show, trace):
    page = show(vizlib.machine(trace))
    for part in (0.1, 0.5, 0.9):
        at = int(trace.wall_ns * part)
        go(page, at)
        expected = []
        for worker in trace.workers:
            now = [s for s in trace.spans if s.worker == worker.index and s.began_ns <= at < s.ended_ns]
            expected.append(State(now[0].state).label if now else "returned")
        shown = page.locator(".lab-word").all_text_contents()
        assert [word.removesuffix(" 24 B") for word in shown] == expected


def test_pipes_count_what_is_queued(show, trace):
    page = show(vizlib.machine(trace))
    at = int(trace.wall_ns * 0.4)
    go(page, at)
    queued = [sum(m.channel == c and m.admitted_ns <= at < m.taken_ns for m in trace.messages) for c in (0, 1)]
    labels = page.locator(".lab-pipe text").all_text_contents()
    assert labels[0].startswith(f"numbers {queued[0]}/8")
    assert labels[1] == f"results {queued[1]}"
    moving = sum(m.began_ns <= at < m.admitted_ns or m.taken_ns <= at < m.received_ns for m in trace.messages)
    assert page.locator(TOKEN).count() == sum(queued) + moving


def test_a_token_moves_from_its_sender_through_the_pipe_to_its_receiver(show, trace):
    message = next(m for m in trace.messages if m.taken_ns - m.admitted_ns > 1_000 and m.channel == 0)
    page = show(vizlib.machine(trace))
    value = trace.texts[message.preview]
    token = page.locator(TOKEN).filter(has_text=f"{value}: 24 B, pickle, produce →").locator("circle")
    places = []
    for at in (message.began_ns + 1, message.admitted_ns + 1, message.taken_ns - 1, message.received_ns - 1):
        go(page, at)
        places.append(center(token))
    pipe = page.locator(".lab-tube").first.bounding_box()
    for x, y in places[1:3]:
        assert pipe["x"] <= x <= pipe["x"] + pipe["width"]
        assert pipe["y"] <= y <= pipe["y"] + pipe["height"]
    assert places[0][0] < pipe["x"]
    assert places[3][0] > pipe["x"] + pipe["width"]
    go(page, message.received_ns)
    assert token.count() == 0


def test_while_it_plays_the_machine_moves(show, trace):
    page = show(vizlib.machine(trace))
    page.evaluate(f"{CLOCK}.pace = {CLOCK}.end / 1.5")
    page.evaluate("""() => {
        window.places = new Set();
        const look = () => {
            for (const one of document.querySelectorAll(".lab-token")) window.places.add(one.style.transform);
            requestAnimationFrame(look);
        };
        look();
    }""")
    page.click("[data-do=play]")
    page.wait_for_function(f"{NOW} === {CLOCK}.end")
    assert page.evaluate("window.places.size") > 10
    assert page.locator(".lab-word").all_text_contents() == ["returned"] * 4


def test_one_gil_is_where_the_running_worker_is(show):
    trace = builders.squares("threads", items=8)
    page = show(vizlib.machine(trace))
    at = next(span.began_ns for span in trace.spans if span.state == State.GIL_WAIT) + 1
    go(page, at)
    holders = [s.worker for s in trace.spans if s.began_ns <= at < s.ended_ns and s.state in HOLDING]
    assert len(holders) == 1
    name = trace.workers[holders[0]].name
    assert f"the one GIL: {name}" in page.locator(".lab-panel .lab-title").inner_text()
    assert page.locator(".lab-held").count() == 1


def test_64_workers_are_legible(show):
    page = show(vizlib.machine(crowd()), width=1400)
    assert page.locator(".lab-room").count() == 64
    assert page.locator(".lab-nick").first.bounding_box()["height"] >= 8
    assert "64 workers: small rooms" in page.locator(".lab-panel .lab-note").inner_text()
