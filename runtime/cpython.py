"""The one place that knows CPython's private modules and how they differ between 3.13, 3.14 and 3.15.

| what | 3.13 | 3.14, 3.15 |
| --- | --- | --- |
| `_interpqueues.create` | `(maxsize, fmt, unboundop)` | `(maxsize, unboundop, fallback)` |
| `_interpqueues.put` | `(id, object, fmt, unboundop)` | `(id, object, unboundop)` |
| `_interpqueues.get` | `(object, fmt, unboundop)` | `(object, unboundop)` |
| "empty" and "full" are classes of | `test.support.interpreters.queues` | `concurrent.interpreters._queues` |
| an integer beyond 64 bits | `OverflowError` | `NotShareableError` |
| importing `datetime` first in two interpreters at once | aborts: import it in the main one first | works |
| importing `ctypes` first in two interpreters at once | may crash (a table that they share is half made) | the same |

What we never use, because it crashes or misleads: timed blocking `_interpchannels.send` (use after free), the
`UNBOUND_REMOVE` policy (corrupts the queue), the pickle fallback of `_interpqueues` (3.13 has none), two threads that
exec and destroy one interpreter.  `exec` reports success for a snippet that died of `MemoryError` (3.14, 3.15), so a
worker reports its own outcome.
"""

from __future__ import annotations

import _interpqueues
import _interpreters
import functools
import sys
from collections.abc import Callable
from typing import Any, Literal

type QueueId = int
type InterpreterId = int

_UNBOUND_REPLACE: Literal[3] = 3  # what an interpreter that has ended leaves is received as UNBOUND: see `ItemLost`
_SHARED_ONLY = 0  # (3.13) never pickle behind our back
_NO_FALLBACK = 0  # (3.14) the same


class QueueEmpty(_interpqueues.QueueError):
    """Nothing is in the queue."""


class QueueFull(_interpqueues.QueueError):
    """The queue has a bound, and that many items are in it."""


QueueNotFound: type[Exception] = _interpqueues.QueueNotFoundError
"""The queue was destroyed."""


class ItemLost(Exception):
    """What was in the queue here went with the interpreter that put it."""


def _name_exceptions() -> None:
    """Tell `_interpqueues` what to raise for "empty" and "full", where nobody has yet.

    Otherwise it imports a module of the standard library when it first needs them: 5 to 40 ms in the middle of a
    worker's run, and on 3.13 it is a module of the test suite, which many builds leave out.  When somebody imports that
    module later, it puts its own classes in place of these, under the same names.
    """
    module = "concurrent.interpreters._queues" if sys.version_info >= (3, 14) else "test.support.interpreters.queues"
    if module in sys.modules:
        return

    class Queue:
        """Stands for the class of the standard library's queues, which can cross too."""

        def __new__(cls, number: int) -> Any:
            import importlib  # noqa: PLC0415

            return importlib.import_module(module).Queue(number)

    _interpqueues._register_heap_types(Queue, QueueEmpty, QueueFull)  # type: ignore[attr-defined]


_name_exceptions()


def _is_named(error: Exception, kind: type[Exception]) -> bool:
    """Whether an error is of a kind, ours or the standard library's class of this name."""
    return type(error).__name__ == kind.__name__


if sys.version_info >= (3, 14):

    def create_queue(bound: int = 0) -> QueueId:
        """Create a queue between all interpreters of this process, for at most `bound` items; 0 is no bound."""
        return int(_interpqueues.create(bound, _UNBOUND_REPLACE, _NO_FALLBACK))

    def putter(queue: QueueId) -> Callable[[Any], None]:
        """Return `put(object)` for one queue.  It never blocks; the object must be natively shareable."""
        put = _interpqueues.put

        def put_shared(item: Any) -> None:
            put(queue, item, _UNBOUND_REPLACE, fallback=_NO_FALLBACK)

        return put_shared
else:

    def create_queue(bound: int = 0) -> QueueId:
        """Create a queue between all interpreters of this process, for at most `bound` items; 0 is no bound."""
        return int(_interpqueues.create(bound, _SHARED_ONLY, _UNBOUND_REPLACE))

    def putter(queue: QueueId) -> Callable[[Any], None]:
        """Return `put(object)` for one queue.  It never blocks; the object must be natively shareable."""
        put = _interpqueues.put

        def put_shared(item: Any) -> None:
            put(queue, item, _SHARED_ONLY, _UNBOUND_REPLACE)

        return put_shared


def is_full(error: Exception) -> bool:
    """Whether a `put` failed because the queue is full."""
    return _is_named(error, QueueFull)


def getter(queue: QueueId) -> Callable[[], Any]:
    """Return `get()` for one queue.  It never blocks: raises `QueueEmpty` when nothing is there.

    Raises `ItemLost`, once, for an item whose interpreter has ended.
    """
    get = _interpqueues.get

    def get_shared() -> Any:
        try:
            answer = get(queue)
        except _interpqueues.QueueError as error:
            if _is_named(error, QueueEmpty):
                raise QueueEmpty from None
            raise
        if answer[-1] is not None:
            raise ItemLost
        return answer[0]

    return get_shared


def counter(queue: QueueId) -> Callable[[], int]:
    """Return `count()` for one queue: how many items are in it."""
    count: Callable[[], int] = functools.partial(_interpqueues.get_count, queue)
    return count


def queue_exists(queue: QueueId) -> bool:
    """Whether a queue was not destroyed.  Numbers of queues are never used again."""
    try:
        _interpqueues.get_count(queue)
    except _interpqueues.QueueNotFoundError:
        return False
    return True


def queue_length(queue: QueueId) -> int:
    """How many items are in the queue now."""
    return int(_interpqueues.get_count(queue))


def destroy_queue(queue: QueueId) -> bool:
    """Destroy a queue and what is in it.  Of several who try, one gets True."""
    try:
        _interpqueues.destroy(queue)
    except _interpqueues.QueueNotFoundError:
        return False
    return True


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


@functools.cache
def preload() -> None:
    """Import, if this is the main interpreter, what two interpreters must not be the first to import at once.

    To be called before other interpreters have something to do.
    """
    if current_interpreter() == _interpreters.get_main()[0]:
        import ctypes  # noqa: F401, PLC0415
        import datetime  # noqa: F401, PLC0415


def import_early() -> None:
    """Import, in this interpreter, what no interpreter may import while another one computes.

    CPython 3.14 clears and fills again, each time that an interpreter imports `_ctypes`, a table that all of them read
    (`formattable` in Modules/_ctypes/cfield.c): who passes a pointer through ctypes at that moment crashes the process.
    To be called before any worker starts; it takes half a millisecond.
    """
    if sys.version_info[:2] == (3, 14):
        import _ctypes  # noqa: F401, PLC0415


def gil_enabled() -> bool:
    """Whether this build runs one thread of an interpreter at a time."""
    enabled = getattr(sys, "_is_gil_enabled", None)
    return bool(enabled()) if enabled else True
