"""One thread at a time on a core: what samples of different workers say of one core, made consistent.

The observer looks at one worker after another, so each says when it was on which core only to about a sampling
interval, and two that took turns on a core seem to overlap there.  A core runs one thread at a time.  So, of two
spans of one core:

- where one ends in the other's beginning, they meet in the middle of what they share;
- where one lies within the other, the other has the core before and after it, but not meanwhile.

Nothing is added: each piece lies within what was seen of its worker, and each moment in which the core was seen busy
stays busy.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from runtime.tracing.model import CoreSpan

type _Stay = tuple[int, int, int]  # began, ended, worker


def one_at_a_time(spans: Iterable[CoreSpan]) -> list[CoreSpan]:
    """The spans, trimmed so that no two of one core overlap; ordered by worker and then by time."""
    by_core: dict[int, list[_Stay]] = {}
    for core, worker, began, ended in spans:
        by_core.setdefault(core, []).append((began, ended, worker))
    trimmed = [
        CoreSpan(core, worker, began, ended)
        for core, stays in by_core.items()
        for began, ended, worker in _trimmed(stays)
    ]
    return sorted(trimmed, key=lambda span: (span.worker, span.began_ns))


def _trimmed(stays: list[_Stay]) -> Iterator[_Stay]:
    """In order of time.  Every step uses up a span, or makes some shorter."""
    heapq.heapify(stays)
    while stays:
        began, ended, worker = heapq.heappop(stays)
        if stays and stays[0][0] < ended:
            later, later_ended, other = stays[0]
            if later_ended < ended:
                heapq.heappush(stays, (later_ended, ended, worker))
                ended = later
            else:
                middle = (later + ended) // 2
                heapq.heapreplace(stays, (middle, later_ended, other))
                if began < middle:  # to be compared with the others
                    heapq.heappush(stays, (began, middle, worker))
                continue
        if began < ended:
            yield began, ended, worker
