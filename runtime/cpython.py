"""The one place that knows CPython's private modules and how they differ between 3.13, 3.14 and 3.15.

| what | 3.13 | 3.14, 3.15 |
| --- | --- | --- |
| `_interpqueues.create` | `(maxsize, fmt, unboundop)` | `(maxsize, unboundop, fallback)` |
| `_interpqueues.put` | `(id, object, fmt, unboundop)` | `(id, object, unboundop)` |
| `_interpqueues.get` | `(object, fmt, unboundop)` | `(object, unboundop)` |
| an integer beyond 64 bits | `OverflowError` | `NotShareableError` |
| importing `datetime` in two interpreters at once | aborts: import it in the main one first | works |

What we never use, because it crashes or misleads: timed blocking `_interpchannels.send` (use after free), the
`UNBOUND_REMOVE` policy (corrupts the queue), the pickle fallback of `_interpqueues` (3.13 has none), two threads that
exec and destroy one interpreter.  `exec` reports success for a snippet that died of `MemoryError` (3.14, 3.15), so a
worker reports its own outcome.
"""

from __future__ import annotations

import _interpqueues
import _interpreters
import sys
from collections.abc import Callable
from typing import Any, Literal

type QueueId = int
type InterpreterId = int

# an item whose sender's interpreter is gone is received as UNBOUND: the standard library's default
_UNBOUND_REPLACE: Literal[3] = 3
_SHARED_ONLY = 0  # (3.13) never pickle behind our back
_NO_FALLBACK = 0  # (3.14) the same


class QueueEmpty(Exception):
    """Nothing is in the queue."""


if sys.version_info >= (3, 14):

    def create_queue() -> QueueId:
        """Create an unbounded queue between all interpreters of this process."""
        return int(_interpqueues.create(0, _UNBOUND_REPLACE, _NO_FALLBACK))

    def putter(queue: QueueId) -> Callable[[Any], None]:
        """Return `put(object)` for one queue.  It never blocks; the object must be natively shareable."""
        put = _interpqueues.put

        def put_shared(item: Any) -> None:
            put(queue, item, _UNBOUND_REPLACE)

        return put_shared
else:

    def create_queue() -> QueueId:
        """Create an unbounded queue between all interpreters of this process."""
        return int(_interpqueues.create(0, _SHARED_ONLY, _UNBOUND_REPLACE))

    def putter(queue: QueueId) -> Callable[[Any], None]:
        """Return `put(object)` for one queue.  It never blocks; the object must be natively shareable."""
        put = _interpqueues.put

        def put_shared(item: Any) -> None:
            put(queue, item, _SHARED_ONLY, _UNBOUND_REPLACE)

        return put_shared


def getter(queue: QueueId) -> Callable[[], Any]:
    """Return `get()` for one queue.  It never blocks: raises `QueueEmpty` when nothing is there."""
    get, count = _interpqueues.get, _interpqueues.get_count

    def get_shared() -> Any:
        try:
            return get(queue)[0]
        except Exception:
            if count(queue):
                raise
            raise QueueEmpty from None

    return get_shared


def queue_length(queue: QueueId) -> int:
    """How many items are in the queue now."""
    return int(_interpqueues.get_count(queue))


def destroy_queue(queue: QueueId) -> None:
    """Destroy a queue and what is in it.  One that is gone already is left alone."""
    try:
        _interpqueues.destroy(queue)
    except _interpqueues.QueueNotFoundError:
        pass


def create_interpreter(*, own_gil: bool) -> InterpreterId:
    """Create an isolated interpreter, with a GIL of its own or under the main interpreter's."""
    config = _interpreters.new_config("isolated", gil="own" if own_gil else "shared")
    return int(_interpreters.create(config))


def run_in_interpreter(interpreter: InterpreterId, code: str, names: dict[str, Any]) -> str | None:
    """Run source text in the interpreter's `__main__`, in this thread; return None, or the error it ended with as text.

    `names` become globals there; their values must be natively shareable.
    """
    try:
        failure = _interpreters.exec(interpreter, code, names)
    except SyntaxError as error:  # 3.14 raises this one instead of reporting it
        return f"{type(error).__name__}: {error}"
    return None if failure is None else str(failure.errdisplay or failure.formatted)


def destroy_interpreter(interpreter: InterpreterId) -> None:
    """End an interpreter that runs nothing any more."""
    _interpreters.destroy(interpreter)


def current_interpreter() -> InterpreterId:
    """The number of the interpreter that this code runs in."""
    return int(_interpreters.get_current()[0])


def preload() -> None:
    """Import in the main interpreter, before any other exists, what two interpreters must not import first at once."""
    import datetime  # noqa: F401, PLC0415


def gil_enabled() -> bool:
    """Whether this build runs one thread of an interpreter at a time."""
    enabled = getattr(sys, "_is_gil_enabled", None)
    return bool(enabled()) if enabled else True
