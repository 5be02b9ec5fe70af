"""What is drawn of a run that goes on adds up to what was told of it, in few bars."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runtime.tracing.model import CoreSpan, Evidence, Span, State
from tests.vizlib.running.fakes import MS, WORKERS, stretch
from vizlib.palette import STYLES
from vizlib.running import growth
from vizlib.running.growth import BARS, PALE, Growth

STATES = [State.RUNNING, State.RECV_BLOCKED, State.ENCODE]


def grown(*stretches):
    found = Growth()
    for one in stretches:
        found.add(one)
    return found


def drawn(found):
    """Nanoseconds drawn by lane and colour."""
    lanes, columns = found.lanes(), found.columns(found.lanes())
    sums = Counter()
    for left, right, bottom, color in zip(*(columns[f] for f in ("left", "right", "bottom", "color")), strict=True):
        (lane,) = [index for index, lane in enumerate(lanes.workers) if lane.bottom == bottom]
        sums[lane, color] += right - left
    return sums


@st.composite
def stretches(draw):
    """A run told in pieces: each with states of any length, a young part, and the next beginning where it settled."""
    pieces, settled = [], 0
    for _ in range(draw(st.integers(1, 5))):
        at, spans = settled, []
        for length in draw(st.lists(st.integers(1, 40_000), min_size=1, max_size=12)):
            spans.append(Span(draw(st.integers(0, 1)), draw(st.sampled_from(STATES)), at, at + length, 0, -1, -1))
            at += length
        began, settled = settled, draw(st.integers(settled, at))
        pieces.append(replace(stretch(0, 1), spans=tuple(spans), began_ns=began, settled_ns=settled, now_ns=at))
    return pieces


def told(pieces):
    sums = Counter()
    for piece in pieces:
        end = None if piece is pieces[-1] else piece.settled_ns
        for span in piece.spans:
            ended = span.ended_ns if end is None else min(span.ended_ns, end)
            if ended > span.began_ns:
                sums[span.worker, STYLES[State(span.state)].color] += ended - span.began_ns
    return sums


@given(stretches())
def test_no_time_is_lost_or_gained(pieces):
    assert drawn(grown(*pieces)) == told(pieces)


@given(stretches(), st.integers(1, 8))
def test_nor_when_bars_are_joined(pieces, most):
    before, growth.BARS = growth.BARS, most
    try:
        assert drawn(grown(*pieces)) == told(pieces)
    finally:
        growth.BARS = before


def lively(count, each=1_000):
    """One worker that changes its state every microsecond."""
    return tuple(Span(0, STATES[n % 2], n * each, (n + 1) * each, 0, -1, -1) for n in range(count))


LIVELY = lively(10_000)


def test_a_long_run_stays_few_bars():
    found = grown(replace(stretch(0, 20), spans=lively(20_000)))
    assert sum(len(bar.times) for bar in found.states) <= BARS
    assert found.joined
    assert drawn(found)[0, STYLES[State.RUNNING].color] == 10 * MS


def test_what_is_young_is_few_bars_too():
    found = grown(replace(stretch(0, 20), spans=lively(20_000), settled_ns=0))
    assert len(found.columns(found.lanes())["left"]) <= BARS
    assert drawn(found)[0, STYLES[State.RUNNING].color] == 10 * MS


def test_one_long_state_is_one_bar_however_often_it_is_told():
    found = grown(*(stretch(n, n + 1) for n in range(50)))
    assert [(bar.lane, bar.began_ns, bar.ended_ns) for bar in found.states] == [(0, 0, 50 * MS), (1, 0, 50 * MS)]
    assert not found.joined


def test_what_is_young_is_replaced():
    young = replace(stretch(0, 10), settled_ns=6 * MS)
    found = grown(young, stretch(6, 10, State.RECV_BLOCKED))
    assert drawn(found)[0, STYLES[State.RUNNING].color] == 6 * MS
    assert drawn(found)[0, STYLES[State.RECV_BLOCKED].color] == 4 * MS


def test_what_was_passed_over_is_estimated_from_what_was_read():
    read = [
        span._replace(began_ns=90 * MS + span.began_ns, ended_ns=90 * MS + span.ended_ns) for span in lively(10_000)
    ]
    found = grown(replace(stretch(0, 100), spans=tuple(read), read_from_ns=(90 * MS, 0), passed_over=90_000))
    assert found.estimated
    assert drawn(found) == {(0, STYLES[state].color): 50 * MS for state in STATES[:2]}


def test_inferred_bars_are_pale():
    span = Span(0, State.RUNNING, 0, MS, Evidence.INFERRED, -1, -1)
    found = grown(replace(stretch(0, 1), spans=(span,)))
    assert found.columns(found.lanes())["alpha"] == [PALE]


def test_core_lanes_stand_above_the_workers():
    found = grown(replace(stretch(0, 1), core_spans=(CoreSpan(1, 0, 0, MS), CoreSpan(0, 1, 0, MS // 2))))
    lanes = found.lanes()
    assert list(lanes.cores) == [0, 1]
    assert [lane.label for lane in lanes.workers] == [worker.name for worker in WORKERS]
    columns = found.columns(lanes)
    assert max(columns["bottom"][-2:]) < lanes.workers[0].top


def test_a_gap_on_a_core_stays_empty():
    stays = tuple(CoreSpan(0, 0, n * 1_000, n * 1_000 + 100) for n in range(10_000))
    found = grown(replace(stretch(0, 10), spans=(), core_spans=stays))
    columns = found.columns(found.lanes())
    assert len(columns["left"]) <= BARS
    assert sum(columns["right"]) - sum(columns["left"]) == 10_000 * 100
