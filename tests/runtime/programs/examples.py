"""Programs that several tests run."""

from __future__ import annotations

import runtime


def squares(count: int = 100, copies: int = 2) -> runtime.Program:
    """The example of the documentation: numbers squared by several workers, and added up."""
    program = runtime.Program("squares")
    numbers_in, numbers_out = program.channel("numbers", capacity=8)
    results_in, results_out = program.channel("results", capacity=None)

    @program.worker(numbers_out, count)
    def produce(out, count):
        for n in range(count):
            out.send(n)

    @program.worker(numbers_in, results_out, copies=copies)
    def square(numbers, out):
        for n in numbers:
            out.send(n * n)

    @program.worker(results_in)
    def total(results):
        return sum(results)

    return program


def pair(capacity: int | None = 2) -> tuple[runtime.Program, object, object]:
    """A program with one channel and no workers yet."""
    program = runtime.Program("pair")
    return program, *program.channel("line", capacity=capacity)
