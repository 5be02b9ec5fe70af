"""What each party of a measurement does: written once, run by all contestants.

Each function stands on its own, as a snippet must: a program captures its text, and the peers call it as it is.  An end
is anything with `send` and `recv`.  Who measures returns nanoseconds, one figure for each of its slices; who wants to
know what a channel costs takes the best slice, and who wants to know what to expect the median.
"""

from __future__ import annotations

from typing import Any


def ask(
    out: Any, answers: Any, slices: int, trips: int, streams: tuple[tuple[str, Any, int, int], ...]
) -> dict[str, list[float]]:
    """Measure a round trip, and then each stream: its name, what to send, how often, how many items that has."""
    import time

    now, send, recv = time.perf_counter_ns, out.send, answers.recv
    for n in range(trips):  # to warm up
        send(n)
        recv()
    seen: list[float] = []
    for _ in range(slices):
        began = now()
        for n in range(trips):
            send(n)
            recv()
        seen.append((now() - began) / trips)
    measured = {"round trip": seen}
    for name, payload, count, items in streams:
        measured[name] = seen = []
        for _ in range(slices):
            began = now()
            for _ in range(count):
                send(payload)
            recv()
            seen.append((now() - began) / count / items)
    return measured


def answer(questions: Any, out: Any, trips: int, slices: int, counts: tuple[int, ...]) -> None:
    """The other side of `ask`: so many round trips, then streams of so many messages."""
    recv, send = questions.recv, out.send
    for _ in range(trips):
        send(recv())
    for count in counts:
        for _ in range(slices):
            for _ in range(count):
                recv()
            send("all here")


def keep_time(reports: Any, slices: int, *signals: Any) -> list[float]:
    """Let all parties go at once, again and again, and measure until the last has reported."""
    import time

    for _ in signals:
        reports.recv()  # all are there
    seen: list[float] = []
    for _ in range(slices):
        began = time.perf_counter_ns()
        for signal in signals:
            signal.send("go")
        for _ in signals:
            reports.recv()
        seen.append(time.perf_counter_ns() - began)
    return seen


def feed(out: Any, signal: Any, reports: Any, slices: int, count: int) -> None:
    """Send so many each time."""
    send = out.send
    reports.send("here")
    for _ in range(slices):
        signal.recv()
        for n in range(count):
            send(n)
        reports.send("done")


def eat(inbox: Any, signal: Any, reports: Any, slices: int, count: int) -> None:
    """Receive so many each time."""
    recv = inbox.recv
    reports.send("here")
    for _ in range(slices):
        signal.recv()
        for _ in range(count):
            recv()
        reports.send("done")


def deal(reports: Any, slices: int, rounds: int, *outs: Any) -> list[float]:
    """Send one object into each channel, and again; measure what each costs."""
    import time

    sends = [out.send for out in outs]
    reports.recv()
    seen: list[float] = []
    for _ in range(slices):
        began = time.perf_counter_ns()
        for n in range(rounds):
            for send in sends:
                send(n)
        reports.recv()
        seen.append((time.perf_counter_ns() - began) / rounds / len(sends))
    return seen


def collect(reports: Any, slices: int, rounds: int, *inboxes: Any) -> None:
    """Receive one object from each channel, and again."""
    recvs = [inbox.recv for inbox in inboxes]
    reports.send("here")
    for _ in range(slices):
        for _ in range(rounds):
            for recv in recvs:
                recv()
        reports.send("all here")


def compute(pieces: int, size: int) -> int:
    """Add up squares, so many pieces of work one after the other."""
    total = 0
    for _ in range(pieces):
        for i in range(size):
            total += i * i
    return total


def stamp() -> int:
    """When this line was reached."""
    import time

    return time.monotonic_ns()


def weigh() -> tuple[int, int]:
    """This process's number, and its bytes of anonymous memory (Linux)."""
    import os

    with open("/proc/self/status", encoding="ascii") as file:
        anonymous = next(line for line in file if line.startswith("RssAnon"))
    return os.getpid(), int(anonymous.split()[1]) * 1024


def pour(out: Any, reports: Any, slices: int, count: int) -> list[float]:
    """Send a great many, and measure the cost of each in every slice."""
    import time

    send = out.send
    seen: list[float] = []
    for _ in range(slices):
        began = time.perf_counter_ns()
        for n in range(count):
            send(n)
        reports.recv()
        seen.append((time.perf_counter_ns() - began) / count)
    return seen


def swallow(inbox: Any, reports: Any, slices: int, count: int) -> list[int]:
    """Receive them all; tell after each slice how much anonymous memory the process has (Linux; else nothing)."""
    import os

    recv = inbox.recv
    weights: list[int] = []
    for _ in range(slices):
        for _ in range(count):
            recv()
        reports.send("all here")
        if os.path.exists("/proc/self/status"):
            with open("/proc/self/status", encoding="ascii") as file:
                anonymous = next(line for line in file if line.startswith("RssAnon"))
            weights.append(int(anonymous.split()[1]) * 1024)
    return weights
