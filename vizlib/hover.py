"""What the pointer tells: a few lines of plain text for each thing in a picture.

The first line is a heading; the others are a label and a value with a tab between.  The page shows them as text, never
as markup, so what a student's program printed or sent cannot become part of the page.
"""

from __future__ import annotations

from runtime.tracing.model import NONE, CoreSpan, Evidence, Message, Output, Span, State, Transfer, Worker
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.merging import Run


def of_span(trace: Trace, span: Span) -> str:
    """One recorded span."""
    worker = trace.workers[span.worker]
    lines = [
        f"{State(span.state).label} · {words.duration(span.ended_ns - span.began_ns)}",
        f"worker\t{words.name(worker)}",
        _when(trace, span.began_ns, span.ended_ns),
    ]
    if span.channel != NONE:
        lines.append(f"channel\t{words.plain(trace.channels[span.channel].name)}")
    lines += _source("line", worker, span.line)
    if span.evidence == Evidence.INFERRED:
        lines.append("evidence\tinferred, not measured")
    return "\n".join(lines)


def of_joined(trace: Trace, run: Run) -> str:
    """Several spans of one worker that are drawn as one bar, with the time in each state."""
    times = run.times()
    shares = words.percents(list(times.values()), times.total())
    lines = [
        f"{run.count:,} spans drawn as one · {words.duration(run.ended_ns - run.began_ns)}",
        f"worker\t{words.name(trace.workers[run.lane])}",
        _when(trace, run.began_ns, run.ended_ns),
    ]
    states = sorted(zip(times, times.values(), shares, strict=True), key=lambda row: -row[1])
    lines += [f"{State(state).label}\t{share} %, {words.duration(ns)}" for state, ns, share in states]
    return "\n".join(lines)


def of_core(trace: Trace, span: CoreSpan) -> str:
    """One stay of a worker on a core."""
    return "\n".join(
        (
            f"core {span.core} · {words.duration(span.ended_ns - span.began_ns)}",
            f"worker\t{words.name(trace.workers[span.worker])}",
            _when(trace, span.began_ns, span.ended_ns),
        )
    )


def of_joined_core(trace: Trace, core: int, run: Run) -> str:
    """Several stays on one core that are drawn as one bar, with the time of each worker."""
    lines = [
        f"core {core} · {run.count:,} stays drawn as one",
        _when(trace, run.began_ns, run.ended_ns),
    ]
    lines += [f"{words.name(trace.workers[who])}\t{words.duration(ns)}" for who, ns in run.times().most_common(6)]
    return "\n".join(lines)


def of_message(trace: Trace, message: Message) -> str:
    """One message: from whom to whom, what, how, and the time that each stage took."""
    sender = trace.workers[message.sender]
    receiver = trace.workers[message.receiver] if message.receiver != NONE else None
    lines = [
        f"{words.name(sender)} → {words.name(receiver) if receiver else 'nobody'}",
        f"channel\t{words.plain(trace.channels[message.channel].name)}",
    ]
    if message.preview != NONE:
        lines.append(f"value\t{words.plain(trace.text(message.preview))}")
    lines.append(f"crossed as\t{_crossing(message)}")
    lines += [f"{label}\t{words.duration(ns)}" for label, ns in stages(message)]
    lines += _source("sent at line", sender, message.send_line)
    if receiver:
        lines += _source("received at line", receiver, message.recv_line)
    return "\n".join(lines)


def stages(message: Message) -> list[tuple[str, int]]:
    """The parts of a message's way with the nanoseconds that each took; parts that did not happen are left out."""
    ways = (
        ("encode", message.began_ns, message.encoded_ns),
        ("waited for room", message.encoded_ns, message.admitted_ns),
        ("queued", min(message.sent_ns, message.taken_ns), message.taken_ns),
        ("decode", message.taken_ns, message.received_ns),
    )
    return [(label, end - start) for label, start, end in ways if start != NONE and end != NONE and end >= start]


def of_output(trace: Trace, output: Output) -> str:
    """One printed line."""
    stream = "printed" if output.stream == 1 else "wrote to stderr"
    return "\n".join(
        (
            f"{words.name(trace.workers[output.worker])} {stream}",
            f"text\t{words.plain(trace.text(output.text), 200)}",
            f"at\t{words.moment(output.at_ns, trace.wall_ns)}",
        )
    )


def of_ending(trace: Trace, worker: Worker) -> str:
    """How a worker's life ended."""
    lines = [
        f"{words.name(worker)} {words.ending(trace, worker)}",
        f"at\t{words.moment(worker.ended_ns, trace.wall_ns)}",
    ]
    failure = next((error for error in trace.errors if error.worker == worker.name), None)
    return "\n".join(lines + (_source("line", worker, failure.line) if failure else []))


def _when(trace: Trace, began_ns: int, ended_ns: int) -> str:
    return f"from\t{words.moment(began_ns, trace.wall_ns)} to {words.moment(ended_ns, trace.wall_ns)}"


def _source(label: str, worker: Worker, line: int) -> list[str]:
    found = words.source_line(worker, line)
    return [f"{label} {found[0]}\t{found[1]}"] if found else []


def _crossing(message: Message) -> str:
    kind = Transfer(message.transfer)
    return kind.label if kind is Transfer.REFERENCE else f"{kind.label}, {words.size(message.size)}"
