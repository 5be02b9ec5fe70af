"""Snippets: taking a function's text out of a notebook, and making a function of it again in a worker.

A worker cannot be handed the function itself: a function belongs to the interpreter that compiled it, and to the
globals of its notebook.  So its source text travels, and the worker compiles it under the same file name and line
numbers, which is why a traceback in a worker points at the notebook cell's own line.  For the same reason a snippet is
isolated, on every backend: it sees its arguments and what it imports, nothing else.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from typing import Any, NamedTuple

from runtime.errors import ProgramError

SNIPPET_MODULE = "__snippet__"


class Snippet(NamedTuple):
    """A function as text.  `first_line` is the line of `filename` on which `source` begins (its `def`)."""

    name: str
    source: str
    filename: str
    first_line: int


def capture(function: Callable[..., Any]) -> Snippet:
    """Take the source of a function.  Raises `ProgramError` for one that cannot run on its own, saying why."""
    import inspect  # noqa: PLC0415 - slow to import, and needed only where programs are written

    if not inspect.isfunction(function):
        raise ProgramError(f"a worker must be a function written with def, not {_describe(function)}")
    name = function.__name__
    if name == "<lambda>":
        raise ProgramError("a worker must be a function written with def, not a lambda: its text cannot be taken out")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise ProgramError(f"worker {name!r} is an async function: write it with def, and call asyncio.run inside")
    if inspect.isgeneratorfunction(function):
        raise ProgramError(f"worker {name!r} contains yield: send its values through a channel instead")
    enclosed = [free for free in function.__code__.co_freevars if free != name]  # its own name it will see
    if enclosed:
        names = ", ".join(enclosed)
        raise ProgramError(
            f"worker {name!r} uses {names} of the function around it, which it cannot see when it runs on its own: "
            "pass it as an argument, @program.worker(..., value)"
        )
    try:
        lines, first_line = inspect.getsourcelines(function)
    except (OSError, TypeError):
        raise ProgramError(
            f"the source of worker {name!r} cannot be found: write it in a notebook cell or a file"
        ) from None
    definition = parse("".join(lines), 1)
    source = "".join(lines[definition.lineno - 1 :])
    return Snippet(name, source, function.__code__.co_filename, max(first_line, 1) + definition.lineno - 1)


def _describe(value: object) -> str:
    return f"{getattr(value, '__name__', '')} ({type(value).__name__})".strip()


def parse(source: str, first_line: int) -> ast.FunctionDef:
    """Parse one definition, indented or not; its lines count from `first_line`."""
    if source[:1].isspace():
        block = ast.parse(f"if 1:\n{source}").body[0]
        assert isinstance(block, ast.If)
        definition: ast.stmt = block.body[0]
        first_line -= 1
    else:
        definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    ast.increment_lineno(definition, first_line - 1)
    return definition


def load(snippet: Snippet, defaults: tuple[Any, ...] | None, kwdefaults: dict[str, Any] | None) -> Callable[..., Any]:
    """Compile a snippet in this interpreter, in a namespace of its own.  Raises `SyntaxError` for a newer syntax.

    Decorators, annotations and the expressions of default values belong to the place where it was written and are left
    out; the values that the defaults had there are put back.
    """
    show_source(snippet)
    definition = parse(snippet.source, snippet.first_line)
    definition.decorator_list = []
    definition.returns = None
    arguments = definition.args
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
        if argument is not None:
            argument.annotation = None
    arguments.defaults = [_nothing(default) for default in arguments.defaults]
    arguments.kw_defaults = [default and _nothing(default) for default in arguments.kw_defaults]
    module = ast.Module([definition], [])
    namespace: dict[str, Any] = {"__name__": SNIPPET_MODULE}
    exec(compile(module, snippet.filename, "exec"), namespace)
    function: Any = namespace[snippet.name]
    function.__defaults__ = defaults
    function.__kwdefaults__ = kwdefaults
    return function  # type: ignore[no-any-return]


def _nothing(place: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Constant(None), place)


def show_source(snippet: Snippet) -> None:
    """Let tracebacks in this interpreter show the snippet's lines."""
    lines = snippet.source.splitlines(keepends=True)
    end = snippet.first_line - 1 + len(lines)
    known = linecache.cache.get(snippet.filename)
    shown = list(known[2]) if known is not None and len(known) == 4 else []
    shown += ["\n"] * (end - len(shown))
    shown[snippet.first_line - 1 : end] = lines
    linecache.cache[snippet.filename] = (sum(map(len, shown)), None, shown, snippet.filename)
