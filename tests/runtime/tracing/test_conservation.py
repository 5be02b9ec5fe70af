"""Every trace of every run is held to the conservation law where it is made."""

import re
from pathlib import Path

import pytest

import runtime
from runtime.tracing import conservation, recording
from runtime.tracing.decode import decode
from runtime.tracing.model import Span
from runtime.tracing.tables import Table
from tests.runtime.tracing.lanes import MS, end, memory, send, start, worker
from tests.runtime.tracing.lanes import recording as recorded


def a_life():
    return decode(recorded([start() + send(0, MS, 2 * MS, 2 * MS, 3 * MS) + end(9 * MS)]))


def test_a_partition_violates_nothing():
    decoded = a_life()
    assert conservation.violation(decoded.workers, decoded.spans) == ""


@pytest.mark.parametrize("row", range(3))
def test_a_missing_span_is_noticed(row):
    decoded = a_life()
    left = [span for at, span in enumerate(decoded.spans) if at != row]
    assert conservation.violation(decoded.workers, Table.of(Span, left))


def test_a_life_without_any_span_is_noticed():
    decoded = a_life()
    assert "'worker #0' lived from" in conservation.violation(decoded.workers, Table.of(Span, []))


def test_a_recording_whose_spans_do_not_add_up_makes_no_trace(monkeypatch):
    mapping, layout, writers = memory(2)
    writers[0].started()
    writers[0].ended(0)
    facts = recording.RunFacts("squares", "threads", layout, (worker(0),), (), True, 0, 0)
    assert len(recording.read(mapping, facts).spans) == 1

    monkeypatch.setattr(recording, "decode", lambda raw: (d := decode(raw)).__replace__(spans=d.spans[1:]))
    with pytest.raises(AssertionError, match=r"internal error in the recording of 'squares': worker 'worker #0' lived"):
        recording.read(mapping, facts)


def test_only_the_place_that_checks_makes_traces_of_runs():
    house = Path(runtime.__file__).parent
    makers = [path.stem for path in house.rglob("*.py") if re.search(r"[^\w`]Trace\(", path.read_text("utf-8"))]
    assert makers == ["recording"]
