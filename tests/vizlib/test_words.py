import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.tracing.model import Ending, WorkerFailure
from tests.vizlib import builders
from vizlib import words


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (0, "0 ns"),
        (850, "850 ns"),
        (3_134_000, "3.13 ms"),
        (5_800_000_000, "5.80 s"),
        (120_000_000_000, "2 min 0 s"),
        (3_720_000_000_000, "1 h 2 min"),
    ],
)
def test_a_duration_has_the_unit_that_fits(ns, said):
    assert words.duration(ns) == said


def test_moments_tell_neighbours_apart():
    assert words.moment(1_482_000, 3_000_000) == "1.482 ms"
    assert words.moment(1_482_000, 3_000) == "1.482000 ms"
    assert words.moment(12, 100) == "12 ns"


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=9))
def test_percents_of_a_whole_add_up_to_a_hundred(parts):
    shares = words.percents(parts, sum(parts))
    assert sum(shares) == (100 if sum(parts) else 0)
    assert all(
        abs(share - part * 100 / sum(parts)) < 1 for share, part in zip(shares, parts, strict=True) if sum(parts)
    )


def test_shares_near_a_simple_fraction_are_called_by_it():
    assert words.part(0.48) == "about half (48 %)"
    assert words.part(0.12) == "12 %"


@given(st.text())
def test_plain_text_is_one_short_printable_line(text):
    shown = words.plain(text)
    assert shown.isprintable()
    assert len(shown) <= 60


def test_direction_marks_and_line_ends_are_shown_not_obeyed():
    assert words.plain("a\nb\u202e\x1b[31m") == r"a\nb\u202e\x1b[31m"


def test_a_line_of_the_snippet_is_found_by_the_files_numbering():
    worker = builders.worker(0, "square")
    assert words.source_line(worker, 12) == (3, "value = slow_square(n)")
    assert words.source_line(worker, 9) is None
    assert words.source_line(worker, 99) is None


def test_a_failure_is_named_with_its_message():
    failed = builders.worker(0, "square", ending=Ending.RAISED)
    trace = builders.trace([failed], errors=(WorkerFailure("square", "ValueError", "no <b>", "", -1),))
    assert words.ending(trace, failed) == "raised ValueError: no <b>"


def test_the_subtitle_says_what_the_workers_share():
    trace = builders.squares(items=2)
    assert words.subtitle(trace) == "own GIL each · 4 workers · 2 cores"
    assert words.setting(trace) == "own GIL each · 4 workers"
    assert "one GIL for all" in words.subtitle(builders.trace(backend="threads"))
    assert words.backend(builders.trace(backend="rockets")).title == "Rockets"
