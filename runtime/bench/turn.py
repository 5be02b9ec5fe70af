"""One turn of one contestant: a fresh process, so that nobody finds what another left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from runtime.bench.catalogue import SUITES
from runtime.bench.suites import Plan, Slices

_CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from runtime.bench.turn import main; main()"
_LONGEST_S = 300


class TurnFailed(Exception):
    """The contestant's process failed; the message is its last words."""


def take_turn(suite: str, contestant: str, plan: Plan) -> Slices:
    """Let a contestant take a turn in a process of its own; return what it measured.  Raises `TurnFailed`."""
    path = json.dumps([os.path.abspath(entry) for entry in sys.path])
    process = subprocess.Popen(
        [sys.executable, "-c", _CODE, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    with process:
        try:
            answer, complaints = process.communicate(json.dumps([suite, contestant, plan]), timeout=_LONGEST_S)
        except subprocess.TimeoutExpired:
            raise TurnFailed(f"it took more than {_LONGEST_S} s") from None
        finally:
            process.kill()
    if process.returncode:
        raise TurnFailed((complaints.strip().splitlines() or [f"exit code {process.returncode}"])[-1])
    measured: Slices = json.loads(answer.splitlines()[-1])
    return measured


def main() -> None:
    """What that process does."""
    suite, contestant, plan = json.loads(sys.stdin.read())
    measured = SUITES[suite].contestants[contestant].turn(plan)
    print(json.dumps(measured), flush=True)
    os._exit(0)  # interpreters and threads of the peers need no tidying up


if __name__ == "__main__":
    main()
