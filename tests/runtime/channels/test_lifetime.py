"""Nothing is left behind: descriptors, queues, memory, ends of interpreters that ended."""

from __future__ import annotations

import _interpqueues
import gc
import os
import pickle
import subprocess
import sys

import pytest

from runtime import cpython
from runtime.channels.ends import create_channel
from runtime.errors import ChannelClosedError, ChannelError
from tests.runtime.helpers import Elsewhere, wait_until

needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts what /proc shows")


def resident_mb():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def left_behind():
    gc.collect()
    return len(os.listdir("/proc/self/fd")), len(_interpqueues.list_all())


@needs_proc
@pytest.mark.parametrize("capacity", [0, 3, None])
def test_channels_that_are_dropped_leave_nothing(place, capacity):
    place.channel(capacity)
    before = left_behind()
    for _ in range(200):
        numbers, out = place.channel(capacity)
        clone = out.clone()
        if capacity != 0:
            clone.send("x")
    del numbers, out, clone
    assert left_behind() == before


@needs_proc
@pytest.mark.stress
def test_ten_thousand_channels_leave_nothing():
    before = left_behind()
    for _ in range(10_000):
        create_channel()
    assert left_behind() == before


@needs_proc
def test_a_channel_that_could_not_be_made_leaves_nothing(monkeypatch):
    create_channel()
    before = left_behind()
    monkeypatch.setattr("runtime.channels.ground._new_file", lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        create_channel()
    assert left_behind() == before


@needs_proc
def test_a_channel_used_from_another_interpreter_leaves_nothing():
    Elsewhere("result = 1", {}, "interpreter").result()
    before = left_behind()
    numbers, out = create_channel(capacity=5)
    Elsewhere("out.send('x')\nout.send([1])", {"out": out}, "interpreter").result()
    assert list(numbers) == ["x", [1]]
    del numbers, out
    assert left_behind() == before


def end_of(source, **names):
    """Run a snippet in a new interpreter, and end that."""
    boot = "import sys\nsys.path[:] = path.split('\\n')\nimport pickle\nglobals().update(pickle.loads(pickled))\n"
    interpreter = cpython.create_interpreter(own_gil=True)
    values = {"path": "\n".join(sys.path), "pickled": pickle.dumps(names)}
    failure = cpython.run_in_interpreter(interpreter, boot + source, values)
    cpython.destroy_interpreter(interpreter)
    assert failure is None


def test_the_ends_of_an_interpreter_that_ends_are_closed():
    numbers, out = create_channel(capacity=5)
    end_of("kept = [out]\nkept.append(kept)", out=out)
    out.close()
    with pytest.raises(ChannelClosedError, match="every sending end is closed"):
        numbers.recv(timeout=10)


def test_what_an_interpreter_queued_before_it_ended_is_reported_as_lost():
    numbers, out = create_channel("fragile", capacity=5)
    end_of("out.send('gone')", out=out)
    out.send("kept")
    with pytest.raises(
        ChannelError, match="an object in channel 'fragile' is lost: the interpreter that sent it ended"
    ):
        numbers.recv()
    assert numbers.recv() == "kept"


def test_an_offer_of_an_interpreter_that_ended_is_worth_nothing():
    numbers, out = create_channel(capacity=0)
    end_of("numbers._core.offer()", numbers=numbers)
    with pytest.raises(RuntimeError, match="no room"):
        out.send_nowait("nobody waits")


def test_the_collector_may_close_an_end_anywhere():
    numbers, out = create_channel(capacity=None)
    gc.set_threshold(1, 1, 1)
    try:
        for _ in range(100):
            loop = [out.clone()]
            loop.append(loop)
    finally:
        gc.set_threshold(700, 10, 10)
    del loop
    gc.collect()
    assert numbers.stats().open_send_channels == 1


@pytest.mark.parametrize("module", ["test.support.interpreters", "concurrent.interpreters"])
def test_works_without_the_standard_librarys_queues(module):
    source = f"""
import sys
sys.modules[{module!r}] = sys.modules["{module.partition(".")[0]}.support"] = None
from runtime import cpython
queue = cpython.create_queue(1)
for get in (cpython.getter(queue), cpython.getter(queue)):
    try: get()
    except cpython.QueueEmpty: pass
put = cpython.putter(queue)
put(1)
try: put(2)
except Exception as error: assert cpython.is_full(error), error
"""
    subprocess.run([sys.executable, "-c", source], check=True, cwd=os.getcwd())


@pytest.mark.skipif(sys.version_info < (3, 14), reason="3.13 has no public queues")
def test_the_standard_librarys_queues_still_work():
    source = """
from runtime import cpython
import _interpreters
from concurrent import interpreters
queue = interpreters.create_queue()
try: queue.get_nowait()
except interpreters.QueueEmpty: pass
number = cpython.create_interpreter(own_gil=True)
_interpreters.exec(number, "import sys; sys.path[:] = path.split('|'); from runtime import cpython\\nqueue.put(5)",
                   {"queue": queue, "path": "|".join(__import__("sys").path)})
assert queue.get() == 5
cpython.destroy_interpreter(number)
"""
    subprocess.run([sys.executable, "-c", source], check=True, cwd=os.getcwd())


def flat(message, count, source, place="interpreter", capacity=200):
    """By how many MB memory grows while `count` messages are received, after the first tenth."""
    numbers, out = create_channel(capacity=capacity)
    done, finish = create_channel(capacity=1)
    sender = Elsewhere(source, {"out": out, "done": done, "message": message, "count": count}, place)
    for _ in range(count // 10):
        numbers.recv()
    before = resident_mb()
    for _ in range(count - count // 10):
        numbers.recv()
    after = resident_mb()
    finish.send("over")
    sender.result()
    return after - before


BUSY = "for _ in range(count): out.send(message)\ndone.recv()"
NOT_FAR_AHEAD = """
import os
for _ in range(count):
    out.send(message)
    while len(out) > 500:  # what waits in a channel without a bound is no leak
        os.sched_yield()
done.recv()
"""


@needs_proc
@pytest.mark.stress
@pytest.mark.parametrize("capacity", [200, None])
@pytest.mark.parametrize("kind", [str, tuple, list])
def test_memory_stays_flat(kind, capacity):
    message = {str: "x" * 10_000, tuple: ("x" * 5_000, b"y" * 5_000), list: ["x" * 10_000]}[kind]
    leak = 30_000 * 10_000 / 1e6
    source = BUSY if capacity else NOT_FAR_AHEAD
    assert flat(message, 30_000, source, capacity=capacity) < leak / 10


@needs_proc
@pytest.mark.stress
def test_memory_stays_flat_while_the_sender_sleeps():
    numbers, out = create_channel(capacity=None)
    again, go = create_channel(capacity=1)
    ready, tell = create_channel(capacity=1)
    source = "for _ in again:\n for n in range(20_000): out.send(message)\n ready.send(1)"
    names = {"out": out, "again": again, "ready": tell, "message": "x" * 10_000}
    sender = Elsewhere(source, names, "interpreter")
    queued = []
    for _ in range(3):  # freed blocks go back to the heap, not to the system: so the next round has room in them
        go.send(1)
        ready.recv()
        queued.append(resident_mb())
        for _ in range(20_000):
            numbers.recv()
    go.close()
    sender.result()
    assert queued[-1] - queued[0] < 40  # of 400 MB that were sent in between


@needs_proc
@pytest.mark.soak
def test_memory_stays_flat_over_a_million():
    assert flat("x" * 1_000, 1_000_000, NOT_FAR_AHEAD, capacity=None) < 100


def test_waiting_ends_of_two_channels_do_not_mix(place):
    numbers, out = place.channel(1, name="a")
    others, away = place.channel(1, name="b")
    waiter = place.start("result = numbers.recv()", numbers=numbers)
    wait_until(lambda: out.stats().tasks_waiting_receive == 1)
    away.send("b")
    out.send("a")
    assert (waiter.result(), others.recv()) == ("a", "b")


def test_what_two_interpreters_must_not_import_first_at_once_is_there_before_they_begin():
    """A sender without a credit needs ctypes; the table that all interpreters' ctypes share is made when the first one
    imports it, and who imports it a moment later finds it half made."""
    source = "import sys, runtime\nruntime.create_channel()\nassert {'ctypes', 'datetime'} <= sys.modules.keys()"
    subprocess.run([sys.executable, "-c", source], check=True, cwd=os.getcwd())
