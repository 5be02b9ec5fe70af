"""A picture as a piece of HTML that needs nothing but a browser.

Every output carries all that it needs: the document, the run's columns, and BokehJS, all compressed (about 0.5 MB and
some bytes for each event).  So it can be shown
in any order, moved, copied, reopened without a kernel, exported or mailed, and no cell has to run before it.  The first
output of a page unpacks BokehJS for all of them.  Where scripts do not run (an untrusted notebook, a web preview), the
text form stays visible; where they do, it remains as the picture's text alternative.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from bokeh.core.json_encoder import serialize_json
from bokeh.document import Document
from bokeh.embed.util import standalone_docs_json_and_render_items
from bokeh.model import Model
from bokeh.models import LayoutDOM

from vizlib import bundle, controls, packing, stills
from vizlib.played import Columns, states, transfers


@dataclass(frozen=True, slots=True)
class Section:
    """A figure with its heading, the sentences above it, the remarks under it, and its key, which is markup."""

    title: str
    subtitle: str
    figure: LayoutDOM
    notes: Sequence[str] = ()
    sentences: Sequence[str] = ()
    key: str = ""
    kind: str = "Timeline"


@dataclass(frozen=True, slots=True)
class Panel:
    """What the page's script `kind` draws from `content`; it follows the playhead in run number `run`.

    A panel that stands still has no script of its kind, and brings its own `markup`.
    """

    kind: str
    title: str
    subtitle: str
    content: Any = None
    run: int = 0
    notes: Sequence[str] = ()
    markup: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page shows, from top to bottom.  Plain text except `above`, `legend` and `below`, which are markup.

    `runs` are what the player plays, one for each trace; with none the picture stands still and has no player.
    Panels stand to the right of the sections where there is room, else below them.
    """

    name: str
    about: str
    sentences: Sequence[str]
    sections: Sequence[Section] = ()
    above: str = ""
    legend: str = ""
    below: str = ""
    panels: Sequence[Panel] = ()
    runs: Sequence[Columns] = ()


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

    def save(
        self, path: str | os.PathLike[str], *, width: int = 1_280, dark: bool = False, at_ns: int | None = None
    ) -> None:
        """Write a file: `.html` is a page that plays anywhere without a network, `.svg` and `.png` are for slides.

        A picture for slides shows all of the view, `width` pixels wide, on white or `dark`, at the moment `at_ns` of
        the run (without one, at the moment at which the page begins).  This machine's Chromium, Chrome or Edge draws
        it, which takes a second or two.

        Raises `ValueError` for any other ending, and `vizlib.BrowserError`, which says what to do, where no browser
        can draw it.
        """
        ending = Path(path).suffix.lower()
        sheet = self.sheet()
        body = _fragment(sheet, self._text, alone=True)
        if ending in (".html", ".htm", ""):
            content = _PAGE.format(title=escape(sheet.name), body=body).encode()
        elif ending[1:] in stills.KINDS:
            content = stills.still(body, ending[1:], width=width, dark=dark, at_ns=at_ns)
        else:
            raise ValueError(f"a view can be saved as .html, .svg or .png, not as {ending!r}: change the file's ending")
        Path(path).write_bytes(content)


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
<main>
{body}
</main>
</body>
</html>
"""


def _fragment(sheet: Sheet, text: str, *, alone: bool = False) -> str:
    documents, item = _document([section.figure for section in sheet.sections])
    panels = [{"kind": panel.kind, "content": panel.content, "run": panel.run} for panel in sheet.panels]
    data, columns = packing.pack({"runs": sheet.runs, "panels": panels})
    content = {"markup": _markup(sheet, 1 if alone else 2), "docs": documents, "item": item, "data": data}
    content |= {"states": states(), "transfers": transfers()}
    # about what the picture will need
    tall = 260 + sum((section.figure.height or 0) + 60 for section in sheet.sections)
    return "\n".join(
        (
            f'<div class="lab-view{" lab-alone" if alone else ""}" style="--tall:{tall}px">',
            f"<style>{bundle.style()}</style>",
            '<div class="lab-picture"></div>',
            f'<p class="lab-still">{_STILL}</p>',
            f'<pre class="lab-text">{escape(text)}</pre>',
            f'<script type="text/plain" class="lab-library">{bundle.library() if sheet.sections else ""}</script>',
            f'<script type="text/plain" class="lab-document">{bundle.pack(serialize_json(content))}</script>',
            f'<script type="text/plain" class="lab-columns">{bundle.pack(columns)}</script>',
            f'<script type="text/plain" class="lab-code">{bundle.code()}</script>',
            f"<script>{bundle.script()}</script>",
            "</div>",
        )
    )


_STILL = "The picture needs JavaScript. In JupyterLab, run the cell or trust the notebook. The same in words:"


def _markup(sheet: Sheet, level: int) -> str:
    bars = [controls.PLAYER] if sheet.runs else []
    if sheet.runs and sheet.sections:
        bars.append(controls.navigation(arrows=_last_timeline(sheet) >= 0))
    keys = controls.KEYS if sheet.runs else ""
    return "\n".join((*_header(sheet, level), sheet.above, *bars, keys, *_desk(sheet), sheet.below))


def _last_timeline(sheet: Sheet) -> int:
    """The number of the last section that is a timeline, -1 if none is."""
    return max((i for i, one in enumerate(sheet.sections) if one.kind == "Timeline"), default=-1)


def _desk(sheet: Sheet) -> Iterable[str]:
    yield '<div class="lab-desk">'
    if sheet.sections:
        last = _last_timeline(sheet)
        yield '<div class="lab-times">'
        if last >= 0 and sheet.runs:
            yield controls.MAP
        for i, section in enumerate(sheet.sections):
            yield from _section(section)
            if i == last:
                yield sheet.legend
        # Below what is selected in it, which so stays where it is.
        yield controls.BRUSHED
        yield "</div>"
    if sheet.panels:
        yield '<div class="lab-panels">'
        for panel in sheet.panels:
            yield from _panel(panel)
        yield "</div>"
    yield "</div>"


def _header(sheet: Sheet, level: int) -> Iterable[str]:
    name = escape(sheet.name)
    yield f'<div class="lab-head"><span class="lab-name" role="heading" aria-level="{level}">{name}</span>'
    saving = controls.SAVING if sheet.runs and sheet.sections else controls.SAVING_AND_WORDS
    yield f'<span class="lab-about">{escape(sheet.about)}</span><span class="lab-at"></span>{saving}</div>'
    yield '<div class="lab-words">' + "".join(f"<p>{escape(sentence)}</p>" for sentence in sheet.sentences) + "</div>"


def _section(section: Section) -> Iterable[str]:
    title, subtitle = escape(section.title), escape(section.subtitle)
    told = f"{section.kind}, {title}, {subtitle}; the same follows in words"
    yield f'<div class="lab-run"><div class="lab-title">{_heading(title)}<span>{subtitle}</span></div>'
    yield from (f'<p class="lab-saying">{escape(sentence)}</p>' for sentence in section.sentences)
    yield f'<div class="lab-plot" role="figure" aria-label="{told}"></div>'
    yield section.key
    if section.kind == "Timeline":
        yield '<p class="lab-note lab-merged" hidden></p>'
    yield from (f'<p class="lab-note">{escape(note)}</p>' for note in section.notes)
    yield "</div>"


def _heading(title: str) -> str:
    return f'<b role="heading" aria-level="2">{title}</b>'


def _panel(panel: Panel) -> Iterable[str]:
    title, subtitle = escape(panel.title), escape(panel.subtitle)
    yield f'<section class="lab-panel" data-kind="{panel.kind}" aria-label="{title}, {subtitle}">'
    yield f'<div class="lab-title">{_heading(title)}<span>{subtitle}</span></div>'
    yield f'<div class="lab-stage">{panel.markup}</div>'
    yield from (f'<p class="lab-note">{escape(note)}</p>' for note in panel.notes)
    yield "</section>"


def _document(figures: Sequence[Model]) -> tuple[Any, dict[str, Any]]:
    """The figures as one Bokeh document, so that what they share stays shared, and how to show it."""
    if not figures:
        return {}, {}
    document = Document()
    for figure in figures:
        document.add_root(figure)
    documents, items = standalone_docs_json_and_render_items(list(figures))
    item = items[0].to_json()
    return documents, {"docid": item["docid"], "root_ids": item["root_ids"]}
