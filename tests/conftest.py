"""What every room's tests share."""

import os

import pytest
from hypothesis import settings

import bootstrap

# A shared or busy machine is slow now and then: no example fails for that.
settings.register_profile("lab", deadline=None)
settings.load_profile("lab")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: from the first of them on, an event loop lives in this thread; others start one."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture
def browser_path() -> str:
    """The path of a browser to drive; where there is none the test skips, and in CI it fails."""
    path = bootstrap.find_browser()
    if path is None:
        outcome = pytest.fail if os.environ.get("CI", "").lower() not in ("", "0", "false") else pytest.skip
        outcome(bootstrap.NO_BROWSER)
    return path
