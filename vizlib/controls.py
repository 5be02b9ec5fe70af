"""The buttons above a picture, as markup: one bar that plays it, one that moves about in it, and the list of keys."""

from __future__ import annotations


def _button(action: str, face: str, title: str, *, label: str = "", **more: str) -> str:
    """A real button.  `label` is its name where its face is a sign rather than a word."""
    attributes = {"data-do": action, "title": title} | ({"aria-label": label} if label else {}) | more
    told = " ".join(f'{name.rstrip("_").replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<button type="button" {told}>{face}</button>'


def _icon(*paths: tuple[str, str]) -> str:
    drawn = "".join(f'<path class="{name}" d="{path}"/>' for name, path in paths)
    return f'<svg viewBox="0 0 16 16" aria-hidden="true">{drawn}</svg>'


_SPLIT = '<span class="lab-split"></span>'
_AROUND = "M8 2a6 6 0 0 1 5.2 3l1.3-.8v4.3L10.7 6.5 12 5.8A4.5 4.5 0 1 0 12.5 9H14A6 6 0 1 1 8 2z"

PLAYER = "\n".join(
    (
        '<div class="lab-bar lab-player" role="toolbar" aria-label="Player">',
        _button("start", _icon(("", "M3 3h2v10H3zM14 3v10L6 8z")), "To the start", label="to the start"),
        _button("previous", _icon(("", "M12 3v10L3 8z")), "Previous event ( , )", label="previous event"),
        _button(
            "play",
            _icon(("lab-is-still", "M4 2v12l10-6z"), ("lab-is-playing", "M4 2h3v12H4zM9 2h3v12H9z")),
            "Play (Space)",
            label="play",
            aria_pressed="false",
            class_="lab-play",
        ),
        _button("next", _icon(("", "M4 3v10l9-5z")), "Next event ( . )", label="next event"),
        _button(
            "loop", _icon(("", _AROUND)), "Loop the selection, or the whole run", label="loop", aria_pressed="false"
        ),
        '<output class="lab-time" aria-label="moment of the run" aria-live="off">t = 0</output>',
        _SPLIT,
        '<label class="lab-speed"><span class="lab-speed-words"></span>',
        '<input type="range" data-role="speed" step="0.02" aria-label="speed"></label>',
        '<span class="lab-hint">drag on an axis: move through time</span>',
        '</div><p class="lab-said" aria-live="polite"></p>',
    )
)
_IN_WORDS = _button("text", "in words", "Show the same as text, below", aria_pressed="false")
_ARROWS = (
    '<label class="lab-arrows"><span class="lab-lead">arrows:</span> <select aria-label="arrows that are shown">'
    '<option value="direct">direct</option><option value="chain">whole chain</option>'
    '<option value="view">all in view</option></select></label>' + _SPLIT
)


def navigation(*, arrows: bool) -> str:
    """The bar that moves about in time, with a menu of arrows where there are any."""
    return _NAVIGATION.replace("ARROWS", _ARROWS if arrows else "")


_NAVIGATION = "\n".join(
    (
        '<div class="lab-bar lab-navigation" role="toolbar" aria-label="View"><span class="lab-lead">drag:</span>',
        _button("pan", "move", "Dragging moves the picture", aria_pressed="true"),
        _button("box", "zoom in", "Drag over what to see larger", aria_pressed="false"),
        _button("brush", "select", "Drag over an interval to select it; so does Shift+drag", aria_pressed="false"),
        _SPLIT,
        _button("out", "&minus;", "Zoom out (S, Ctrl+wheel)", label="zoom out"),
        _button("in", "+", "Zoom in (W, Ctrl+wheel)", label="zoom in"),
        _button("fit", "fit", "Show the whole run (F)"),
        _button("closer", "to selection", "Zoom to the selected interval or the chosen bar (Z)"),
        _button("back", "back", "Back to the view before (Backspace)"),
        _SPLIT,
        "ARROWS",
        _IN_WORDS,
        _button("keys", "? keys", "Show the keys (?)", aria_expanded="false"),
        # What is said of the arrows stands in the hint's place, so that nothing moves when it changes.
        '<output class="lab-hint lab-arrows-told" aria-live="off"></output>',
        '<span class="lab-hint">Ctrl+wheel: zoom · click a bar: keep its arrows</span></div>',
    )
)

SAVING = "\n".join(
    (
        '<div class="lab-save" role="group" aria-label="Save this picture"><output class="lab-saved"></output>',
        '<span class="lab-lead">save as</span>',
        _button("png", "PNG", "Save the whole picture as pixels, twice as many as on the screen"),
        _button("svg", "SVG", "Save the whole picture as a drawing that stays crisp at any size"),
        _button("copy", "copy", "Copy the whole picture, to paste it into slides"),
        _button("light", "on white", "Save and copy it on white, for slides and print", aria_pressed="false"),
        "</div>",
    )
)

SAVING_AND_WORDS = SAVING.replace('<span class="lab-lead">', f'{_IN_WORDS}<span class="lab-lead">')
"""For a picture without a bar to move about in it."""

MAP = (
    '<div class="lab-map" title="The whole run: drag the window or its edges, or drag beside it to draw a new one">'
    '<canvas aria-hidden="true"></canvas><div class="lab-map-now"></div>'
    '<div class="lab-window" tabindex="0" role="slider" aria-label="interval that is shown" aria-valuemin="0" '
    'aria-valuemax="100" aria-valuenow="0"></div></div>'
)
BRUSHED = '<div class="lab-brushed" role="region" aria-label="The selected interval" hidden></div>'

_KEYS = (
    ("Space", "play, pause"),
    (".", "next event"),
    (",", "previous event"),
    ("[", "to where the message was sent"),
    ("]", "to where the message was taken"),
    ("W", "zoom in"),
    ("S", "zoom out"),
    ("A", "move left"),
    ("D", "move right"),
    ("F", "fit: show the whole run"),
    ("Z", "zoom to the selection"),
    ("Backspace", "back to the view before"),
    ("&larr; &rarr;", "through time, while the time axis has the focus"),
    ("Shift &larr;", "select there"),
    ("?", "show or hide these keys"),
    ("Esc", "clear the selection, then leave"),
)
KEYS = (
    '<div class="lab-keys" hidden><b>Keys, while the picture has the focus</b><dl>'
    + "".join(f"<div><dt><kbd>{key}</kbd></dt><dd>{meaning}</dd></div>" for key, meaning in _KEYS)
    + "</dl></div>"
)
