"""A worker in a process of its own: what runs there.

It lives in the main thread, so a snippet may also do here what only a main thread may: handle signals.  When its
outcome is out, the process stays until the host has left or says so, as an interpreter does on the other backends: what
a snippet left running goes on until the program has ended.
"""

from __future__ import annotations

import _thread
import faulthandler
import os
import select
import sys
from typing import NamedTuple, NoReturn

from runtime.channels import broker
from runtime.host import output, watchdog, worker
from runtime.host.job import FrameReader, write_frame
from runtime.host.worker import Post


class ProcessPost(NamedTuple):
    """What a worker's process needs beside the worker's own post, sent as a pickle."""

    path: list[str]  # where it looks for modules
    inherited: tuple[int, ...]  # descriptors, which no child of a snippet shall inherit
    broker: int  # a connection to the host's
    memory_bytes: int
    post: Post


def main() -> NoReturn:
    """Live one worker's life; the descriptor that joins this process to the host is its last argument."""
    host = int(sys.argv[-1])
    reader = FrameReader(host)
    frames: list[ProcessPost] | None = []
    while not frames:
        frames = reader.read_available()
        if frames is None:
            os._exit(0)
    process = frames[0]
    sys.argv[:] = [""]
    sys.path[:] = process.path
    for fd in (host, *process.inherited):
        os.set_inheritable(fd, False)
    _thread.start_new_thread(_end_with_host, (host,))
    faulthandler.enable()
    broker.bind(broker.Away(process.broker, process.memory_bytes))
    output.install()
    number = os.getpid()
    code = 1
    try:
        outcome = worker.live(process.post, watchdog.start(process.post.cancel_fd), number)
        if os.getpid() == number:  # it is not a child that the snippet made
            write_frame(host, outcome)
            while os.read(host, 1):
                pass
        code = 0
    except OSError:  # the host is gone
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _end_with_host(host: int) -> NoReturn:
    """End this process when the host has gone without a word, whatever it does or waits for.

    A call that stays in C and holds the GIL keeps this from running: then the end of the process group has to do.
    """
    poller = select.poll()
    poller.register(host, 0)  # nothing but that the other side has closed
    poller.poll()
    os._exit(1)
