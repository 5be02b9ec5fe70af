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


def choose(signal: Any, filled: Any, slices: int, rounds: int, *inboxes: Any) -> dict[str, list[float]]:
    """Receive what waits in all channels: from each in turn, and from whichever `select` finds."""
    import time

    import runtime

    def in_turn() -> None:
        for _ in range(rounds):
            for inbox in inboxes:
                inbox.recv()

    def by_select() -> None:
        for _ in range(rounds * len(inboxes)):
            runtime.select(*inboxes)

    measured: dict[str, list[float]] = {"recv": [], "select": []}
    for _ in range(slices):
        for quantity, receive in (("recv", in_turn), ("select", by_select)):
            signal.send("fill")
            filled.recv()
            began = time.perf_counter_ns()
            receive()
            measured[quantity].append((time.perf_counter_ns() - began) / rounds / len(inboxes))
    return measured


def fill(signal: Any, filled: Any, slices: int, rounds: int, *outs: Any) -> None:
    """The other side of `choose`: fill all channels when asked."""
    for _ in range(2 * slices):
        signal.recv()
        for out in outs:
            for n in range(rounds):
                out.send(n)
        filled.send("all here")


def compute(pieces: int, size: int) -> int:
    """Add up squares, so many pieces of work one after the other."""
    total = 0
    for _ in range(pieces):
        for i in range(size):
            total += i * i
    return total


def square(number: int) -> int:
    """Hardly any work: what a task costs."""
    return number * number


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


def give(out: Any, answers: Any, kind: str, trips: list[tuple[int, int]], window: int = 1) -> None:
    """Send objects of each size, so many of each, in one way.

    A `window` of 1: each when the other side has the one before.  A larger one: as many on their way as the channel
    takes; only what was moved comes back, to be moved again.
    """
    import array

    import runtime

    def make(size: int) -> Any:
        if kind == "share":
            return bytes(size)
        if kind == "floats":
            return [0.5] * (size // 8)
        if kind == "array":
            return array.array("d", [0.5]) * (size // 8)
        if kind in ("buffer", "move"):
            return runtime.create_buffer(bytes(size))
        return bytearray(size)

    for size, count in trips:
        payload = make(size)
        others = [make(size) for _ in range(window - 1)] if kind == "move" else []
        answered = window == 1 or kind == "move"
        for n in range(count):
            if answered and n >= window:
                answer = answers.recv()
                if kind == "move":
                    payload = answer
            elif n and kind == "move":
                payload = others.pop()
            if kind in ("lend", "array"):
                out.send_buffer(payload)
            elif kind == "move":
                out.send(payload, move=True)
            else:
                out.send(payload)
        for _ in range(min(window, count) if answered else 1):
            answers.recv()


def take(inbox: Any, out: Any, kind: str, counts: list[int], window: int = 1) -> None:
    """The other side of `give`: what was moved goes back, what was not is answered, in a stream the last one only."""
    for count in counts:
        for n in range(count):
            received = inbox.recv()
            if kind == "move":
                out.send(received, move=True)
            else:
                del received
                if window == 1 or n == count - 1:
                    out.send(None)


def give_and_hold(out: Any, answers: Any, kind: str, size: int) -> tuple[int, int]:
    """Send one object, and keep it until the other side has it; return this process, and by how much it grew."""
    import os

    import runtime

    def weight() -> int:
        with open("/proc/self/smaps_rollup", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("Pss:")).split()[1]) * 1024

    before = weight()
    payload: Any = bytearray(b"\1") * size
    if kind in ("share", "buffer", "move"):
        copy: Any = bytes(payload) if kind == "share" else runtime.create_buffer(payload)
        payload = copy
        del copy
    if kind in ("lend", "array"):
        out.send_buffer(payload)
    elif kind == "move":
        out.send(payload, move=True)
    else:
        out.send(payload)
    answers.recv()
    grown = weight() - before
    out.close()
    answers.recv()
    return os.getpid(), grown


def take_and_hold(inbox: Any, out: Any) -> tuple[int, int]:
    """The other side of `give_and_hold`."""
    import os

    def weight() -> int:
        with open("/proc/self/smaps_rollup", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("Pss:")).split()[1]) * 1024

    before = weight()
    received = inbox.recv()
    used = memoryview(received)[::4096].tolist()
    out.send("I have it")
    for _ in inbox:
        pass
    grown = weight() - before
    out.send("so has the other")
    del received, used
    return os.getpid(), grown
