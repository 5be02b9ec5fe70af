"""What the runtime's tests share."""

from __future__ import annotations

import sys

import pytest

import runtime

# What is tested on `processes` only with `-m soak`: it takes longest, and others like it stay in the ordinary suite.
ELSEWHERE_IN_THE_ORDINARY_SUITE = {
    "test_a_blocked_program_uses_no_cpu",
    "test_a_fast_sender_is_blocked_as_long_as_its_receiver_works",
    "test_a_receiver_is_blocked_as_long_as_its_sender_works",
    "test_a_ring_is_found_and_named",
    "test_a_sender_waits_for_the_receiver_and_a_receiver_for_the_sender",
    "test_a_sleeper_who_will_act_is_no_deadlock",
    "test_a_snippet_that_swallows_everything_is_stopped",
    "test_a_timeout_is_no_deadlock",
    "test_a_wait_that_ends_with_its_timeout_is_for_nobody",
    "test_a_worker_that_sleeps_half_its_life",
    "test_an_endless_loop_is_stopped_by_the_timeout",
    "test_every_deadlock_is_caught",
    "test_no_false_alarm",
    "test_too_many_threads_hit_the_limit",
    "test_two_of_three_are_found_while_the_third_sleeps",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Processes start slowly, and exist only on Linux."""
    for item in items:
        parameters = getattr(item, "callspec", None)
        if parameters is None or "processes" not in parameters.params.values():
            continue
        if sys.platform != "linux":
            item.add_marker(pytest.mark.skip(reason="the backend `processes` needs Linux"))
        if item.originalname in ELSEWHERE_IN_THE_ORDINARY_SUITE:  # type: ignore[attr-defined]
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
