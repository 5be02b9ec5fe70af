"""Locks between threads, interpreters and processes: one has it, the others wait without polling."""

from __future__ import annotations

import re
import threading
import time

import pytest

import runtime
from runtime.channels import locks
from runtime.channels.core import Side
from runtime.errors import ChannelClosedError
from tests.runtime.channels.test_lifetime import end_of, left_behind, needs_proc
from tests.runtime.helpers import Elsewhere, wait_until


def lock_in(place, name="guard"):
    """A lock that the place's other side can have."""
    if place.kind != "local":
        return runtime.Lock(name)
    core = locks.lay(name, local=True)
    return runtime.Lock.of(core, core.open_end(Side.RECV), core.open_end(Side.SEND))


def copy_of(lock, place):
    core = lock._taking._core
    return runtime.Lock.of(core, core.open_end(Side.RECV), core.open_end(Side.SEND)) if place.kind == "local" else lock


def waiting_for(lock):
    return lock._taking.stats().tasks_waiting_receive


def test_one_has_it_and_the_other_waits(place):
    lock = lock_in(place)
    seen, tell = place.channel(None, "seen")
    if place.kind == "local":
        other_lock = copy_of(lock, place)
    else:
        crossing, send = place.channel(1, "crossing")
        send.send(lock)
        other_lock = crossing.recv()
    with lock:
        assert lock.locked()
        other = place.start("with lock: tell.send('mine')", lock=other_lock, tell=tell)
        wait_until(lambda: waiting_for(lock) == 1)
        assert len(seen) == 0
        assert re.fullmatch(r"<Lock 'guard', held by thread \d+ for \d+\.\d ms>", repr(lock))
    assert seen.recv() == "mine"
    other.result()
    assert repr(lock) == "<Lock 'guard', free>"


def test_waiting_for_a_lock_has_timeouts():
    lock, other = runtime.Lock("guard"), []
    with lock:
        thread = threading.Thread(target=lambda: other.extend(timed(lock, seconds) for seconds in (0, 0.05)))
        thread.start()
        thread.join()
        thread = threading.Thread(target=lambda: other.append((lock.acquire(blocking=False), 0)))
        thread.start()
        thread.join()
    assert [taken for taken, _ in other] == [False, False, False]
    assert other[0][1] < 0.5
    assert 0.05 <= other[1][1] < 0.5
    assert lock.acquire(timeout=0)
    lock.release()


def timed(lock, seconds):
    began = time.monotonic()
    return lock.acquire(timeout=seconds), time.monotonic() - began


def test_is_not_reentrant_and_says_so():
    lock = runtime.Lock("guard")
    with lock, pytest.raises(RuntimeError, match="this thread has lock 'guard' already"):
        lock.acquire(timeout=0)


def test_is_given_back_by_who_took_it():
    lock = runtime.Lock("guard")
    with pytest.raises(RuntimeError, match="lock 'guard' is given back by the thread that took it, and nobody has it"):
        lock.release()
    errors = []

    def try_to():
        try:
            lock.release()
        except RuntimeError as error:
            errors.append(str(error))

    with lock:
        thread = threading.Thread(target=try_to)
        thread.start()
        thread.join()
        assert lock.locked()
    assert re.search(r"and thread \d+ has it", errors[0])


def test_who_leaves_with_it_tells_the_others():
    lock = runtime.Lock("guard")
    source = "lock.acquire()\nlock.close()"
    Elsewhere(source, {"lock": _sent(lock)}, "interpreter").result()
    for _ in range(2):
        with pytest.raises(ChannelClosedError, match=r"lock 'guard' was taken by thread \d+, which ended without"):
            lock.acquire()


def _sent(lock):
    crossing, send = runtime.create_channel(capacity=1)
    send.send(lock)
    return crossing.recv()


def test_a_token_that_is_lost_with_its_interpreter_is_as_good_as_any():
    lock = runtime.Lock("guard")
    end_of("with lock: pass", lock=_sent(lock))
    with lock:
        assert lock.locked()
    assert not lock.locked()


@needs_proc
def test_locks_that_are_dropped_leave_nothing():
    runtime.Lock()
    before = left_behind()
    for _ in range(50):
        lock = runtime.Lock()
        with lock:
            pass
        copy = _sent(lock)
    del lock, copy
    assert left_behind() == before


COUNT = """
with memory.view("q") as cells:
    for _ in range(loops):
        with lock:
            seen = cells[0]
            cells[1] += 1
            cells[0] = seen + 1
"""


@pytest.mark.stress
@pytest.mark.parametrize("where", ["interpreter", "thread"])
def test_no_update_is_lost(where):
    lock, memory = runtime.Lock(), runtime.create_buffer(16)
    crossing, send = runtime.create_channel(capacity=None)
    others = []
    for _ in range(4):
        send.send((lock, memory))
        copies = dict(zip(("lock", "memory"), crossing.recv(), strict=True))
        others.append(Elsewhere(COUNT, {**copies, "loops": 1_000}, where))
    for other in others:
        other.result()
    assert memory.view("q").tolist() == [4_000, 4_000]


HASTY = """
import random
dice = random.Random(seed)
taken = 0
for _ in range(loops):
    if lock.acquire(timeout=dice.random() * 0.0005):
        with memory.view("q") as cells:
            cells[0] += 1
        taken += 1
        lock.release()
result = taken
"""


@pytest.mark.stress
def test_timeouts_under_load_neither_lose_nor_double_the_lock():
    lock, memory = runtime.Lock(), runtime.create_buffer(8)
    crossing, send = runtime.create_channel(capacity=None)
    others = []
    for seed in range(4):
        send.send((lock, memory))
        copies = dict(zip(("lock", "memory"), crossing.recv(), strict=True))
        others.append(Elsewhere(HASTY, {**copies, "loops": 500, "seed": seed}, "interpreter"))
    taken = sum(other.result() for other in others)
    assert memory.view("q")[0] == taken > 0
    assert not lock.locked()
