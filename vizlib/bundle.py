"""What a picture carries: the page's scripts, its style sheet, and BokehJS, packed."""

from __future__ import annotations

import base64
import gzip
import re
from functools import cache
from importlib import resources

import bokeh
from bokeh.resources import Resources

from vizlib.palette import DARK, LIGHT, variables

PARTS = ("clock", "legend", "moments", "playhead", "brush", "follow", "keys", "machine", "source", "drawing", "saving")
"""Scripts that the page's main script uses, each a file with one function."""
SHEETS = ("view", "player", "machine", "panels", "saving")


def pack(text: str) -> str:
    """Compressed, in letters that may stand anywhere in a page."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _asset(name: str) -> str:
    """A file without its lines of comment and its indentation, which only readers of the source need."""
    text = resources.files("vizlib").joinpath("assets", name).read_text("utf-8")
    return re.sub(r"(?m)^[ \t]*//.*\n|^[ \t]+", "", text)


@cache
def library() -> str:
    """BokehJS without its widgets, packed."""
    return pack("\n".join(Resources(mode="inline", components=["bokeh"]).js_raw))


@cache
def style() -> str:
    """The style sheet, in both themes."""
    sheets = "".join(_asset(f"{name}.css") for name in SHEETS)
    return sheets.replace("LIGHT", variables(LIGHT)).replace("DARK", variables(DARK))


@cache
def script() -> str:
    """The page's main script and its parts, in a block of their own so that pictures on one page do not meet."""
    parts = ",\n".join(f"{name}:\n{_asset(f'{name}.js').strip()}" for name in PARTS)
    return f'"use strict";\n{{\nconst PARTS = {{\n{parts},\n}};\n{_asset("view.js")}}}'.replace(
        "VERSION", bokeh.__version__
    )
