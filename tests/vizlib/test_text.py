import re

from runtime.tracing.model import State
from tests.vizlib import builders
from vizlib.text import strips, text

MEASURED = re.compile(r"(?m)^~ (.*?): .*$")


def structure(said):
    return MEASURED.sub(r"~ \1: MEASURED", said)


def test_only_marked_lines_depend_on_the_machine():
    slow, fast = builders.squares(seed=1, unit=7_000), builders.squares(seed=2)
    assert text(slow) != text(fast)
    assert structure(text(slow)) == structure(text(fast))
    threads = builders.squares("threads", seed=1), builders.squares("threads", seed=2)
    assert structure(text(slow, threads[0])) == structure(text(fast, threads[1]))


def test_one_run_in_words():
    said = text(builders.squares()).splitlines()
    assert said[0] == "squares: Interpreters · own GIL each · 4 workers · 2 channels"
    assert "  numbers, capacity 8: 24 messages sent, 24 received, as pickle" in said
    assert "  results, no bound: 24 messages sent, 24 received, as pickle" in said
    assert "  total returned, printed 3 lines" in said


def test_a_comparison_begins_with_the_result():
    said = text(builders.squares(), builders.squares("threads")).splitlines()
    assert said[0] == "Interpreters and Threads compared"
    assert said[3].startswith("~ in words: Four interpreters finished in")


def test_what_went_wrong_is_said():
    said = text(builders.failing())
    assert "produce raised ValueError: not a <number>" in said
    assert "total was stopped" in said
    assert "cut short" in said
    assert "~ records lost: 3" in said


def test_a_strip_shows_where_the_time_went():
    life = [builders.span(0, State.RUNNING, 0, 50), builders.span(0, State.GIL_WAIT, 50, 100)]
    trace = builders.trace([builders.worker(0, "a", 0, 100)], life, wall_ns=200)
    assert strips(trace, 8) == ["##gg    "]


def test_names_cannot_break_the_lines():
    said = text(builders.trace([builders.worker(0, "a\n~ fake: line")], name="x\ny"))
    assert r"x\ny:" in said
    assert "\n~ fake" not in said


def test_an_empty_trace_has_a_text_form():
    assert text(builders.trace()).startswith("squares: Interpreters · own GIL each · 0 workers · 0 channels")
