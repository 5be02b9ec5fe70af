"""You are the scheduler: the learner puts the steps of small programs in order, until something goes wrong.

    puzzle = Puzzle("deposits", wanted="account.balance == 2")
    account = puzzle.shared("account", balance=0)

    @puzzle.worker(account)
    def ann(account):
        account.balance += 1        # in fact: read, add, write

    puzzle.play()                   # a panel: whose turn is it?
    puzzle.walk("ann, ben, ann")    # the same in words
    puzzle.explore()                # every order of steps, and how many of them go wrong

`compiling` takes snippets apart into `steps`, `machine` says what a step does, `exploration` visits all states, `game`
judges them.
"""

from vizlib.teaching.scheduler.panel import Panel
from vizlib.teaching.scheduler.puzzle import Puzzle
from vizlib.teaching.scheduler.steps import PuzzleError
from vizlib.teaching.scheduler.telling import Findings, Walk

__all__ = ["Findings", "Panel", "Puzzle", "PuzzleError", "Walk"]
