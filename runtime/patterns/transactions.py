"""Transactions: a small software transactional memory, owned by one actor.

Each value in the store has the version at which it was written.  A transaction reads values, which are noted with their
versions, and writes into a notebook of its own.  When it is done, the store is asked to commit: if every value that was
read is still the one that was read, all writes are made at once, with a new version; otherwise there is a conflict, and
the transaction runs again (optimistic concurrency control: Kung, Robinson, ACM TODS 1981).

- **Serialisable.**  The store checks and writes in one step, since it is one actor: so a transaction that commits is as
  if it had run alone, at that moment.
- **No half states.**  A read of a value that is newer than the transaction's beginning is a conflict at once, so not
  even a transaction that will fail sees some values from before another's commit and some from after it (TL2: Dice,
  Shalev, Shavit, DISC 2006).
- **retry()** waits until something changes that was read, then runs again: a condition variable that nobody has to
  signal (Harris, Marlow, Peyton Jones, Herlihy: Composable Memory Transactions, PPoPP 2005).

    @program.worker(requests_in, {"a": 100, "b": 0})
    def bank(requests, accounts):
        from runtime.patterns import transactions
        return transactions.serve(requests, accounts)

    @program.worker(requests_out, copies=4)
    def teller(requests):
        from runtime.patterns import transactions
        def move(tx):
            if tx["a"] < 10:
                tx.retry()                     # until somebody pays in
            tx["a"] -= 10
            tx["b"] += 10
        transactions.Store(requests).atomically(move)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from runtime import ChannelClosedError, RecvChannel, SendChannel, create_channel

_HELLO, _BEGIN, _READ, _COMMIT, _WAIT = range(5)
_NOTHING = 0  # the version of a key that was never written

type _Versions = dict[Hashable, int]


class Conflict(Exception):
    """Another transaction has changed what this one read.  `atomically` runs it again."""


class _Again(Exception):
    """Run again when something that was read has changed."""


# --- the store ----------------------------------------------------------------------------------------------------


class _Keeper:
    """The state of the store's actor."""

    def __init__(self, values: Mapping[Hashable, Any]) -> None:
        self.clock = 1
        self.values = {key: (1, value) for key, value in values.items()}
        self.replies: list[SendChannel] = []
        self.waiting: list[tuple[int, _Versions]] = []

    def version(self, key: Hashable) -> int:
        return self.values[key][0] if key in self.values else _NOTHING

    def still(self, reads: _Versions) -> bool:
        return all(self.version(key) == version for key, version in reads.items())

    def commit(self, reads: _Versions, writes: Mapping[Hashable, Any]) -> bool:
        if not self.still(reads):
            return False
        if writes:
            self.clock += 1
            self.values.update((key, (self.clock, value)) for key, value in writes.items())
            self.wake()
        return True

    def wake(self) -> None:
        waiting, self.waiting = self.waiting, []
        for client, reads in waiting:
            if self.still(reads):
                self.waiting.append((client, reads))
            else:
                self.reply(client, None)

    def reply(self, client: int, answer: Any) -> None:
        try:
            self.replies[client].send(answer)
        except ChannelClosedError:  # it has left
            pass


def serve(requests: RecvChannel, values: Mapping[Hashable, Any] | None = None) -> dict[Hashable, Any]:
    """Own a store that begins with these `values`; return what it holds when everybody has left."""
    keeper = _Keeper(values or {})
    for client, what, *content in requests:
        if what == _HELLO:
            (reply,) = content
            keeper.replies.append(reply)
            keeper.reply(len(keeper.replies) - 1, len(keeper.replies) - 1)
        elif what == _BEGIN:
            keeper.reply(client, keeper.clock)
        elif what == _READ:
            (key,) = content
            keeper.reply(client, keeper.values.get(key, (_NOTHING, None)))
        elif what == _COMMIT:
            keeper.reply(client, keeper.commit(*content))
        elif keeper.still(content[0]):
            keeper.waiting.append((client, content[0]))
        else:
            keeper.reply(client, None)
    return {key: value for key, (_, value) in keeper.values.items()}


# --- its clients --------------------------------------------------------------------------------------------------


class Store:
    """One worker's access to the store.  For one thread at a time."""

    def __init__(self, requests: SendChannel) -> None:
        self._requests = requests
        self._replies, reply = create_channel("replies", capacity=1)
        with reply:
            self._requests.send((0, _HELLO, reply.clone()))  # its own: between threads it is handed over
        self._number = self._replies.recv()
        self.conflicts = 0
        """How often a transaction of this client had to run again because of another's."""

    def _ask(self, what: int, *content: Any) -> Any:
        self._requests.send((self._number, what, *content))
        return self._replies.recv()

    def atomically(self, transaction: Callable[..., Any], *args: Any) -> Any:
        """Run `transaction(tx, *args)` until it commits; return what it returned.

        It may run several times, so it should do nothing but read and write.  When it raises, nothing is written, and
        the error comes out, if what it had read was true: otherwise it runs again.
        """
        while True:
            tx = Transaction(self._ask, self._ask(_BEGIN))
            try:
                result = transaction(tx, *args)
            except Conflict:
                self.conflicts += 1
                continue
            except _Again:
                self._ask(_WAIT, tx.reads)
                continue
            except Exception:
                if self._ask(_COMMIT, tx.reads, {}):
                    raise
                self.conflicts += 1
                continue
            if self._ask(_COMMIT, tx.reads, tx.writes):
                return result
            self.conflicts += 1

    def close(self) -> None:
        """Leave the store."""
        self._replies.close()
        self._requests.close()


class Transaction:
    """What a transaction reads and writes: like a dictionary.  A key that nobody wrote reads as None.

    A value is replaced, never changed in place: that is no write, and between threads others would see it at once.
    """

    def __init__(self, ask: Callable[..., Any], began: int) -> None:
        self._ask = ask
        self._began = began
        self._seen: dict[Hashable, Any] = {}
        self.reads: _Versions = {}
        self.writes: dict[Hashable, Any] = {}

    def __getitem__(self, key: Hashable) -> Any:
        if key in self.writes:
            return self.writes[key]
        if key not in self.reads:
            version, value = self._ask(_READ, key)
            if version > self._began:
                raise Conflict
            self.reads[key], self._seen[key] = version, value
        return self._seen[key]

    def __setitem__(self, key: Hashable, value: Any) -> None:
        self.writes[key] = value

    def retry(self) -> None:
        """Give up this attempt, and run again when something that was read has changed."""
        raise _Again
