"""What the other views draw equals what was recorded, for any trace: nothing is left out, no time is moved."""

from collections import Counter

from hypothesis import given

from runtime.tracing.model import NONE, State
from tests.vizlib.test_played import traces
from vizlib.views import blocking, costs, machine, source


@given(traces())
def test_blocking_accounts_for_all_waiting_in_channels(trace):
    recorded, told = Counter(), Counter()
    for span in trace.spans:
        if span.state in (State.SEND_BLOCKED, State.RECV_BLOCKED):
            recorded[span.worker, span.state] += span.length_ns
    for one in blocking.waits(trace):
        if one.state in (State.SEND_BLOCKED, State.RECV_BLOCKED):
            told[one.who, one.state] += one.ns
    assert +told == +recorded


@given(traces())
def test_a_channel_s_depth_changes_only_when_a_message_came_or_went(trace):
    for channel in trace.channels:
        mine = [one for one in trace.messages if one.channel == channel.index]
        moments = {at for one in mine for at in (one.admitted_ns, one.taken_ns)} | {0, trace.wall_ns}
        steps = blocking.steps(trace, channel.index)
        assert {at for at, _ in steps} <= moments
        assert all(0 <= depth <= len(mine) for _, depth in steps)


@given(traces())
def test_costs_have_a_point_for_each_end_of_each_message_that_crossed(trace):
    found = {one.transfer: one.points for one in costs.costs(trace)}
    told = {(end, index) for points in found.values() for end, rows in points.items() for _, _, index in rows}
    expected = {("sender", i) for i, one in enumerate(trace.messages) if NONE not in (one.sent_ns, one.admitted_ns)}
    expected |= {("receiver", i) for i, one in enumerate(trace.messages) if NONE not in (one.received_ns, one.taken_ns)}
    assert told == expected
    for transfer, points in found.items():
        for rows in points.values():
            assert all(trace.messages[i].transfer == transfer and trace.messages[i].size == size for size, _, i in rows)


@given(traces())
def test_the_lines_of_a_source_add_up_to_its_workers_spans(trace):
    for one in source.listings(trace):
        spans = [span for span in trace.spans if span.worker in one.workers]
        assert sum(one.spent.values()) + one.elsewhere == sum(span.length_ns for span in spans)


@given(traces())
def test_the_machine_shows_each_worker_in_the_state_that_was_recorded(trace):
    for at in {0, *(span.began_ns for span in trace.spans)}:
        shown = machine.states_at(trace, at)
        for span in trace.spans:
            if span.began_ns <= at < span.ended_ns:
                assert shown[span.worker] == span.state
