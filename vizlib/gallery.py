"""The views of one run, by name: what menus, the smoke test and the documentation are made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runtime.tracing.traces import Trace
from vizlib import pictures
from vizlib.page import View


@dataclass(frozen=True, slots=True)
class Entry:
    """A view: its title, the function that makes it of a trace, and what it shows, in one line."""

    title: str
    make: Callable[[Trace], View]
    about: str


VIEWS: dict[str, Entry] = {
    "timeline": Entry("Timeline", pictures.timeline, "every worker's states and every message, in time"),
    "machine": Entry("Machine", pictures.machine, "rooms, locks, pipes and messages at the playhead's moment"),
    "costs": Entry("Costs", pictures.costs, "what a message and a byte cost to cross, and who paid"),
    "blocking": Entry("Blocking", pictures.blocking, "who waited for whom, and how full each channel was"),
    "source": Entry("Source", pictures.source, "the line where each worker is, and the time spent on each line"),
    "summary": Entry("Summary", pictures.summary, "the numbers of a run that one would tell first"),
}
