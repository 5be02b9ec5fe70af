"""Pictures of traces.

    timeline(trace)        one run: a lane for each worker, its states, its messages
    machine(trace, ...)    rooms, locks, pipes and messages at the playhead's moment, beside the timeline
    source(trace)          the line where each worker is, and the time spent on each line
    blocking(trace)        who waited for whom, and how full each channel was
    costs(trace)           what a message and a byte cost to cross, and who paid
    summary(trace)         the numbers that one would tell first
    show(trace)            all of these on one page
    compare(a, b, ...)     several runs on one time axis, with the speed-up in words
    text(a, ...)           the same in plain text
    live(run)              a run while it goes on, with a Stop button; it ends as its finished picture
    lab(make, ...)         a panel for experiments: change a parameter, predict, run, compare

All but the last three return a `View`, which plays in a browser without a kernel, displays itself in a notebook,
prints as text, and saves itself as a page (`.html`) or as a picture for slides (`.svg`, `.png`).  `VIEWS` lists the
views of one run by name.  `perfetto.export(trace, path)` writes a trace for Perfetto, and
`python -m vizlib trace-file -o page.html` makes a page of a saved trace.
"""

import runtime  # noqa: F401 - says so where Python is too old for all that follows
from vizlib import perfetto
from vizlib.browser import BrowserError
from vizlib.gallery import VIEWS
from vizlib.page import View
from vizlib.pictures import blocking, compare, costs, machine, show, source, summary, timeline
from vizlib.running.lab import lab
from vizlib.running.live import live
from vizlib.text import text

__all__ = [
    "VIEWS",
    "BrowserError",
    "View",
    "blocking",
    "compare",
    "costs",
    "lab",
    "live",
    "machine",
    "perfetto",
    "show",
    "source",
    "summary",
    "text",
    "timeline",
]
