"""Functions as bytes: what is called crosses to another interpreter as a reference, or as a snippet's text.

A function that a module has is found there again.  Any other, one in a notebook above all, crosses as its source text,
and is as isolated as a worker: it sees its arguments and what it imports.
"""

from __future__ import annotations

import ast
import pickle
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple

from runtime import snippets
from runtime.channels import diagnosis
from runtime.errors import NotShareableError


class _Text(NamedTuple):
    """A function that crosses as text."""

    snippet: snippets.Snippet
    defaults: tuple[Any, ...] | None
    kwdefaults: dict[str, Any] | None


def pack(function: Callable[..., Any]) -> bytes:
    """What another interpreter needs to `unpack` the function.

    Raises `ProgramError` for a function that cannot run on its own, `NotShareableError` for what cannot cross.
    """
    if type(function) is FunctionType and not importable(function):
        return dumped(_Text(snippets.capture(function), function.__defaults__, function.__kwdefaults__))
    return dumped(function)


def unpack(code: bytes) -> Callable[..., Any]:
    """Find the function here, or compile it."""
    found: Any = pickle.loads(code)
    return snippets.load(*found) if isinstance(found, _Text) else found


def importable(function: FunctionType) -> bool:
    """Whether another interpreter finds a function where it was defined: in a module that it can import."""
    module = sys.modules.get(function.__module__)
    if module is None or module.__name__ == "__main__" or getattr(module, "__spec__", None) is None:
        return False
    found: Any = module
    for part in function.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is function


def dumped(value: Any) -> bytes:
    """Its pickle.  Raises `NotShareableError`, which names the part that cannot cross."""
    try:
        return pickle.dumps(value, protocol=5)
    except Exception as error:
        path, reason = diagnosis.explain(value, error)
        raise NotShareableError(reason, path) from None


def text_of(code: bytes) -> tuple[ast.FunctionDef, bytes] | None:
    """The syntax tree of a packed function, and a pickle of its default values; None if it crosses as a reference."""
    found = pickle.loads(code)
    if not isinstance(found, _Text):
        return None
    return snippets.parse(found.snippet.source, 1), dumped((found.defaults, found.kwdefaults))
