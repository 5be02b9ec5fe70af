"""What is drawn stands for everything that was recorded, and nothing is drawn elsewhere than it happened."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from vizlib.merging import merge


@st.composite
def lives(draw):
    """Abutting intervals on up to four lanes, as (lane, kind, began, ended)."""
    intervals = []
    for lane in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, 50))
        for kind, length in draw(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 10**6)), max_size=60)):
            intervals.append((lane, kind, at, at + length))
            at += length
    return intervals


@given(lives(), st.integers(1, 50))
def test_every_interval_is_drawn_or_counted(intervals, limit):
    merged = merge(intervals, 0, limit)
    assert sum(run.count for run in merged.runs) == len(intervals)
    assert len(merged.runs) <= max(limit, 4)
    assert sum(len(run.times()) for run in merged.runs) <= max(limit, 4 * 9)
    alone = {(run.lane, run.kind, run.began_ns, run.ended_ns) for run in merged.runs if run.count == 1}
    assert alone <= set(intervals)


@given(lives(), st.integers(1, 50))
def test_no_time_moves_and_none_is_lost(intervals, limit):
    runs = merge(intervals, 0, limit).runs
    for lane in {interval[0] for interval in intervals}:
        recorded = Counter()
        for _, kind, began, ended in (interval for interval in intervals if interval[0] == lane):
            recorded[kind] += ended - began
        drawn = Counter()
        for run in runs:
            if run.lane == lane:
                drawn.update(run.times())
        assert drawn == recorded
        edges = {at for interval in intervals if interval[0] == lane for at in interval[2:]}
        assert all({run.began_ns, run.ended_ns} <= edges for run in runs if run.lane == lane)


@given(lives(), st.integers(1, 50))
def test_long_intervals_stay_alone(intervals, limit):
    merged = merge(intervals, 0, limit)
    for run in merged.runs:
        if run.count > 1:
            assert run.ended_ns - run.began_ns <= merged.below_ns


def test_few_intervals_are_left_as_they_are():
    merged = merge([(0, 1, 0, 5), (0, 2, 5, 6)], 6, 10)
    assert (len(merged.runs), merged.joined, merged.below_ns) == (2, 0, 0)


def test_a_joined_interval_shows_the_kind_with_most_time():
    (run,) = merge([(0, 1, 0, 5), (0, 2, 5, 15), (0, 1, 15, 19)], 19, 1).runs
    assert (run.kind, run.count, run.times()) == (2, 3, Counter({2: 10, 1: 9}))
