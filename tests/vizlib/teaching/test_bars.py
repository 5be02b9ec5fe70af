"""Numbers as bars, and in words."""

from __future__ import annotations

from vizlib.teaching.bars import bars

MEMORY = {"threads": 0.06, "processes": 8.0, "<b>": 1234.5}


def test_numbers_are_told_in_words_as_measurements():
    assert repr(bars("memory", MEMORY, " MB", inferred=["threads"])).splitlines() == [
        "  memory:",
        "~ threads: 0.1 MB (inferred)",
        "~ processes: 8.0 MB",
        "~ <b>: 1,234 MB",
    ]


def test_bars_are_on_one_scale_from_nothing():
    html = bars("times", {"long": 4.0, "short": 1.0, "none": 0.0, "below": -1.0}).html()
    assert [html.count(f'width:{width}%"') for width in ("70.0", "17.5", "0.0")] == [1, 1, 2]


def test_what_is_inferred_looks_it():
    html = bars("memory", MEMORY, " MB", inferred=["threads"]).html()
    assert html.count('<i class="lab-inferred"') == 1
    assert html.count('<i class="lab-measured"') == 2


def test_a_name_is_text_and_the_picture_has_words():
    html = bars("memory", MEMORY, " MB").html()
    assert "<b>:" not in html
    assert 'role="img" aria-label="memory. threads: 0.1 MB; processes: 8.0 MB; &lt;b&gt;: 1,234 MB"' in html


def test_nothing_to_draw_is_said():
    assert "this system does not tell" in repr(bars("memory", {}))
    assert "this system does not tell" in bars("memory", {}).html()
