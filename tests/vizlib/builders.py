"""Traces made by hand: small ones in a few lines, and a believable run of the squares program."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from runtime.tracing.model import (
    NONE,
    Channel,
    CoreSpan,
    Ending,
    Environment,
    Evidence,
    Message,
    Output,
    Span,
    State,
    Transfer,
    Worker,
    WorkerFailure,
)
from runtime.tracing.tables import Table
from runtime.tracing.traces import Trace

SOURCE = "def square(numbers, out):\n    for n in numbers:\n        value = slow_square(n)\n        out.send(value)\n"
PLACE = Environment("3.14.0", "CPython", "Linux", "x86_64", 2, True)


def worker(index: int, name: str, began: int = 0, ended: int = 100, **more: Any) -> Worker:
    snippet = name.split(" ")[0]
    return Worker(index, name, snippet, SOURCE, "lesson.py", 10, began, ended, **more)


def span(who: int, state: State, began: int, ended: int, evidence: Evidence = Evidence.MEASURED, **more: int) -> Span:
    return Span(who, state, began, ended, evidence, more.get("channel", NONE), more.get("line", NONE))


def message(sender: int, receiver: int, sent: int, taken: int, serial: int = 0, preview: int = NONE) -> Message:
    """A pickled message of 24 bytes that was encoded in 2 ns and decoded in 3."""
    asked = (taken - 5, taken, taken + 3) if receiver != NONE else (NONE, NONE, NONE)
    return Message(
        sender, serial, 0, receiver, Transfer.PICKLE, 24, preview, 13, 11, sent - 4, sent - 2, sent - 1, sent, *asked
    )


def trace(workers: Iterable[Worker] = (), spans: Iterable[Span] = (), **more: Any) -> Trace:
    """A trace of `spans`; `messages`, `core_spans` and `outputs` may be given as rows too."""
    workers, spans = tuple(workers), list(spans)
    for field, record in (("messages", Message), ("core_spans", CoreSpan), ("outputs", Output)):
        if field in more:
            more[field] = Table.of(record, more[field])
    wall = more.pop("wall_ns", max([0, *(one.ended_ns for one in workers)]))
    settings = {"name": "squares", "backend": "interpreters", "environment": PLACE} | more
    return Trace(wall_ns=wall, workers=workers, spans=Table.of(Span, spans), **settings)


def squares(backend: str = "interpreters", items: int = 24, seed: int = 1, unit: int = 1_000) -> Trace:
    """A simulated run: produce -> two squares -> total.  `unit` is the nanoseconds of a microsecond of the run.

    Under `threads` only one worker runs at a time, in turns of 300 µs, and the others wait for the GIL.
    """
    return _Simulation(backend, items, random.Random(seed), unit).run()


class _Simulation:
    """Discrete steps of one microsecond; every worker is a generator of the states that it wants to be in."""

    NAMES = ("produce", "square #1", "square #2", "total")

    def __init__(self, backend: str, items: int, dice: random.Random, unit: int) -> None:
        self.backend, self.items, self.dice, self.unit = backend, items, dice, unit
        self.now = 0
        self.queues: list[list[list[int]]] = [[], []]
        self.senders = [1, 2]
        self.serials = [0] * 4
        self.messages: list[list[int]] = []
        self.texts: list[str] = []
        self.outputs: list[Output] = []
        self.life: list[list[tuple[State, int, int, int]]] = [[] for _ in self.NAMES]

    def send(self, who: int, channel: int, value: int, line: int):  # type: ignore[no-untyped-def]
        began = self.now
        for _ in range(6):
            yield State.ENCODE, channel, line
        encoded = self.now
        while channel == 0 and len(self.queues[0]) >= 8:
            yield State.SEND_BLOCKED, channel, line
        self.texts.append(str(value))
        serial, self.serials[who] = self.serials[who], self.serials[who] + 1
        row = [who, serial, channel, NONE, Transfer.PICKLE, 24, len(self.texts) - 1, line, NONE,
               began, encoded, self.now, self.now + 1, NONE, NONE, NONE]  # fmt: skip
        self.messages.append(row)
        self.queues[channel].append(row)
        yield State.RUNNING, NONE, line

    def receive(self, who: int, channel: int, line: int):  # type: ignore[no-untyped-def]
        asked = self.now
        while not self.queues[channel]:
            if not self.senders[channel]:
                return False
            yield State.RECV_BLOCKED, channel, line
        row = self.queues[channel].pop(0)
        row[3], row[8], row[13], row[14] = who, line, asked, max(self.now, row[12])
        for _ in range(5):
            yield State.DECODE, channel, line
        row[15] = max(self.now, row[14])
        return True

    def work(self, least: int, most: int, line: int):  # type: ignore[no-untyped-def]
        for _ in range(self.dice.randint(least, most)):
            yield State.RUNNING, NONE, line

    def produce(self, who: int):  # type: ignore[no-untyped-def]
        for n in range(self.items):
            yield from self.work(25, 40, 12)
            yield from self.send(who, 0, n, 13)
        self.senders[0] -= 1

    def square(self, who: int):  # type: ignore[no-untyped-def]
        while (yield from self.receive(who, 0, 11)):
            yield from self.work(200, 270, 12)
            yield from self.send(who, 1, self.serials[who] ** 2, 13)
        self.senders[1] -= 1

    def total(self, who: int):  # type: ignore[no-untyped-def]
        count = 0
        while (yield from self.receive(who, 1, 11)):
            yield from self.work(20, 30, 12)
            count += 1
            if count % 8 == 0:
                self.texts.append(f"{count} so far")
                self.outputs.append(Output(who, 1, self.now * self.unit, len(self.texts) - 1))

    def run(self) -> Trace:
        running = {0: self.produce(0), 1: self.square(1), 2: self.square(2), 3: self.total(3)}
        wants = {who: next(life, None) for who, life in running.items()}
        one_lock = self.backend in ("threads", "shared-gil")
        owner, turn, ended = 0, 0, [0] * 4
        cores: list[list[int]] = []
        while running:
            blocked = {who for who in running if wants[who][0] in (State.SEND_BLOCKED, State.RECV_BLOCKED)}
            ready = [who for who in running if who not in blocked]
            if one_lock and (owner not in ready or turn > 300):
                later = [who for who in ready if who > owner] + [who for who in ready if who < owner]
                owner, turn = (later or ready or [owner])[0], 0
            turn += 1
            for who in list(running):
                state, channel, line = wants[who]
                holds = not one_lock or who == owner or who in blocked
                self.live(who, state if holds else State.GIL_WAIT, channel if holds else NONE, line)
                if holds and who not in blocked:
                    self.stay(cores, who if not one_lock else self.now // 700, who)
                if holds:
                    wants[who] = next(running[who], None)
                    if wants[who] is None:
                        del running[who]
                        ended[who] = (self.now + 1) * self.unit
            self.now += 1
        return self.trace(ended, cores)

    def live(self, who: int, state: State, channel: int, line: int) -> None:
        life = self.life[who]
        if life and life[-1][0] == state and life[-1][1:3] == (channel, line):
            life[-1] = (*life[-1][:3], life[-1][3], self.now + 1)  # type: ignore[assignment]
        else:
            life.append((state, channel, line, self.now, self.now + 1))  # type: ignore[arg-type]

    def stay(self, cores: list[list[int]], core: int, who: int) -> None:
        core %= 2
        for row in reversed(cores[-4:]):
            if row[0] == core:
                if row[1] == who and row[3] == self.now:
                    row[3] = self.now + 1
                    return
                if row[3] > self.now:
                    return
                break
        cores.append([core, who, self.now, self.now + 1])

    def trace(self, ended: list[int], cores: list[list[int]]) -> Trace:
        unit = self.unit
        spans = [
            Span(who, state, began * unit, end * unit, Evidence.MEASURED, channel, line)
            for who, life in enumerate(self.life)
            for state, channel, line, began, end in life  # type: ignore[misc]
        ]
        scaled = [[*row[:9], *(at * unit if at != NONE else NONE for at in row[9:])] for row in self.messages]
        return trace(
            [worker(who, name, 0, ended[who]) for who, name in enumerate(self.NAMES)],
            spans,
            backend=self.backend,
            channels=(Channel(0, "numbers", 8), Channel(1, "results", None)),
            messages=scaled,
            core_spans=[CoreSpan(core, who, began * unit, end * unit) for core, who, began, end in cores],
            outputs=self.outputs,
            texts=tuple(self.texts),
        )


def failing() -> Trace:
    """A run in which a worker raised, another was stopped, records were lost and one message never arrived."""
    return trace(
        [worker(0, "produce", 0, 60, ending=Ending.RAISED), worker(1, "total", 0, 100, ending=Ending.STOPPED)],
        [
            span(0, State.RUNNING, 0, 60, line=12),
            span(1, State.RECV_BLOCKED, 0, 100, Evidence.INFERRED, channel=0, line=11),
        ],
        channels=(Channel(0, "numbers", 8),),
        messages=[message(0, NONE, 40, NONE)],
        errors=(WorkerFailure("produce", "ValueError", "not a <number>", "Traceback ...", 12),),
        dropped=3,
        complete=False,
    )
