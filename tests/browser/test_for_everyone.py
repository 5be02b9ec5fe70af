"""Pictures for every reader: by keyboard alone, with a screen reader, with little contrast, on a projector, at rest."""

from __future__ import annotations

import itertools

import pytest

import vizlib
from tests.browser.test_player import CLOCK, NOW
from tests.browser.test_player import show as show
from tests.vizlib import builders

pytestmark = pytest.mark.browser

# What has a role or can have the focus, without a name that is read out.
NAMELESS = """() => [...document.querySelectorAll(
    "button, input, select, a, svg[role=img], [role]:not([role=tooltip], [role=heading])")]
    .filter((one) => !one.closest("[hidden]") && !one.ariaLabel && !one.getAttribute("aria-label")
        && !one.textContent.trim() && !one.closest("label"))
    .map((one) => one.outerHTML.slice(0, 120))"""

# Text whose contrast with what is behind it is too low (WCAG 2 AA: 4.5, or 3 where it is large), outside of drawings.
PALE = """() => {
    const parse = (color) => {
        const parts = color.match(/[\\d.]+/g).map(Number);
        const scale = color.startsWith("color(") ? 255 : 1;
        return [...parts.slice(0, 3).map((part) => part * scale), parts[3] ?? 1];
    };
    const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
    const behind = (element) => {
        const found = [];
        for (let at = element; at; at = at.parentElement) {
            const color = parse(getComputedStyle(at).backgroundColor);
            if (color[3] > 0) found.push(color);
            if (color[3] === 1) break;
        }
        return found.reverse().reduce((below, color) => over(color, below), [255, 255, 255, 1]);
    };
    const light = (color) => color.slice(0, 3).map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
    const found = [];
    const walker = document.createTreeWalker(document.querySelector(".lab-picture"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || element.closest("svg") || !element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const below = behind(element);
        const [a, b] = [light(over(parse(style.color), below)), light(below)].sort((x, y) => y - x);
        const size = parseFloat(style.fontSize);
        const enough = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
        const ratio = (a + 0.05) / (b + 0.05);
        const words = walker.currentNode.data.trim();
        if (ratio < enough && !element.closest(":disabled")) found.push([words, ratio.toFixed(2)]);
    }
    return found;
}"""

# Words that are smaller on the page than ten pixels, and how small.
SMALL = """() => [...document.querySelectorAll(".lab-picture *")]
    .filter((one) => one.checkVisibility() && [...one.childNodes].some(({ data }) => data?.trim()))
    .map((one) => {
        const scale = one.ownerSVGElement?.getScreenCTM().a ?? 1;
        return [parseFloat(getComputedStyle(one).fontSize) * scale, one.textContent];
    })
    .filter(([size]) => size < 10)"""

FOCUS = """() => {
    const one = document.activeElement;
    const ringed = [one, ...one.querySelectorAll(".lab-player, .lab-knob")].map((part) => getComputedStyle(part));
    return {
        name: one.dataset.do ?? one.dataset.state ?? one.dataset.role ?? one.className ?? one.localName,
        inside: Boolean(one.closest(".lab-view")),
        ring: ringed.some((style) => style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2),
    };
}"""


@pytest.fixture(scope="module")
def trace():
    return builders.squares("threads", items=8)


def tabbed_through(page) -> list[str]:
    """The names of all that the tabulator key leads to, each of which is seen to have the focus."""
    found: list[str] = []
    page.evaluate("document.body.focus()")
    while len(found) < 100:
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if not at["inside"]:
            return found
        assert at["ring"], f"nobody sees that {at['name']} has the focus"
        found.append(at["name"])
    raise AssertionError(f"the focus goes in circles: {found[-5:]}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_words_can_be_read_and_all_parts_have_names(show, trace, scheme):
    page = show(vizlib.show(trace), color_scheme=scheme)
    page.evaluate(f"{CLOCK}.go({CLOCK}.end / 2)")
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    page.click("[data-do=light]") if scheme == "dark" else None
    assert page.evaluate(PALE) == []
    assert page.evaluate(NAMELESS) == []
    levels = page.eval_on_selector_all(
        "[role=heading], h3", "all => all.map((one) => one.ariaLevel ?? one.localName[1])"
    )
    assert levels[0] == "1"
    assert all(int(b) <= int(a) + 1 for a, b in itertools.pairwise(levels))
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("main").count() == 1


def test_every_control_is_reached_by_keyboard_and_seen_to_have_the_focus(show, trace):
    page = show(vizlib.timeline(trace))
    found = tabbed_through(page)
    controls = page.eval_on_selector_all(
        "button:enabled",
        "all => all.filter((one) => one.checkVisibility()).map((one) => one.dataset.do ?? one.dataset.state)",
    )
    assert set(controls) <= set(found)
    assert {"lab-picture", "lab-axis", "speed"} <= set(found)


@pytest.mark.parametrize("name", ["costs", "summary"])
def test_a_picture_that_does_not_play_shows_its_words_by_keyboard(show, trace, name):
    page = show(vizlib.VIEWS[name].make(trace))
    assert tabbed_through(page)[0] == "text"
    page.locator("[data-do=text]").press("Enter")
    assert page.locator(".lab-text").bounding_box()["height"] > 20


def test_time_is_scrubbed_and_selected_by_keyboard(show, trace):
    page = show(vizlib.timeline(trace))
    axis = page.get_by_role("slider", name="moment of the run")
    axis.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(NOW) == pytest.approx(0.005 * trace.wall_ns, rel=0.01)
    page.keyboard.press("PageUp")
    assert page.evaluate(NOW) == pytest.approx(0.105 * trace.wall_ns, rel=0.01)
    assert axis.get_attribute("aria-valuetext") == page.locator(".lab-time").inner_text().removeprefix("t = ")
    assert "produce" in page.locator(".lab-said").inner_text()
    page.keyboard.press("Shift+PageUp")
    page.keyboard.press("Shift+ArrowLeft")
    low, high = page.evaluate(f"{CLOCK}.brush")
    assert (low / trace.wall_ns, high / trace.wall_ns) == (pytest.approx(0.105, abs=1e-3), pytest.approx(0.2, abs=1e-3))
    assert page.locator(".lab-brushed").is_visible()
    page.keyboard.press("End")
    assert page.evaluate(NOW) == trace.wall_ns
    page.keyboard.press("Home")
    assert page.evaluate(NOW) == 0


def test_at_rest_nothing_moves(show, trace):
    page = show(vizlib.show(trace))
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("document.getAnimations().length") == 0
    asked = """() => new Promise((done) => {
        const changes = new MutationObserver((all) => done(all.map(({ target }) => target.className)));
        const everything = { subtree: true, childList: true, attributes: true, characterData: true };
        changes.observe(document.querySelector(".lab-view"), everything);
        let frames = 0;
        const next = () => (++frames > 20 ? done([]) : requestAnimationFrame(next));
        next();
    })"""
    assert page.evaluate(asked) == []


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (640, 360)], ids=["projector", "zoomed-to-200-percent"])
def test_it_fits_a_projector_and_its_words_are_not_small(show, shot, trace, width, height):
    page = show(vizlib.show(trace), width=width)
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(SMALL) == []
    shot(page, f"projector-{width}")
