"""Where workers can run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backend:
    """One way to run workers.

    `by_reference`: channels hand over the object itself, since all workers live in one interpreter.
    `gil_shared`: one lock for all workers; at most one of them runs Python at any moment.
    `processes`: each worker has a process, and so memory, of its own.
    """

    name: str
    title: str  # for people, above a timeline
    description: str
    by_reference: bool
    gil_shared: bool
    processes: bool = False


BACKENDS: dict[str, Backend] = {
    backend.name: backend
    for backend in (
        Backend("interpreters", "own GIL each", "each worker in an interpreter with its own GIL", False, False),
        Backend("shared-gil", "one GIL for all", "each worker in an interpreter, all under one GIL", False, True),
        Backend("threads", "one GIL for all", "each worker in a thread of one interpreter", True, True),
        Backend("processes", "own memory and GIL each", "each worker in a process of its own", False, False, True),
    )
}
