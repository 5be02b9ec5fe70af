"""Where a channel's two sides may be, and what they may wait on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runtime.channels import broker, parking
from runtime.channels.core import Core
from runtime.channels.ends import RecvChannel, SendChannel, create_channel
from tests.runtime.helpers import HOME, Elsewhere, end_all


@pytest.fixture(scope="session", autouse=True)
def _tidy() -> Iterator[None]:
    yield
    end_all()


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


PLACES = ["interpreter", "interpreter, sockets", "thread", "thread, sockets", "local", "local, sockets", "process"]


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Each place where the other side may be, with each kind of semaphore."""
    kind, _, sockets = request.param.partition(", ")
    if sockets:
        monkeypatch.setattr(parking, "HAS_EVENTFD", False)
    if kind != "process":
        yield Place(kind)
        return
    if not broker.available:
        pytest.skip("processes cannot pass descriptors here")
    broker.bind(HOME)
    yield Place(kind)
    broker.bind(None)
