"""A million messages: nothing is lost, and nothing takes more than its share."""

import time

import pytest

from runtime.tracing import text
from runtime.tracing.decode import decode
from runtime.tracing.layout import RECORD, Layout
from runtime.tracing.model import NONE
from runtime.tracing.traces import Trace
from tests.runtime.tracing.lanes import EPOCH, end, receive, recording, sample, send, start

MESSAGES = 1_000_000
STEP = 10_000  # ns from one message to the next


def lanes(count):
    """A sender, a receiver, and an observer that saw both run."""
    template_send, template_receive = (list(RECORD.unpack(r)) for r in (send(0, 0, 0, 0, 0), receive(0, 0, 0, 0, 0)))
    sent, received = [start()], [start()]
    for serial in range(count):
        at = EPOCH + serial * STEP
        subject = template_send[4] + serial
        waits = 4_000 if serial % 5 == 0 else 700
        times = (at + 100, at + 900, at + 900 + waits, at + 6_000)
        sent.append(RECORD.pack(*template_send[:4], subject, 100, *times, b"%d" % serial))
        received.append(RECORD.pack(*template_receive[:4], subject, 100, at + 100, at + 5_800, 0, at + 7_000, b""))
    ended = count * STEP
    ms = 1_000_000
    samples = [sample(who, at, 1, at, core=who) for at in range(0, ended, ms) for who in (0, 1)]
    return [b"".join([*sent, end(ended)]), b"".join([*received, end(ended)]), b"".join(samples)]


def million(count=MESSAGES):
    raw = lanes(count)
    return recording(
        raw,
        layout=Layout(3, count + 2, 0),
        workers=recording(raw[:2]).workers,
        ended_ns=EPOCH + count * STEP,
        observer_lane=2,
        gil_shared=True,
    )


def seconds(work):
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


@pytest.mark.stress
def test_a_hundred_thousand_messages_are_all_there(tmp_path):
    decoded = decode(million(100_000))
    assert len(decoded.messages) == 100_000
    assert NONE not in decoded.messages.column("receiver")
    assert decoded.messages.column("serial").tolist() == list(range(100_000))
    assert decoded.dropped == 0
    trace = Trace(name="many", backend="shared-gil", **decoded.fields())
    for worker, life in zip(trace.workers, trace.breakdown(), strict=True):
        assert sum(life.states.values()) == worker.ended_ns - worker.began_ns
    trace.save(tmp_path / "many.trace")
    assert Trace.load(tmp_path / "many.trace") == trace


@pytest.mark.stress
def test_ten_times_the_messages_take_about_ten_times_as_long():
    few, many = million(5_000), million(50_000)
    short = min(seconds(lambda: decode(few))[0] for _ in range(3))
    long = min(seconds(lambda: decode(many))[0] for _ in range(2))
    assert long < 40 * short


@pytest.mark.benchmark
def test_a_million_messages_in_seconds(tmp_path):
    recorded = million()
    taken = {}
    taken["decode"], decoded = seconds(lambda: decode(recorded))
    trace = Trace(name="million", backend="shared-gil", **decoded.fields())
    path = tmp_path / "million.trace"
    taken["save"], _ = seconds(lambda: trace.save(path))
    taken["load"], loaded = seconds(lambda: Trace.load(path))
    taken["breakdown"], _ = seconds(loaded.breakdown)
    taken["timeline in text"], _ = seconds(lambda: text.timeline(loaded))
    print(f"\n{len(loaded.messages):,} messages, {len(loaded.spans):,} spans, {path.stat().st_size / 1e6:.0f} MB")
    for what, cpu in taken.items():
        print(f"{what:>18}: {cpu:5.2f} s of CPU time")
    assert loaded == trace
    assert taken["save"] + taken["load"] < 3 * taken["decode"]
