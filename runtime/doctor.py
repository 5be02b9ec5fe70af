"""What this machine offers: Pythons, cores, backends, and what each lacks."""

from __future__ import annotations

import os
import platform
import sys
from typing import NamedTuple

from runtime import pythons
from runtime.backends import BACKENDS
from runtime.errors import ProgramError, RunError


class Finding(NamedTuple):
    """One line of the report.  `advice` says what to do about it, and is empty when all is well."""

    topic: str
    found: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at this machine and try each backend for real.  Takes about a second."""
    return [_python(), _gil(), _free_threaded(), _cores(), _waiting(), _observing(), *map(_backend, BACKENDS)]


def report(findings: list[Finding]) -> str:
    """The findings as text, one a line."""
    width = max(len(finding.topic) for finding in findings)
    lines = []
    for topic, found, advice in findings:
        lines.append(f"{'!' if advice else ' '} {topic:{width}}  {found}")
        if advice:
            lines.append(f"  {'':{width}}  -> {advice}")
    return "\n".join(lines)


def _python() -> Finding:
    found = f"{platform.python_implementation()} {platform.python_version()} ({sys.executable})"
    new_enough = sys.version_info >= (3, 13) and sys.implementation.name == "cpython"
    return Finding("python", found, "" if new_enough else "interpreters with their own GIL need CPython 3.13 or later")


def _gil() -> Finding:
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    return Finding(
        "GIL", "one per interpreter" if enabled else "none: a free-threaded build, where threads run in parallel"
    )


def _free_threaded() -> Finding:
    found = pythons.free_threaded()
    if not found:
        return Finding("free-threaded", "none found (python3.14t of PATH, pyenv, uv): only to compare with, not needed")
    version, executable = found[0]
    return Finding("free-threaded", f'{version}: program.run("threads", python="{executable}")')


def _cores() -> Finding:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    advice = "" if usable > 1 else "on one core nothing can run in parallel: expect no speed-up anywhere"
    return Finding("cores", f"{usable} usable of {os.cpu_count()}", advice)


def _waiting() -> Finding:
    if hasattr(os, "eventfd"):
        return Finding("waiting", "eventfd")
    return Finding("waiting", "sockets", "channels wait on sockets here, which is slower; Linux has eventfd")


def _observing() -> Finding:
    from runtime.host import observer  # noqa: PLC0415

    if not observer.available:
        advice = "cores and GIL waits cannot be measured here: timelines mark them as inferred"
        return Finding("observing", "no /proc with schedstat", advice)
    if not os.path.exists("/proc/self/task") or not _syscalls_readable():
        return Finding("observing", "cores only", "/proc/self/task/*/syscall is hidden: GIL waits are inferred")
    return Finding("observing", "cores, run queue, and what a sleeping thread waits for")


def _syscalls_readable() -> bool:
    try:
        with open("/proc/thread-self/syscall", "rb") as file:
            return bool(file.read())
    except OSError:
        return False


def _backend(name: str) -> Finding:
    """Run a program of one message on a backend."""
    from runtime.program import Program  # noqa: PLC0415

    program = Program("doctor")
    receiving, sending = program.channel("one")

    @program.worker(sending)
    def ask(out):  # type: ignore[no-untyped-def]
        out.send(1)

    @program.worker(receiving)
    def answer(numbers):  # type: ignore[no-untyped-def]
        return numbers.recv() + 1

    try:
        trace = program.run(name, timeout=30)
    except (ProgramError, RunError) as error:
        return Finding(name, "does not work", str(error).splitlines()[0])
    works = trace.results["answer"] == 2
    return Finding(name, BACKENDS[name].description, "" if works else "gives wrong results")
