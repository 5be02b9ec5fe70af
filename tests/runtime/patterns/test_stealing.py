"""Work stealing: each task runs once, the end is noticed, and the work is spread."""

from __future__ import annotations

import functools
import itertools
import random

import pytest

import runtime
from runtime.patterns import stealing


def make_node():
    """Return a function that crosses as text: a module's would bring its module along."""

    def node(path):
        """A node of a tree that is random, but the same in every interpreter: its path, and those below it."""
        import hashlib

        dice = hashlib.sha256(repr(path).encode()).digest()[0]
        return path, [(*path, n) for n in range(dice % 4)] if len(path) < 9 else []

    return node


def whole_tree(root: tuple[int, ...]) -> list[tuple[int, ...]]:
    found, left = [], [root]
    while left:
        path, following = make_node()(left.pop())
        found.append(path)
        left += following
    return sorted(found)


@functools.cache
def root() -> tuple[int, ...]:
    """That of the first tree of a fair size."""
    return next((seed,) for seed in itertools.count() if 300 < len(whole_tree((seed,))) < 800)


def done_by(trace: runtime.Trace) -> list[int]:
    return [done for name, done in trace.results.items() if name.startswith("steal #")]


def test_every_node_of_a_random_tree_is_visited_once(backend):
    program = runtime.Program("tree")
    stealing.declare(program, make_node(), [root()], workers=3)
    trace = program.run(backend, timeout=120)

    assert sorted(trace.results["collect"]) == whole_tree(root())
    assert sum(done_by(trace)) == len(whole_tree(root()))


def test_what_one_has_is_spread(backend):
    def wait(seconds):
        import time

        time.sleep(seconds)
        return None, []

    program = runtime.Program("spread")
    stealing.declare(program, wait, [0.005] * 40, workers=3)
    for _ in range(5):  # on a busy machine one may come so late that nothing is left
        trace = program.run(backend, timeout=60)
        assert sum(done_by(trace)) == 40
        assert trace.results["collect"] == []
        if min(done_by(trace)) >= 4:
            return
    pytest.fail(f"one worker did almost nothing: {done_by(trace)}")


@pytest.mark.parametrize("roots", [0, 1, 5])
def test_any_number_of_tasks_ends(roots):
    def echo(n):
        return n, []

    program = runtime.Program("few")
    stealing.declare(program, echo, list(range(roots)), workers=2)
    assert sorted(program.run("threads", timeout=30).results["collect"]) == list(range(roots))


def test_a_long_chain_of_tasks_ends():
    def chain(n):
        return None, [n - 1] if n else []

    program = runtime.Program("chain")
    stealing.declare(program, chain, [2_000], workers=2)
    trace = program.run("threads", timeout=60)
    assert sum(done_by(trace)) == 2_001


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_many_random_trees(seed, backend):
    dice = random.Random(seed)
    roots = [(dice.randrange(10**9),) for _ in range(20)]
    program = runtime.Program("trees")
    stealing.declare(program, make_node(), roots, workers=dice.randint(1, 6))
    trace = program.run(backend, timeout=300)
    assert sorted(trace.results["collect"]) == sorted(path for each in roots for path in whole_tree(each))
