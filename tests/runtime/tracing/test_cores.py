"""A core runs one thread at a time, whatever samples of different workers say."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from runtime.tracing.cores import one_at_a_time
from runtime.tracing.decode import decode
from runtime.tracing.model import CoreSpan
from tests.runtime.tracing.lanes import recordings


def trimmed(*stays):
    """Spans of core 0, as (worker, began, ended), in order of time."""
    found = one_at_a_time(CoreSpan(0, *stay) for stay in stays)
    return sorted(((s.worker, s.began_ns, s.ended_ns) for s in found), key=lambda stay: stay[1])


def assert_no_overlaps(spans):
    ordered = sorted(spans, key=lambda span: (span.core, span.began_ns))
    for before, after in pairwise(ordered):
        assert before.core != after.core or before.ended_ns <= after.began_ns


def test_two_that_take_turns_meet_in_the_middle():
    assert trimmed((0, 0, 10), (1, 8, 20)) == [(0, 0, 9), (1, 9, 20)]


def test_one_within_another_has_the_core_meanwhile():
    assert trimmed((0, 0, 10), (1, 4, 6)) == [(0, 0, 4), (1, 4, 6), (0, 6, 10)]


def test_different_cores_have_nothing_to_do_with_each_other():
    spans = [CoreSpan(0, 0, 0, 10), CoreSpan(1, 1, 0, 10)]
    assert one_at_a_time(spans) == spans


@st.composite
def stays(draw):
    """Spans of some workers, none of which overlaps another of its worker."""
    spans = []
    for worker in range(draw(st.integers(1, 4))):
        moments = sorted(draw(st.sets(st.integers(0, 60), max_size=12)))
        spans += [
            CoreSpan(draw(st.integers(0, 1)), worker, *pair) for pair in zip(moments[::2], moments[1::2], strict=False)
        ]
    return spans


def moments_of(spans, core):
    return {at for span in spans if span.core == core for at in range(span.began_ns, span.ended_ns)}


@given(stays())
def test_no_two_spans_of_a_core_overlap_and_nothing_is_lost_or_added(spans):
    found = one_at_a_time(spans)
    assert_no_overlaps(found)
    for core in (0, 1):
        assert moments_of(found, core) == moments_of(spans, core)
    for piece in found:
        assert any(
            (piece.core, piece.worker) == (span.core, span.worker)
            and span.began_ns <= piece.began_ns < piece.ended_ns <= span.ended_ns
            for span in spans
        )


@given(recordings())
def test_no_two_core_spans_of_any_recording_overlap(recording):
    assert_no_overlaps(decode(recording).core_spans)
