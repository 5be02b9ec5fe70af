"""What every card of a lesson shares: its frame, its style, and escaping.  Nothing a reader typed passes unescaped."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib import resources


def escaped(text: object) -> str:
    """`text` as markup that shows it literally."""
    return escape(str(text), quote=True)


def card(content: str, *, live: bool = False) -> str:
    """`content`, which is markup, in the frame that all cards have.  `live`: screen readers read what appears in it."""
    role = ' role="status"' if live else ""
    return f'<div class="lab-card"{role}><style>{_style()}</style>{content}</div>'


@cache
def _style() -> str:
    return resources.files("vizlib").joinpath("assets", "teaching.css").read_text("utf-8")
