"""Code by content: a function has the hash of its meaning as its name, and an interpreter compiles it once.

As in Unison, a function's name is a hash of what it says: of its syntax tree, so neither its own name nor comments and
layout matter, and two that say the same are the same.  Messages carry the hash.  Who does not know it asks the
registry, once, checks that the text has that hash, compiles it, and has it from then on: so code crosses once to each
interpreter, however often it is called, and a name can never come to mean something else.

    @program.worker(requests_in)
    def registry(requests):
        from runtime.patterns import codes
        codes.serve(requests)

    @program.worker(requests_out, work_out)
    def ask(requests, work):
        from runtime.patterns import codes
        def square(n): return n * n
        key = codes.Library(requests).publish(square)
        for n in range(100):
            work.send((key, n))

    @program.worker(requests_out, work_in, copies=2)
    def do(requests, work):
        from runtime.patterns import codes
        library = codes.Library(requests)
        return [library.find(key)(n) for key, n in work]
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from typing import Any

from runtime import RecvChannel, SendChannel, create_channel
from runtime.portable import pack, text_of, unpack

type Key = str

_compiled: dict[Key, Callable[..., Any]] = {}  # in this interpreter
_compiling = threading.Lock()  # workers that are threads have one interpreter

compilations = [0]
"""How many functions this interpreter has compiled (the only item)."""


class TamperedError(ValueError):
    """A registry sent code that has another hash than it was asked for."""


def key_of(code: bytes) -> Key:
    """The hash of a packed function: of its syntax tree and default values, or, for a reference, of that."""
    import hashlib  # noqa: PLC0415 - milliseconds that most interpreters do not need

    found = text_of(code)
    if found is None:
        return hashlib.sha256(code).hexdigest()
    tree, defaults = found
    own = tree.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == own:  # a function that calls itself does so under any name
            node.id = ""
    tree.name, tree.decorator_list = "", []
    return hashlib.sha256(ast.dump(tree).encode() + defaults).hexdigest()


def serve(requests: RecvChannel) -> int:
    """Be the registry: keep what is published, and give it to who asks.  Returns how often that was."""
    known: dict[Key, bytes] = {}
    given = 0
    for key, content in requests:
        if isinstance(content, bytes):
            known.setdefault(key, content)
        else:
            with content:
                content.send(known.get(key))
            given += 1
    return given


class Library:
    """An interpreter's functions, by their hashes."""

    def __init__(self, registry: SendChannel) -> None:
        self._registry = registry

    def publish(self, function: Callable[..., Any]) -> Key:
        """Let everybody find a function; return its key.  Raises as `portable.pack`."""
        code = pack(function)
        key = key_of(code)
        self._registry.send((key, code))
        return key

    def find(self, key: Key) -> Callable[..., Any]:
        """The function of this key, compiled here at most once.

        Raises `LookupError` for a key that was not published, `TamperedError` for code that is not what its key says.
        """
        function = _compiled.get(key)
        if function is None:
            with _compiling:
                function = _compiled.get(key) or self._compile(key)
        return function

    def _compile(self, key: Key) -> Callable[..., Any]:
        code = self._fetch(key)
        if key_of(code) != key:
            raise TamperedError(f"the code that came for {key[:12]} has the hash {key_of(code)[:12]}")
        function = _compiled[key] = unpack(code)
        compilations[0] += 1
        return function

    def _fetch(self, key: Key) -> bytes:
        codes, reply = create_channel("code", capacity=1)
        with codes:
            with reply:
                self._registry.send((key, reply.clone()))  # its own: between threads it is handed over
            code: bytes | None = codes.recv()
        if code is None:
            raise LookupError(f"nobody has published {key[:12]}")
        return code
