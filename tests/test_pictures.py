"""The README's pictures are there, said in words, small enough to load, and still for readers who want no motion."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

HOUSE = Path(__file__).parent.parent
README = (HOUSE / "README.md").read_text("utf-8")


def test_every_picture_is_there_and_has_words_for_those_who_do_not_see_it():
    shown = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)
    shown += [(words, file) for file, words in re.findall(r'<img src="([^"]+)" alt="([^"]*)">', README)]
    assert len(shown) == README.count("![") + README.count("<img") >= 2
    for words, file in shown:
        assert len(words) > 40, file
        assert (HOUSE / file).is_file(), file


def test_what_moves_is_small_and_has_a_still_for_readers_who_want_no_motion():
    (moving,) = re.findall(r'<img src="([^"]+\.webp)"', README)
    (still,) = re.findall(r'<source media="\(prefers-reduced-motion: reduce\)" srcset="([^"]+)">', README)
    assert (HOUSE / moving).stat().st_size < 1_500_000
    with Image.open(HOUSE / moving) as film, Image.open(HOUSE / still) as picture:
        assert film.n_frames > 60
        assert getattr(picture, "n_frames", 1) == 1
