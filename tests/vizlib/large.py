"""Large traces made quickly: pairs of workers, one of each pair sending to the other, as fast as NumPy can make them.

They are consistent as recorded ones are: the spans of a life abut, a message is encoded within its sender's `encode`
span and decoded within its receiver's `decode` span, and nobody has an object before it was sent.
"""

from __future__ import annotations

from array import array

import numpy as np

from runtime.tracing.model import NONE, Channel, CoreSpan, Evidence, Message, Span, State, Transfer
from runtime.tracing.tables import Table
from runtime.tracing.traces import Trace
from tests.vizlib import builders

PER_MESSAGE = 4  # spans at least: the sender runs and encodes, the receiver decodes and runs
STALL_NS = 1_000
"""How long each of the rare waits for room takes that one sender in a thousand meets."""


def large(spans: int = 1_000_000, workers: int = 16, seed: int = 1) -> Trace:
    """A trace of at least `spans` spans, and a quarter as many messages."""
    dice = np.random.default_rng(seed)
    pairs = workers // 2
    each = -(-spans // (PER_MESSAGE * pairs))
    made = [_Pair(dice, pair, each) for pair in range(pairs)]
    ends = [end for pair in made for end in pair.ends]
    lives = np.concatenate([life for pair in made for life in pair.lives])
    messages = np.concatenate([pair.messages for pair in made])
    names = [name for pair in range(pairs) for name in (f"send #{pair + 1}", f"receive #{pair + 1}")]
    return Trace(
        name="large",
        backend="interpreters",
        wall_ns=max(ends),
        workers=tuple(builders.worker(i, name, 0, ends[i]) for i, name in enumerate(names)),
        channels=tuple(Channel(pair, f"channel {pair + 1}", None) for pair in range(pairs)),
        spans=_table(Span, lives),
        messages=_table(Message, messages),
        core_spans=_table(CoreSpan, _stays(dice, ends)),
        texts=tuple(str(n) for n in range(each)),
        environment=builders.PLACE,
    )


def _table(record, rows):
    return Table(record, {name: array("q", rows[:, i].tobytes()) for i, name in enumerate(record._fields)})


class _Pair:
    """Worker `2 * pair` sends `each` messages to worker `2 * pair + 1` through channel `pair`."""

    def __init__(self, dice: np.random.Generator, pair: int, each: int) -> None:
        self.sender, self.receiver, self.channel = 2 * pair, 2 * pair + 1, pair
        run, encode, decode, use = (1 + dice.exponential(mean, each).astype(int) for mean in (40e3, 6e3, 5e3, 38e3))
        stall = np.where(np.arange(each) % 1000 == 999, STALL_NS, 0)
        encoded = np.cumsum(run + encode + stall)
        admitted, began = encoded, encoded - encode
        busy = decode + use
        free = np.cumsum(busy) + np.maximum.accumulate(admitted - (np.cumsum(busy) - busy))
        taken = free - busy
        asked = np.concatenate([[0], free[:-1]])
        received = taken + decode
        sent = self._life(self.sender, began - run - stall, (State.RUNNING, run), (State.SEND_BLOCKED, stall),
                          (State.ENCODE, encode))  # fmt: skip
        took = self._life(self.receiver, asked, (State.RECV_BLOCKED, taken - asked), (State.DECODE, decode),
                          (State.RUNNING, use))  # fmt: skip
        self.lives, self.ends = (sent, took), (int(encoded[-1]), int(free[-1]))
        many = np.arange(each)
        fixed = {"sender": self.sender, "channel": pair, "receiver": self.receiver, "transfer": Transfer.PICKLE}
        fixed |= {"size": 24, "send_line": 13, "recv_line": 11}
        columns = {"serial": many, "preview": many, "began_ns": began, "encoded_ns": encoded, "admitted_ns": admitted,
                   "sent_ns": admitted, "asked_ns": asked, "taken_ns": taken, "received_ns": received}  # fmt: skip
        self.messages = np.stack([columns.get(name, np.full(each, fixed.get(name, 0))) for name in Message._fields], 1)

    def _life(self, worker: int, begins: np.ndarray, *parts: tuple[State, np.ndarray]) -> np.ndarray:
        """Each round of a life begins at one of `begins` and consists of `parts`, without those that take no time."""
        lengths = np.stack([length for _, length in parts], 1)
        ends = begins[:, None] + np.cumsum(lengths, 1)
        rows = np.full((*lengths.shape, len(Span._fields)), NONE)
        rows[..., 0], rows[..., 4] = worker, Evidence.MEASURED
        rows[..., 1] = [state for state, _ in parts]
        rows[..., 2], rows[..., 3] = ends - lengths, ends
        operation = rows[..., 1] != State.RUNNING
        rows[..., 5] = np.where(operation, self.channel, NONE)
        rows[..., 6] = np.where(operation, 13 if worker % 2 == 0 else 11, NONE)
        return rows[lengths > 0]


def _stays(dice: np.random.Generator, ends: list[int]) -> np.ndarray:
    """Each worker on a core of its own, with two of them changing places every few milliseconds."""
    rows = []
    where = list(range(len(ends)))
    since = [0] * len(ends)
    for at in range(5_000_000, max(ends), 5_000_000):
        one, other = (int(i) for i in dice.choice(len(ends), 2, replace=False))
        for worker in (one, other):
            until = min(at, ends[worker])
            if until > since[worker]:
                rows.append((where[worker], worker, since[worker], until))
            since[worker] = at
        where[one], where[other] = where[other], where[one]
    rows += [(where[worker], worker, since[worker], end) for worker, end in enumerate(ends) if end > since[worker]]
    return np.array(sorted(rows, key=lambda row: (row[1], row[2])))
