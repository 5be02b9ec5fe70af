"""Work stealing: who has nothing to do takes half of what another has.

A task may make more tasks, and nobody knows beforehand how many: searching a tree, sorting, drawing a fractal.  So each
worker keeps its tasks to itself, takes the newest first (what it needs is still in its cache), and gives away the
oldest, which are the largest.  Nothing is shared, so who is idle asks, and who has two or more gives half between two
tasks (private deques: Acar, Charguéraud, Rainey, PPoPP 2013).  It asks everybody once and then sleeps: the request
stands until somebody has something (lifelines: Saraswat et al., PPoPP 2011).

**The end.**  When all are idle, no task may still be on its way.  Each task has a weight; the first has 1, and a task
that makes others divides its own among them and itself.  Who has done a task reports its weight.  When the reports add
up to 1 again, nothing is left anywhere (credit recovery: Mattern, Information Processing Letters 1989).

    def visit(node):                                   # returns a result, and the tasks that follow
        return node, [2 * node, 2 * node + 1] if node < 500 else []

    stealing.declare(program, visit, [1], workers=4)
    trace = program.run()
    trace.results["collect"], trace.results["steal #1"]     # all results; how many tasks this worker did
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from runtime import ChannelClosedError, ChannelEmptyError, Program, RecvChannel, SendChannel
from runtime.portable import pack, unpack

type Function = Callable[[Any], tuple[Any, Sequence[Any]]]

_HUNGRY, _WORK, _STOP = range(3)


def declare(program: Program, function: Function, tasks: Iterable[Any], workers: int = 2, name: str = "steal") -> None:
    """Declare a crew that does `tasks`, and what comes of them, in a program.

    `function(task)` returns a result and the tasks that follow from it.  The worker `collect` returns all results that
    are not None, in no order; each of the others how many tasks it did.  Raises `ProgramError` and `NotShareableError`
    for a function that cannot run on its own, or tasks that cannot cross.
    """
    code, tasks = pack(function), list(tasks)
    inboxes = [program.channel(f"{name} inbox {number}", capacity=None) for number in range(1, workers + 1)]
    reports_in, reports_out = program.channel(f"{name} reports", capacity=None)
    outs = [out for _, out in inboxes]
    for number, (inbox, _) in enumerate(inboxes):
        first = tasks if number == 0 else None

        @program.worker(number, code, first, inbox, reports_out, *outs, name=f"{name} #{number + 1}")
        def steal(
            number: int,
            code: bytes,
            first: list[Any] | None,
            inbox: RecvChannel,
            reports: SendChannel,
            *outs: SendChannel,
        ) -> int:
            from runtime.patterns import stealing

            return stealing.work(number, code, first, inbox, reports, outs)

    @program.worker(reports_in, *outs)
    def collect(reports: RecvChannel, *outs: SendChannel) -> list[Any]:
        from runtime.patterns import stealing

        return stealing.gather(reports, outs)


def gather(reports: RecvChannel, outs: Sequence[SendChannel]) -> list[Any]:
    """Take in the reports until nothing is left to do; then tell everybody.  Returns the results."""
    from fractions import Fraction  # milliseconds that the others do not need

    results, left = [], Fraction(1)
    while left:
        result, share, shift = reports.recv()
        left -= Fraction(share, 1 << shift)
        if result is not None:
            results.append(result)
    for out in outs:
        out.send((_STOP, None))
    return results


def work(
    number: int,
    code: bytes,
    first: list[Any] | None,
    inbox: RecvChannel,
    reports: SendChannel,
    outs: Sequence[SendChannel],
) -> int:
    """Be one of the crew until nothing is left to do; return how many tasks this worker did."""
    hand = _Hand(number, unpack(code), inbox, reports, outs)
    if first is not None:
        hand.divide(None, first, 0)
    while hand.has_work():
        hand.share()
        hand.do_one()
    return hand.done


class _Hand:
    """One worker."""

    def __init__(
        self, number: int, function: Function, inbox: RecvChannel, reports: SendChannel, outs: Sequence[SendChannel]
    ) -> None:
        self._number, self._function = number, function
        self._inbox, self._reports, self._outs = inbox, reports, outs
        self._tasks: deque[tuple[Any, int]] = deque()  # the newest last; each with its weight, as a power of 1/2
        self._hungry: deque[int] = deque()  # who asked, the longest waiting first
        self._stopped = False
        self.done = 0

    def has_work(self) -> bool:
        """Listen; where there is nothing to do, ask, and wait for it.  False at the end."""
        try:
            while True:
                self._take(self._inbox.recv_nowait())
        except ChannelEmptyError:
            pass
        if not self._tasks and not self._stopped:
            self._ask()
        while not self._tasks and not self._stopped:
            self._take(self._inbox.recv())
        return not self._stopped

    def _take(self, message: tuple[int, Any]) -> None:
        what, content = message
        if what == _HUNGRY:
            self._hungry.append(content)
        elif what == _WORK:
            self._tasks.extend(content)
        else:
            self._stopped = True

    def _ask(self) -> None:
        for number, out in enumerate(self._outs):
            if number != self._number:
                self._send(out, (_HUNGRY, self._number))

    def share(self) -> None:
        """Give half of the tasks, the oldest, to whoever asked."""
        while self._hungry and len(self._tasks) > 1:
            half = [self._tasks.popleft() for _ in range(len(self._tasks) // 2)]
            self._send(self._outs[self._hungry.popleft()], (_WORK, half))

    def do_one(self) -> None:
        """Do the newest task."""
        task, weight = self._tasks.pop()
        result, following = self._function(task)
        self.done += 1
        self.divide(result, following, weight)

    def divide(self, result: Any, following: Sequence[Any], weight: int) -> None:
        """Give what follows from a task equal parts of its weight, and report the result with the rest."""
        shift = weight + len(following).bit_length()
        self._tasks.extend((task, shift) for task in following)
        self._reports.send((result, (1 << shift - weight) - len(following), shift))

    def _send(self, out: SendChannel, message: tuple[int, Any]) -> None:
        try:
            out.send(message)
        except ChannelClosedError:  # it has stopped: nothing is left to do
            pass
