"""What holds for the tables of every recording, however strange."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from runtime.tracing.decode import RawLane, decode
from runtime.tracing.depth import depth_of
from runtime.tracing.layout import RECORD_BYTES
from runtime.tracing.model import NONE, State
from tests.runtime.tracing.lanes import receive, recording, recordings, send


def spans_of(decoded, worker):
    return [span for span in decoded.spans if span.worker == worker.index]


def assert_partition(decoded):
    for worker in decoded.workers:
        spans = spans_of(decoded, worker)
        assert sum(span.ended_ns - span.began_ns for span in spans) == worker.ended_ns - worker.began_ns
        assert all(span.began_ns < span.ended_ns for span in spans)
        assert all(before.ended_ns == after.began_ns for before, after in pairwise(spans))
        if spans:
            assert (spans[0].began_ns, spans[-1].ended_ns) == (worker.began_ns, worker.ended_ns)
        assert all(NONE <= span.channel < len(decoded.channels) for span in spans)


@given(recordings())
def test_the_spans_of_a_worker_abut_and_add_up_to_its_life(recording):
    assert_partition(decode(recording))


@given(recordings())
def test_messages_are_in_order_and_their_own_times_too(recording):
    decoded = decode(recording)
    messages = list(decoded.messages)
    assert [m.began_ns for m in messages] == sorted(m.began_ns for m in messages)
    assert len({(m.sender, m.serial) for m in messages}) == len(messages)
    for m in messages:
        assert 0 <= m.began_ns <= m.encoded_ns <= m.admitted_ns <= m.sent_ns
        assert m.asked_ns <= m.taken_ns <= m.received_ns
        assert (m.receiver == NONE) == (m.received_ns == NONE)


@given(recordings())
def test_core_spans_lie_in_the_life_and_do_not_overlap(recording):
    decoded = decode(recording)
    for worker in decoded.workers:
        spans = [span for span in decoded.core_spans if span.worker == worker.index]
        assert all(worker.began_ns <= span.began_ns < span.ended_ns <= worker.ended_ns for span in spans)
        assert all(before.ended_ns <= after.began_ns for before, after in pairwise(spans))


@given(recordings())
def test_only_gaps_and_waits_for_the_gil_or_a_core_are_relabelled(recording):
    seen, unseen = decode(recording), decode(recording.__replace__(observer_lane=None))
    before, after = unseen.spans, seen.spans
    for span in after:
        if span.state in (State.SEND_BLOCKED, State.RECV_BLOCKED, State.ENCODE, State.DECODE):
            assert any(
                (span.worker, span.state, span.channel, span.line) == (b.worker, b.state, b.channel, b.line)
                and b.began_ns <= span.began_ns <= span.ended_ns <= b.ended_ns
                for b in before
            )


@given(st.lists(st.binary(max_size=5 * RECORD_BYTES), min_size=1, max_size=3), st.booleans())
def test_garbage_is_counted_not_believed(lanes, observed):
    decoded = decode(recording(map(RawLane, lanes), observer_lane=0 if observed else None))
    assert_partition(decoded)
    assert decoded.dropped <= 2 * sum(len(lane) // RECORD_BYTES for lane in lanes)


@given(recordings(), st.data())
def test_flipped_bytes_are_survived(recording, data):
    lanes = []
    for lane in recording.lanes:
        records = bytearray(lane.records)
        for at in data.draw(st.lists(st.integers(0, max(len(records) - 1, 0)), max_size=8 if records else 0)):
            records[at] ^= data.draw(st.integers(1, 255))
        lanes.append(lane.__replace__(records=bytes(records)))
    assert_partition(decode(recording.__replace__(lanes=tuple(lanes))))


@st.composite
def exchanges(draw):
    """One bounded channel between one sender and one receiver, each step at a possible time."""
    capacity = draw(st.integers(1, 3))
    delays = st.integers(0, 50)
    sent, received, admitted, taken = [], [], [], []
    at_sender = at_receiver = 0
    for serial in range(draw(st.integers(0, 12))):
        began = at_sender + draw(delays)
        encoded = began + draw(delays)
        room = taken[serial - capacity] if serial >= capacity else 0
        admitted.append(max(encoded, room) + draw(delays))
        at_sender = admitted[-1] + draw(delays)
        sent.append(send(serial, began, encoded, admitted[-1], at_sender))
        asked = at_receiver + draw(delays)
        taken.append(max(asked, admitted[-1]) + draw(delays))
        at_receiver = taken[-1] + draw(delays)
        if serial < 10:  # the last ones stay in the channel
            received.append(receive(0, serial, asked, taken[-1], at_receiver))
    return capacity, recording([b"".join(sent), b"".join(received)], channels=((7, "numbers", capacity),))


@given(exchanges())
def test_no_message_is_taken_before_its_sender_found_room(exchange):
    for message in decode(exchange[1]).messages:
        assert message.receiver == NONE or message.taken_ns >= message.admitted_ns


@given(exchanges())
def test_a_channel_never_holds_less_than_nothing_or_more_than_its_capacity(exchange):
    capacity, recording = exchange
    decoded = decode(recording)
    steps = depth_of(decoded.messages, 0, capacity)
    assert [at for at, _ in steps] == sorted(at for at, _ in steps)
    assert all(depth >= 0 for _, depth in steps)
    assert all(depth <= capacity for _, depth in steps)
    kept = sum(message.receiver == NONE for message in decoded.messages)
    assert (steps[-1][1] if steps else 0) == min(kept, capacity)
