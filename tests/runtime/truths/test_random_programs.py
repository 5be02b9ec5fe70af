"""No causal nonsense in random programs: any number of senders and receivers to a channel, any order of deeds.

The scripts make no sense at all.  Every deed that could wait has a timeout, so that every program ends.
"""

from __future__ import annotations

import random

import pytest

import runtime
from tests.runtime.truths.consistent import assert_consistent

BACKENDS = list(runtime.BACKENDS)
DEEDS = ["send"] * 6 + ["recv"] * 6 + ["send_nowait", "recv_nowait", "iterate", "compute", "sleep", "close"]


def random_program(seed: int) -> runtime.Program:
    """Some workers, some channels, and for each worker some ends and what it does with them."""
    rng = random.Random(seed)
    program = runtime.Program(f"random {seed}")
    capacities = [rng.choice([0, 0, 1, 1, 2, 5, None]) for _ in range(rng.randint(1, 4))]
    channels = [program.channel(str(n), capacity) for n, capacity in enumerate(capacities)]
    count = rng.randint(2, 5)
    owned: list[list[object]] = [[] for _ in range(count)]
    for pair in channels:
        for end in pair:
            for owner in rng.sample(range(count), rng.randint(1, min(3, count))):
                owned[owner].append(end)
    for worker, ends in enumerate(owned):
        script = [
            (rng.choice(DEEDS), rng.randrange(16), rng.randrange(6), rng.choice([0.001, 0.005, 0.02]))
            for _ in range(rng.randint(5, 30))
        ]

        @program.worker(script, [end.sending for end in ends], *ends, name=str(worker))
        def follow(script, sending, *ends):
            import time

            from runtime import ChannelError

            payloads = [7, "text", b"x" * 100_000, list(range(2_000)), {"a": (1, 2.5)}, None]
            senders = [end for end, sends in zip(ends, sending, strict=True) if sends]
            receivers = [end for end, sends in zip(ends, sending, strict=True) if not sends]
            sent = received = 0
            for deed, which, what, seconds in script:
                mine = senders if deed.startswith("send") else receivers if deed != "close" else list(ends)
                if deed == "sleep":
                    time.sleep(seconds / 10)
                elif deed == "compute":
                    sum(range(int(seconds * 1e6)))
                if not mine or deed in ("sleep", "compute"):
                    continue
                end = mine[which % len(mine)]
                try:
                    if deed == "send":
                        end.send(payloads[what], timeout=seconds)
                        sent += 1
                    elif deed == "send_nowait":
                        end.send_nowait(payloads[what])
                        sent += 1
                    elif deed == "recv":
                        end.recv(timeout=seconds)
                        received += 1
                    elif deed == "iterate":
                        while True:
                            end.recv(timeout=seconds)
                            received += 1
                    elif deed == "recv_nowait":
                        end.recv_nowait()
                        received += 1
                    elif which == 0:
                        end.close()
                except ChannelError:
                    pass
            return sent, received

    return program


def is_consistent(seed: int) -> None:
    trace = random_program(seed).run(BACKENDS[seed % len(BACKENDS)], timeout=120)
    assert_consistent(trace)
    sent, received = (sum(column) for column in zip(*trace.results.values(), strict=True))
    assert len(trace.messages) == sent
    assert sum(m.receiver >= 0 for m in trace.messages) == received
    assert trace.dropped == 0


@pytest.mark.parametrize("seed", range(21))
def test_twenty_one_random_programs(seed):
    is_consistent(seed)


@pytest.mark.soak
@pytest.mark.parametrize("first", range(1_000, 2_000, 50))
def test_a_thousand_random_programs(first):
    for seed in range(first, first + 50):
        is_consistent(seed)
