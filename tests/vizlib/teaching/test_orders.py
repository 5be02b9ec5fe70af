"""A snippet that has to be right in every order of steps."""

from __future__ import annotations

import pytest

import vizlib.teaching as teaching
from tests.vizlib import builders


def plain(box, lock, times):
    for _ in range(times):
        box[0] += 1


def locked(box, lock, times):
    mine = 0
    for _ in range(times):
        mine += 1
    with lock:
        box[0] += mine


def other_names(it, lock, times):
    it[0] += times


def unknown(box, lock, times):
    import threading

    box[0] = threading.get_ident()


def verdict(snippet):
    asked = teaching.right_in_every_order(snippet, wanted="box[0] == 2", shared={"box": [0]}, locks=["lock"], times=1)
    ((_, found),) = teaching.check(builders.trace([], []), asked).marks
    return found


def test_a_snippet_that_no_order_breaks_is_right():
    assert verdict(locked).met is True


@pytest.mark.parametrize(
    ("snippet", "told"),
    [
        (plain, "Not in every order: at the end box[0] is 1"),
        (other_names, "it shall take box, lock and times, and takes it, lock and times"),
        (unknown, "The scheduler cannot step through it: worker 'unknown', line"),
        (len, "takes nothing"),
        (None, "takes nothing"),
    ],
)
def test_what_is_wrong_is_told(snippet, told):
    found = verdict(snippet)
    assert found.met is False
    assert told in found.words


def before(index):
    index.written = 1


def after(index):
    while index.written == 0:
        pass


def waiting_for_each_other(snippet, other):
    puzzle = teaching.Puzzle("two", wanted="index.written == 1")
    index = puzzle.shared("index", written=0)
    for name, one in (("one", snippet), ("other", other)):
        puzzle.worker(index, name=name)(one)
    return puzzle


@pytest.mark.parametrize(
    ("snippets", "met", "told"),
    [
        ((before, after), True, "Every order was visited"),
        ((before, locked), False, "cannot be called with what it is given"),
        ((None, after), False, "a puzzle's worker is a function"),
    ],
)
def test_workers_with_different_snippets(snippets, met, told):
    asked = teaching.never_wrong(waiting_for_each_other, *snippets)
    ((_, found),) = teaching.check(builders.trace([], []), asked).marks
    assert found.met is met
    assert told in found.words
