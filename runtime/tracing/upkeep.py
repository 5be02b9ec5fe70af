"""What it takes to have workers: the time until they are ready, and the memory that each has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from runtime.tracing.model import NONE, Worker


class Upkeep(NamedTuple):
    """Of all workers of a run.  `own_bytes` is the mean of what each had to itself, at its end if it came to that.

    `inferred`: they had one heap, so each was given an even part of what their process grew.
    """

    quickest_ns: int  # from the host's first step for a worker until it was ready
    slowest_ns: int
    own_bytes: int
    shared_bytes: int
    inferred: bool


def upkeep_of(workers: Sequence[Worker]) -> Upkeep | None:
    """What it took to have them; None where the system does not tell, or not yet."""
    startups = [worker.startup_ns for worker in workers]
    own = [worker.ready_bytes if worker.ended_bytes == NONE else worker.ended_bytes for worker in workers]
    if not workers or NONE in startups or NONE in own:
        return None
    return Upkeep(
        min(startups),
        max(startups),
        sum(own) // len(own),
        max(worker.shared_bytes for worker in workers),
        any(worker.memory_inferred for worker in workers),
    )
