"""What a channel costs, in each of its forms, against the bare primitive: `python -m tests.benchmarks.bench_channels`.

All peers: `python -m runtime bench pair`.  As there, contestants take turns, and arguments are those of that command.
"""

from __future__ import annotations

import sys

from runtime.__main__ import main

FORMS = ("bare", "recorded", "unrecorded", "rendezvous", "unbounded", "threads", "processes")

if __name__ == "__main__":
    sys.exit(main(["bench", "pair", "--only", ",".join(FORMS), *sys.argv[1:]]))
