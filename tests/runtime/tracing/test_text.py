"""A trace in words and letters."""

import re

import pytest

from runtime.tracing import text
from runtime.tracing.model import Channel, Deadlocked, Ending, Message, Output, Span, State, Worker, WorkerFailure
from runtime.tracing.strips import axis
from runtime.tracing.tables import Table
from runtime.tracing.traces import Trace
from runtime.tracing.wording import bytes_in, duration, escaped
from tests.runtime.tracing.lanes import MS


def worker(index, name, began=0, ended=100 * MS, **facts):
    return Worker(index, name, "work", "", "cell.py", 1, began, ended, **facts)


def spans(*rows):
    return Table.of(Span, [(who, state, began * MS, ended * MS, 0, -1, -1) for who, state, began, ended in rows])


def example(**changes):
    fields = {
        "name": "squares",
        "backend": "threads",
        "wall_ns": 100 * MS,
        "workers": (worker(0, "produce"), worker(1, "square", 50 * MS)),
        "channels": (Channel(0, "numbers", 2),),
        "spans": spans((0, State.RUNNING, 0, 50), (0, State.SEND_BLOCKED, 50, 100), (1, State.GIL_WAIT, 50, 100)),
        "messages": Table.of(
            Message,
            [(0, n, 0, 1 - 2 * n, 0, 1_500, -1, 1, 1, 0, 0, MS, MS, 0, 3 * MS, 3 * MS) for n in (0, 1)],
        ),
        "outputs": Table.of(Output, [(0, 1, 2 * MS, 0), (1, 2, 3 * MS, 1)]),
        "texts": ("hello", "a warning"),
    }
    return Trace(**{**fields, **changes})


def rows(trace, width=100):
    return [line for line in text.timeline(trace, width).splitlines() if line.endswith("|")]


def test_a_row_shows_the_state_of_each_moment():
    produce, square = rows(example(), width=30)
    assert produce == "produce |" + "#" * 10 + "s" * 10 + "|"
    assert square == "square  |" + " " * 10 + "g" * 10 + "|"


def test_a_part_of_the_run_has_the_letter_of_its_longest_state():
    mixed = example(spans=spans((0, State.RUNNING, 0, 3), (0, State.ENCODE, 3, 9), (0, State.DECODE, 9, 100)))
    assert rows(mixed, width=20)[0].startswith("produce |#edd")


def test_spans_need_not_be_ordered_by_worker():
    mixed = spans((0, State.RUNNING, 0, 50), (1, State.GIL_WAIT, 50, 100), (0, State.SEND_BLOCKED, 50, 100))
    assert rows(example(spans=mixed)) == rows(example())


def test_the_legend_names_what_is_shown_and_nothing_else():
    assert "# running, g gil-wait, s send-blocked\n" in text.timeline(example())


@pytest.mark.parametrize("width", [60, 100, 140])
def test_rows_are_as_wide_as_asked(width):
    assert {len(row) for row in rows(example(), width)} == {width}


def test_what_was_printed_stands_below_with_its_time():
    shown = text.timeline(example())
    assert " 2.00 ms  produce: hello\n" in shown
    assert " 3.00 ms  square (stderr): a warning\n" in shown


def test_channels_say_what_they_carried():
    says = "numbers (capacity 2): 2 messages, 1 not received, 3.0 kB, up to 2.00 ms from sent to taken\n"
    assert says in text.timeline(example())


def test_what_is_missing_is_said():
    shown = text.timeline(example(dropped=12, complete=False))
    assert "12 records did not fit and are missing." in shown
    assert "The run was cut short" in shown


def test_inferred_time_is_said_to_be():
    inferred = Table.of(Span, [(0, State.RUNNING, 0, 100 * MS, 1, -1, -1)])
    assert "their running time is inferred" in text.timeline(example(spans=inferred))
    assert "inferred" not in text.timeline(example())


def test_errors_are_named_with_their_line():
    failure = WorkerFailure("square", "ValueError", "no squares today", "Traceback", 12)
    assert "square raised ValueError: no squares today (line 12)\n" in text.timeline(example(errors=(failure,)))


EVIL = "\x1b[2J\r\n\u202eevil\x00\ud800"


def test_control_characters_never_reach_the_terminal():
    failure = WorkerFailure(EVIL, EVIL, EVIL, EVIL, 1)
    trace = example(
        name=EVIL,
        backend=EVIL,
        workers=(worker(0, EVIL), worker(1, EVIL)),
        channels=(Channel(0, EVIL, None),),
        texts=(EVIL, EVIL),
        errors=(failure,),
    )
    for shown in (text.timeline(trace), "\n".join(text.describe(trace)), text.summary(trace)):
        assert all(character.isprintable() for character in shown.replace("\n", ""))
        assert r"\x1b[2J\r\n\u202eevil\x00\ud800" in shown


def test_an_empty_trace_has_a_picture_too():
    trace = Trace(name="nothing", backend="threads", wall_ns=0, workers=())
    assert text.timeline(trace).startswith("nothing on threads: 0 ns, 0 workers, 0 messages\n")
    assert text.describe(trace) == ["nothing ran on threads for 0 ns, with 0 workers and 0 messages."]


def test_the_description_is_sentences():
    sentences = text.describe(example())
    assert sentences[1] == "produce returned after 100 ms: 50% running and 50% send-blocked."
    assert all(sentence.endswith(".") for sentence in sentences)


# --- outputs that are compared ------------------------------------------------------------------------------------


def unmeasured(trace):
    return [re.sub(r"^~ (.*?): .*$", r"~ \1:", line) for line in text.summary(trace).splitlines()]


def test_a_faster_machine_changes_only_measurements():
    faster = example(
        wall_ns=10 * MS,
        workers=(worker(0, "produce", 0, 10 * MS), worker(1, "square", 0, 10 * MS)),
        spans=spans((0, State.SLEEPING, 0, 10), (1, State.ENCODE, 0, 10)),
        outputs=Table.of(Output, [(1, 2, 3, 1), (0, 1, 7, 0)]),
    )
    assert text.summary(faster) != text.summary(example())
    assert unmeasured(faster) == unmeasured(example())


def test_another_result_changes_the_rest():
    raised = (worker(0, "produce"), worker(1, "square", ending=Ending.RAISED))
    assert unmeasured(example(workers=raised)) != unmeasured(example())


# --- numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ns", "shown"),
    [(0, "0 ns"), (850, "850 ns"), (1_500, "1.50 µs"), (12_300_000, "12.3 ms"), (2_050_000_000, "2.05 s")],
)
def test_times_are_in_the_unit_that_fits(ns, shown):
    assert duration(ns) == shown


@pytest.mark.parametrize(("count", "shown"), [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (5 * 10**7, "50.0 MB")])
def test_sizes_are_in_the_unit_that_fits(count, shown):
    assert bytes_in(count) == shown


@pytest.mark.parametrize("wall", [0, 1, 7, 999, 12_345_678, 10**9, 10**12])
def test_the_axis_has_round_numbers_and_room_between_them(wall):
    ruler, labels = axis(wall, 60)
    assert len(ruler) == 60
    assert ruler[0] == "+"
    assert re.fullmatch(r"(\d+(\.\d+)?(e\+\d+)?\s+)+(ns|µs|ms|s)", labels)


def test_long_text_is_cut():
    assert escaped("x" * 300, 50) == "x" * 47 + "..."


def test_a_deadlock_is_told_around_its_ring():
    ring = (Deadlocked(0, 1, 0, True, 0, -1), Deadlocked(1, 0, 0, False, 0, -1))
    told = "Deadlock: produce waits for square to receive from numbers and square waits for produce to send to numbers."
    for shown in (text.timeline(example(deadlock=ring)), text.summary(example(deadlock=ring))):
        assert told in shown.splitlines()
    assert "Deadlock: square waits for itself to send to numbers." in text.describe(
        example(deadlock=(Deadlocked(1, 1, 0, False, 0, -1),))
    )
