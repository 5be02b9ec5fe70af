"""Pictures that stand still, for slides and print: an SVG or a PNG of a page, made by the machine's own browser.

The page draws them itself, with the same script as behind its buttons; here it is only opened and asked.
"""

from __future__ import annotations

import base64
import json

from vizlib import browser

KINDS = ("svg", "png")
MARGIN = 24  # pixels that the page's script leaves around the picture
_SHARPNESS = 2  # pixels of a PNG for each of the page

_STAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<style>body {{ margin: 0; }}</style></head><body>{body}</body></html>
"""
_TAKE = """(async (asked) => {{
    const view = document.querySelector(".lab-view");
    while (!view.matches("[data-ready], .lab-failed")) await new Promise((next) => setTimeout(next, 5));
    if (view.matches(".lab-failed")) throw new Error("the page's script failed");
    return window.__lab.views.get(view).take(asked);
}})({asked})"""


def still(fragment: str, kind: str, *, width: int, dark: bool, at_ns: int | None) -> bytes:
    """Draw a picture's fragment of HTML, `width` pixels wide, at a moment of the run.

    Blocks for a second or two; raises `browser.BrowserError`, which says what to do, where there is no browser.
    """
    asked = json.dumps({"kind": kind, "light": not dark, "sharpness": _SHARPNESS, "at_ns": at_ns})
    pose = browser.Pose(width - 2 * MARGIN, dark, _TAKE.format(asked=asked))
    found = browser.evaluate(_STAGE.format(body=fragment), pose)
    return found.encode() if kind == "svg" else base64.b64decode(found)
