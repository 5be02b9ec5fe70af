"""A picture as a piece of HTML that needs nothing but a browser.

Every output carries all that it needs: the document, and BokehJS, both compressed (about 0.5 MB).  So it can be shown
in any order, moved, copied, reopened without a kernel, exported or mailed, and no cell has to run before it.  The first
output of a page unpacks BokehJS for all of them.  Where scripts do not run (an untrusted notebook, a web preview), the
text form stays visible; where they do, it remains as the picture's text alternative.
"""

from __future__ import annotations

import base64
import gzip
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import bokeh
from bokeh.core.json_encoder import serialize_json
from bokeh.document import Document
from bokeh.embed.util import standalone_docs_json_and_render_items
from bokeh.model import Model
from bokeh.models import LayoutDOM
from bokeh.resources import Resources

from vizlib.palette import DARK, LIGHT, variables


@dataclass(frozen=True, slots=True)
class Section:
    """A figure with its heading and the sentences under it."""

    title: str
    subtitle: str
    figure: LayoutDOM
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page shows, from top to bottom.  Plain text except `legend` and `below`, which are markup."""

    name: str
    about: str
    sentences: Sequence[str]
    sections: Sequence[Section]
    legend: str
    below: str = ""


class View:
    """A picture of one or more traces.

    In a notebook it displays itself; `str` gives its text form; `save` writes it to a file.
    """

    def __init__(self, make: Callable[[], Sheet], text: str) -> None:
        self._make = make
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<View: {self._text.splitlines()[0]}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self._text}

    def sheet(self) -> Sheet:
        """Make the figures anew: a Bokeh model belongs to one document, and a view can be shown many times."""
        return self._make()

    def html(self) -> str:
        """The picture as a self-contained piece of HTML, for the middle of any page."""
        return _fragment(self.sheet(), self._text)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one HTML file that works anywhere, without a network."""
        sheet = self.sheet()
        body = _fragment(sheet, self._text, alone=True)
        Path(path).write_text(_PAGE.format(title=escape(sheet.name), body=body), "utf-8")


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ margin: 0 auto; padding: 20px 28px; max-width: 1280px; background: #FFFFFF; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #111111; }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def _fragment(sheet: Sheet, text: str, *, alone: bool = False) -> str:
    documents, item = _document([section.figure for section in sheet.sections])
    packed = serialize_json({"markup": _markup(sheet), "docs": documents, "item": item})
    tall = 220 + sum(
        (section.figure.height or 0) + 60 for section in sheet.sections
    )  # about what the picture will need
    return "\n".join(
        (
            f'<div class="lab-view{" lab-alone" if alone else ""}" style="--tall:{tall}px">',
            f"<style>{_style()}</style>",
            '<div class="lab-picture"></div>',
            f'<p class="lab-still">{_STILL}</p>',
            f'<pre class="lab-text">{escape(text)}</pre>',
            f'<script type="text/plain" class="lab-library">{_library()}</script>',
            f'<script type="text/plain" class="lab-document">{_pack(packed)}</script>',
            f"<script>{_script()}</script>",
            "</div>",
        )
    )


_STILL = "The picture needs JavaScript. In JupyterLab, run the cell or trust the notebook. The same in words:"


def _markup(sheet: Sheet) -> str:
    sections = (line for section in sheet.sections for line in _section(section))
    return "\n".join((*_header(sheet), _CONTROLS, *sections, sheet.legend, sheet.below))


def _header(sheet: Sheet) -> Iterable[str]:
    yield f'<div class="lab-head"><span class="lab-name">{escape(sheet.name)}</span>'
    yield f'<span class="lab-about">{escape(sheet.about)}</span></div>'
    yield '<div class="lab-words">' + "".join(f"<p>{escape(sentence)}</p>" for sentence in sheet.sentences) + "</div>"


def _section(section: Section) -> Iterable[str]:
    title, subtitle = escape(section.title), escape(section.subtitle)
    told = f"Timeline, {title}, {subtitle}; the same follows in words"
    yield f'<div class="lab-run"><div class="lab-title"><b>{title}</b><span>{subtitle}</span></div>'
    yield f'<div class="lab-plot" role="img" aria-label="{told}"></div>'
    yield from (f'<p class="lab-note">{escape(note)}</p>' for note in section.notes)
    yield "</div>"


_CONTROLS = """<div class="lab-bar" role="toolbar" aria-label="View">
<button type="button" data-do="pan" aria-pressed="true" title="Dragging moves the picture">drag: move</button>
<button type="button" data-do="box" aria-pressed="false" title="Drag over what to see larger">drag: zoom in</button>
<span class="lab-split"></span>
<button type="button" data-do="out" aria-label="zoom out" title="Zoom out (Ctrl+wheel)">&minus;</button>
<button type="button" data-do="in" aria-label="zoom in" title="Zoom in (Ctrl+wheel)">+</button>
<button type="button" data-do="fit" title="Show the whole run">fit</button>
<span class="lab-split"></span>
<button type="button" data-do="text" aria-pressed="false" title="Show the same as text, below">in words</button>
<span class="lab-hint">Ctrl+wheel: zoom · click a bar: keep its arrows</span>
</div>"""


def _document(figures: Sequence[Model]) -> tuple[Any, dict[str, Any]]:
    """The figures as one Bokeh document, so that what they share stays shared, and how to show it."""
    document = Document()
    for figure in figures:
        document.add_root(figure)
    documents, items = standalone_docs_json_and_render_items(list(figures))
    item = items[0].to_json()
    return documents, {"docid": item["docid"], "root_ids": item["root_ids"]}


def _pack(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _asset(name: str) -> str:
    return resources.files("vizlib").joinpath("assets", name).read_text("utf-8")


@cache
def _library() -> str:
    """BokehJS without its widgets, packed."""
    return _pack("\n".join(Resources(mode="inline", components=["bokeh"]).js_raw))


@cache
def _style() -> str:
    return _asset("view.css").replace("LIGHT", variables(LIGHT)).replace("DARK", variables(DARK))


@cache
def _script() -> str:
    return _asset("view.js").replace("VERSION", bokeh.__version__)
