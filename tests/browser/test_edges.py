"""Runs at the edges of what can happen, all on one page: each is drawn, fits, plays, and is kept to be looked at."""

import base64
from xml.etree import ElementTree

import pytest

import vizlib
from tests.browser.conftest import ARTIFACTS
from tests.vizlib.edges import EDGES
from vizlib.palette import LIGHT

pytestmark = pytest.mark.browser

STAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>edges</title>'
    "<style>body { margin: 20px; max-width: 1280px }</style>"
    '<body data-jp-theme-light="true">'
)
# For each picture: its name is that of the edge, so that what fails can be told.
FAILED = "[...document.querySelectorAll('.lab-view:not([data-ready])')].map((one) => one.parentElement.id)"
TOO_WIDE = """[...document.querySelectorAll(".lab-view")].filter((view) => {
    const right = view.getBoundingClientRect().right + 1;
    const tooWide = (one) => one.getBoundingClientRect().right > right
        || (one.clientWidth && one.scrollWidth > one.clientWidth + 1);
    const parts = ".lab-picture, .lab-panel, .lab-title, .lab-times, .lab-head, .lab-words";
    return [...view.querySelectorAll(parts)].some(tooWide);
}).map((one) => one.parentElement.id)"""


@pytest.fixture(scope="module")
def page(playwright_browser, tmp_path_factory):
    """All edges under each other.  The page's errors are collected in `page.said`."""
    pictures = "\n".join(f'<div id="{name}">{vizlib.show(make()).html()}</div>' for name, make in EDGES.items())
    file = tmp_path_factory.mktemp("edges") / "edges.html"
    file.write_text(STAGE + pictures, "utf-8")
    context = playwright_browser.new_context(offline=True, viewport={"width": 1320, "height": 900})
    page = context.new_page()
    page.said = []
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("console", lambda message: page.said.append(message.text) if message.type == "error" else None)
    page.goto(file.as_uri())
    page.wait_for_function(f"{FAILED}.length === 0")
    page.wait_for_function("Bokeh.documents.every((one) => one.is_idle)")
    yield page
    context.close()


@pytest.fixture(autouse=True)
def _quiet(browser_path, page):
    yield
    assert page.said == []


def test_every_edge_fits_and_nothing_of_it_is_markup(page):
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("b[onclick]").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_of_all_are_kept_to_be_looked_at(page, theme):
    page.evaluate("theme => { document.body.dataset.jpThemeLight = String(theme === 'light'); }", theme)
    page.wait_for_function("theme => !document.querySelector(`.lab-view:not([data-theme=${theme}])`)", arg=theme)
    page.wait_for_function("Bokeh.documents.every((one) => one.is_idle)")
    asked = {"kind": "png", "light": False, "sharpness": 1, "at_ns": None}
    taken = page.evaluate(
        """async (asked) => Object.fromEntries(await Promise.all(
            [...window.__lab.views].map(async ([root, view]) => [root.parentElement.id, await view.take(asked)])))""",
        asked,
    )
    ARTIFACTS.mkdir(exist_ok=True)
    for name, picture in taken.items():
        (ARTIFACTS / f"edge-{name}-{theme}.png").write_bytes(base64.b64decode(picture))
    assert set(taken) == set(EDGES)


def test_a_deadlock_is_shown_at_the_moment_when_its_ring_closed(page):
    picture = page.locator("#deadlock")
    clock = "[...window.__lab.views].find(([root]) => root.parentElement.id === 'deadlock')[1].clock"
    assert page.evaluate(f"{clock}.now") == 4_500_000 - 1_000_000
    arrows = picture.locator(".lab-stuck:visible")
    assert arrows.count() == 3
    page.evaluate(f"{clock}.go(2_000_000)")
    assert arrows.count() == 1
    page.evaluate(f"{clock}.go(0)")
    assert arrows.count() == 0
    page.evaluate(f"{clock}.go({clock}.end)")
    assert arrows.count() == 3


def test_the_arcs_of_a_deadlock_are_painted_on_the_timeline(page):
    taken = page.evaluate(
        """async () => {
            const [, view] = [...window.__lab.views].find(([root]) => root.parentElement.id === "deadlock");
            return view.take({ kind: "svg", light: true, at_ns: null });
        }"""
    )
    red, green, blue = bytes.fromhex(LIGHT["alarm"][1:])
    paths = [one.attrib for one in ElementTree.fromstring(taken).iter("{http://www.w3.org/2000/svg}path")]
    arcs = [one for one in paths if one.get("stroke") == f"rgb({red},{green},{blue})" and one["d"].count(" L ") == 16]
    assert len(arcs) == 3


def test_a_long_run_is_told_in_minutes(page):
    picture = page.locator("#one-hour")
    picture.locator("[data-do=next]").click()
    assert picture.locator(".lab-time").inner_text() == "t = 0 min 35 s"
    assert picture.locator(".lab-speed-words").inner_text() == "1 s of screen = 6 min 20 s of run"


def test_every_edge_is_played_to_its_end(page):
    ends = page.evaluate("""async () => {
        const left = [];
        for (const [root, { clock }] of window.__lab.views) {
            root.scrollIntoView();
            clock.pace = clock.end / 0.04;
            clock.actions.play();
            for (let frames = 0; clock.playing && frames < 200; frames += 1) await new Promise(requestAnimationFrame);
            if (clock.now !== clock.end) left.push(root.parentElement.id);
        }
        return left;
    }""")
    assert ends == []
