"""Many at once: every object exactly once, in each sender's order, whatever closes or gives up meanwhile."""

from __future__ import annotations

import random

import pytest

from runtime.channels.ends import create_channel
from tests.runtime.helpers import Elsewhere

MESSAGES = 100_000
SENDERS = RECEIVERS = 4

SEND = "for n in range(count): out.send(who << 32 | n)"
RECEIVE = """
last = [-1] * senders
counts = [0] * senders
total = 0
for message in numbers:
    who, n = message >> 32, message & 0xffffffff
    assert n > last[who], (who, n, last[who])
    last[who] = n
    counts[who] += 1
    total += n
result = counts, total
"""


@pytest.mark.stress
@pytest.mark.parametrize("where", ["interpreter", "thread"])
@pytest.mark.parametrize("capacity", [0, 16, None])
def test_exactly_once_and_in_order(where, capacity):
    numbers, out = create_channel(capacity=capacity)
    count = MESSAGES // SENDERS // (1 if capacity else 4)
    receivers = [Elsewhere(RECEIVE, {"numbers": numbers.clone(), "senders": SENDERS}, where) for _ in range(RECEIVERS)]
    senders = [Elsewhere(SEND, {"out": out.clone(), "who": who, "count": count}, where) for who in range(SENDERS)]
    numbers.close()
    out.close()
    for sender in senders:
        sender.result()
    results = [receiver.result() for receiver in receivers]
    assert [sum(counts) for counts in zip(*(counts for counts, _ in results), strict=True)] == [count] * SENDERS
    assert sum(total for _, total in results) == SENDERS * count * (count - 1) // 2


HASTY_SEND = """
import random
from runtime.errors import ChannelTimeoutError, ChannelFullError, ChannelClosedError
dice = random.Random(seed)
sent = []
for n in range(count):
    end = out.clone() if dice.random() < 0.1 else out
    try:
        end.send((seed, n), timeout=dice.random() * 0.002) if dice.random() < 0.8 else end.send_nowait((seed, n))
        sent.append((seed, n))
    except (ChannelTimeoutError, ChannelFullError):
        pass
    if end is not out:
        end.close()
result = sent
"""
HASTY_RECEIVE = """
import random
from runtime.errors import ChannelTimeoutError, ChannelEmptyError, ChannelClosedError
dice = random.Random(seed)
got = []
while True:
    end = numbers.clone() if dice.random() < 0.1 else numbers
    try:
        got.append(end.recv(timeout=dice.random() * 0.002) if dice.random() < 0.8 else end.recv_nowait())
    except (ChannelTimeoutError, ChannelEmptyError):
        pass
    except ChannelClosedError:
        break
    finally:
        if end is not numbers:
            end.close()
result = got
"""


@pytest.mark.stress
@pytest.mark.parametrize("where", ["interpreter", "thread"])
@pytest.mark.parametrize("capacity", [0, 1, 5, None])
def test_closes_and_timeouts_under_load_lose_nothing(where, capacity):
    seed = random.randrange(1 << 30)
    numbers, out = create_channel(capacity=capacity)
    receivers = [Elsewhere(HASTY_RECEIVE, {"numbers": numbers.clone(), "seed": seed + n}, where) for n in range(3)]
    senders = [Elsewhere(HASTY_SEND, {"out": out.clone(), "seed": seed + n, "count": 1500}, where) for n in range(3)]
    numbers.close()
    out.close()
    sent = [message for sender in senders for message in sender.result()]
    received = [message for receiver in receivers for message in receiver.result()]
    assert sorted(received) == sorted(sent), seed
