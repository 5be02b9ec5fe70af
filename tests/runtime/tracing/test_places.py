"""Where in its snippet a worker was, measured or inferred."""

from runtime.tracing.decode import decode
from runtime.tracing.model import NONE, Evidence, State
from runtime.tracing.places import Place, place_of
from tests.runtime.tracing.lanes import MS, end, executed, recording, send, start


def spans_of(*records):
    return decode(recording([b"".join(records)])).spans


def test_what_lies_between_operations_is_cut_where_a_line_begins():
    spans = spans_of(
        start(), executed(3, 0), executed(4, 2 * MS), send(0, 3 * MS, 4 * MS, 4 * MS, 5 * MS, line=4),
        executed(3, 6 * MS), end(8 * MS),
    )  # fmt: skip
    found = [(State(s.state).label, s.began_ns // MS, s.ended_ns // MS, s.line) for s in spans]
    assert found == [
        ("running", 0, 2, 3), ("running", 2, 3, 4), ("encode", 3, 5, 4), ("running", 5, 6, 4), ("running", 6, 8, 3)
    ]  # fmt: skip
    assert {place_of(spans, span).evidence for span in spans} == {Evidence.MEASURED}


def test_a_line_that_is_executed_again_and_again_makes_one_span():
    spans = spans_of(start(), *(executed(3, at * MS) for at in range(8)), end(8 * MS))
    assert [(s.began_ns, s.ended_ns, s.line) for s in spans] == [(0, 8 * MS, 3)]


def test_without_lines_a_gap_has_none_and_lies_between_two_operations():
    spans = spans_of(
        start(),
        send(0, MS, 2 * MS, 2 * MS, 3 * MS, line=5),
        send(1, 4 * MS, 5 * MS, 5 * MS, 6 * MS, line=7),
        end(9 * MS),
    )
    gaps = [span for span in spans if span.state == State.RUNNING]
    assert [span.line for span in gaps] == [NONE] * 3
    assert [place_of(spans, span) for span in gaps] == [
        Place(NONE, 5, Evidence.INFERRED), Place(5, 7, Evidence.INFERRED), Place(7, NONE, Evidence.INFERRED)
    ]  # fmt: skip
