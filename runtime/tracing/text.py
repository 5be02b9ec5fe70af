"""A trace in words and letters: for terminals, for screen readers, and for outputs that are compared.

`timeline` is a picture with everything under it, `describe` says the same in sentences, and `summary` separates what
was measured (lines that begin with `~ label:`) from what is the same in every correct run on any machine.

Workers' names, what they print and what they raise is a student's text: control characters are escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from operator import and_, sub

from runtime.tracing.breakdown import Life
from runtime.tracing.model import NONE, Channel, Ending, Evidence, State, Worker, WorkerFailure
from runtime.tracing.rings import sentence
from runtime.tracing.strips import LETTERS, axis, strip
from runtime.tracing.traces import Trace
from runtime.tracing.upkeep import upkeep_of
from runtime.tracing.wording import bytes_in, count_of, duration, escaped, listed

_MOST_LINES = 200  # of output in a timeline
_MOST_WAITS = 5  # in sentences
_NAME_WIDTH = 24
_NARROWEST = 20  # a strip


def timeline(trace: Trace, width: int = 100) -> str:
    """A picture of a run, `width` characters wide: a row for each worker, and below it what the rows mean."""
    lines = [_title(trace), "", *_strips(trace, width), "", str(_named(trace)), ""]
    lines += [_channel_line(trace, channel) for channel in trace.channels]
    for section in (_upkeep(trace), _printed(trace), _failures(trace), (*_losses(trace), *_doubts(trace))):
        found = list(section)
        lines += ["", *found] if found else []
    return "\n".join(line.rstrip() for line in lines) + "\n"


def describe(trace: Trace) -> list[str]:
    """A run in sentences."""
    name = escaped(trace.name)
    sentences = [
        f"{name} ran on {escaped(trace.backend)} for {duration(trace.wall_ns)}, with "
        f"{count_of(len(trace.workers), 'worker')} and {count_of(len(trace.messages), 'message')}."
    ]
    lives = trace.breakdown()
    sentences += [_life_sentence(worker, life) for worker, life in zip(trace.workers, lives, strict=True)]
    sentences += [*_upkeep(trace), *_waits(trace)]
    sentences += [f"Channel {_channel_line(trace, channel)}." for channel in trace.channels]
    if len(trace.outputs):
        sentences.append(f"The workers printed {count_of(len(trace.outputs), 'line')}.")
    return [*sentences, *_failures(trace), *_losses(trace), *_doubts(trace)]


def summary(trace: Trace) -> str:
    """A run in lines that can be compared: those that begin with `~ label:` are measurements.

    The others, and the labels, are the same for every correct run of a program that itself does the same each time.
    """
    lines = [
        f"{escaped(trace.name)} on {escaped(trace.backend)}: {count_of(len(trace.workers), 'worker')}, "
        f"{count_of(len(trace.messages), 'message')}",
        f"~ wall time: {duration(trace.wall_ns)}",
    ]
    for worker, life in zip(trace.workers, trace.breakdown(), strict=True):
        lines.append(f"{escaped(worker.name)}: {_ending(worker)}")
        lines.append(f"~ {escaped(worker.name)}: {_shares(life)}")
    for channel in trace.channels:
        sent, received, size, longest = _traffic(trace, channel)
        if channel.lock:
            lines.append(f"lock {escaped(channel.name)}: given back {count_of(sent, 'time')}")
            continue
        lines.append(f"channel {escaped(channel.name)}: {sent:,} sent, {received:,} received, {bytes_in(size)}")
        lines.append(f"~ longest in {escaped(channel.name)}: {duration(longest)}")
    lines.append(count_of(len(trace.outputs), "line") + " printed")
    lines += [*_failures(trace), *_losses(trace)]
    return "\n".join(lines) + "\n"


def _title(trace: Trace) -> str:
    return (
        f"{escaped(trace.name)} on {escaped(trace.backend)}: {duration(trace.wall_ns)}, "
        f"{count_of(len(trace.workers), 'worker')}, {count_of(len(trace.messages), 'message')}"
    )


# --- the picture --------------------------------------------------------------------------------------------------


def _strips(trace: Trace, width: int) -> Iterator[str]:
    names = [escaped(worker.name, _NAME_WIDTH) for worker in trace.workers]
    margin = max(map(len, names), default=0) + 1
    room = max(width - margin - 2, _NARROWEST)
    strips = [strip(trace.spans, worker.index, trace.wall_ns, room) for worker in trace.workers]
    for name, letters in zip(names, strips, strict=True):
        yield f"{name:{margin}}|{letters}|"
    ruler, labels = axis(trace.wall_ns, room)
    yield " " * margin + f"+{ruler}+"
    yield " " * (margin + 1) + labels
    shown = [state for state in State if LETTERS[state] in "".join(strips)]
    yield ", ".join(f"{LETTERS[state]} {state.label}" for state in shown) or "nothing was recorded"


def _named(trace: Trace) -> object:
    lives = trace.breakdown()
    return type(lives)(tuple(Life(escaped(life.worker, _NAME_WIDTH), life.wall_ns, life.states) for life in lives))


def _channel_line(trace: Trace, channel: Channel) -> str:
    sent, received, size, longest = _traffic(trace, channel)
    if channel.lock:
        return f"{escaped(channel.name)} (lock): given back {count_of(sent, 'time')}"
    capacity = "no bound" if channel.capacity is None else f"capacity {channel.capacity}"
    kept = "" if received == sent else f", {sent - received:,} not received"
    waited = f", up to {duration(longest)} from sent to taken" if received else ""
    return f"{escaped(channel.name)} ({capacity}): {count_of(sent, 'message')}{kept}, {bytes_in(size)}{waited}"


def _traffic(trace: Trace, channel: Channel) -> tuple[int, int, int, int]:
    """(sent, received, bytes, longest time from admission to being taken) of one channel."""
    column = trace.messages.column
    sent = bytes(map(channel.index.__eq__, column("channel")))
    received = bytes(map(and_, sent, map(NONE.__ne__, column("receiver"))))
    waited = compress(map(sub, column("taken_ns"), column("admitted_ns")), received)
    return sent.count(1), received.count(1), sum(compress(column("size"), sent)), max(waited, default=0)


def _printed(trace: Trace) -> Iterator[str]:
    for output in trace.outputs[:_MOST_LINES]:
        name = escaped(trace.workers[output.worker].name, _NAME_WIDTH)
        stream = " (stderr)" if output.stream == 2 else ""
        yield f"{duration(output.at_ns):>8}  {name}{stream}: {escaped(trace.text(output.text))}"
    if len(trace.outputs) > _MOST_LINES:
        yield f"and {count_of(len(trace.outputs) - _MOST_LINES, 'more line')}, see trace.outputs"


# --- sentences ----------------------------------------------------------------------------------------------------


def _life_sentence(worker: Worker, life: Life) -> str:
    return f"{escaped(worker.name)} {_ending(worker)} after {duration(life.wall_ns)}: {_shares(life)}."


def _waits(trace: Trace) -> Iterator[str]:
    """Who waited longest for whom."""
    for wait in trace.waits()[:_MOST_WAITS]:
        verb = "send to" if wait.state == State.SEND_BLOCKED else "receive from"
        if wait.channel != NONE and trace.channels[wait.channel].lock:
            verb = "take lock"
        waiter = escaped(trace.workers[wait.waiter].name)
        if wait.channel == NONE:
            waited = duration(wait.waited_ns)
            yield f"In a select that no channel ended, or for a timer, {waiter} waited {waited} in all."
            continue
        channel = escaped(trace.channels[wait.channel].name)
        awaited = f"for {escaped(trace.workers[wait.awaited].name)}" if wait.awaited != NONE else "in vain"
        yield f"To {verb} {channel}, {waiter} waited {awaited}: {duration(wait.waited_ns)} in all."


def _shares(life: Life) -> str:
    """The states in which the worker spent at least a hundredth of its life, most first."""
    ordered = sorted(State, key=life.share, reverse=True)
    return listed([f"{life.share(state):.0%} {state.label}" for state in ordered if life.share(state) >= 0.01]) or "-"


def _ending(worker: Worker) -> str:
    return {
        Ending.RETURNED: "returned",
        Ending.RAISED: "raised",
        Ending.STOPPED: "was stopped",
        Ending.LOST: "was lost with its process",
    }[worker.ending]


def _failures(trace: Trace) -> Iterator[str]:
    for failure in trace.errors:
        yield _failure(failure)
    if trace.deadlock:
        yield sentence(trace.deadlock, trace.workers, trace.channels)


def _failure(failure: WorkerFailure) -> str:
    line = f" (line {failure.line})" if failure.line != NONE else ""
    return f"{escaped(failure.worker)} raised {escaped(failure.type)}: {escaped(failure.message)}{line}"


def _upkeep(trace: Trace) -> Iterator[str]:
    """What it took to have the workers."""
    upkeep = upkeep_of(trace.workers)
    if upkeep is None:
        return
    yield (
        f"To be ready took {_range(upkeep.quickest_ns, upkeep.slowest_ns)}. Each worker has "
        f"{bytes_in(upkeep.own_bytes)} of memory to itself"
        f"{' (inferred: an even part of what their process grew)' if upkeep.inferred else ''}, and all share "
        f"{bytes_in(upkeep.shared_bytes)}."
    )


def _range(least: int, most: int) -> str:
    """`3.1 ms`, or `3.1 ms to 5.2 ms`."""
    return duration(most) if duration(least) == duration(most) else f"{duration(least)} to {duration(most)}"


def _losses(trace: Trace) -> Iterator[str]:
    """What is not in the trace."""
    if not trace.complete:
        yield "The run was cut short: this is what was recorded until then."
    if trace.dropped:
        yield f"{count_of(trace.dropped, 'record')} did not fit and {'is' if trace.dropped == 1 else 'are'} missing."


def _doubts(trace: Trace) -> Iterator[str]:
    """What is in the trace, but was not measured, or not as asked."""
    overhead = trace.overhead
    if not overhead.kept_up:
        yield (
            f"The machine was too busy to look at the workers every {duration(overhead.interval_ns)}: usually it was "
            f"every {duration(overhead.median_interval_ns)}, {overhead.late_share:.0%} of the time it was longer, "
            f"and once {duration(overhead.longest_interval_ns)}."
        )
    inferred = trace.spans.column("evidence").count(Evidence.INFERRED)
    if inferred and inferred == sum(map((State.RUNNING).__eq__, trace.spans.column("state"))):
        yield "Nobody looked at the workers between channel operations: their running time is inferred."
