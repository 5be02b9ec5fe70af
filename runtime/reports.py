"""What went wrong in a run, in words: what happened, where, and what to do."""

from __future__ import annotations

import dataclasses
import re
import signal
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from runtime.snippets import Snippet
from runtime.tracing.model import NONE, WorkerFailure


class Stuck(NamedTuple):
    """One worker of a deadlock: what it waits to do, on which channel, for how long, at which line."""

    worker: str
    sending: bool
    channel: str
    waited_ms: float
    line: int
    source: str  # of that line
    lock: bool = False  # whether it waits to take a lock, which is the `channel`
    made_by: str = ""  # the worker that made the channel; empty for one of the program's
    made_line: int = 0  # at which line
    lies_in: str = ""  # the channel in which lies, unreceived, the end that the next one would need; empty: it has one


def describe_failures(failures: Sequence[WorkerFailure]) -> str:
    """The first failure with its traceback, and the names of the others."""
    first = failures[0]
    where = f" at line {first.line}" if first.line != NONE else ""
    text = f"worker {first.worker!r} failed{where}: {first.type}: {first.message}"
    if first.traceback:
        text += f"\n\n{first.traceback.rstrip()}"
    others = ", ".join(repr(failure.worker) for failure in failures[1:])
    return text + (f"\n\nThen these failed too: {others}." if others else "")


def describe_deadlock(program: str, stuck: Sequence[Stuck]) -> str:
    """The ring: each waits for the next, and the last for the first."""
    who = "one worker waits for itself" if len(stuck) == 1 else f"{len(stuck)} workers wait for each other"
    lines = [f"in program {program!r} {who}, and nobody else can release them:"]
    for each, releaser in zip(stuck, [*stuck[1:], stuck[0]], strict=True):
        deed = f"receive from {each.channel!r}" if each.sending else f"send to {each.channel!r}"
        if each.lock:
            deed = f"give back lock {each.channel!r}"
        deed += _about(each)
        place = f", at line {each.line}: {each.source}" if each.line > 0 else ""
        lines.append(f"  {each.worker!r} has waited {each.waited_ms:.0f} ms for {releaser.worker!r} to {deed}{place}")
    advice = (
        "One of them has to act first: let one send before it receives, give a channel a capacity, take locks in the "
        "same order everywhere, or use a timeout. "
        "The trace so far is in the error's .trace"
    )
    return "\n".join([*lines, advice])


def _about(stuck: Stuck) -> str:
    """What there is to say of a channel that the program does not declare, and of an end that is on its way."""
    said = []
    if stuck.made_by:
        said.append(f"made by {stuck.made_by!r}" + (f" at line {stuck.made_line}" if stuck.made_line > 0 else ""))
    if stuck.lies_in:
        end = "receiving" if stuck.sending else "sending"
        said.append(f"its {end} end lies in {stuck.lies_in!r}, not received")
    return f" ({'; '.join(said)})" if said else ""


def describe_crash(
    program: str, exit_code: int | None, last_words: str, snippets: Iterable[Snippet], worker: str = ""
) -> str:
    """How the host ended, or the process of one worker, and which snippet's line it was at, where it could say so."""
    if exit_code is not None and exit_code < 0:
        how = f"was ended by signal {signal.Signals(-exit_code).name}"
    else:
        how = f"ended with exit code {exit_code} before {'it' if worker else 'its workers'} had"
    place = _place_in(last_words, set(snippets))
    if worker:
        text = f"the process of worker {worker!r} of program {program!r} {how}" + (f", in {place}" if place else "")
    else:
        text = f"the process that ran program {program!r} {how}" + (f", in worker {place}" if place else "")
    return f"{text}. The notebook is unharmed, and what was recorded until then is in the error's .trace"


_STAYS_HOME = re.compile(r"module (\S+) does not support loading in subinterpreters")


def explain(failure: WorkerFailure, memory_bytes: int | None) -> WorkerFailure:
    """Add what to do about it, where Python's own message does not say."""
    stays_home = _STAYS_HOME.search(failure.message) if failure.type == "ImportError" else None
    if stays_home:
        message = (
            f"{stays_home[0]}: an extension module must declare that it can (PEP 489, PEP 684). Use it in the notebook "
            "and send the worker plain data, or run the program with backend='threads' or backend='processes'"
        )
        return dataclasses.replace(failure, message=message, traceback="")
    if failure.type == "MemoryError" and memory_bytes is not None:
        message = (
            f"the run may use {memory_bytes / 2**30:.1f} GiB of memory: keep less at a time, or allow more with "
            "limits=runtime.Limits(memory_bytes=...)"
        )
        return dataclasses.replace(failure, message=message)
    if failure.type == "SystemExit":
        message = f"{failure.message} (a worker ends by returning; exit ends nothing but this worker)".strip()
        return dataclasses.replace(failure, message=message)
    return failure


def explain_missing_name(name: str, snippet: str) -> str:
    """What to do about a name that exists in the notebook but not in a worker."""
    return (
        ". It exists in the notebook, but a worker sees only its arguments and what it imports: pass it as an "
        f"argument, @program.worker(..., {name}), or import it inside {snippet}"
    )


def source_line(snippet: Snippet, line: int) -> str:
    """The text of one of the snippet's lines, in its file's numbering; empty for any other line."""
    lines = snippet.source.splitlines()
    offset = line - snippet.first_line
    return lines[offset].strip() if 0 <= offset < len(lines) else ""


def _place_in(last_words: str, snippets: set[Snippet]) -> str:
    crashed = last_words.partition("Current thread")[2] or last_words
    for filename, number in re.findall(r'File "(.*)", line (\d+)', crashed):
        for snippet in snippets:
            line = source_line(snippet, int(number))
            if snippet.filename == filename and line:
                return f"{snippet.name!r} at line {number}: {line}"
    return ""
