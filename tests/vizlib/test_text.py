import re

from tests.vizlib import builders
from vizlib.text import text

MEASURED = re.compile(r"(?m)^~ (.*?): .*$")


def structure(said):
    return MEASURED.sub(r"~ \1: MEASURED", said)


def test_only_marked_lines_depend_on_the_machine():
    slow, fast = builders.squares(seed=1, unit=7_000), builders.squares(seed=2)
    assert text(slow) != text(fast)
    assert structure(text(slow)) == structure(text(fast))
    threads = builders.squares("threads", seed=1), builders.squares("threads", seed=2)
    assert structure(text(slow, threads[0])) == structure(text(fast, threads[1]))


def test_one_run_in_words_and_letters():
    said = text(builders.squares()).splitlines()
    assert said[0] == "squares on interpreters: 4 workers, 48 messages"
    assert "channel numbers: 24 sent, 24 received, 576 B" in said
    assert "3 lines printed" in said
    (strip,) = (line for line in said if line.startswith("~ total, over time: |"))
    assert strip.endswith("|")


def test_a_comparison_begins_with_the_result():
    said = text(builders.squares(), builders.squares("threads")).splitlines()
    assert said[0] == "Interpreters and Threads compared"
    assert said[3].startswith("~ in words: Four interpreters finished in")


def test_what_went_wrong_is_said():
    said = text(builders.failing())
    assert "produce raised ValueError: not a <number>" in said
    assert "total: was stopped" in said
    assert "cut short" in said
    assert "3 records did not fit" in said


def test_names_cannot_break_the_lines():
    said = text(builders.trace([builders.worker(0, "a\n~ fake: line")], name="x\ny"))
    assert r"x\ny on" in said
    assert "\n~ fake" not in said


def test_an_empty_trace_has_a_text_form():
    assert text(builders.trace()).startswith("squares on interpreters: 0 workers, 0 messages")
