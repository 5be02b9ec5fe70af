"""What is told of a run in pieces is what its trace tells in one."""

from __future__ import annotations

import mmap

from hypothesis import given
from hypothesis import strategies as st

from runtime.tracing import progress
from runtime.tracing.decode import decode
from runtime.tracing.layout import RECORD, RECORD_BYTES, Head, Layout, Op
from runtime.tracing.model import Ending, State
from runtime.tracing.progress import LAG_NS, look
from runtime.tracing.recording import RunFacts
from tests.runtime.tracing import lanes
from tests.runtime.tracing.lanes import EPOCH, MS, NUMBERS

LAYOUT = Layout(3, 20_000, 4_096)  # two workers and the observer
FACTS = RunFacts("run", "interpreters", LAYOUT, (lanes.worker(0), lanes.worker(1)), (NUMBERS,), False, EPOCH, MS)


def records_of(lane: bytes) -> list[bytes]:
    return [lane[at : at + RECORD_BYTES] for at in range(0, len(lane), RECORD_BYTES)]


def written_at(record: bytes) -> int:
    op, *_, t0, _, _, t3, _ = RECORD.unpack(record)
    return (t3 if op in (Op.SEND, Op.RECV) else t0) - EPOCH


class Memory:
    """Shared memory in which a recording appears as time goes on."""

    def __init__(self, *lanes: bytes) -> None:
        self.map = mmap.mmap(-1, LAYOUT.total_bytes)
        self.records = [records_of(lane) for lane in lanes]
        self.now = 0

    def at(self, now: int) -> None:
        self.now = now
        for lane, records in enumerate(self.records):
            done = [record for record in records if written_at(record) <= now]
            start = LAYOUT.records_at(lane)
            self.map[start : start + len(done) * RECORD_BYTES] = b"".join(done)
            self.head(lane, Head.RECORDS, len(done))

    def head(self, lane: int, word: Head, value: int) -> None:
        at = LAYOUT.lane_at(lane) + 8 * word
        self.map[at : at + 8] = value.to_bytes(8, "little")

    def look(self, after=None):
        return look(self.map, FACTS, after, EPOCH + self.now)


def joined(spans):
    """(worker, state, began, ended, channel) with neighbours of a kind made one, for each worker in order of time."""
    found = []
    for span in sorted(spans, key=lambda span: (span.worker, span.began_ns)):
        row = [span.worker, State(span.state).label, span.began_ns, span.ended_ns, span.channel]
        last = found[-1] if found else None
        if last and last[:2] == row[:2] and last[3] == row[2] and last[4] == row[4]:
            last[3] = row[3]
        else:
            found.append(row)
    return found


def until(spans, end):
    return [span if span.ended_ns <= end else span._replace(ended_ns=end) for span in spans if span.began_ns < end]


@given(lanes.lane_records(), lanes.lane_records(1), st.lists(st.integers(0, 60 * MS), min_size=1, max_size=6))
def test_settled_stretches_are_the_decoded_whole(first, second, moments):
    memory = Memory(first, second)
    told, after = [], None
    for moment in sorted(moments):
        memory.at(moment)
        after = memory.look(after)
        told += until(after.spans, after.settled_ns)
    memory.at(200 * MS)
    whole = decode(
        lanes.recording(
            [b"".join(records) for records in memory.records], workers=FACTS.workers, ended_ns=EPOCH + 200 * MS
        )
    )
    assert joined(told) == joined(until(whole.spans, after.settled_ns))


def life_of(worker: int, messages: int, step: int = MS) -> bytes:
    """A worker that sends every `step`."""
    sends = [lanes.send(n, n * step + 1, n * step + 2, n * step + 3, n * step + 4, channel=7) for n in range(messages)]
    return b"".join([lanes.start(0), *sends])


def test_messages_are_counted_once_however_often_one_looks():
    memory = Memory(life_of(0, 100), lanes.start(0) + lanes.receive(0, 0, 1, 5, 6))
    after = None
    for moment in (0, 10 * MS, 10 * MS, 45 * MS, 99 * MS + 10):
        memory.at(moment)
        after = memory.look(after)
    assert (after.sent, after.received) == (100, 1)
    assert memory.look().sent == 100


def test_a_failed_send_is_no_message():
    memory = Memory(lanes.start(0) + lanes.send(0, 1, 2, 3, 4, status=1))
    memory.at(5)
    assert memory.look().sent == 0


def test_what_each_worker_does_now():
    memory = Memory(lanes.start(0) + lanes.end(MS), lanes.start(0))
    memory.head(1, Head.PARKED_SINCE, EPOCH + 2 * MS)
    memory.head(1, Head.PARKED_OP, Op.RECV)
    memory.head(1, Head.PARKED_CHANNEL, 7)
    memory.at(0)
    assert memory.look().now == (State.RUNNING, State.RUNNING)
    memory.at(9 * MS)
    assert memory.look().now == (Ending.RETURNED, State.RECV_BLOCKED)


def test_a_worker_that_has_not_begun_does_nothing():
    memory = Memory(b"", lanes.start(4 * MS))
    memory.at(MS)
    assert memory.look().now == (None, None)
    memory.at(5 * MS)
    assert memory.look().now == (None, State.RUNNING)


def test_of_very_many_records_the_newest_are_read_and_the_others_counted(monkeypatch):
    monkeypatch.setattr(progress, "MOST", 200)  # of two workers
    memory = Memory(life_of(0, 1_000, step=MS // 10))
    memory.at(100 * MS)
    seen = memory.look()
    assert seen.sent == 1_000
    assert seen.passed_over == 901  # with the beginning
    assert seen.read_from_ns[0] == 899 * MS // 10 + 4
    assert min(span.began_ns for span in seen.spans) == seen.read_from_ns[0]


def test_the_young_is_provisional():
    memory = Memory(life_of(0, 100))
    memory.at(80 * MS)
    seen = memory.look()
    assert (seen.settled_ns, seen.now_ns) == (80 * MS - LAG_NS, 80 * MS)
    memory.at(90 * MS)
    assert memory.look(seen).began_ns == seen.settled_ns


def test_lines_are_told_once():
    memory = Memory(lanes.start(0))
    text_at = LAYOUT.text_at(0)
    memory.map[text_at : text_at + 8] = b"one\ntwo\n"
    memory.head(0, Head.TEXT_BYTES, 8)

    def printed(offset, at):
        return RECORD.pack(Op.PRINT, 1, 0, 3, offset, 4, EPOCH + at, 0, 0, 0, b"")

    memory.records[0] += [printed(0, MS), printed(4, 2 * MS)]
    memory.at(MS)
    first = memory.look()
    memory.at(3 * MS)
    assert [line.text for line in first.printed] == ["one"]
    assert [line.text for line in memory.look(first).printed] == ["two"]
