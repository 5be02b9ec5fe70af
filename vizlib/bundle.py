"""What a picture carries: the page's scripts, its style sheet, and BokehJS, packed."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from functools import cache
from importlib import resources

import bokeh
from bokeh.resources import Resources

from vizlib.palette import DARK, LIGHT, variables

PARTS = (
    "columns", "wording", "tip", "clock", "moments", "travel", "detail", "messages", "lanes", "marks", "arrows",
    "legend", "pointing", "timelines", "playhead", "scrubber", "brush", "follow", "minimap", "keys", "machine",
    "source", "drawing", "saving",
)  # fmt: skip
"""Scripts that the page's main script uses, each a file with one function."""
SHEETS = ("view", "player", "machine", "panels", "saving")


def pack(content: str | bytes) -> str:
    """Compressed, in letters that may stand anywhere in a page."""
    data = content.encode() if isinstance(content, str) else content
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode()


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
def _scripts() -> str:
    """The main script and its parts, in a block of their own so that pictures on one page do not meet."""
    parts = ",\n".join(f"{name}:\n{_asset(f'{name}.js').strip()}" for name in PARTS)
    main = _asset("view.js").replace("VERSION", bokeh.__version__).strip()
    return f'"use strict";\n{{\nconst PARTS = {{\n{parts},\n}};\nwindow.__lab.scripts.MARK =\n{main};\n}}'


@cache
def code() -> str:
    """The picture's scripts, packed."""
    return pack(_scripts().replace("MARK", _mark()))


@cache
def script() -> str:
    """The script that unpacks the others and starts them."""
    return _asset("start.js").replace("MARK", _mark())


def _mark() -> str:
    """Tells these scripts from those of another version of the lab on the same page."""
    return f"v{hashlib.sha256(_scripts().encode()).hexdigest()[:16]}"
