"""What a page needs before a figure can grow in it: BokehJS, and the style sheet of the live view.

A figure that grows is a widget, and its script expects BokehJS in the page.  Nothing says when that is so, and cells
run in any order.  So the live view brings BokehJS itself, packed as pictures carry it; when it is there, the page
writes its name into a hidden field, and only then does the kernel send the figure, and the name back.  It is the one
way from a page to its kernel that every notebook front end has.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import bokeh

from vizlib import bundle
from vizlib.palette import DARK, LIGHT, variables


def loader(field: str) -> str:
    """Markup that brings BokehJS into the page, then writes the page's name into the field of the CSS class `field`."""
    script = asset("loader.js").replace("VERSION", bokeh.__version__).replace("NAME", field)
    return (
        f'<div><script type="text/plain" class="lab-library">{bundle.library()}</script><script>{script}</script></div>'
    )


def kept(picture: str, panel: str) -> str:
    """Markup for the file: `picture` is drawn only in a page in which the panel of the CSS class `panel` is not."""
    if not picture:
        return "<div></div>"
    script = asset("kept.js").replace("NAME", panel)
    return f"<div><template>{picture}</template><script>{script}</script></div>"


@cache
def style() -> str:
    """The style sheet of live views, in both themes."""
    return asset("live.css").replace("LIGHT", variables(LIGHT)).replace("DARK", variables(DARK))


def asset(name: str) -> str:
    """The text of a script or style sheet."""
    return resources.files("vizlib").joinpath("assets", name).read_text("utf-8")
