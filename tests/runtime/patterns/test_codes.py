"""Code by content: one compilation in each interpreter, and a name that cannot come to mean something else."""

from __future__ import annotations

import threading

import pytest

import runtime
from runtime import create_channel
from runtime.patterns import codes
from runtime.portable import pack


def function_of(text: str, name: str = "f"):
    """Make a function of text, as a notebook cell does."""
    import linecache

    filename = f"<cell {abs(hash(text))}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    names: dict = {"__name__": "__main__"}
    exec(compile(text, filename, "exec"), names)
    return names[name]


def key(text: str, name: str = "f") -> str:
    return codes.key_of(pack(function_of(text, name)))


def test_a_key_is_what_a_function_says_not_how_it_is_written():
    plain = key("def f(a):\n    return a + 1\n")
    assert key("def f( a ):  # adds one\n\n    return (a + 1)\n") == plain
    assert key("def g(a):\n    return a + 1\n", "g") == plain
    assert key("def f(a):\n    return a + 2\n") != plain
    assert key("def f(a, b=1):\n    return a + b\n") != key("def f(a, b=2):\n    return a + b\n")
    fac = "def {0}(n):\n    return 1 if n < 2 else n * {0}(n - 1)\n"
    assert key(fac.format("f")) == key(fac.format("factorial"), "factorial")


def calls(workers: int, each: int) -> runtime.Program:
    """Five functions, called again and again by whoever is free."""
    program = runtime.Program("codes")
    asked, ask = program.channel("registry", capacity=None)
    todo, work = program.channel("work", capacity=8)

    @program.worker(asked)
    def registry(requests):
        from runtime.patterns import codes

        return codes.serve(requests)

    @program.worker(ask, work, each)
    def send(registry, work, each):
        from runtime.patterns import codes

        library = codes.Library(registry)

        def double(n):
            return 2 * n

        def square(n):
            return n * n

        def text(n):
            return str(n)

        def factorial(n):
            return 1 if n < 2 else n * factorial(n - 1)

        def shifted(n, by=3):
            return n + by

        keys = [library.publish(f) for f in (double, square, text, factorial, shifted)]
        for n in range(each):
            work.send((keys[n % 5], n % 5, n % 10))

    @program.worker(ask, todo, copies=workers, name="call")
    def call(registry, work):
        from runtime.patterns import codes

        library = codes.Library(registry)
        results = [(which, n, library.find(key)(n)) for key, which, n in work]
        return results, codes.compilations[0]

    return program


def expected(which: int, n: int):
    import math

    return (2 * n, n * n, str(n), math.factorial(n), n + 3)[which]


def test_each_interpreter_compiles_each_function_once(backend):
    trace = calls(3, 300).run(backend, timeout=60)
    answers = [trace.results[f"call #{n}"] for n in (1, 2, 3)]
    results = [result for found, _ in answers for result in found]
    assert len(results) == 300
    assert all(result == expected(which, n) for which, n, result in results)
    assert all(compiled <= 5 for _, compiled in answers)
    interpreters = 1 if backend == "threads" else 3
    assert trace.results["registry"] <= 5 * interpreters


def test_code_that_is_not_what_its_key_says_is_refused():
    requests, out = create_channel(capacity=None)
    codes._compiled.clear()
    good = pack(function_of("def f(a):\n    return a\n"))
    evil = pack(function_of("def f(a):\n    return 'evil'\n"))
    out.send((codes.key_of(good), evil))
    with requests:
        registry = threading.Thread(target=codes.serve, args=(requests,))
        registry.start()
        library = codes.Library(out)
        with pytest.raises(codes.TamperedError):
            library.find(codes.key_of(good))
        with pytest.raises(LookupError, match="nobody has published"):
            library.find("0" * 64)
        assert codes.Library(out).find(library.publish(len))("four") == 4
        out.close()
        registry.join()
