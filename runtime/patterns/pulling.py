"""Pull: values are made when somebody takes them, as Ruby's Ractors do with `yield` and `take`.

With a queue the sender decides when there is something to do; here the one who needs it does.  A producer `give`s one
value and is stopped until it is taken, so it is never more than one value ahead: a rendezvous (capacity 0) is all that
this takes.  Whoever takes also learns how it ended: what the producer returned, or that it raised.

    values_in, values_out = program.channel("values")        # capacity 0

    @program.worker(values_out)
    def primes(values):
        from runtime.patterns import pulling
        def sieve():
            found = []
            for n in itertools.count(2):                     # without end: it goes on as far as it is asked
                if all(n % p for p in found):
                    found.append(n)
                    yield n
        pulling.give(sieve(), values)

    @program.worker(values_in)
    def first(values):
        from runtime.patterns import pulling
        source = pulling.Source(values)
        return [source.take() for _ in range(10)]
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from runtime import ChannelClosedError, RecvChannel, SendChannel

_VALUE, _RETURNED, _RAISED = range(3)


class RemoteError(RuntimeError):
    """The producer raised.  Says what."""


def give(values: Generator[Any, None, Any], out: SendChannel) -> None:
    """Give a generator's values, each when somebody takes it; then what it returned, or raised.

    Returns when it has no more, or when nobody is left to take them: then the generator is closed.
    """
    try:
        while True:
            try:
                value = next(values)
            except StopIteration as end:
                out.send((_RETURNED, end.value))
                return
            except Exception as error:
                out.send((_RAISED, f"{type(error).__name__}: {error}"))
                return
            out.send((_VALUE, value))
    except ChannelClosedError:  # nobody wants more
        values.close()
    finally:
        out.close()


class Source:
    """Where values are taken from.  Several may take from one producer: each value goes to one of them."""

    def __init__(self, values: RecvChannel) -> None:
        self._values = values
        self.returned: Any = None
        """What the producer returned, once this source was told: of several, one is."""

    def take(self, timeout: float | None = None) -> Any:
        """The next value, made now.

        Blocks until it is made.  Raises `ChannelClosedError` when there are no more, `RemoteError` when the producer
        raised, `ChannelTimeoutError` after `timeout` seconds.
        """
        kind, value = self._values.recv(timeout)
        if kind == _VALUE:
            return value
        if kind == _RAISED:
            raise RemoteError(f"the producer raised {value}")
        self.returned = value
        raise ChannelClosedError("the producer has returned: there are no more values")

    def __iter__(self) -> Iterator[Any]:
        """Every value that this source gets."""
        return self

    def __next__(self) -> Any:
        try:
            return self.take()
        except ChannelClosedError:
            raise StopIteration from None

    def enough(self) -> None:
        """Take no more.  When no source is left, the producer stops."""
        self._values.close()
