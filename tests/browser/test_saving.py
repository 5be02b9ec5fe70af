"""Pictures for slides: made by the page's own buttons with the network off, and from Python."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest
from PIL import Image, ImageChops

import bootstrap
import vizlib
from runtime.tracing.model import State
from tests.browser.test_player import go
from tests.browser.test_player import show as show
from tests.vizlib import builders
from tests.vizlib.large import large
from vizlib import browser as driver
from vizlib.__main__ import main
from vizlib.palette import DARK, LIGHT, STYLES

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"
HARMLESS = {
    "svg", "title", "desc", "g", "rect", "line", "path", "circle", "text", "defs", "clipPath", "image", "polygon",
}  # fmt: skip
# What is read on the page, without what only a page can do.
READ = """() => {
    const root = document.querySelector(".lab-view");
    root.classList.add("lab-posed");
    const words = root.querySelector(".lab-picture").innerText.split(/\\s+/);
    root.classList.remove("lab-posed");
    return words.filter(Boolean);
}"""


@pytest.fixture(scope="module")
def trace():
    return builders.squares("threads", items=8)


@pytest.fixture(scope="module")
def pair(trace):
    return vizlib.compare(builders.squares(items=8), trace)


def pressed(page, kind: str) -> bytes:
    with page.expect_download() as found:
        page.click(f"[data-do={kind}]")
    assert found.value.suggested_filename == f"squares.{kind}"
    return Path(found.value.path()).read_bytes()


def drawing(data: bytes) -> ElementTree.Element:
    root = ElementTree.fromstring(data)
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= HARMLESS
    return root


def words_of(root: ElementTree.Element) -> list[str]:
    return " ".join(one.text or "" for one in root.iter(f"{SVG}text")).split()


def background(root: ElementTree.Element) -> str:
    return root.find(f"{SVG}rect").get("fill").upper()


def settled_screenshot(page) -> Image.Image:
    """With the pointer and the focus elsewhere, the same twice in a row."""
    page.mouse.move(1, 1)
    page.evaluate("document.activeElement.blur()")
    last, now = b"", page.screenshot()
    while now != last:
        last, now = now, page.screenshot()
    return Image.open(io.BytesIO(now)).convert("RGB")


@pytest.mark.parametrize("name", ["show", "compare"])
def test_everything_that_is_read_on_the_page_is_in_the_svg(show, trace, pair, name):
    page = show(vizlib.show(trace) if name == "show" else pair)
    go(page, int(trace.wall_ns * 0.4))
    root = drawing(pressed(page, "svg"))
    assert root.find(f"{SVG}title").text == "squares"
    assert root.find(f"{SVG}desc").text.strip() == page.locator(".lab-text").text_content().strip()
    read, written = page.evaluate(READ), words_of(root)
    assert [word for word in read if read.count(word) > written.count(word)] == []
    assert not [button for button in page.locator("[data-do]").all_inner_texts() if button in written]


def test_every_bar_and_arrow_is_in_the_svg_and_few_paths(show, trace):
    root = drawing(pressed(show(vizlib.timeline(trace)), "svg"))
    paths = [*root.iter(f"{SVG}path")]
    for state in (State.RUNNING, State.GIL_WAIT):
        red, green, blue = bytes.fromhex(STYLES[state].color[1:])
        ours = [one.get("d") for one in paths if one.get("fill") == f"rgb({red},{green},{blue})"]
        assert sum(d.count("M") for d in ours) == sum(span.state == state for span in trace.spans)
    assert sum(one.get("d").count(" C ") == 1 for one in paths if one.get("fill") == "none") >= len(trace.messages)
    assert len(paths) < len(trace.spans)
    assert sum(1 for _ in root.iter(f"{SVG}clipPath")) < 8


def test_many_spans_are_saved_as_they_are_drawn(show):
    page = show(vizlib.timeline(large(40_000)))
    with page.expect_download() as found:
        page.click("[data-do=svg]")
    data = Path(found.value.path()).read_bytes()
    root = drawing(data)
    assert sum(1 for _ in root.iter(f"{SVG}path")) < 300
    assert sum(1 for _ in root.iter(f"{SVG}image")) == 1
    assert len(data) < 600_000
    assert "merged" in " ".join(words_of(root))


def test_the_playhead_s_moment_is_told(show, trace):
    page = show(vizlib.timeline(trace))
    assert " t = " not in " ".join(words_of(drawing(pressed(page, "svg"))))
    go(page, 1_000_000)
    assert " at t = 1.000 ms " in " ".join(words_of(drawing(pressed(page, "svg"))))


def test_a_dark_page_is_saved_as_it_is_or_on_white_and_stays_dark(show, pair):
    page = show(pair, color_scheme="dark")
    page.evaluate("document.querySelector('.lab-saved').style.visibility = 'hidden'")
    before = settled_screenshot(page)
    assert background(drawing(pressed(page, "svg"))) == DARK["page"]
    page.click("[data-do=light]")
    svg = drawing(pressed(page, "svg"))
    assert background(svg) == LIGHT["page"]
    inks = {one.get("fill", "").upper() for one in svg.iter(f"{SVG}text")}
    assert inks >= {LIGHT["ink"], LIGHT["quiet"]}
    assert not inks & {DARK["ink"], DARK["quiet"]}
    arrows = [one.get("stroke", "").upper() for one in svg.iter(f"{SVG}path") if " C " in one.get("d", "")]
    assert DARK["arrow"] not in arrows
    page.click("[data-do=light]")
    assert page.locator(".lab-view").get_attribute("class") == "lab-view lab-alone"
    changes = ImageChops.difference(before, settled_screenshot(page)).convert("L")
    assert changes.getextrema()[1] <= 8  # a browser may smooth a letter's edge anew


def test_a_png_is_as_the_page_and_twice_as_sharp(show, pair):
    page = show(pair, width=1400)
    picture = Image.open(io.BytesIO(pressed(page, "png")))
    box = page.locator(".lab-picture").bounding_box()
    assert picture.width == 2 * (round(box["width"]) + 48)
    colors = {f"#{r:02X}{g:02X}{b:02X}" for _, (r, g, b, *_) in picture.convert("RGB").getcolors(1 << 24)}
    assert {STYLES[State.RUNNING].color, STYLES[State.GIL_WAIT].color, LIGHT["page"]} <= colors


def test_a_picture_is_copied_or_it_is_said_why_not(show, trace):
    page = show(vizlib.summary(trace))
    page.evaluate("""Object.defineProperty(navigator, "clipboard", {value: {write: async ([item]) => {
        window.copied = await item.getType("image/png");
    }}})""")
    page.click("[data-do=copy]")
    page.wait_for_function("window.copied?.size > 10_000")
    assert page.locator(".lab-saved").inner_text() == "copied"
    page.evaluate("() => { navigator.clipboard.write = () => Promise.reject(new Error()); }")
    page.click("[data-do=copy]")
    page.wait_for_function("document.querySelector('.lab-saved').innerText.includes('save it as PNG instead')")


def test_a_selected_interval_is_part_of_the_picture(show, trace):
    page = show(vizlib.timeline(trace))
    page.click("[data-do=brush]")
    box = page.locator(".lab-frame").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 60, steps=3)
    page.mouse.up()
    told = " ".join(words_of(drawing(pressed(page, "svg"))))
    assert " selected " in told
    assert "zoom to it" not in told


# ---- from Python -----------------------------------------------------------------------------------------------------


def ours() -> list[str]:
    """Browsers that pictures were drawn with and that still live."""
    found = (" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline", "status"]))
    return [line for line in found if "--remote-debugging-pipe" in line and "/lab-" in line]


@pytest.mark.usefixtures("browser_path")
def test_python_saves_the_same_pictures(tmp_path, trace):
    view = vizlib.machine(trace)
    view.save(tmp_path / "run.svg", at_ns=1_000_000)
    root = drawing((tmp_path / "run.svg").read_bytes())
    assert root.get("width") == "1280"
    assert background(root) == LIGHT["page"]
    assert " at t = 1.000 ms " in " ".join(words_of(root))
    view.save(tmp_path / "run.png", width=900, dark=True)
    with Image.open(tmp_path / "run.png") as picture:
        assert picture.width == 1800
        assert "#{:02X}{:02X}{:02X}".format(*picture.convert("RGB").getpixel((3, 3))) == DARK["page"]
    assert ours() == []


@pytest.mark.usefixtures("browser_path")
def test_the_command_line_makes_a_picture(tmp_path, trace, capsys):
    trace.save(tmp_path / "run.trace")
    assert main([str(tmp_path / "run.trace"), "--view", "summary", "-o", str(tmp_path / "run.svg")]) == 0
    assert "squares" in words_of(drawing((tmp_path / "run.svg").read_bytes()))


def test_without_a_browser_it_is_said_what_to_do(tmp_path, monkeypatch, trace, capsys):
    monkeypatch.setenv("LAB_BROWSER", str(tmp_path / "gone"))
    with pytest.raises(vizlib.BrowserError, match=r"no Chromium, Chrome or Edge was found: install one, .*open that"):
        vizlib.summary(trace).save(tmp_path / "run.png")
    trace.save(tmp_path / "run.trace")
    assert main([str(tmp_path / "run.trace"), "-o", str(tmp_path / "run.png")]) == 1
    assert "no Chromium, Chrome or Edge was found" in capsys.readouterr().err
    assert not (tmp_path / "run.png").exists()


def test_no_other_kind_of_file_is_written(tmp_path, trace):
    with pytest.raises(ValueError, match=r"saved as \.html, \.svg or \.png, not as '\.pdf'"):
        vizlib.summary(trace).save(tmp_path / "run.pdf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="no browser is driven here")
@pytest.mark.parametrize(("script", "says"), [("exit 3", "ended before the picture was there"), ("read x", "did not")])
def test_a_browser_that_does_not_do_its_work_is_named_and_ended(tmp_path, monkeypatch, trace, script, says):
    false = tmp_path / "browser"
    false.write_text(f"#!/bin/sh\n{script} <&3\n")
    false.chmod(0o755)
    monkeypatch.setenv("LAB_BROWSER", str(false))
    monkeypatch.setattr(driver, "_PATIENCE_S", 0.3)
    with pytest.raises(vizlib.BrowserError, match=f"{re.escape(str(false))} {says}"):
        vizlib.summary(trace).save(tmp_path / "run.svg")
    assert not [child for child in psutil.Process().children() if str(false) in " ".join(child.cmdline())]


def test_both_look_for_browsers_in_the_same_places(tmp_path, monkeypatch):
    assert driver.find() == bootstrap.find_browser()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("LAB_BROWSER", raising=False)
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        assert driver.find() == bootstrap.find_browser() == str(program)
        program.unlink()
