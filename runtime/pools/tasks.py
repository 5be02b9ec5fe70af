"""What a pool's workers do: take tasks from one channel, send their answers through another.

A task is a message, and so is its answer: that is why a pool's trace has every task in it.  Both show as the call that
they are about: `square(3)`.  What is called crosses as bytes, either a reference to a module's function or a snippet's
text; a worker that has seen these bytes before has the function still, so it compiles each one once.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from runtime.channels import diagnosis
from runtime.channels.ends import RecvChannel, SendChannel
from runtime.channels.parking import Cancelled
from runtime.errors import ChannelEmptyError
from runtime.host.job import FrameReader, write_frame
from runtime.host.worker import format_error
from runtime.portable import unpack
from runtime.tracing import recorder

if TYPE_CHECKING:
    import socket

SUBMIT, COLLECT = b"s", b"c"  # what a connection to the notebook's side is for
INITIALIZER = -1  # the number of the task that comes before all others
_MOST_IN_A_FRAME = 500


class Task(NamedTuple):
    """A call that is to be made, or, when it is `many`, one call for each tuple of arguments."""

    number: int
    call: bytes  # as it is shown
    code: bytes  # of what is called
    arguments: bytes  # a pickle: (arguments, keyword arguments), or a list of tuples of arguments
    many: bool = False


class Answer(NamedTuple):
    """What came of a task: a pickle of what it returned, or of a `Failure`."""

    number: int
    call: bytes
    succeeded: bool
    content: bytes


class Failure(NamedTuple):
    """What a task raised."""

    exception: bytes  # a pickle; empty when it cannot leave its interpreter
    type: str
    message: str
    traceback: str
    missing_name: str = ""  # of a NameError


def _shown(message: Task | Answer) -> bytes:
    return message.call


recorder.previews[Task] = recorder.previews[Answer] = _shown


def _connect(address: str, purpose: bytes) -> socket.socket:
    import socket  # noqa: PLC0415 - two of a pool's interpreters need it

    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    connection.sendall(purpose)
    return connection


def feed(tasks: SendChannel, address: str) -> None:
    """Send on what the notebook submits, until it has closed its side."""
    with _connect(address, SUBMIT) as connection:
        reader = FrameReader(connection.fileno())
        while (frames := reader.read_available()) is not None:
            for batch in frames:
                for task in batch:
                    tasks.send(task)


def work(tasks: RecvChannel, answers: SendChannel, initializer: Task | None) -> None:
    """Run tasks until there will be no more."""
    functions: dict[bytes, Callable[..., Any]] = {}
    if initializer is not None:
        answer = _answer(initializer, functions)
        if not answer.succeeded:
            answers.send(answer)
            return
    for task in tasks:
        answers.send(_answer(task, functions))


def collect(answers: RecvChannel, address: str) -> None:
    """Let the notebook have the answers, as many at once as there are."""
    with _connect(address, COLLECT) as connection:
        for answer in answers:
            batch = [answer]
            try:
                while len(batch) < _MOST_IN_A_FRAME:
                    batch.append(answers.recv_nowait())
            except ChannelEmptyError:
                pass
            except RuntimeError:  # it is closed, and the iteration will say so
                pass
            write_frame(connection.fileno(), batch)


def _answer(task: Task, functions: dict[bytes, Callable[..., Any]]) -> Answer:
    try:
        function = functions.get(task.code)
        if function is None:
            function = functions[task.code] = unpack(task.code)
        if task.many:
            result: Any = [function(*arguments) for arguments in pickle.loads(task.arguments)]
        else:
            arguments, keywords = pickle.loads(task.arguments)
            result = function(*arguments, **keywords)
    except Cancelled:
        raise
    except BaseException as error:
        return _failed(task, error)
    try:
        return Answer(task.number, task.call, True, pickle.dumps(result, protocol=5))
    except Exception as error:
        _, reason = diagnosis.explain(result, error)
        reason = reason.replace("message", "the value that it returned", 1)
        failure = Failure(b"", "NotShareableError", reason, "")
        return Answer(task.number, task.call, False, pickle.dumps(failure))


def _failed(task: Task, error: BaseException) -> Answer:
    try:
        exception = pickle.dumps(error, protocol=5)
    except Exception:  # its class exists only here, or something in it cannot leave
        exception = b""
    try:
        message, text = str(error), format_error(error)
    except Exception:  # its __str__ raises
        message = text = f"{type(error).__name__} (it cannot be shown)"
    name = getattr(error, "name", None) or "" if isinstance(error, NameError) else ""
    return Answer(
        task.number, task.call, False, pickle.dumps(Failure(exception, type(error).__name__, message, text, name))
    )
