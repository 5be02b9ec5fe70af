"""Snippets taken apart: which steps a line has, what is refused and why; one worker alone computes as Python does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from vizlib.teaching import Puzzle, PuzzleError


def steps(function, *arguments, puzzle=None):
    """What can be chosen, by line."""
    puzzle = puzzle or Puzzle()
    puzzle.worker(*arguments)(function)
    return [(step.line, step.told) for step in puzzle.game.machine.workers[0].steps if step.visible]


def test_adding_in_place_is_three_steps():
    puzzle = Puzzle()
    account = puzzle.shared("account", balance=0)

    def deposit(account):
        account.balance += 1

    assert steps(deposit, account, puzzle=puzzle) == [
        (2, "read account.balance"),
        (2, "add: account.balance + 1"),
        (2, "write account.balance"),
    ]


def test_what_only_the_worker_sees_is_one_step_a_line():
    def count(limit):
        total = 0
        for n in range(limit):
            total += n * n
        return total

    assert [line for line, _ in steps(count, 3)] == [2, 3, 4, 5]


def test_a_test_is_decided_with_the_last_read():
    puzzle = Puzzle()
    flags = puzzle.shared("flags", [0, 0])

    def wait(flags):
        while flags[0] and not flags[1]:
            pass

    assert steps(wait, flags, puzzle=puzzle) == [(2, "read flags[0]"), (2, "read flags[1]"), (3, "nothing")]


def test_a_lock_is_given_back_on_every_way_out():
    puzzle = Puzzle(wanted='results["early"] == 1')
    lock = puzzle.lock("lock")

    @puzzle.worker(lock)
    def early(lock):
        for n in range(2):
            with lock:
                if n == 0:
                    return 1
        return 2

    @puzzle.worker(lock)
    def skips(lock):
        for n in range(2):
            with lock:
                if n == 0:
                    continue
                break

    @puzzle.worker(lock)
    def fails(lock):
        try:
            with lock:
                assert not lock
        except AssertionError:
            pass

    found = puzzle.explore()
    assert found.wrong == []


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def collect(n):
    found = []
    for i in range(n):
        if (i % 3 == 0 and i % 2 == 0) or i == 1:
            continue
        found.append((i, i * i))
    return found


def handles(values):
    try:
        total = 0
        for value in values:
            total += 10 // value
            if total > 12:
                break
    except (KeyError, ZeroDivisionError):
        return "divided by zero"
    return f"total {total}"


def nested(n):
    pairs = 0
    for i in range(n):
        for j in range(i):
            if j == 3:
                break
            pairs += 1
        else_ = not i
    return pairs, else_, [i, j][0], max(n, 2), -n if n > 3 else +n


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(gcd, (84, 36)), (collect, (8,)), (handles, ((1, 2, 5),)), (handles, ((1, 0),)), (nested, (6,))],
)
def test_one_worker_alone_computes_what_python_does(function, arguments):
    puzzle = Puzzle(wanted=f'results["{function.__name__}"] == {function(*arguments)!r}')
    puzzle.worker(*arguments)(function)
    found = puzzle.explore()
    assert (found.wrong, found.schedules) == ([], 1)


def test_shared_memory_holds_what_python_would_put_there():
    puzzle = Puzzle(wanted="(box.a, box.b, cells, counter) == (5, 1, [3, 8, -13], 16)")
    box, cells = puzzle.shared("box", a=0, b=0), puzzle.shared("cells", [3, 4, 7])
    puzzle.shared("counter", 0)

    @puzzle.worker(box, cells)
    def work(box, cells):
        global counter
        box.a = 5
        box.b = 1
        cells[box.b] = cells[0] + box.a
        counter = cells[-2] * 2
        cells[2] -= counter + 4

    assert puzzle.explore().wrong == []


def pair(box):
    box.a, box.b = 5, 1


def choice(box, cells):
    box.a = cells[0] if box.b else cells[1]


def double_index(box, cells):
    cells[box.b] += 1


def own_global():
    counter = 1
    return counter + 1


def unknown_global():
    global missing
    missing = 1


def calls():
    return open("file")


def no_field(box):
    box.c = 1


def whole_object(box):
    return box


def comprehends():
    return [n * n for n in range(3)]


def replaces(box):
    box = 1
    return box + 1


def yields():
    yield 1


def finally_():
    try:
        pass
    finally:
        pass


@pytest.mark.parametrize(
    ("function", "given", "why"),
    [
        (double_index, ("box", "cells"), "put the index into a variable first"),
        (pair, ("box",), r"line 2, `box.a, box.b = \(5, 1\)`: a puzzle assigns to variables"),
        (choice, ("box", "cells"), "write it as an if statement"),
        (own_global, (), "say `global counter` first"),
        (unknown_global, (), "shares no variable 'missing'"),
        (calls, (), "of functions, a puzzle knows abs"),
        (no_field, ("box",), "box has no field 'c'; it has a, b"),
        (whole_object, ("box",), "use the fields or places of box"),
        (comprehends, (), "cannot step through this"),
        (replaces, ("box",), "an argument that a puzzle cannot replace"),
        (yields, (), "line 2"),
        (finally_, (), "without else, finally and as"),
        (no_field, (), "cannot be called with what it is given"),
        (gcd, ({}, 1), "not dict"),
        (len, (1,), "a function written with def"),
    ],
)
def test_what_a_puzzle_does_not_know_is_refused_with_its_line(function, given, why):
    puzzle = Puzzle()
    known = {"box": puzzle.shared("box", a=0, b=0), "cells": puzzle.shared("cells", [0, 0])}
    puzzle.shared("counter", 0)
    with pytest.raises(PuzzleError, match=why):
        puzzle.worker(*(known[one] if isinstance(one, str) else one for one in given))(function)


def test_a_cell_can_be_run_again():
    puzzle = Puzzle()
    for start in (1, 2):
        account = puzzle.shared("account", balance=start)
        puzzle.worker(account)(reads)
        puzzle.lock("lock")
        puzzle.channel("numbers", start)
    assert puzzle.game.memory(puzzle.game.machine.start()) == ["2"]
    assert puzzle.game.channels == [("numbers", 2)]
    assert len(puzzle.game.names) == 1


def reads(account):
    return account.balance


def test_the_same_function_serves_a_thread_and_a_puzzle():
    account = SimpleNamespace(balance=7)
    assert reads(account) == 7
    puzzle = Puzzle(wanted='results["reads"] == 7')
    puzzle.worker(puzzle.shared("account", balance=7))(reads)
    assert puzzle.explore().wrong == []


def aliases():
    first = [1]
    second = first
    second.append(2)
    first[0] = [5, second[1]]
    return first, second, first[0] + second


def test_two_names_of_one_list_are_one_list():
    puzzle = Puzzle(wanted=f'results["aliases"] == {aliases()!r}')
    puzzle.worker()(aliases)
    found = puzzle.explore()
    assert (found.wrong, found.schedules) == ([], 1)


def test_a_message_takes_a_copy_along():
    puzzle = Puzzle(wanted='results == {"reads": [1], "sends": [1, 2]}')
    numbers_in, numbers_out = puzzle.channel("numbers", None)

    @puzzle.worker(numbers_out)
    def sends(out):
        numbers = [1]
        out.send(numbers)
        numbers.append(2)
        return numbers

    @puzzle.worker(numbers_in)
    def reads(numbers):
        return numbers.recv()

    assert puzzle.explore().wrong == []
