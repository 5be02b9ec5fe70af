"""Why an object cannot cross to another interpreter: find the part, name it as the reader would, say what would do."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from runtime.channels.context import travel

_MAX_PARTS = 2_000
_MAX_DEPTH = 12

_ADVICE = {
    "lock": "a lock guards memory that interpreters do not share; let one worker own the data and send it messages",
    "RLock": "a lock guards memory that interpreters do not share; let one worker own the data and send it messages",
    "Condition": "let one worker own the data and send it messages",
    "generator": "a generator lives in its interpreter; send its values one by one, or as a list",
    "coroutine": "a coroutine lives in its interpreter; send the data that it needs",
    "module": "import the module in the snippet that uses it",
    "memoryview": "send bytes(view)",
    "TextIOWrapper": "send the file's path and open it in the snippet",
    "BufferedReader": "send the file's path and open it in the snippet",
    "BufferedWriter": "send the file's path and open it in the snippet",
    "socket": "open the socket in the snippet that uses it",
    "frame": "send the text or the numbers that you need from it",
    "traceback": "send the text of it: traceback.format_exc()",
    "code": "put the code into a module that both sides can import",
    "thread": "send the thread's data, not the thread",
    "_thread._local": "thread-local data stays with its thread; send a copy of the values",
}


def explain(value: Any, error: BaseException) -> tuple[str, str]:
    """Return (path, message) for an object that could not be pickled."""
    path, culprit = _find_culprit(value)
    kind = type(culprit)
    whole = "" if path == "message" else f" (in a {type(value).__name__})"
    message = (
        f"{path} is a {_type_name(kind)}{whole}, which cannot cross to another interpreter: {_advice(culprit, error)}"
    )
    return path, message


def _type_name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ in ("builtins", "_thread") else f"{kind.__module__}.{kind.__qualname__}"


def _advice(culprit: Any, error: BaseException) -> str:
    kind = type(culprit)
    name = getattr(culprit, "__qualname__", "")
    if kind.__name__ == "function":
        what = "a lambda" if "<lambda>" in name else f"the function {name}" + (" (local)" if "<locals>" in name else "")
        return (
            f"{what} exists only in the interpreter that made it; put it into a module that both sides can import, "
            "or send the data and let the receiver have the function"
        )
    if isinstance(culprit, RecursionError) or isinstance(error, RecursionError):
        return "it is nested too deeply to be copied; send it in parts"
    if isinstance(culprit, type):
        return (
            f"the class {name} exists only in the interpreter that made it; put it into a module that both can import"
        )
    advice = _ADVICE.get(kind.__name__)
    if advice:
        return advice
    if "<locals>" in kind.__qualname__ or kind.__module__ in ("__main__", "__snippet__"):
        return (
            f"its class {kind.__qualname__} exists only in the interpreter that made it; send a tuple or a dict, or "
            "put the class into a module that both sides can import"
        )
    return f"{error}; send plain data (numbers, text, bytes, tuples, lists, dicts) instead"


def _find_culprit(value: Any) -> tuple[str, Any]:
    """Walk down into the first part that cannot be pickled, as deep as that goes."""
    path, budget = "message", _MAX_PARTS
    for _ in range(_MAX_DEPTH):
        for step, part in _parts(value):
            budget -= 1
            if budget < 0:
                return path, value
            if not _crosses(part):
                path, value = path + step, part
                break
        else:
            return path, value
    return path, value


def _crosses(value: Any) -> bool:
    before = travel.rehearsing, travel.moving
    travel.rehearsing, travel.moving = True, None  # it is only tried: nothing is moved
    try:
        pickle.dumps(value, protocol=5)
    except Exception:
        return False
    finally:
        travel.rehearsing, travel.moving = before
    return True


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """The parts of an object, each with the text that leads to it."""
    kind = type(value)
    if isinstance(value, dict):
        yield from ((f" key {key!r:.40}", key) for key in value)
        yield from ((f"[{key!r:.40}]", part) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"[{index}]", part) for index, part in enumerate(value))
    elif isinstance(value, (set, frozenset)):
        yield from ((" element", part) for part in value)
    elif kind.__reduce_ex__ is object.__reduce_ex__ and not isinstance(value, (type, ModuleType)):  # type: ignore[comparison-overlap]
        yield from ((f".{name}", part) for name, part in getattr(value, "__dict__", {}).items())
        for slot in getattr(kind, "__slots__", ()):
            if isinstance(slot, str) and hasattr(value, slot):
                yield f".{slot}", getattr(value, slot)
