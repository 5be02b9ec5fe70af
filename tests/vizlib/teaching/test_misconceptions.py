"""What you would see if it were true: each model beside real runs, and never taken for one."""

from __future__ import annotations

from dataclasses import replace

import pytest

import runtime
import vizlib
from runtime.tracing.model import Channel, State
from tests.vizlib import builders
from vizlib.teaching import MISCONCEPTIONS, Puzzle, check, contrast, workers_at_least

EVIL = "</td><script>alert(1)</script>"


def rows(found):
    return {row.what: (row.real, row.model) for row in found.rows}


def hands_over():
    program = runtime.Program("hand over")
    cups_in, cups_out = program.channel("cups")
    done_in, done_out = program.channel("done")

    @program.worker(cups_out, done_out)
    def waiter(out, done):
        order = ["tea"]
        out.send(order)
        order.append("cake")
        done.send(True)

    @program.worker(cups_in, done_in)
    def kitchen(orders, done):
        order = orders.recv()
        done.recv()
        return order

    return program


def test_channels_share_objects():
    program = hands_over()
    found = contrast("channels share objects", program.run(), program)
    assert rows(found) == {
        "the end": ("everybody returns", "everybody returns"),
        "kitchen returns": ("['tea']", "['tea', 'cake']"),
    }
    assert found.differs
    assert str(found).splitlines()[2:] == [
        "  the end, MODEL, not measured: everybody returns",
        "  kitchen returns, one run on interpreters: ['tea']",
        "  kitchen returns, MODEL, not measured: ['tea', 'cake']",
        "  So it is not true here. Between interpreters a message is a copy, made when it is sent.",
    ]


def test_on_threads_it_is_true_and_the_contrast_says_that_it_shows_no_difference():
    program = hands_over()
    found = contrast("channels share objects", program.run("threads"), program)
    assert not found.differs
    assert found.verdict.startswith("Here both look the same, so this decides nothing.")


def test_a_line_is_one_step():
    puzzle = Puzzle("deposits")
    account = puzzle.shared("account", balance=0)

    @puzzle.worker(account, copies=2)
    def deposit(account):
        account.balance += 1

    assert rows(contrast("a line is one step", puzzle))["account.balance at the end"] == ("1 or 2", "2")


def test_no_locks_no_deadlock():
    program = runtime.Program("both wait")
    there_in, there_out = program.channel("there")
    back_in, back_out = program.channel("back")

    def ask(inbox, out):
        out.send(inbox.recv())

    program.worker(back_in, there_out, name="left")(ask)
    program.worker(there_in, back_out, name="right")(ask)
    with pytest.raises(runtime.DeadlockError) as caught:
        program.run()
    real, model = rows(contrast("no locks, no deadlock", caught.value, program))["the end"]
    assert real.startswith("deadlock: left waits for right")
    assert model == "everybody returns"


def test_one_order_for_all():
    puzzle = Puzzle("two senders")
    box_in, box_out = puzzle.channel("box", None)

    def two(out, name):
        out.send(name + "1")
        out.send(name + "2")

    puzzle.worker(box_out, "a", name="ann")(two)
    puzzle.worker(box_out, "b", name="ben")(two)

    @puzzle.worker(box_in)
    def reads(box):
        got = []
        for one in box:
            got.append(one)  # noqa: PERF402 - a puzzle knows append
        return got

    assert rows(contrast("one order for all", puzzle))["reads returns"] == (
        "one of 6 values",
        "['a1', 'b1', 'a2', 'b2']",
    )


def test_interpreters_share_variables():
    program, puzzle = runtime.Program("prices"), Puzzle("prices")
    puzzle.shared("string", price=0)

    def sets(told):
        import string

        string.price = 15
        told.send(True)

    def reads(told):
        import string

        told.recv()
        return string.price

    for made in (program, puzzle):
        told_in, told_out = made.channel("told")
        made.worker(told_out)(sets)
        made.worker(told_in)(reads)
    with pytest.raises(runtime.WorkerError) as caught:
        program.run()
    found = rows(contrast("interpreters share variables", caught.value, puzzle))
    assert found["the end"] == ("reads raises AttributeError", "everybody returns")
    assert found["reads returns"] == ("-", "15")


def timed(wall, *, capacity=1, backend="interpreters", workers=1, copying=0):
    life = [builders.span(0, State.ENCODE, 0, copying), builders.span(0, State.RUNNING, copying, wall)]
    crew = [builders.worker(i, f"w{i}", 0, wall) for i in range(workers)]
    return builders.trace(crew, life, backend=backend, channels=(Channel(0, "box", capacity),))


@pytest.mark.parametrize(
    ("name", "runs", "real", "model"),
    [
        ("a bigger buffer is faster", [timed(1000), timed(1010, capacity=10)], "1.01 µs", "100 ns"),
        ("more workers, same time", [timed(500), timed(1000, workers=2, backend="threads")], "1.00 µs", "500 ns"),
        ("crossing is free", [timed(1000, copying=400)], "1.00 µs", "600 ns"),
    ],
)
def test_times_are_worked_out_from_the_measured_ones(name, runs, real, model):
    found = contrast(name, runs)
    assert (found.rows[-1].real, found.rows[-1].model) == (real, model)
    assert all(line.startswith("~ ") for line in str(found).splitlines()[1:-1])


def test_a_mailbox_is_read_in_parallel():
    post = [builders.message(0, 2, 10, 20, n) for n in range(4)] + [builders.message(2, 1, 30, 40)]
    found = contrast("a mailbox is read in parallel", replace(timed(1000, workers=3), messages=tuple(post)))
    assert (found.rows[-1].real, found.rows[-1].model) == ("1.00 µs", "250 ns")  # four messages went to one worker
    assert not contrast("a mailbox is read in parallel", timed(1000)).differs


def test_times_that_hardly_differ_decide_nothing():
    assert not contrast("crossing is free", timed(1000, copying=100)).differs
    assert contrast("crossing is free", timed(1000, copying=400)).differs


def test_runs_are_named_by_what_tells_them_apart():
    found = contrast("more workers, same time", [timed(500), timed(1000, workers=2, backend="threads", capacity=None)])
    assert [row.what for row in found.rows] == [
        "on interpreters with 1 worker box with capacity 1 takes",
        "on threads with 2 workers box without bound takes",
    ]


def test_where_each_run_has_a_name_of_its_own_that_suffices():
    runs = [replace(timed(1000), name="small"), replace(timed(1010, capacity=10), name="large")]
    assert [row.what for row in contrast("a bigger buffer is faster", runs).rows] == ["small takes", "large takes"]


def test_results_that_vary_are_marked_as_measured():
    program = hands_over()
    assert "~ kitchen returns, one run" in str(contrast("channels share objects", program.run(), program, varies=True))


def test_a_model_is_never_taken_for_a_run():
    found = contrast("crossing is free", timed(1000))
    assert "an object of type Contrast" in str(check(found, workers_at_least(1)))
    with pytest.raises(AttributeError):
        str(vizlib.timeline(found))
    assert "MODEL, not measured" in found.html()


def test_nothing_that_was_written_becomes_markup():
    trace = builders.trace([builders.worker(0, EVIL)], [], results={EVIL: EVIL}, name=EVIL)
    program = Puzzle(EVIL)
    program.worker(EVIL, name=EVIL)(echo)
    assert "<script" not in contrast("channels share objects", trace, program).html()


def echo(text):
    return text


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("the earth is flat", timed(1)), "is not one of 'channels share objects', "),
        (("channels share objects", timed(1)), "needs a run and its program"),
        (("a bigger buffer is faster", []), "needs the traces"),
        (("crossing is free", hands_over()), "needs the traces"),
    ],
)
def test_what_is_missing_is_said(arguments, why):
    with pytest.raises(ValueError, match=why):
        contrast(*arguments)


@pytest.mark.parametrize("name", MISCONCEPTIONS)
def test_each_has_a_model_and_a_sentence_against_it(name):
    idea = MISCONCEPTIONS[name]
    assert (idea.rules is None) != (idea.times is None)
    assert idea.claim.endswith(".")
    assert idea.instead.endswith(".")
