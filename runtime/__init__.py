"""Interpreter Lab's runtime: programs of isolated workers, joined by channels, run in parallel and recorded.

>>> import runtime
>>> squares = runtime.Program("squares")
>>> numbers_in, numbers_out = squares.channel("numbers", capacity=8)

Standard library only; Python 3.13 or later.  See `Program` and `create_channel`.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if sys.version_info < (3, 13):  # noqa: UP036 - this file is all that an older one can read
    raise ImportError(
        "Interpreter Lab needs Python 3.13 or later, and this is {}.{}: choose another kernel, or let "
        "`python3 bootstrap.py lab` find one".format(*sys.version_info)
    )

if TYPE_CHECKING:
    from runtime.backends import BACKENDS as BACKENDS
    from runtime.backends import Backend as Backend
    from runtime.channels.buffers import Buffer as Buffer
    from runtime.channels.buffers import create_buffer as create_buffer
    from runtime.channels.crossing import Crossing as Crossing
    from runtime.channels.crossing import transfer_of as transfer_of
    from runtime.channels.ends import ChannelStats as ChannelStats
    from runtime.channels.ends import RecvChannel as RecvChannel
    from runtime.channels.ends import SendChannel as SendChannel
    from runtime.channels.ends import create_channel as create_channel
    from runtime.channels.locks import Lock as Lock
    from runtime.channels.selecting import Selected as Selected
    from runtime.channels.selecting import merge as merge
    from runtime.channels.selecting import select as select
    from runtime.channels.timers import Timer as Timer
    from runtime.channels.timers import after as after
    from runtime.channels.timers import tick as tick
    from runtime.errors import ChannelClosedError as ChannelClosedError
    from runtime.errors import ChannelEmptyError as ChannelEmptyError
    from runtime.errors import ChannelError as ChannelError
    from runtime.errors import ChannelFullError as ChannelFullError
    from runtime.errors import ChannelNotFoundError as ChannelNotFoundError
    from runtime.errors import ChannelTimeoutError as ChannelTimeoutError
    from runtime.errors import DeadlockError as DeadlockError
    from runtime.errors import HostCrashError as HostCrashError
    from runtime.errors import MovedError as MovedError
    from runtime.errors import NotShareableError as NotShareableError
    from runtime.errors import ProgramError as ProgramError
    from runtime.errors import RunError as RunError
    from runtime.errors import RunInterruptedError as RunInterruptedError
    from runtime.errors import RunLimitError as RunLimitError
    from runtime.errors import RunStoppedError as RunStoppedError
    from runtime.errors import RunTimeoutError as RunTimeoutError
    from runtime.errors import TaskError as TaskError
    from runtime.errors import TraceFormatError as TraceFormatError
    from runtime.errors import WorkerError as WorkerError
    from runtime.host.job import Limits as Limits
    from runtime.hosting import keep_warm as keep_warm
    from runtime.pools.link import BrokenPoolError as BrokenPoolError
    from runtime.pools.pool import Pool as Pool
    from runtime.program import Program as Program
    from runtime.run import Run as Run
    from runtime.tracing.traces import Trace as Trace
    from runtime.tracing.vocabulary import State as State
    from runtime.tracing.vocabulary import Transfer as Transfer

# Every worker's interpreter imports this package, and most of it is for the side that writes programs: each name is
# imported when somebody first asks for it.
_HOMES = {
    "runtime.backends": ("BACKENDS", "Backend"),
    "runtime.channels.buffers": ("Buffer", "create_buffer"),
    "runtime.channels.crossing": ("Crossing", "transfer_of"),
    "runtime.channels.ends": ("ChannelStats", "RecvChannel", "SendChannel", "create_channel"),
    "runtime.channels.locks": ("Lock",),
    "runtime.channels.selecting": ("Selected", "merge", "select"),
    "runtime.channels.timers": ("Timer", "after", "tick"),
    "runtime.errors": (
        "ChannelClosedError",
        "ChannelEmptyError",
        "ChannelError",
        "ChannelFullError",
        "ChannelNotFoundError",
        "ChannelTimeoutError",
        "DeadlockError",
        "HostCrashError",
        "MovedError",
        "NotShareableError",
        "ProgramError",
        "RunError",
        "RunInterruptedError",
        "RunLimitError",
        "RunStoppedError",
        "RunTimeoutError",
        "TaskError",
        "TraceFormatError",
        "WorkerError",
    ),
    "runtime.host.job": ("Limits",),
    "runtime.hosting": ("keep_warm",),
    "runtime.pools.link": ("BrokenPoolError",),
    "runtime.pools.pool": ("Pool",),
    "runtime.program": ("Program",),
    "runtime.run": ("Run",),
    "runtime.tracing.traces": ("Trace",),
    "runtime.tracing.vocabulary": ("State", "Transfer"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
