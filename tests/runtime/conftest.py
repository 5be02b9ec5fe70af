"""What the runtime's tests share."""

from __future__ import annotations

import pytest

import runtime


@pytest.fixture(params=list(runtime.BACKENDS))
def backend(request: pytest.FixtureRequest) -> str:
    """Each backend in turn."""
    return request.param


@pytest.fixture(params=[name for name, kind in runtime.BACKENDS.items() if not kind.by_reference])
def isolated_backend(request: pytest.FixtureRequest) -> str:
    """Each backend whose workers share no objects."""
    return request.param
