"""`python -m runtime`: run a program without a notebook, or look at what this machine offers.

python -m runtime run FILE [--backend NAME] [--program NAME] [--timeout S] [--save FILE.trace]
python -m runtime show FILE.trace
python -m runtime doctor
python -m runtime bench [SUITE ...] [--quick] [--json FILE] [--page FILE.md] [--baseline FILE]
"""

from __future__ import annotations

import argparse
import runpy
import shutil
import sys
from collections.abc import Sequence

from runtime import doctor
from runtime.backends import BACKENDS
from runtime.bench import command as bench
from runtime.errors import ProgramError, RunError, TraceFormatError
from runtime.program import Program
from runtime.tracing import text
from runtime.tracing.traces import Trace


class _Refusal(Exception):
    """What the user asked for cannot be done; the message says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code: 0, 1 for a program that failed, 2 for a wrong request."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.action(options))
    except _Refusal as refusal:
        print(f"runtime: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m runtime", description="Run programs of parallel interpreters.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run the program in a Python file and print its timeline")
    run.add_argument("file", help="a file that makes a runtime.Program")
    run.add_argument("--backend", choices=BACKENDS, default="interpreters")
    run.add_argument("--program", help="the program's name, where the file makes several")
    run.add_argument("--timeout", type=float, help="seconds after which it is stopped")
    run.add_argument("--save", metavar="FILE.trace", help="keep the trace in a file")
    run.set_defaults(action=_run)
    show = commands.add_parser("show", help="print the timeline of a saved trace")
    show.add_argument("file")
    show.set_defaults(action=_show)
    commands.add_parser("doctor", help="say what this machine offers").set_defaults(action=_doctor)
    measure = commands.add_parser("bench", help="measure this runtime beside its peers, in one run")
    bench.add_arguments(measure)
    measure.set_defaults(action=_bench)
    return parser


def _run(options: argparse.Namespace) -> int:
    program = _find_program(options.file, options.program)
    failure = ""
    try:
        trace = program.run(options.backend, timeout=options.timeout)
    except ProgramError as error:
        raise _Refusal(str(error)) from None
    except RunError as error:
        failure = f"{type(error).__name__}: {error}"
        if error.trace is None:
            raise _Refusal(failure) from None
        trace = error.trace
    print(_picture(trace))
    for worker, result in trace.results.items():
        if result is not None:
            print(f"{worker} returned {result!r:.200}")
    if options.save:
        trace.save(options.save)
        print(f"saved to {options.save}")
    if failure:
        print(failure, file=sys.stderr)
    return 1 if failure else 0


def _find_program(path: str, name: str | None) -> Program:
    """Run a file as `runtime`'s guest (its `__name__` is not `__main__`) and pick the program that it made."""
    try:
        made = runpy.run_path(path, run_name="__program__")
    except FileNotFoundError:
        raise _Refusal(f"there is no file {path}") from None
    except SyntaxError as error:
        line = (error.text or "").rstrip()
        raise _Refusal(f"{path}, line {error.lineno} does not parse: {error.msg}\n    {line.strip()}") from None
    except ProgramError as error:
        raise _Refusal(f"{path}: {error}") from None
    programs = {value.name: value for value in made.values() if isinstance(value, Program)}
    if name is not None and name not in programs:
        raise _Refusal(f"{path} makes no program {name!r}; it makes {', '.join(programs) or 'none'}")
    if not programs:
        raise _Refusal(f"{path} makes no program: it needs one at its top level, program = runtime.Program('name')")
    if name is None and len(programs) > 1:
        raise _Refusal(f"{path} makes several programs: choose one with --program {' or '.join(programs)}")
    return programs[name] if name is not None else next(iter(programs.values()))


def _show(options: argparse.Namespace) -> int:
    try:
        print(_picture(Trace.load(options.file)))
    except FileNotFoundError:
        raise _Refusal(f"there is no file {options.file}") from None
    except TraceFormatError as error:
        raise _Refusal(str(error)) from None
    return 0


def _picture(trace: Trace) -> str:
    return text.timeline(trace, width=max(60, min(140, shutil.get_terminal_size((100, 24)).columns)))


def _doctor(options: argparse.Namespace) -> int:
    findings = doctor.examine()
    print(doctor.report(findings))
    return 0 if all(not finding.advice for finding in findings) else 1


def _bench(options: argparse.Namespace) -> int:
    try:
        return bench.main(options)
    except (ValueError, OSError) as error:
        raise _Refusal(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
