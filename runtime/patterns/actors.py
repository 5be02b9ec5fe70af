"""Actors: a mailbox that is read selectively, requests with answers, and "let it crash".

An actor is a worker that owns its state and a mailbox.  Whoever wants something of it sends it a message: nothing is
shared, so nothing is locked (Hewitt, Bishop, Steiger: A Universal Modular ACTOR Formalism, IJCAI 1973).

**Selective receive**, as in Erlang: `mailbox.receive(wanted)` returns the first message that is wanted and leaves the
others, in their order, for later.  So an actor can wait for an answer while other messages come in.

**Let it crash.**  A behaviour does not defend itself against every message.  When one makes it raise, `supervise`
starts it again, with fresh state: the message that did it is gone, all others are still in the mailbox.  When that
happens too often it gives up and lets the error out, as Erlang's supervisors do (Armstrong: Making reliable distributed
systems in the presence of software errors, 2003).  A `monitor` is told of every crash.

    def counter(mailbox):                       # a behaviour: its state is its local variables
        count = 0
        for message in mailbox:
            if isinstance(message, actors.Request):
                message.answer(count)
            else:
                count += int(message)           # raises for what is no number: let it crash

    @program.worker(numbers)
    def count(numbers):
        from runtime.patterns import actors
        return actors.supervise(counter, actors.Mailbox(numbers))
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from runtime import ChannelClosedError, RecvChannel, SendChannel, create_channel


class Request(NamedTuple):
    """A message that waits for an answer."""

    content: Any
    reply: SendChannel

    def answer(self, value: Any) -> None:
        """Answer it.  Never blocks; does nothing when nobody waits any more."""
        with self.reply:
            try:
                self.reply.send(value)
            except ChannelClosedError:
                pass


class Crash(NamedTuple):
    """What a monitor is told: which behaviour raised what, and how often it had been started again before."""

    behaviour: str
    error: str
    restarts: int


def ask(actor: SendChannel, content: Any, timeout: float | None = None) -> Any:
    """Send a request and return its answer.

    Raises `ChannelTimeoutError` when none came in time, `ChannelClosedError` when the actor dropped the request: it
    crashed over it, or has ended.
    """
    replies, reply = create_channel("reply", capacity=1)
    with replies:
        with reply:
            actor.send(Request(content, reply.clone()), timeout)  # the actor's own: between threads it is handed over
        return replies.recv(timeout)


def anything(message: Any) -> bool:
    """Every message is wanted."""
    return True


class Mailbox:
    """An actor's messages, in the order in which they came."""

    def __init__(self, inbox: RecvChannel) -> None:
        self._inbox = inbox
        self._passed_over: deque[Any] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._passed_over) + len(self._inbox)

    def receive(self, wanted: Callable[[Any], bool] = anything, timeout: float | None = None) -> Any:
        """Return the first message that is `wanted`; the others stay, in their order.

        Blocks until there is one.  Raises `ChannelTimeoutError` after `timeout` seconds, `ChannelClosedError` when none
        can come any more.
        """
        for index, message in enumerate(self._passed_over):
            if wanted(message):
                del self._passed_over[index]
                return message
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            message = self._inbox.recv(left)
            if wanted(message):
                return message
            self._passed_over.append(message)

    def __iter__(self) -> Iterator[Any]:
        """Every message, until no more can come."""
        while True:
            try:
                message = self.receive()
            except ChannelClosedError:
                return
            yield message


def supervise(
    behaviour: Callable[[Mailbox], Any],
    mailbox: Mailbox,
    *,
    restarts: int = 3,
    within: float = 5.0,
    monitor: SendChannel | None = None,
) -> Any:
    """Run `behaviour(mailbox)`; when it raises, run it again.  Returns what it returns.

    Raises what it raised when it has been started again `restarts` times `within` so many seconds.
    """
    recent: deque[float] = deque()
    total = 0
    while True:
        try:
            return behaviour(mailbox)
        except Exception as error:
            if monitor is not None:
                monitor.send(Crash(behaviour.__name__, f"{type(error).__name__}: {error}", total))
            now = time.monotonic()
            while recent and recent[0] < now - within:
                recent.popleft()
            if len(recent) >= restarts:
                raise
            recent.append(now)
            total += 1
