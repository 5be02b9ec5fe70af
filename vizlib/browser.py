"""The machine's own browser, driven to make a picture of a page: Chromium, Chrome or Edge, without a window.

It is asked over its debugging pipe (two file descriptors, one JSON text after the other), so nothing has to be
installed, no port is opened, and it ends with us: it has its own session, a throw-away profile, and is killed when the
picture is there.  The page goes through the pipe too, so a browser that may not read our files can still draw it.
Windows has no such descriptors; there, a reader saves the picture from the page itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_APPLICATIONS = ("Chromium", "Google Chrome", "Microsoft Edge")
_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--mute-audio",
)
_PATIENCE_S = 60.0
_INSTEAD = "or save the view as .html, open that, and press its button 'SVG' or 'PNG'"


class BrowserError(RuntimeError):
    """No picture could be made, for want of a browser or because it did not do as it was asked."""


def find() -> str | None:
    """The path of a browser that can be driven: that named by LAB_BROWSER, else the first that is installed."""
    named = os.environ.get("LAB_BROWSER")
    places = [named] if named else [shutil.which(name) for name in _NAMES]
    if not named:
        places += [f"/Applications/{name}.app/Contents/MacOS/{name}" for name in _APPLICATIONS]
    return next((place for place in places if place and os.path.isfile(place)), None)


@dataclass(frozen=True, slots=True)
class Pose:
    """How the page stands for its picture: its width in pixels, its theme, and an expression whose value is wanted."""

    width: int
    dark: bool
    expression: str


def evaluate(html: str, pose: Pose) -> str:
    """Open a page, wait for the expression's promise, and return its value.  Blocks for a second or two.

    Raises `BrowserError`, with what to do, where there is no browser or it fails.
    """
    path = find()
    if path is None:
        raise BrowserError(
            "a picture needs a browser, and no Chromium, Chrome or Edge was found: install one, name it in the "
            f"environment variable LAB_BROWSER, {_INSTEAD}"
        )
    if not hasattr(os, "posix_spawn"):
        raise BrowserError(f"a browser cannot be driven from Python on this system: work on Linux or macOS, {_INSTEAD}")
    with contextlib.ExitStack() as stack:
        profile = stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True))
        return stack.enter_context(_Browser(path, profile)).evaluate(html, pose)


class _Browser:
    """One browser process and the two ends of its pipe."""

    def __init__(self, path: str, profile: str) -> None:
        self._path, self._profile = path, profile
        self._buffer = bytearray()
        self._calls = 0
        self._deadline = time.monotonic() + _PATIENCE_S

    def __enter__(self) -> Self:
        from_us, self._out = os.pipe()
        self._in, to_us = os.pipe()
        theirs = [_moved_up(from_us), _moved_up(to_us)]
        flags = [*_FLAGS, f"--user-data-dir={self._profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        try:
            self._pid = os.posix_spawn(
                self._path,
                [self._path, *flags, "about:blank"],
                os.environ,
                file_actions=[
                    *((os.POSIX_SPAWN_DUP2, fd, wanted) for fd, wanted in zip(theirs, (3, 4), strict=True)),
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0),
                    (os.POSIX_SPAWN_DUP2, 0, 1),
                    (os.POSIX_SPAWN_DUP2, 0, 2),
                ],
                setpgroup=0,
            )
        except OSError as error:
            self._close()
            raise BrowserError(f"{self._path} cannot be started: {error.strerror}; {_INSTEAD[3:]}") from None
        finally:
            for fd in theirs:
                os.close(fd)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._close()

    def _close(self) -> None:
        os.close(self._in)
        os.close(self._out)

    def evaluate(self, html: str, pose: Pose) -> str:
        """The page's value of the expression."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        size = {"width": pose.width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", session, **size)
        theme = {"name": "prefers-color-scheme", "value": "dark" if pose.dark else "light"}
        self._call("Emulation.setEmulatedMedia", session, features=[theme])
        frame = self._call("Page.getFrameTree", session)["frameTree"]["frame"]["id"]
        self._call("Page.setDocumentContent", session, frameId=frame, html=html)
        asked = {"expression": pose.expression, "awaitPromise": True, "returnByValue": True}
        found = self._call("Runtime.evaluate", session, **asked)
        if "exceptionDetails" in found:
            thrown = found["exceptionDetails"].get("exception", {}).get("description", "an error")
            raise BrowserError(f"the browser could not draw the picture: {thrown}; {_INSTEAD[3:]}")
        return str(found["result"]["value"])

    def _call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        self._calls += 1
        call = {"id": self._calls, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        self._write(json.dumps(call).encode() + b"\0")
        for answer in self._messages():
            if answer.get("id") == self._calls:
                if "error" in answer:
                    raise BrowserError(f"{self._path} refused {method}: {answer['error'].get('message')}")
                result: dict[str, Any] = answer["result"]
                return result
        raise AssertionError("unreachable")

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        os.set_blocking(self._out, False)
        try:
            while view:
                self._wait([], [self._out])
                view = view[os.write(self._out, view) :]
        except BrokenPipeError:
            raise self._gone() from None

    def _messages(self) -> Iterator[dict[str, Any]]:
        while True:
            while (end := self._buffer.find(b"\0")) >= 0:
                message: dict[str, Any] = json.loads(self._buffer[:end])
                del self._buffer[: end + 1]
                yield message
            self._wait([self._in], [])
            if not (data := os.read(self._in, 1 << 20)):
                raise self._gone()
            self._buffer += data

    def _wait(self, readable: list[int], writable: list[int]) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0 or not any(select.select(readable, writable, [], left)):
            raise BrowserError(f"{self._path} did not answer within {_PATIENCE_S:.0f} s: try again, {_INSTEAD}")

    def _gone(self) -> BrowserError:
        return BrowserError(
            f"{self._path} ended before the picture was there: look whether it starts at all, name another one in the "
            f"environment variable LAB_BROWSER, {_INSTEAD}"
        )


def _moved_up(fd: int) -> int:
    """The same descriptor under a number that the browser's own two do not overwrite."""
    import fcntl  # noqa: PLC0415 - POSIX only

    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved
