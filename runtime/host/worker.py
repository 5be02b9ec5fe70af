"""A worker's life inside its interpreter (or thread): open its ends, wait for the start, run the snippet, report.

Whatever the snippet does, its outcome leaves as plain data: an interpreter's own report of an error swallows
`MemoryError` on some versions, and an exception object cannot leave its interpreter anyway.
"""

from __future__ import annotations

import mmap
import os
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from runtime import cpython, snippets
from runtime.channels import context, diagnosis
from runtime.channels.buffers import Buffer
from runtime.channels.core import Address, Core
from runtime.channels.ends import RecvChannel, SendChannel
from runtime.channels.locks import Lock
from runtime.channels.memory import attach as attach_block
from runtime.channels.parking import Cancelled, acquire, attach_semaphore, is_readable
from runtime.errors import ChannelClosedError
from runtime.host import lines, memory, output, watchdog
from runtime.host.job import BufferArgument, EndArgument, LockArgument, Outcome, WorkerJob
from runtime.tracing.layout import Head, Layout
from runtime.tracing.recorder import LaneWriter
from runtime.tracing.vocabulary import NONE, Ending

_OUR_FOLDER = os.path.dirname(os.path.dirname(__file__)) + os.sep
_MOST_FRAMES = 1200  # a little more than the recursion limit: past it, somebody has raised that
_STATUS = {Ending.RETURNED: 0, Ending.RAISED: 1, Ending.STOPPED: 2}


class Post(NamedTuple):
    """What one worker needs, sent to its interpreter as a pickle."""

    number: int
    job: WorkerJob
    channels: tuple[Address, ...]
    rows: tuple[int, ...]  # of its ends, in the order of its arguments; a lock has two
    buffers: tuple[tuple[int, int, int, int], ...]  # the program's blocks of memory
    layout: Layout
    recording_fd: int
    record: bool
    trace_lines: bool
    cancel_fd: int
    spins: int  # see `context.Context`
    by_reference: bool
    asked_ns: int  # when the host began to make this worker
    ready: tuple[int, ...]  # semaphores: this worker is ready to start
    start: tuple[int, ...]  # ... may start


def live(post: Post, guard: watchdog.Guard, process: int = 0) -> Outcome:
    """Run one worker from beginning to end, in this thread.  Returns its outcome; raises nothing.

    `process` is the number of this process, if it is the worker's alone.
    """
    lane = _lane(post)
    lane.set_thread(threading.get_native_id(), process)
    context.bind(
        context.Context(
            lane if post.record else None,
            post.cancel_fd,
            post.number + 1,
            post.spins,
            post.job.name,
            post.by_reference,
            lane,
        )
    )
    output.bind(lane)
    ends: list[Any] = []  # and locks
    try:
        function, arguments = _prepare(post, ends)
    except BaseException as error:
        outcome = _raised(post, error)
        attach_semaphore(post.ready).release()
    else:
        if post.trace_lines:
            lines.watch(function)
        lane.ready(post.asked_ns)
        if process:
            lane.used_memory(Head.READY_BYTES, *memory.measure())
        attach_semaphore(post.ready).release()
        acquire(attach_semaphore(post.start))
        lane.started()
        outcome = _run(post, function, arguments, guard)._replace(interrupted=guard.interrupted)
    finally:
        for end in ends:
            end.close()
    output.flush()
    lane.ended(_STATUS[Ending(outcome.ending)])
    if process:
        lane.used_memory(Head.ENDED_BYTES, *memory.measure())
    return outcome


def _lane(post: Post) -> LaneWriter:
    alone = Layout(1, post.layout.records, post.layout.text_bytes)
    mapping = mmap.mmap(post.recording_fd, alone.total_bytes, offset=post.layout.lane_at(post.number))
    return LaneWriter(mapping, alone, 0, post.job.snippet.filename, worker=post.number)


def _prepare(post: Post, ends: list[Any]) -> tuple[Callable[..., Any], list[Any]]:
    rows = iter(post.rows)
    written, defaults, kwdefaults = pickle.loads(post.job.arguments)
    arguments = []
    for argument in written:
        if isinstance(argument, EndArgument):
            kind = SendChannel if argument.sending else RecvChannel
            argument = kind(Core.attach(post.channels[argument.channel]), row=next(rows))
            ends.append(argument)
        elif isinstance(argument, LockArgument):
            argument = Lock.of(Core.attach(post.channels[argument.channel]), next(rows), next(rows))
            ends.append(argument)
        elif isinstance(argument, BufferArgument):
            argument = Buffer(attach_block(post.buffers[argument.buffer]))
        arguments.append(argument)
    return snippets.load(post.job.snippet, defaults, kwdefaults), arguments


def _run(post: Post, function: Callable[..., Any], arguments: list[Any], guard: watchdog.Guard) -> Outcome:
    try:
        with guard:
            result = function(*arguments)
    except Cancelled:
        return Outcome(post.number, Ending.STOPPED)
    except BaseException as error:
        if isinstance(error, ChannelClosedError) and is_readable(post.cancel_fd):
            return Outcome(post.number, Ending.STOPPED)  # the other side was stopped first
        return _raised(post, error)
    try:
        return Outcome(post.number, Ending.RETURNED, result=pickle.dumps(result, protocol=5))
    except Exception as error:
        _, reason = diagnosis.explain(result, error)
        reason = reason.replace("message", "the value that it returned", 1)
        return Outcome(
            post.number,
            Ending.RAISED,
            error_type="NotShareableError",
            error_message=reason,
            raised_ns=time.monotonic_ns(),
        )


def _raised(post: Post, error: BaseException) -> Outcome:
    raised_ns = time.monotonic_ns()
    filename = post.job.snippet.filename
    line = NONE
    tb = error.__traceback__
    while tb is not None:
        if tb.tb_frame.f_code.co_filename == filename:
            line = tb.tb_lineno
        tb = tb.tb_next
    try:
        text = format_error(error)
        message = str(error)
    except Exception:  # an exception whose __str__ raises, or no memory to say more
        text = message = f"{type(error).__name__} (it cannot be shown)"
    return Outcome(
        post.number,
        Ending.RAISED,
        error_type=type(error).__name__,
        error_message=message,
        error_traceback=text,
        error_line=line,
        missing_name=getattr(error, "name", None) or "" if isinstance(error, NameError) else "",
        raised_ns=raised_ns,
    )


def format_error(error: BaseException) -> str:
    """The traceback as text, without our own frames: neither those above the snippet nor those below it."""
    import traceback  # noqa: PLC0415

    shown = traceback.TracebackException.from_exception(error, limit=_MOST_FRAMES)
    part: traceback.TracebackException | None = shown
    while part is not None:
        part.stack = traceback.StackSummary.from_list(
            [frame for frame in part.stack if not frame.filename.startswith(_OUR_FOLDER)]
        )
        part = part.__cause__ or part.__context__
    *frames, _conclusion = shown.format()
    return "".join(frames)


def main(post: Post, outcomes: int) -> None:
    """What a worker's interpreter runs: its whole life, ending with the outcome in the queue `outcomes`."""
    output.install()
    cpython.import_early()
    outcome = live(post, watchdog.start(post.cancel_fd))
    cpython.putter(outcomes)(pickle.dumps(outcome, protocol=5))
