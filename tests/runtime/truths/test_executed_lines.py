"""`trace_lines=True` records the lines that were executed, in order, wherever the worker runs."""

from __future__ import annotations

import runtime
from runtime.tracing.model import NONE, Evidence, State


def program() -> runtime.Program:
    program = runtime.Program("lines")
    receiving, sending = program.channel("numbers", capacity=1)

    @program.worker(sending)
    def send(out):
        def twice(n):
            n += n
            return n

        for n in range(2):
            value = twice(n)
            out.send(value)

    @program.worker(receiving, copies=2)
    def receive(numbers):
        for number in numbers:
            assert number >= 0

    return program


def executed(trace: runtime.Trace, name: str) -> list[str]:
    """What was executed, as it is written."""
    (worker,) = (worker for worker in trace.workers if worker.name == name)
    source = worker.source.splitlines()
    times = [line.at_ns for line in trace.lines if line.worker == worker.index]
    assert times == sorted(times)
    return [source[line.line - worker.first_line].strip() for line in trace.lines if line.worker == worker.index]


def test_lines_come_in_the_order_of_execution_nested_functions_included(backend):
    once = ["value = twice(n)", "n += n", "return n", "out.send(value)", "for n in range(2):"]
    trace = program().run(backend, trace_lines=True)
    assert executed(trace, "send") == ["def twice(n):", "for n in range(2):", *once, *once]


def test_workers_of_one_snippet_have_lines_of_their_own(backend):
    trace = program().run(backend, trace_lines=True)
    took = [m.receiver for m in trace.messages]
    for worker in trace.workers[1:]:
        seen = executed(trace, worker.name)
        assert seen.count("assert number >= 0") == took.count(worker.index)
        assert seen[0] == "for number in numbers:"


def test_what_lies_between_operations_has_a_line_which_is_measured(backend):
    trace = program().run(backend, trace_lines=True)
    sender = trace.workers[0]
    for span in trace.spans:
        if span.worker == 0 and span.began_ns > trace.lines[0].at_ns:
            assert sender.first_line < span.line < sender.first_line + len(sender.source.splitlines())
            assert trace.place(span).evidence == Evidence.MEASURED


def test_without_it_there_are_no_lines_and_places_are_inferred(backend):
    trace = program().run(backend)
    assert len(trace.lines) == 0
    gaps = [span for span in trace.spans if span.state == State.RUNNING]
    assert {span.line for span in gaps} == {NONE}
    assert {trace.place(span).evidence for span in gaps} == {Evidence.INFERRED}
