"""`python -m tests.benchmarks [SUITE ...]`: the same as `python -m runtime bench`."""

import sys

from runtime.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["bench", *sys.argv[1:]]))
