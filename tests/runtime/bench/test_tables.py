"""The results as text, and the page."""

from __future__ import annotations

from runtime.bench import goals, page, tables
from runtime.bench.results import Entry
from tests.runtime.bench.built import BY_CHANNELS, entry, results


def test_ratios_come_first_and_bars_show_the_medians():
    shown = tables.report(results(entry("bare", 10_000, title="bare primitive"), entry("recorded", 15_000)))
    title, head, bare, recorded = shown.splitlines()
    assert title == "Round trip"
    assert head.split() == ["×", "bare", "primitive", "ratio", "(bests)", "median", "best"]
    assert bare.split()[:4] == ["bare", "primitive", "1.00", "(1.00)"]
    assert recorded.split()[:6] == ["recorded", "1.50", "(1.50)", "15.0", "µs", "15.0"]
    assert recorded.count("█") == 30
    assert bare.count("█") == 20


def test_bars_over_a_wide_range_are_logarithmic_and_say_so():
    shown = tables.report(results(entry("bare", 10), entry("standard queue", 10_000)))
    assert "(bars: logarithmic)" in shown
    assert "1,000" in shown
    assert 1 < shown.splitlines()[2].count("█") < 10


def test_several_columns_show_how_it_grows():
    grows = Entry("recorded", "this runtime")
    grows.add({"1": [4_000.0], "64": [5_000.0]})
    shown = tables.report(results(grows, table=BY_CHANNELS))
    assert "this runtime          1.00          1.25" in shown
    assert "5.00 µs" in shown


def test_who_took_no_part_is_named_with_the_reason():
    shown = tables.report(results(entry("bare", 10), Entry("culsans", "culsans.Queue", "not installed")))
    assert shown.splitlines()[-2:] == ["Took no part:", "  culsans.Queue: not installed"]


def test_a_suite_of_which_nobody_could_be_measured():
    assert "nobody could be measured" in tables.report(results(Entry("bare", "bare", "no eventfd")))


def test_goals_are_judged_by_the_median():
    verdicts = goals.judge(
        results(entry("bare", 10_000), entry("recorded", 14_000), entry("standard queue", 10_000_000))
    )
    assert [(verdict.met, verdict.measured) for verdict in verdicts] == [
        (True, "1.40 (bests: 1.40)"),
        (True, "714 (bests: 714)"),
    ]


def test_a_rate_is_told_as_messages_a_second():
    (verdict,) = goals.judge(results(entry("recorded", 10_000, quantity="stream of 8 B")))
    assert verdict == ("recorded stream of 8 B: at least 200,000 a second", "100,000 (best: 100,000)", False)


def test_the_page_says_what_was_promised_where_it_ran_and_how_to_repeat_it():
    built = results(entry("bare", 10_000), entry("recorded", 16_000))
    built.settings["quick"] = True
    text = page.text_of(built, "somewhere/RESULTS.md")
    assert "python -m runtime bench pair --quick --page somewhere/RESULTS.md" in text
    assert "CPython 3.14.0 (GCC), Linux, fast, 2 cores" in text
    assert "at most 1.50 | 1.60 (bests: 1.60) | open |" in text
    assert "## A pair\n\n```text\nRound trip\n" in text
