"""Recordings for tests: written by the real lane writer into anonymous memory, or packed with chosen times."""

from __future__ import annotations

import mmap
from collections.abc import Iterable

from hypothesis import strategies as st

from runtime.tracing.decode import RawLane, Recording, read_lane
from runtime.tracing.layout import RECORD, SERIAL_BITS, Layout, Op, Status
from runtime.tracing.model import Worker
from runtime.tracing.recorder import LaneWriter

EPOCH = 5_000_000_000
MS = 1_000_000
NUMBERS = (7, "numbers", 4)  # key, name, capacity


def worker(index: int, name: str = "") -> Worker:
    return Worker(index, name or f"worker #{index}", "work", "def work():\n    pass\n", "cell.py", 1)


def memory(lanes: int, records: int = 1_000, text_bytes: int = 4_096) -> tuple[mmap.mmap, Layout, list[LaneWriter]]:
    layout = Layout(lanes, records, text_bytes)
    mapping = mmap.mmap(-1, layout.total_bytes)
    return mapping, layout, [LaneWriter(mapping, layout, lane) for lane in range(lanes)]


def recording_of(mapping: mmap.mmap, layout: Layout, workers: int, **facts) -> Recording:
    lanes = tuple(read_lane(mapping, layout, lane) for lane in range(layout.lanes))
    return recording(lanes, layout=layout, workers=tuple(map(worker, range(workers))), **facts)


def recording(lanes: Iterable[RawLane | bytes], **facts) -> Recording:
    lanes = tuple(lane if isinstance(lane, RawLane) else RawLane(lane) for lane in lanes)
    facts = {
        "layout": Layout(len(lanes), 1_000, 4_096),
        "workers": tuple(worker(index) for index in range(len(lanes))),
        "epoch_ns": EPOCH,
        "ended_ns": EPOCH + 1_000 * MS,
        "channels": (NUMBERS,),
        **facts,
    }
    return Recording(lanes=lanes, **facts)


# --- records with chosen times (since the run began) -------------------------------------------------------------


def start(at: int = 0, on_cpu: int = 0) -> bytes:
    return RECORD.pack(Op.START, 0, 0, 0, 0, 0, EPOCH + at, on_cpu, 0, 0, b"")


def end(at: int, status: int = 0, on_cpu: int = 0) -> bytes:
    return RECORD.pack(Op.END, 0, status, 0, 0, 0, EPOCH + at, on_cpu, 0, 0, b"")


def executed(line: int, at: int) -> bytes:
    return RECORD.pack(Op.LINE, 0, 0, line, 0, 0, EPOCH + at, 0, 0, 0, b"")


def send(
    serial: int,
    *times: int,
    status: int = Status.OK,
    channel: int = 7,
    line: int = 3,
    size: int = 8,
    transfer: int = 0,
    preview: bytes = b"",
) -> bytes:
    """`times` are began, encoded, admitted, sent."""
    moments = [EPOCH + at for at in times]
    return RECORD.pack(Op.SEND, transfer, status, line, channel << SERIAL_BITS | serial, size, *moments, preview)


def receive(
    sender: int,
    serial: int,
    asked: int,
    taken: int,
    received: int,
    *,
    status: int = Status.OK,
    channel: int = 7,
    line: int = 9,
) -> bytes:
    moments = (EPOCH + asked, EPOCH + taken, sender, EPOCH + received)
    return RECORD.pack(Op.RECV, 0, status, line, channel << SERIAL_BITS | serial, 8, *moments, b"")


def sample(
    subject: int, at: int, state: int, on_cpu: int, run_queue: int = 0, sleeps_on: int = 0, core: int = 0
) -> bytes:
    return RECORD.pack(Op.SAMPLE, state, sleeps_on, core, subject, on_cpu, EPOCH + at, run_queue, 1_000, 0, b"")


# --- whole recordings at random ----------------------------------------------------------------------------------


@st.composite
def lane_records(draw: st.DrawFn, lane: int = 0, ended: int = 20 * MS) -> bytes:
    """A sane life: operations one after the other, any outcome, any length from nothing on."""
    lengths = st.one_of(st.integers(0, 3), st.integers(0, 3_000), st.integers(0, 4 * MS))
    at = draw(lengths)
    records = [start(at, draw(st.integers(0, MS)))] if draw(st.booleans()) else []
    for serial in range(draw(st.integers(0, 12))):
        moments = [at := at + draw(lengths) for _ in range(4)]
        status = draw(st.sampled_from([Status.OK, Status.OK, *Status]))
        if draw(st.booleans()):
            records.append(executed(serial, at))
        if draw(st.booleans()):
            records.append(send(serial, *moments, status=status, channel=draw(st.sampled_from([7, 8]))))
        else:
            asked, taken, received, _ = moments
            records.append(receive(draw(st.integers(0, 2)), serial, asked, taken, received, status=status))
    if draw(st.booleans()):
        records.append(end(max(at, ended), draw(st.integers(0, 3)), draw(st.integers(0, 40 * MS))))
    return b"".join(records)


@st.composite
def samples(draw: st.DrawFn, subject: int = 0, ended: int = 25 * MS) -> bytes:
    """What an observer may see: any states, totals that never fall."""
    at, on_cpu, run_queue = -draw(st.integers(0, 3 * MS)), draw(st.integers(0, MS)), 0
    records = []
    while at < ended and draw(st.integers(0, 30)):
        state, sleeps_on = draw(st.integers(0, 3)), draw(st.integers(0, 4))
        records.append(sample(subject, at, state, on_cpu, run_queue, sleeps_on, core=draw(st.integers(0, 1))))
        at += draw(st.sampled_from([1, 1_000, MS, MS, MS, 5 * MS]))
        on_cpu += draw(st.sampled_from([0, 0, MS // 2, MS, 4 * MS]))
        run_queue += draw(st.sampled_from([0, 0, MS // 3, 2 * MS]))
    return b"".join(records)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    workers = draw(st.integers(1, 3))
    lanes = [
        RawLane(
            draw(lane_records(lane)),
            b"one\ntwo",
            parked_since=draw(st.sampled_from([0, EPOCH, EPOCH + 15 * MS])),
            parked_op=Op.RECV,
            parked_channel=7,
        )
        for lane in range(workers)
    ]
    lanes.append(RawLane(b"".join(draw(samples(lane)) for lane in range(workers))))
    return recording(
        lanes,
        workers=tuple(map(worker, range(workers))),
        ended_ns=EPOCH + draw(st.sampled_from([0, 10 * MS, 25 * MS])),
        observer_lane=workers if draw(st.booleans()) else None,
        gil_shared=draw(st.booleans()),
        try_ns=draw(st.sampled_from([0, 500])),
    )
