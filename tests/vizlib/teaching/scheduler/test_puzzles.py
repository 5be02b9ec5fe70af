"""Known puzzles: how many states and schedules they have, what goes wrong; the lab's real runs are among them."""

from __future__ import annotations

import math

import pytest

import runtime
from vizlib.teaching import Puzzle, PuzzleError


def deposits(wanted="account.balance == 2", copies=2):
    puzzle = Puzzle("deposits", wanted=wanted)
    account = puzzle.shared("account", balance=0)

    @puzzle.worker(account, copies=copies)
    def deposit(account):
        account.balance += 1

    return puzzle


def locked():
    puzzle = Puzzle("locked deposits", wanted="account.balance == 2")
    account, lock = puzzle.shared("account", balance=0), puzzle.lock("lock")

    @puzzle.worker(account, lock, copies=2)
    def deposit(account, lock):
        with lock:
            account.balance += 1

    return puzzle


def crossed(second_first=False):
    puzzle = Puzzle("two locks")
    a, b = puzzle.lock("a"), puzzle.lock("b")

    def both(first, second):
        with first, second:
            pass

    puzzle.worker(a, b, name="left")(both)
    puzzle.worker(*((b, a) if second_first else (a, b)), name="right")(both)
    return puzzle


def ask(inbox, out):
    answer = inbox.recv()
    out.send(answer)


def offer(inbox, out):
    out.send(1)
    return inbox.recv()


def talk(left, right, capacity=0, make=Puzzle):
    program = make("talk")
    there_in, there_out = program.channel("there", capacity)
    back_in, back_out = program.channel("back", capacity)
    program.worker(back_in, there_out, name="left")(left)
    program.worker(there_in, back_out, name="right")(right)
    return program


def test_two_deposits_have_as_many_orders_as_one_can_count_by_hand():
    found = deposits().explore()
    assert found.schedules == math.comb(6, 3)
    assert found.states == 21
    assert str(found).splitlines()[1:3] == [
        "  18 schedules: at the end account.balance is 1, but wanted is account.balance == 2",
        "  2 schedules: nothing is wrong",
    ]
    assert found.shortest is not None
    assert len(found.shortest) == 6


def test_a_lock_leaves_the_orders_in_which_nothing_is_lost():
    found = locked().explore()
    assert (found.wrong, found.schedules) == ([], 2)
    assert "So nothing goes wrong in any order: every state was visited." in str(found)


def test_locks_taken_crosswise_can_end_in_a_ring_and_in_one_order_they_cannot():
    found = crossed(second_first=True).explore()
    assert found.wrong == ["deadlock: left waits for b, which right has, and right waits for a, which left has"]
    assert found.shortest == ["left", "right"]
    assert crossed().explore().wrong == []


def test_two_that_receive_first_wait_for_each_other():
    walk = talk(ask, ask).walk("")
    assert walk.over
    assert walk.wrong == ("deadlock: left waits for a message in back, and right waits for a message in there")


def test_two_that_send_first_are_stuck_at_a_rendezvous_but_not_with_room():
    assert "waits at there until somebody takes its object" in talk(offer, offer).explore().wrong[0]
    assert talk(offer, offer, capacity=1).explore().wrong == []


def test_one_that_sends_first_breaks_the_ring():
    assert talk(ask, offer).explore().wrong == []


@pytest.mark.parametrize(
    ("left", "right", "capacity"), [(ask, ask, 0), (offer, offer, 0), (ask, offer, 0), (offer, offer, 1)]
)
def test_the_lab_runs_one_of_the_schedules(left, right, capacity):
    can_hang = bool(talk(left, right, capacity).explore().wrong)
    program = talk(left, right, capacity, runtime.Program)
    if can_hang:
        with pytest.raises(runtime.DeadlockError):
            program.run("threads")
    else:
        assert program.run("threads").complete


def stops_early(numbers):
    return numbers.recv()


def sends_two(out):
    out.send(1)
    out.send(2)


def takes_all(numbers):
    total = 0
    for n in numbers:
        total += n
    return total


@pytest.mark.parametrize("capacity", [0, 1, None])
def test_ends_close_as_in_the_lab(capacity):
    for receive, wrong in ((takes_all, False), (stops_early, capacity is not None)):
        puzzle, program = Puzzle("ends"), runtime.Program("ends")
        for made in (puzzle, program):
            numbers_in, numbers_out = made.channel("numbers", capacity)
            made.worker(numbers_out)(sends_two)
            made.worker(numbers_in)(receive)
        told = puzzle.explore().wrong
        if receive is takes_all:
            assert told == []
            assert program.run("threads").results["takes_all"] == 3
        elif wrong:
            assert any("raised ChannelClosedError" in one for one in told)


def test_copies_share_what_is_sent_and_each_object_is_received_once():
    puzzle = Puzzle("squares", wanted='results["total"] == 5')
    numbers_in, numbers_out = puzzle.channel("numbers", 1)
    results_in, results_out = puzzle.channel("results", None)

    @puzzle.worker(numbers_out)
    def produce(out):
        for n in range(3):
            out.send(n)

    @puzzle.worker(numbers_in, results_out, copies=2)
    def square(numbers, out):
        for n in numbers:
            out.send(n * n)

    puzzle.worker(results_in, name="total")(takes_all)
    found = puzzle.explore()
    assert found.wrong == []
    assert found.schedules > 1_000_000  # states are few, orders are many
    assert found.states < 5_000


def test_a_shared_answer_channel_may_give_an_answer_to_the_wrong_one():
    puzzle = Puzzle("phone line", wanted='results["ann"] == 10 and results["ben"] == 20')
    asked_in, asked_out = puzzle.channel("asked", None)
    answers_in, answers_out = puzzle.channel("answers", None)

    def client(question, out, answers):
        out.send(question)
        return answers.recv()

    puzzle.worker(1, asked_out, answers_in, name="ann")(client)
    puzzle.worker(2, asked_out, answers_in, name="ben")(client)

    @puzzle.worker(asked_in, answers_out)
    def server(asked, out):
        for question in asked:
            out.send(question * 10)

    assert puzzle.explore().wrong == [
        "at the end results['ann'] is 20 and results['ben'] is 10, but wanted is "
        'results["ann"] == 10 and results["ben"] == 20'
    ]


def test_a_reply_channel_in_the_message_brings_each_answer_home():
    puzzle = Puzzle("reply channels", wanted='results["ann"] == 10 and results["ben"] == 20')
    asked_in, asked_out = puzzle.channel("asked", None)

    def client(question, out, mine, reply):
        out.send((question, reply))
        return mine.recv()

    for name, question in (("ann", 1), ("ben", 2)):
        mine_in, mine_out = puzzle.channel(f"for {name}", None)
        puzzle.worker(question, asked_out, mine_in, mine_out, name=name)(client)

    @puzzle.worker(asked_in)
    def server(asked):
        for question, reply in asked:
            reply.send(question * 10)

    assert puzzle.explore().wrong == []


def test_peterson_keeps_two_apart_in_every_order_although_orders_are_endless():
    puzzle = Puzzle("Peterson", never="inside[0] + inside[1] == 2")
    flags, inside = puzzle.shared("flags", [0, 0]), puzzle.shared("inside", [0, 0])
    puzzle.shared("turn", 0)

    def enter(flags, inside, me, other):
        global turn
        flags[me] = 1
        turn = other
        while flags[other] and turn == other:
            pass
        inside[me] = 1
        inside[me] = 0
        flags[me] = 0

    puzzle.worker(flags, inside, 0, 1, name="one")(enter)
    puzzle.worker(flags, inside, 1, 0, name="two")(enter)
    found = puzzle.explore()
    assert (found.wrong, found.schedules) == ([], None)
    assert "and schedules without end" in str(found)


def test_never_ends_a_schedule_at_once():
    puzzle = Puzzle("both inside", never="inside.count == 2")
    inside = puzzle.shared("inside", count=0)

    @puzzle.worker(inside, copies=2)
    def enter(inside):
        inside.count += 1
        inside.count -= 1

    found = puzzle.explore()
    assert found.wrong == ["inside.count == 2, which must never be"]
    walk = puzzle.walk(found.shortest)
    assert (walk.wrong, walk.over) == (found.wrong[0], True)


def test_a_timeout_may_end_a_wait_at_any_moment():
    def patient(inbox, out):
        try:
            answer = inbox.recv(timeout=1)
        except runtime.ChannelTimeoutError:
            return
        out.send(answer)

    found = talk(patient, ask).explore()
    assert not any(one.startswith("deadlock") for one in found.wrong)
    assert any("raised ChannelClosedError" in one for one in found.wrong)  # the other one still hopes


def test_sleeping_guarantees_nothing():
    puzzle = Puzzle("sleep", wanted="flag.up == 1")
    flag = puzzle.shared("flag", up=0)

    @puzzle.worker(flag)
    def late(flag):
        import time

        time.sleep(10)
        flag.up = 1

    @puzzle.worker(flag)
    def early(flag):
        flag.up = 2

    assert puzzle.explore().wrong == ["at the end flag.up is 2, but wanted is flag.up == 1"]


def test_a_walk_tells_what_cannot_be_done():
    text = str(crossed(second_first=True).walk(["left", "left", "right", "left"]))
    assert text.splitlines() == [
        "two locks, step by step",
        "   1. left takes a",
        "   2. left takes b",
        "   3. right cannot go on: it waits for b, which left has",
        "   4. left does nothing",
        "  next: left could act: line 2, give second back",
        "  next: right waits for b, which left has: line 2, take first",
    ]


@pytest.mark.parametrize(
    ("schedule", "met", "told"),
    [
        ("deposit #1, deposit #2, deposit #1, deposit #2, deposit #1, deposit #2", True, "It goes wrong"),
        (["deposit #1"] * 3 + ["deposit #2"] * 3, False, "It ends well."),
        ("deposit #1", False, "not over yet"),
        ("none", False, "keep looking"),
        ("", False, "Nothing yet"),
        (..., False, "Nothing yet"),
        ("ann", False, "no worker is called 'ann'; they are 'deposit #1' and 'deposit #2'"),
    ],
)
def test_a_schedule_is_marked(schedule, met, told):
    report = deposits().check(schedule)
    assert report.done is met
    assert told in report.marks[0][1].words


def test_where_nothing_goes_wrong_none_is_the_answer():
    assert locked().check("None").done


def test_a_puzzle_that_is_too_large_says_so(monkeypatch):
    monkeypatch.setattr("vizlib.teaching.scheduler.panel.MOST_STATES", 20)
    with pytest.raises(PuzzleError, match="has 21 states; a page holds 20"):
        deposits().play()
    monkeypatch.setattr("vizlib.teaching.scheduler.exploration.MOST_STATES", 20)
    with pytest.raises(PuzzleError, match="more than 20 states: shorten its loops"):
        deposits().explore()


def test_a_puzzle_needs_workers_and_conditions_that_can_be_asked():
    with pytest.raises(PuzzleError, match="0 workers"):
        Puzzle("empty").explore()
    with pytest.raises(PuzzleError, match="is no expression"):
        Puzzle(wanted="a b")
    with pytest.raises(PuzzleError, match="cannot be asked: NameError"):
        deposits(wanted="acount.balance == 2").explore()
    with pytest.raises(ValueError, match="capacity must be"):
        Puzzle().channel("numbers", -1)
