"""From lanes to tables, example by example."""

import sys
import time

import pytest

from runtime.tracing.decode import RawLane, decode, read_lane
from runtime.tracing.layout import RECORD_BYTES, Head, Op, Status
from runtime.tracing.model import NONE, Ending, Evidence, State, Transfer
from tests.runtime.tracing.lanes import (
    EPOCH,
    MS,
    end,
    executed,
    memory,
    receive,
    recording,
    recording_of,
    send,
    start,
)


def states(decoded, worker=0):
    return [(State(s.state).label, s.length_ns) for s in decoded.spans if s.worker == worker]


# --- through the real writer -------------------------------------------------------------------------------------


def test_what_two_workers_wrote_becomes_one_message():
    mapping, layout, (sender, receiver) = memory(2)
    epoch = time.monotonic_ns()
    sender.started(), receiver.started()
    began = time.monotonic_ns()
    sender.sent(7, 0, Transfer.PICKLE, Status.OK, 4, 100, began, began + 5, began + 9, b"[1, 2]")
    receiver.received(7, 0, 0, Transfer.PICKLE, Status.OK, 8, 100, began, time.monotonic_ns())
    sender.ended(0), receiver.ended(1)
    decoded = decode(recording_of(mapping, layout, 2, epoch_ns=epoch, ended_ns=time.monotonic_ns()))
    (message,) = decoded.messages
    assert (message.sender, message.receiver, message.serial, message.size) == (0, 1, 0, 100)
    assert (message.send_line, message.recv_line, message.transfer) == (4, 8, Transfer.PICKLE)
    assert decoded.texts[message.preview] == "[1, 2]"
    assert message.began_ns == began - epoch
    assert [worker.ending for worker in decoded.workers] == [Ending.RETURNED, Ending.RAISED]
    assert decoded.dropped == 0


def test_records_that_did_not_fit_are_counted():
    mapping, layout, (lane,) = memory(1, records=2, text_bytes=5)
    lane.started()
    for at in range(3):
        lane.printed(1, "abc", 1, EPOCH + at)
    decoded = decode(recording_of(mapping, layout, 1))
    assert read_lane(mapping, layout, 0).text_dropped == 4
    assert decoded.dropped >= 2


def test_a_crashing_writer_cannot_make_the_reader_read_beyond_the_lane():
    mapping, layout, _ = memory(2, records=3, text_bytes=8)
    for word in (Head.RECORDS, Head.TEXT_BYTES):
        at = layout.lane_at(0) + 8 * word
        mapping[at : at + 8] = b"\xff" * 8
    lane = read_lane(mapping, layout, 0)
    assert (len(lane.records), len(lane.text)) == (3 * RECORD_BYTES, 8)


def test_a_channel_made_by_a_worker_has_its_name():
    mapping, layout, (lane,) = memory(1)
    now = time.monotonic_ns()
    lane.created(9, "replies", 0)
    lane.created(10, "log", None)
    decoded = decode(recording_of(mapping, layout, 1, epoch_ns=now, ended_ns=now + MS))
    assert [(c.index, c.name, c.capacity) for c in decoded.channels] == [
        (0, "numbers", 4),
        (1, "replies", 0),
        (2, "log", None),
    ]


# --- messages ----------------------------------------------------------------------------------------------------


def test_a_message_that_nobody_received_has_no_receiver():
    (message,) = decode(recording([start() + send(0, 1, 2, 3, 4)])).messages
    assert message.receiver == NONE
    assert message[-3:] == (NONE, NONE, NONE)
    assert message.queued_ns == message.latency_ns == NONE


def test_the_stages_of_a_message_can_be_asked_for():
    lanes = [send(0, 0, 10, 30, 40), receive(0, 0, 5, 55, 60)]
    (message,) = decode(recording(lanes)).messages
    assert (message.encode_ns, message.room_wait_ns, message.queued_ns) == (10, 20, 25)
    assert (message.recv_wait_ns, message.decode_ns, message.latency_ns) == (50, 5, 60)


def test_messages_are_ordered_by_the_call_to_send():
    lanes = [send(0, 5, 5, 5, 6) + send(1, 9, 9, 9, 9), send(0, 1, 2, 3, 4)]
    assert [(m.sender, m.serial) for m in decode(recording(lanes)).messages] == [(1, 0), (0, 0), (0, 1)]


def test_failed_operations_are_no_messages():
    failures = [status for status in Status if status != Status.OK]
    lane = b"".join(send(0, at, at, at, at, status=status) for at, status in enumerate(failures))
    assert len(decode(recording([lane])).messages) == 0


def test_a_message_recorded_twice_is_one_message():
    lanes = [send(0, 1, 2, 3, 4) + send(0, 5, 6, 7, 8), receive(0, 0, 1, 5, 6) + receive(0, 0, 7, 8, 9)]
    decoded = decode(recording(lanes))
    assert [m.began_ns for m in decoded.messages] == [1]
    assert decoded.dropped == 2


def test_an_undeclared_channel_is_called_by_its_number():
    decoded = decode(recording([send(0, 1, 2, 3, 4, channel=31)]))
    assert decoded.channels[decoded.messages[0].channel].name == "channel-31"


@pytest.mark.parametrize(
    ("preview", "text"),
    [(b"42", "42"), ("'äöü'".encode(), "'äöü'"), (("x" * 23 + "ä").encode()[:24], "x" * 23), (b"", None)],
)
def test_previews_are_cut_between_characters(preview, text):
    decoded = decode(recording([send(0, 1, 2, 3, 4, preview=preview)]))
    assert (decoded.texts[decoded.messages[0].preview] if text else None) == text


def test_equal_previews_are_kept_once():
    lane = b"".join(send(n, n, n, n, n, preview=b"same") for n in range(5))
    assert decode(recording([lane])).texts == ("same",)


def test_times_before_the_run_began_are_its_beginning():
    (message,) = decode(recording([send(0, -5, -4, 3, 4)])).messages
    assert (message.began_ns, message.encoded_ns, message.admitted_ns) == (0, 0, 3)


# --- spans -------------------------------------------------------------------------------------------------------


def test_a_send_that_waits():
    lane = start() + send(0, 10, 20, 50, 55) + end(100)
    decoded = decode(recording([lane], try_ns=0))
    expected = [("running", 10), ("encode", 10), ("send-blocked", 30), ("encode", 5), ("running", 45)]
    assert states(decoded) == expected
    assert {s.channel for s in decoded.spans if s.state != State.RUNNING} == {0}
    assert {s.line for s in decoded.spans if s.state != State.RUNNING} == {3}


def test_a_receive_that_waits():
    lane = start() + receive(1, 0, 10, 70, 75) + end(100)
    expected = [("running", 10), ("recv-blocked", 60), ("decode", 5), ("running", 25)]
    assert states(decode(recording([lane], try_ns=0))) == expected


def test_a_try_that_succeeds_at_once_is_no_wait():
    lane = start() + send(0, 0, 10, 300, 400) + receive(1, 0, 500, 900, 1_000) + end(1_000)
    assert states(decode(recording([lane], try_ns=500))) == [("encode", 400), ("running", 100), ("decode", 500)]


def test_sending_never_waits_where_there_is_no_bound():
    lane = start() + send(0, 0, 10, 5 * MS, 6 * MS) + end(6 * MS)
    decoded = decode(recording([lane], channels=((7, "log", None),)))
    assert states(decoded) == [("encode", 6 * MS)]


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.CLOSED, Status.CANCELLED])
def test_an_operation_that_failed_was_blocked_until_then(status):
    lane = start() + send(0, 0, 10, 5_000, 5_000, status=status) + receive(0, 0, 5_000, 9_990, 10_000, status=status)
    decoded = decode(recording([lane + end(10_000)], try_ns=0))
    assert states(decoded) == [("encode", 10), ("send-blocked", 4_990), ("recv-blocked", 5_000)]


def test_an_operation_that_could_not_wait_was_not_blocked():
    status = Status.WOULD_BLOCK
    lane = start() + send(0, 0, 10, 30, 30, status=status) + receive(0, 0, 40, 60, 60, status=status) + end(100)
    assert states(decode(recording([lane], try_ns=0))) == [("encode", 10), ("running", 90)]


def test_a_worker_that_never_ended_lives_until_the_recording_does():
    decoded = decode(recording([start(5)], ended_ns=EPOCH + 50))
    assert decoded.workers[0].ending == Ending.LOST
    assert (decoded.workers[0].began_ns, decoded.workers[0].ended_ns) == (5, 50)


def test_a_worker_that_waits_when_the_recording_stops_is_blocked_until_then():
    lane = RawLane(start(), parked_since=EPOCH + 20, parked_op=Op.RECV, parked_channel=7, parked_line=12)
    decoded = decode(recording([lane], ended_ns=EPOCH + 50))
    assert states(decoded) == [("running", 20), ("recv-blocked", 30)]
    assert decoded.spans[-1][-2:] == (0, 12)


def test_a_worker_that_ended_waits_no_more():
    lane = RawLane(start() + end(30), parked_since=EPOCH + 20, parked_op=Op.RECV, parked_channel=7)
    assert states(decode(recording([lane], ended_ns=EPOCH + 50))) == [("running", 30)]


def test_a_worker_that_never_ran_has_no_life():
    decoded = decode(recording([b""]))
    assert len(decoded.spans) == 0
    assert decoded.wall_ns == 0


def test_without_an_observer_running_is_inferred():
    decoded = decode(recording([start() + send(0, 10, 20, 50, 55) + end(100)], try_ns=0))
    assert {s.evidence for s in decoded.spans if s.state == State.RUNNING} == {Evidence.INFERRED}
    assert {s.evidence for s in decoded.spans if s.state != State.RUNNING} == {Evidence.MEASURED}


# --- output ------------------------------------------------------------------------------------------------------


def printed(*parts, epoch=EPOCH):
    mapping, layout, (lane,) = memory(1)
    for stream, at, text in parts:
        lane.printed(stream, text, 1, epoch + at)
    decoded = decode(recording_of(mapping, layout, 1))
    return [(o.stream, o.at_ns, "" if o.text == NONE else decoded.texts[o.text]) for o in decoded.outputs]


def test_parts_of_a_line_are_joined_and_have_the_time_of_the_first():
    assert printed((1, 5, "a"), (1, 6, " "), (1, 7, "b"), (1, 8, "\n")) == [(1, 5, "a b")]


def test_one_part_may_hold_several_lines():
    assert printed((1, 5, "a\n\nb\nc")) == [(1, 5, "a"), (1, 5, ""), (1, 5, "b"), (1, 5, "c")]


def test_streams_do_not_mix():
    parts = [(1, 1, "out "), (2, 2, "err\n"), (1, 3, "put\n")]
    assert printed(*parts) == [(1, 1, "out put"), (2, 2, "err")]


def test_a_character_cut_between_parts_is_whole_again():
    assert printed((1, 1, "ä"), (1, 2, "\N{SNAKE}")) == [(1, 1, "ä\N{SNAKE}")]


# --- lines -------------------------------------------------------------------------------------------------------


def test_lines_that_were_executed_are_kept_in_order():
    lane = start() + executed(3, 10) + executed(4, 20) + send(0, 21, 22, 23, 24) + executed(3, 30) + end(100)
    decoded = decode(recording([lane]))
    assert list(decoded.lines) == [(0, 3, 10), (0, 4, 20), (0, 3, 30)]
    assert len(decoded.messages) == 1
    assert decoded.dropped == 0


# --- nonsense ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nonsense",
    [
        bytes(RECORD_BYTES),
        b"\xff" * RECORD_BYTES,
        send(0, 5, 4, 6, 7),
        send(0, 1, 2, 3, 10**15),
        send(0, 1, 2, 3, 4, status=99),
        send(0, 1, 2, 3, 4, transfer=99),
        send(0, 1, 2, 3, 4, size=sys.maxsize + 1),
        send(0, 1, 2, 3, 4, line=1 << 31),
    ],
)
def test_nonsense_is_left_out_and_counted(nonsense):
    decoded = decode(recording([start() + nonsense + send(0, 20, 21, 22, 23) + end(100)]))
    assert [m.began_ns for m in decoded.messages] == [20]
    assert decoded.dropped == 1


def test_half_a_record_is_not_read():
    assert len(decode(recording([send(0, 1, 2, 3, 4) + send(1, 5, 6, 7, 8)[:50]])).messages) == 1
