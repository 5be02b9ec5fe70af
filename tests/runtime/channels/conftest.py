"""Where a channel's two sides may be, and what they may wait on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runtime.channels import parking
from runtime.channels.core import Core
from runtime.channels.ends import RecvChannel, SendChannel, create_channel
from tests.runtime.helpers import Elsewhere, destroy_interpreters


@pytest.fixture(scope="session", autouse=True)
def _tidy() -> Iterator[None]:
    yield
    destroy_interpreters()


class Place:
    """Makes channels, and starts snippets at their other side."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._started: list[Elsewhere] = []

    def channel(self, capacity: int | None = 0, name: str = "numbers") -> tuple[RecvChannel, SendChannel]:
        if self.kind != "local":
            return create_channel(name, capacity)
        core = Core.create(name, capacity, local=True)
        return RecvChannel(core), SendChannel(core)

    def start(self, source: str, **names: Any) -> Elsewhere:
        return Elsewhere(source, names, self.kind)


@pytest.fixture(params=["interpreter", "interpreter, sockets", "thread", "thread, sockets", "local", "local, sockets"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Each place where the other side may be, with each kind of semaphore."""
    kind, _, sockets = request.param.partition(", ")
    if sockets:
        monkeypatch.setattr(parking, "HAS_EVENTFD", False)
    return Place(kind)
