"""Every suite, by the name that the command line knows."""

from __future__ import annotations

from runtime.bench.passing import FAN, FLOOD, MANY, PAIR, SELECT
from runtime.bench.running import MEMORY, POOL, SPEEDUP, STARTUP
from runtime.bench.suites import Suite
from runtime.bench.ways import SIZES

SUITES: dict[str, Suite] = {
    "pair": PAIR,
    "fan": FAN,
    "many": MANY,
    "select": SELECT,
    "flood": FLOOD,
    "sizes": SIZES,
    "pool": POOL,
    "speedup": SPEEDUP,
    "startup": STARTUP,
    "memory": MEMORY,
}
