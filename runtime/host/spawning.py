"""Each worker in a process of its own: how the host starts them, hears from them, and sees them out.

They are spawned, never forked: a fork has one thread, and none of the locks that the others held.  They are children of
the host and in its process group, so whatever ends the group ends them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time

from runtime.channels.broker import Home
from runtime.host.job import FrameReader, Outcome, write_frame
from runtime.host.process import ProcessPost
from runtime.host.worker import Post
from runtime.tracing.vocabulary import Ending

_START_CODE = "import sys; sys.path[:0] = sys.argv[1:2]; from runtime.host.process import main; main()"
_OUR_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


_OUR_THREADS = 3  # in a worker's process: the worker, and who watches for Stop and for the host's end
_OUR_SIGNALS = sum(
    1 << number - 1
    for number in (
        *(signal.SIGINT, signal.SIGSEGV, signal.SIGFPE, signal.SIGABRT, signal.SIGBUS, signal.SIGILL),
        *(32, 33),  # the C library's own
    )
)


class Child:
    """One worker's process, as the host sees it."""

    def __init__(self, post: Post, home: Home) -> None:
        self._number = post.number
        self._connection, theirs = socket.socketpair()
        answering, asking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        broker_fd = asking.fileno()
        inherited = (post.recording_fd, post.cancel_fd, *post.ready, *post.start, broker_fd)
        with theirs, asking:
            for fd in (*inherited, theirs.fileno()):
                os.set_inheritable(fd, True)
            arguments = [sys.executable, "-c", _START_CODE, _OUR_ROOT, str(theirs.fileno())]
            self.pid = os.posix_spawn(sys.executable, arguments, os.environ)
        threading.Thread(target=home.serve, args=(answering,), name="broker", daemon=True).start()
        write_frame(
            self._connection.fileno(),
            ProcessPost(list(sys.path), inherited, broker_fd, home.memory_bytes, post),
        )

    def outcome(self) -> Outcome:
        """Wait for it.  The outcome of a process that dies without one says how it died."""
        reader = FrameReader(self._connection.fileno())
        frames: list[Outcome] | None = []
        while not frames:
            try:
                frames = reader.read_available()
            except ConnectionError:  # it died with something unread
                frames = None
            if frames is None:
                _, status = os.waitpid(self.pid, 0)
                self.pid = 0
                return Outcome(self._number, Ending.LOST, exit_code=os.waitstatus_to_exitcode(status))
        return frames[0]

    def end(self) -> None:
        """End it at once, if it lives."""
        with contextlib.suppress(OSError):
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)

    def cpu_ns(self) -> int:
        """The CPU time of the whole process by the operating system's account; 0 when it is gone."""
        try:
            return time.clock_gettime_ns(~self.pid << 3 | 2) if self.pid else 0  # clock_getcpuclockid(3)
        except OSError:
            return 0

    def helped(self) -> bool:
        """Whether others than its main thread could act for it: threads or processes of its own, signal handlers."""
        try:
            with open(f"/proc/{self.pid}/status", "rb") as status:
                handled = next(int(line[7:], 16) for line in status if line.startswith(b"SigCgt:"))
            with open(f"/proc/{self.pid}/task/{self.pid}/children", "rb") as children:
                return self.threads() > _OUR_THREADS or bool(handled & ~_OUR_SIGNALS) or bool(children.read(1))
        except (OSError, StopIteration):
            return True

    def threads(self) -> int:
        """How many threads it has."""
        try:
            return os.stat(f"/proc/{self.pid}/task").st_nlink - 2 if self.pid else 0
        except OSError:
            return 0
