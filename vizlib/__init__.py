"""Pictures of traces.

    timeline(trace)        one run: a lane for each worker, its states, its messages
    compare(a, b, ...)     several runs on one time axis, with the speed-up in words
    text(a, ...)           the same in plain text

`timeline` and `compare` return a `View`, which displays itself in a notebook, prints as text, and saves itself to one
HTML file.
"""

from vizlib.page import View
from vizlib.pictures import compare, machine, timeline
from vizlib.text import text

__all__ = ["View", "compare", "machine", "text", "timeline"]
