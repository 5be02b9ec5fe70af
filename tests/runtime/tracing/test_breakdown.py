"""Where a life went: the spans added up, and what recording took of them."""

from runtime.tracing.breakdown import Breakdown
from runtime.tracing.model import Ending, Evidence, Span, State, Worker
from runtime.tracing.tables import Table


def breakdown(*lengths, recording=()):
    """A life of so many (state, ns), of which records took a part."""
    spans, now = [], 0
    for state, ns in lengths:
        spans.append(Span(0, state, now, now + ns, Evidence.MEASURED, -1, -1))
        now += ns
    worker = Worker(0, "one", "one", "", "", 1, 0, now, Ending.RETURNED)
    return Breakdown.of([worker], Table.of(Span, spans), recording)


def test_what_recording_took_is_taken_out_of_running():
    (life,) = breakdown((State.RUNNING, 600), (State.RECV_BLOCKED, 400), recording=[0.1])
    assert life.states == {State.RUNNING: 500, State.RECV_BLOCKED: 400, State.OBSERVER: 100}
    assert sum(life.states.values()) == life.wall_ns


def test_it_takes_no_more_than_there_is():
    (life,) = breakdown((State.RUNNING, 10), (State.RECV_BLOCKED, 990), recording=[0.1])
    assert life.states == {State.OBSERVER: 10, State.RECV_BLOCKED: 990}


def test_less_than_half_a_percent_is_not_worth_a_word():
    (life,) = breakdown((State.RUNNING, 10_000), recording=[0.004])
    assert life.states == {State.RUNNING: 10_000}


def test_a_table_shows_it_beside_the_others():
    table = str(breakdown((State.RUNNING, 600_000), (State.RECV_BLOCKED, 400_000), recording=[0.1]))
    assert table.splitlines() == [
        "worker        wall       running  recv-blocked      observer",
        "one        1.00 ms         50.0%         40.0%         10.0%",
    ]
