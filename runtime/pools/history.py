"""What a pool's tasks did, out of its trace: who ran each, when it was submitted, when it began, when it had ended."""

from __future__ import annotations

from collections import defaultdict
from itertools import zip_longest
from operator import attrgetter
from typing import NamedTuple

from runtime.tracing.model import NONE, Message
from runtime.tracing.traces import Trace


class TaskRecord(NamedTuple):
    """One task.  Times as in the trace; NONE for what did not happen."""

    call: str  # `square(3)`
    worker: int
    submitted_ns: int  # the host has it
    began_ns: int
    ended_ns: int


def tasks_of(trace: Trace) -> list[TaskRecord]:
    """Every task that a pool's host was given, in the order in which it was given them."""
    numbers = {channel.name: channel.index for channel in trace.channels}
    tasks, answers = defaultdict[int, list[Message]](list), defaultdict[int, list[Message]](list)
    for message in trace.messages:
        if message.channel == numbers.get("tasks"):
            tasks[message.receiver].append(message)
        elif message.channel == numbers.get("answers"):
            answers[message.sender].append(message)
    found = []
    for worker, taken in tasks.items():
        taken.sort(key=attrgetter("received_ns"))
        given = sorted(answers[worker], key=attrgetter("serial"))
        for task, answer in zip_longest(taken, given[: len(taken)]):  # a worker answers before it takes another
            ended = answer.began_ns if answer is not None else NONE
            found.append((task.sent_ns, TaskRecord(trace.text(task.preview), worker, *_times(task), ended)))
    return [record for _, record in sorted(found, key=lambda pair: pair[0])]


def _times(task: Message) -> tuple[int, int]:
    return task.sent_ns, task.received_ns
