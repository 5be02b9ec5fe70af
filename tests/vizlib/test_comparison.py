import pytest

from runtime.tracing.model import Evidence, State
from tests.vizlib import builders
from vizlib import comparison


def run(wall_ms, waiting=0.0, state=State.GIL_WAIT, evidence=Evidence.MEASURED, **more):
    """Two workers that lived `wall_ms` and spent the part `waiting` of it in `state`."""
    end = round(wall_ms * 1e6)
    turn = round(end * waiting)
    spans = []
    for who in range(2):
        spans += [builders.span(who, state, 0, turn, evidence), builders.span(who, State.RUNNING, turn, end)]
    return builders.trace([builders.worker(i, f"square #{i + 1}", 0, end) for i in range(2)], spans, **more)


def test_the_speed_up_in_words():
    assert list(comparison.in_words([run(3.1), run(5.8, 0.5, backend="threads")])) == [
        "Two interpreters finished in 3.10 ms, two threads in 5.80 ms: 1.9\u00d7 as fast.",
        "Threads: the two square workers spent about half (50 %) of their lives waiting for the one GIL.",
    ]


def test_the_faster_comes_first_whatever_the_order():
    assert comparison.speed([run(9, backend="threads"), run(3)]).startswith("Two interpreters finished in 3.00 ms")


def test_three_runs():
    said = comparison.speed([run(3), run(6, backend="shared-gil"), run(9, backend="threads")])
    assert said == (
        "Two interpreters finished first, in 3.00 ms; two interpreters under one GIL took 6.00 ms, 2.0\u00d7 as long, "
        "two threads took 9.00 ms, 3.0\u00d7 as long."
    )


def test_a_small_difference_is_called_none():
    assert comparison.speed([run(3.0), run(3.1, backend="threads")]).endswith("no real difference.")


def test_a_run_cut_short_is_not_compared():
    said = comparison.speed([run(3), run(1, backend="threads", complete=False)])
    assert said == "Threads was cut short, so the times do not compare."


def test_an_inferred_wait_is_called_inferred():
    (said,) = comparison.losses([run(3, 0.4, evidence=Evidence.INFERRED, backend="threads")])
    assert said.endswith("waiting for the one GIL (inferred, not measured).")


def test_a_missing_core_is_a_loss_too():
    (said,) = comparison.losses([run(3, 0.25, State.CORE_WAIT)])
    assert said.endswith("spent about a quarter (25 %) of their lives waiting for a free core.")


@pytest.mark.parametrize("traces", [[], [run(3)], [builders.trace(), builders.trace()]])
def test_nothing_to_compare_says_nothing(traces):
    assert comparison.speed(traces) == ""


def test_runs_that_are_called_the_same_are_numbered():
    assert comparison.titles([run(3), run(4)]) == ["Interpreters · run 1", "Interpreters · run 2"]
    assert comparison.titles([run(3), run(4, name="cubes")]) == ["squares · Interpreters", "cubes · Interpreters"]
    assert comparison.speed([run(3), run(6)]).startswith(
        "Interpreters · run 1 finished in 3.00 ms, Interpreters · run 2"
    )


def test_the_parts_of_a_life_add_up():
    for name, parts in comparison.life(builders.squares("threads")):
        assert sum(part.percent for part in parts) == 100, name


def test_time_that_no_span_covers_is_shown_as_such():
    trace = builders.trace([builders.worker(0, "a", 0, 100)], [builders.span(0, State.RUNNING, 0, 60)])
    ((_, parts),) = comparison.life(trace)
    assert [(part.state, part.percent) for part in parts] == [(State.RUNNING, 60), (None, 40)]
