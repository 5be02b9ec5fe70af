"""The suites about running: speed-up, start-up, memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from runtime import hosting
from runtime.backends import BACKENDS
from runtime.bench import scripts
from runtime.bench.suites import Contestant, Plan, Slices, Suite, Table
from runtime.pools.pool import Pool
from runtime.program import Program


def _needs_interpreter_pool() -> str:
    return "" if sys.version_info >= (3, 14) else "new in Python 3.14"


def _pool(kind: str) -> Any:
    """An executor of the standard library, for two workers."""
    import concurrent.futures as futures  # noqa: PLC0415 - slow to import, as are the pools

    if kind == "processes":
        import multiprocessing  # noqa: PLC0415

        return futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))
    return futures.ThreadPoolExecutor(2) if kind == "threads" else futures.InterpreterPoolExecutor(2)  # type: ignore[attr-defined, unused-ignore]


def _in_words(backend: str) -> str:
    return "this runtime" if backend == "interpreters" else f"this runtime, {backend}"


# --- speed-up -----------------------------------------------------------------------------------------------------


def _compute_in_turn(plan: Plan) -> Slices:
    return {"both": [_computed(1, 2, "interpreters", plan)]}


def _compute_beside(backend: str, plan: Plan, **settings: Any) -> Slices:
    return {"both": [_computed(2, 1, backend, plan, **settings)]}


def _computed(workers: int, pieces: int, backend: str, plan: Plan, **settings: Any) -> float:
    program = Program("compute")
    for number in range(workers):
        program.worker(pieces, plan["size"], name=f"worker {number}")(scripts.compute)
    return float(program.run(backend, **settings).wall_ns)


def _compute_in_pool(kind: str, plan: Plan) -> Slices:
    with _pool(kind) as pool:
        list(pool.map(scripts.compute, (1, 1), (1, 1)))  # its workers have started
        began = time.perf_counter_ns()
        list(pool.map(scripts.compute, (1, 1), (plan["size"],) * 2))
        return {"both": [float(time.perf_counter_ns() - began)]}


SPEEDUP = Suite(
    "Two pieces of computing",
    {
        "in turn": Contestant("one worker, one after the other", _compute_in_turn),
        **{name: Contestant(_in_words(name), partial(_compute_beside, name)) for name in BACKENDS},
        "unobserved": Contestant(
            "this runtime, not observed", partial(_compute_beside, "interpreters", sample_interval=None)
        ),
        "interpreter pool": Contestant(
            "InterpreterPoolExecutor", partial(_compute_in_pool, "interpreters"), _needs_interpreter_pool
        ),
        "process pool": Contestant("ProcessPoolExecutor", partial(_compute_in_pool, "processes")),
        "thread pool": Contestant("ThreadPoolExecutor", partial(_compute_in_pool, "threads")),
    },
    (Table("Two pieces of computing, by two workers", ("both",), reference="in turn"),),
    plan={"size": 12_000_000},  # long beside the milliseconds that a kernel may take to give each a core
    quick={"size": 2_000_000},
    rounds=7,
)


# --- pools --------------------------------------------------------------------------------------------------------


def _map(create: Callable[[], Any], plan: Plan) -> Slices:
    with create() as pool:
        list(pool.map(scripts.square, range(20)))  # its workers have started
        seen: list[float] = []
        for _ in range(plan["slices"]):
            began = time.perf_counter_ns()
            list(pool.map(scripts.square, range(plan["tasks"])))
            seen.append((time.perf_counter_ns() - began) / plan["tasks"])
    return {"task": seen}


POOL = Suite(
    "Pools",
    {
        "recorded": Contestant("this runtime's Pool", partial(_map, partial(Pool, 2))),
        "unrecorded": Contestant("this runtime's Pool, not recorded", partial(_map, partial(Pool, 2, record=False))),
        "interpreter pool": Contestant(
            "InterpreterPoolExecutor", partial(_map, partial(_pool, "interpreters")), _needs_interpreter_pool
        ),
        "process pool": Contestant("ProcessPoolExecutor", partial(_map, partial(_pool, "processes"))),
        "thread pool": Contestant("ThreadPoolExecutor", partial(_map, partial(_pool, "threads"))),
    },
    (Table("A pool of two, map over small tasks, each task", ("task",), reference="interpreter pool"),),
    plan={"slices": 3, "tasks": 3_000},
    quick={"tasks": 1_000},
    rounds=5,
)

_PATIENCE_S = 60.0

# --- start-up -----------------------------------------------------------------------------------------------------


def _start(backend: str, plan: Plan, *, warm: bool = False) -> Slices:
    """From the call of `run` to the first line of a snippet; by the number of workers, to the last worker's."""
    if warm:
        hosting.keep_warm()
    measured: Slices = {}
    for count in plan["workers"]:
        program = Program("start")
        program.worker(copies=count)(scripts.stamp)
        seen: list[float] = []
        for _ in range(plan["runs"]):
            if warm:
                hosting.spare_ready(_PATIENCE_S)
            began = time.monotonic_ns()
            stamps = program.run(backend).results.values()
            seen.append(min(stamps) - began)
            measured.setdefault(str(count), []).append(max(stamps) - began)
        if count == 2:
            measured["first line"] = seen
    return measured


def _start_pool(kind: str, plan: Plan) -> Slices:
    seen: list[float] = []
    for _ in range(plan["runs"]):
        began = time.monotonic_ns()
        with _pool(kind) as pool:
            stamps = [future.result() for future in [pool.submit(scripts.stamp) for _ in range(2)]]
        seen.append(min(stamps) - began)
    return {"first line": seen}


def _start_python(plan: Plan) -> Slices:
    seen: list[float] = []
    for _ in range(plan["runs"]):
        began = time.monotonic_ns()
        command = [sys.executable, "-c", "import time; print(time.monotonic_ns())"]
        seen.append(int(subprocess.run(command, capture_output=True, check=True).stdout) - began)
    return {"first line": seen}


STARTUP = Suite(
    "Start-up",
    {
        "python": Contestant("python -c", _start_python),
        **{name: Contestant(_in_words(name), partial(_start, name)) for name in BACKENDS},
        "warm": Contestant("this runtime, with a warm host", partial(_start, "interpreters", warm=True)),
        "interpreter pool": Contestant(
            "InterpreterPoolExecutor", partial(_start_pool, "interpreters"), _needs_interpreter_pool
        ),
        "process pool": Contestant("ProcessPoolExecutor", partial(_start_pool, "processes")),
    },
    (
        Table("From the call of run() to the first line of a snippet, two workers", ("first line",), "python"),
        Table(
            "From the call of run() to the last worker's first line, by the number of workers",
            ("1", "2", "4", "8", "16"),
        ),
    ),
    plan={"runs": 3, "workers": [1, 2, 4, 8, 16]},
    quick={"runs": 2},
    rounds=5,
)


# --- memory -------------------------------------------------------------------------------------------------------


def _needs_proc() -> str:
    return "" if os.path.exists("/proc/self/status") else "only Linux tells what memory is private"


def _weigh(backend: str, plan: Plan) -> Slices:
    """Anonymous memory of all processes, more with many workers than with one, for each that is more."""
    many = plan["workers"]
    return {"each": [(_weight_of(backend, many) - _weight_of(backend, 1)) / (many - 1)]}


def _weight_of(backend: str, count: int) -> int:
    program = Program("weigh")
    program.worker(copies=count)(scripts.weigh)
    weights: dict[int, int] = {}
    for process, weight in program.run(backend).results.values():
        weights[process] = max(weight, weights.get(process, 0))
    return sum(weights.values())


def _weigh_bare(create: Callable[[], Any], plan: Plan) -> Slices:
    create()  # what only the first takes
    before = scripts.weigh()[1]
    kept = [create() for _ in range(plan["workers"])]
    return {"each": [(scripts.weigh()[1] - before) / len(kept)]}


def _bare_interpreter() -> int:
    from runtime import cpython  # noqa: PLC0415

    return cpython.create_interpreter(own_gil=True)


def _bare_thread() -> threading.Thread:
    begun, gate = threading.Event(), threading.Event()

    def live() -> None:
        begun.set()
        gate.wait()

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    begun.wait()
    return thread


MEMORY = Suite(
    "Memory",
    {
        "bare thread": Contestant("a thread, nothing in it", partial(_weigh_bare, _bare_thread), _needs_proc),
        "bare interpreter": Contestant(
            "an interpreter, nothing in it", partial(_weigh_bare, _bare_interpreter), _needs_proc
        ),
        **{name: Contestant(_in_words(name), partial(_weigh, name), _needs_proc) for name in BACKENDS},
    },
    (Table("Private memory of each further worker", ("each",), reference="bare interpreter", unit="bytes"),),
    plan={"workers": 9},
    quick={"workers": 5},
    rounds=3,
)
