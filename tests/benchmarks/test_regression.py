"""No ratio became worse by more than a third.  By hand: `python3 bootstrap.py test -m benchmark -k regression -s`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runtime.__main__ import main

BASELINE = Path(__file__).parent / f"baseline-{sys.version_info.major}.{sys.version_info.minor}.json"


@pytest.mark.benchmark
@pytest.mark.skipif(not BASELINE.exists(), reason=f"write it first: python -m runtime bench --json {BASELINE.name}")
def test_no_regression_of_the_ratios():
    assert main(["bench", "--baseline", str(BASELINE)]) == 0
