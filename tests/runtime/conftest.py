"""What the runtime's tests share."""

from __future__ import annotations

import sys

import pytest

import runtime

# What is tested on `processes` in the ordinary suite, too: one of each kind.  The rest needs `-m soak`.
ORDINARY_ON_PROCESSES = {
    "test_a_crash_breaks_the_pool_and_not_the_notebook",
    "test_a_fault_ends_in_clear_words_and_leaves_nothing",  # those of its rows that are about processes
    "test_a_ring_is_found_and_named",
    "test_a_run_takes_the_spare_and_leaves_another",
    "test_an_end_that_lies_in_a_message_is_named",
    "test_an_error_points_at_the_line_of_the_snippet",
    "test_cores_limits_the_host",
    "test_each_interpreter_compiles_each_function_once",
    "test_each_message_of_a_crowd_is_handled_once_or_crashed_once_in_order",
    "test_events_beyond_the_limit_are_counted",
    "test_every_message_is_sent_once_and_received_once",
    "test_every_node_of_a_random_tree_is_visited_once",
    "test_lines_come_in_the_order_of_execution_nested_functions_included",
    "test_many_messages_of_many_senders_to_many_receivers_arrive_exactly_once",
    "test_map_on_every_backend",
    "test_no_update_is_lost_and_none_is_made_twice",
    "test_nothing_is_made_more_than_one_ahead",
    "test_on_cpu_time_agrees_with_the_operating_systems_account_of_the_host",
    "test_prints_come_back_under_their_names_in_order",
    "test_reply_channels_cross_channels",
    "test_start_up_and_memory_are_known_on_every_backend",
    "test_stop_says_what_it_took",
    "test_the_host_dies_with_its_kernel",
    "test_a_trace_shows_how_each_crossed_and_the_error_names_the_line",
    "test_a_wait_in_a_select_is_a_wait_for_what_ended_it",
    "test_when_one_fails_the_others_are_stopped",
    "test_with_the_lock_no_update_is_lost",
}


# Modules about what crosses, and who waits: of the backends whose workers are interpreters one is enough.
LIKE_INTERPRETERS = {"test_awaiting", "test_buffers", "test_deadlock_own_channels", "test_locks", "test_selecting"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Processes start slowly, and exist only on Linux; a pattern has nothing to do with who has a GIL."""
    for item in items:
        parameters = getattr(item, "callspec", None)
        where = parameters.params.values() if parameters is not None else ()
        if "processes" in where and sys.platform != "linux":
            item.add_marker(pytest.mark.skip(reason="the backend `processes` needs Linux"))
        if "processes" in where and item.originalname not in ORDINARY_ON_PROCESSES:  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.soak)
        if "shared-gil" in where and (item.path.parent.name == "patterns" or item.path.stem in LIKE_INTERPRETERS):
            item.add_marker(pytest.mark.soak)


@pytest.fixture(params=list(runtime.BACKENDS))
def backend(request: pytest.FixtureRequest) -> str:
    """Each backend in turn."""
    return request.param


@pytest.fixture(params=[name for name, kind in runtime.BACKENDS.items() if not kind.by_reference])
def isolated_backend(request: pytest.FixtureRequest) -> str:
    """Each backend whose workers share no objects."""
    return request.param


@pytest.fixture(params=["interpreters", "shared-gil"])
def interpreters_backend(request: pytest.FixtureRequest) -> str:
    """Each backend whose workers are interpreters of one process."""
    return request.param
