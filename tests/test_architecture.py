"""The map of the house: every room, what it may import from the other rooms, and that it imports downwards only.

A new module fails here until it has its row.  When a change does not fit its room, change this plan first.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent

# room -> the rooms that it imports, all of which stand above it.  Names are relative to the room's own package where
# they can be.  The order is the layers: common words first, then what records, what waits, what runs, what draws.
ROOMS: dict[str, str] = {
    # words that all use
    "runtime": "",
    "runtime.backends": "",
    "runtime.cpython": "",
    "runtime.errors": "",
    "runtime.snippets": "errors",
    # runtime.tracing: what was recorded, and what it says
    "runtime.tracing": "",
    "runtime.tracing.layout": "",
    "runtime.tracing.printed": "",
    "runtime.tracing.tables": "",
    "runtime.tracing.values": "",
    "runtime.tracing.vocabulary": "",
    "runtime.tracing.wording": "",
    "runtime.tracing.model": "tracing.vocabulary",
    "runtime.tracing.recorder": "tracing.layout",
    "runtime.tracing.breakdown": "tracing.model tracing.tables",
    "runtime.tracing.checks": "tracing.model tracing.tables",
    "runtime.tracing.columns": "tracing.layout tracing.model",
    "runtime.tracing.cores": "tracing.model",
    "runtime.tracing.depth": "tracing.model tracing.tables",
    "runtime.tracing.header": "errors tracing.model tracing.values",
    "runtime.tracing.rings": "tracing.model tracing.wording",
    "runtime.tracing.strips": "tracing.model tracing.tables tracing.wording",
    "runtime.tracing.upkeep": "tracing.model",
    "runtime.tracing.waits": "tracing.model tracing.tables",
    "runtime.tracing.conservation": "tracing.checks tracing.model tracing.tables",
    "runtime.tracing.files": "errors tracing.checks tracing.header tracing.model tracing.tables tracing.values",
    "runtime.tracing.messages": "tracing.columns tracing.layout tracing.model tracing.tables",
    "runtime.tracing.partition": "tracing.columns tracing.layout tracing.model",
    "runtime.tracing.samples": "tracing.columns tracing.layout tracing.model",
    "runtime.tracing.edits": "tracing.model tracing.partition",
    "runtime.tracing.places": "tracing.edits tracing.model tracing.partition tracing.tables",
    "runtime.tracing.refine": "tracing.edits tracing.model tracing.partition tracing.samples",
    "runtime.tracing.decode": (
        "tracing.columns tracing.cores tracing.layout tracing.messages tracing.model tracing.partition "
        "tracing.places tracing.printed tracing.refine tracing.samples tracing.tables"
    ),
    "runtime.tracing.traces": (
        "tracing.breakdown tracing.depth tracing.files tracing.model tracing.places tracing.tables tracing.waits"
    ),
    "runtime.tracing.recording": "tracing.conservation tracing.decode tracing.layout tracing.model tracing.traces",
    "runtime.tracing.progress": (
        "tracing.columns tracing.decode tracing.layout tracing.model tracing.printed tracing.recording "
        "tracing.tables tracing.traces"
    ),
    "runtime.tracing.text": (
        "tracing.breakdown tracing.model tracing.rings tracing.strips tracing.traces tracing.upkeep tracing.wording"
    ),
    # runtime.channels: two ends, and all waiting
    "runtime.channels": "",
    "runtime.channels.parking": "",
    "runtime.channels.letterbox": "cpython",
    "runtime.channels.broker": "errors",
    "runtime.channels.processbox": "channels.letterbox channels.parking",
    "runtime.channels.ground": (
        "channels.broker channels.letterbox channels.parking channels.processbox cpython errors"
    ),
    "runtime.channels.context": "channels.parking tracing.recorder",
    "runtime.channels.mapped": "channels.broker errors",
    "runtime.channels.memory": "channels.broker channels.mapped cpython errors",
    "runtime.channels.lending": "channels.broker channels.memory errors",
    "runtime.channels.buffers": "channels.context channels.memory errors",
    "runtime.channels.core": (
        "channels.context channels.ground channels.letterbox channels.memory channels.parking cpython errors"
    ),
    "runtime.channels.diagnosis": "channels.context",
    "runtime.channels.transfer": (
        "channels.buffers channels.context channels.core channels.diagnosis channels.lending channels.letterbox errors "
        "tracing.vocabulary"
    ),
    "runtime.channels.end": (
        "channels.context channels.core channels.letterbox channels.parking errors tracing.layout"
    ),
    "runtime.channels.crossing": (
        "channels.buffers channels.context channels.diagnosis channels.end channels.transfer errors tracing.vocabulary"
    ),
    "runtime.channels.marks": "channels.context channels.core channels.letterbox",
    "runtime.channels.sharing": "channels.context channels.end",
    "runtime.channels.sending": (
        "channels.buffers channels.context channels.core channels.end channels.letterbox channels.marks "
        "channels.parking channels.sharing channels.transfer errors tracing.layout tracing.recorder"
    ),
    "runtime.channels.awaiting": "channels.parking",
    "runtime.channels.receiving": (
        "channels.awaiting channels.buffers channels.context channels.core channels.end channels.lending "
        "channels.letterbox channels.parking channels.sending channels.sharing errors tracing.layout "
        "tracing.vocabulary"
    ),
    "runtime.channels.ends": (
        "channels.context channels.core channels.end channels.marks channels.receiving channels.sending"
    ),
    "runtime.channels.locks": (
        "channels.context channels.core channels.end channels.marks channels.receiving channels.sending errors"
    ),
    "runtime.channels.vigil": "channels.parking",
    "runtime.channels.timers": (
        "channels.context channels.core channels.end channels.parking channels.vigil errors tracing.layout"
    ),
    "runtime.channels.selecting": (
        "channels.context channels.core channels.end channels.parking channels.receiving channels.timers "
        "channels.vigil errors tracing.layout"
    ),
    # runtime.host: the process that runs a program
    "runtime.host": "",
    "runtime.host.watchdog": "channels.parking",
    "runtime.host.memory": "tracing.layout",
    "runtime.host.job": "snippets tracing.layout",
    "runtime.host.observer": "channels.parking tracing.layout tracing.recorder",
    "runtime.host.output": "tracing.recorder",
    "runtime.host.sight": (
        "channels.broker channels.core channels.ground channels.marks channels.processbox cpython errors tracing.layout"
    ),
    "runtime.host.deadlock": "channels.core cpython host.job host.sight",
    "runtime.host.lines": "channels.context",
    "runtime.host.worker": (
        "channels.buffers channels.context channels.core channels.diagnosis channels.ends channels.locks "
        "channels.memory channels.parking cpython errors host.job host.lines host.memory host.output host.watchdog "
        "snippets tracing.layout tracing.recorder tracing.vocabulary"
    ),
    "runtime.host.process": "channels.broker host.job host.output host.watchdog host.worker",
    "runtime.host.spawning": "channels.broker host.job host.process host.worker tracing.vocabulary",
    "runtime.host.runners": (
        "backends channels.broker channels.parking cpython host.job host.observer host.output host.spawning "
        "host.watchdog host.worker"
    ),
    "runtime.host.coordinator": (
        "backends channels.context channels.core channels.locks channels.memory channels.parking channels.sharing "
        "cpython host.deadlock host.job host.memory "
        "host.observer host.runners host.sight host.worker tracing.recorder tracing.vocabulary"
    ),
    # runtime: programs and their runs
    "runtime.reports": "snippets tracing.model",
    "runtime.hosting": "errors",
    "runtime.run": (
        "backends errors host.job hosting reports tracing.decode tracing.layout tracing.model tracing.progress "
        "tracing.recording "
        "tracing.traces"
    ),
    "runtime.program": "backends channels.broker channels.diagnosis errors host.job run snippets tracing.traces",
    "runtime.portable": "channels.diagnosis errors snippets",
    "runtime.pools": "",
    "runtime.pools.history": "tracing.model tracing.traces",
    "runtime.pools.tasks": (
        "channels.diagnosis channels.ends channels.parking errors host.job host.worker portable tracing.recorder"
    ),
    "runtime.pools.link": "channels.parking errors host.job pools.tasks",
    "runtime.pools.pool": (
        "errors host.job pools.history pools.link pools.tasks portable program run tracing.recorder tracing.traces"
    ),
    # runtime.patterns: ways to work together, on the public names alone
    "runtime.patterns": "",
    "runtime.patterns.actors": "runtime",
    "runtime.patterns.broadcast": "runtime",
    "runtime.patterns.ring": "runtime",
    "runtime.patterns.pulling": "runtime",
    "runtime.patterns.stealing": "runtime portable",
    "runtime.patterns.transactions": "runtime",
    "runtime.patterns.codes": "runtime portable",
    "runtime.pythons": "",
    "runtime.doctor": "backends errors host.observer program pythons",
    # runtime.bench: what everything costs, beside its peers
    "runtime.bench": "",
    "runtime.bench.scripts": "runtime",
    "runtime.bench.suites": "",
    "runtime.bench.scenes": "bench.scripts",
    "runtime.bench.lines": "bench.scenes cpython",
    "runtime.bench.stage": "bench.lines bench.scenes bench.scripts cpython program",
    "runtime.bench.passing": "backends bench.scenes bench.stage bench.suites host.job",
    "runtime.bench.running": "backends bench.scripts bench.suites cpython hosting pools.pool program",
    "runtime.bench.ways": "bench.scripts bench.suites program tracing.traces",
    "runtime.bench.catalogue": "bench.passing bench.running bench.suites bench.ways",
    "runtime.bench.turn": "bench.catalogue bench.suites",
    "runtime.bench.results": "bench.suites",
    "runtime.bench.tables": "bench.results bench.suites tracing.wording",
    "runtime.bench.goals": "bench.results bench.tables",
    "runtime.bench.page": "bench.catalogue bench.goals bench.results bench.tables",
    "runtime.bench.regression": "bench.results",
    "runtime.bench.command": (
        "bench.catalogue bench.goals bench.page bench.regression bench.results bench.suites bench.tables bench.turn"
    ),
    "runtime.__main__": "backends bench.command doctor errors program tracing.text tracing.traces",
    # vizlib: drawing traces
    "vizlib.browser": "",
    "vizlib.controls": "",
    "vizlib.packing": "",
    "vizlib.views": "",
    "vizlib.palette": "runtime.tracing.model",
    "vizlib.bundle": "palette",
    "vizlib.stills": "browser",
    "vizlib.theme": "palette",
    "vizlib.plan": "runtime.tracing.model runtime.tracing.traces",
    "vizlib.words": "runtime.tracing.model runtime.tracing.traces runtime.tracing.wording",
    "vizlib.comparison": "runtime.tracing.model runtime.tracing.traces runtime.tracing.upkeep words",
    "vizlib.lanes": "runtime.tracing.traces words",
    "vizlib.perfetto": "runtime.tracing.depth runtime.tracing.model runtime.tracing.rings runtime.tracing.traces words",
    "vizlib.played": (
        "lanes packing palette runtime.tracing.depth runtime.tracing.model runtime.tracing.tables "
        "runtime.tracing.traces words"
    ),
    "vizlib.views.costs": "palette runtime.tracing.model runtime.tracing.traces theme words",
    "vizlib.frame": "lanes theme",
    "vizlib.page": "bundle controls packing played stills",
    "vizlib.text": "comparison palette runtime.tracing.strips runtime.tracing.text runtime.tracing.traces words",
    "vizlib.views.summary": "played runtime.tracing.model runtime.tracing.traces runtime.tracing.upkeep words",
    "vizlib.legend": "comparison palette runtime.tracing.model runtime.tracing.traces text words",
    "vizlib.views.blocking": (
        "frame lanes palette played runtime.tracing.depth runtime.tracing.model runtime.tracing.traces theme words"
    ),
    "vizlib.views.deadlock": (
        "lanes page runtime.tracing.model runtime.tracing.rings runtime.tracing.traces theme words"
    ),
    "vizlib.views.machine": "page plan played runtime.tracing.model runtime.tracing.traces words",
    "vizlib.views.source": "page runtime.tracing.model runtime.tracing.traces words",
    "vizlib.views.timeline": (
        "frame lanes played runtime.tracing.model runtime.tracing.traces theme views.deadlock words"
    ),
    "vizlib.pictures": (
        "comparison frame legend page played runtime.tracing.model runtime.tracing.traces text views.blocking "
        "views.costs views.deadlock views.machine views.source views.summary views.timeline words"
    ),
    "vizlib.gallery": "page pictures runtime.tracing.traces",
    # vizlib.teaching: predictions and checks
    "vizlib.teaching.store": "",
    "vizlib.teaching.answers": "teaching.store",
    "vizlib.teaching.markup": "",
    "vizlib.teaching.questions": "teaching.answers teaching.markup",
    "vizlib.teaching.reveal": "teaching.answers teaching.markup",
    "vizlib.teaching.bars": "teaching.markup",
    "vizlib.teaching.forms": "teaching.answers teaching.markup teaching.questions",
    "vizlib.teaching.requirements": (
        "runtime.tracing.model runtime.tracing.rings runtime.tracing.traces teaching.questions words"
    ),
    "vizlib.teaching.efforts": (
        "played runtime.tracing.breakdown runtime.tracing.model runtime.tracing.traces teaching.requirements words"
    ),
    "vizlib.teaching.flows": "runtime.tracing.model runtime.tracing.traces teaching.requirements words",
    "vizlib.teaching.report": (
        "runtime.errors runtime.tracing.traces teaching.markup teaching.requirements teaching.store words"
    ),
    "vizlib.teaching.progress": "teaching.markup teaching.store words",
    "vizlib.teaching.scheduler.values": "",
    "vizlib.teaching.scheduler.steps": "teaching.scheduler.values",
    "vizlib.teaching.scheduler.lowering": "teaching.scheduler.steps teaching.scheduler.values",
    "vizlib.teaching.scheduler.compiling": (
        "teaching.scheduler.lowering teaching.scheduler.steps teaching.scheduler.values"
    ),
    "vizlib.teaching.scheduler.state": "teaching.scheduler.steps teaching.scheduler.values",
    "vizlib.teaching.scheduler.machine": (
        "runtime.errors teaching.scheduler.state teaching.scheduler.steps teaching.scheduler.values"
    ),
    "vizlib.teaching.scheduler.exploration": (
        "teaching.scheduler.machine teaching.scheduler.state teaching.scheduler.steps"
    ),
    "vizlib.teaching.scheduler.game": (
        "teaching.scheduler.exploration teaching.scheduler.machine teaching.scheduler.state "
        "teaching.scheduler.steps teaching.scheduler.values words"
    ),
    "vizlib.teaching.scheduler.telling": (
        "teaching.markup teaching.report teaching.requirements teaching.scheduler.game teaching.scheduler.state words"
    ),
    "vizlib.teaching.scheduler.panel": (
        "bundle palette teaching.scheduler.exploration teaching.scheduler.game teaching.scheduler.state "
        "teaching.scheduler.steps teaching.scheduler.telling teaching.scheduler.values"
    ),
    "vizlib.teaching.scheduler.puzzle": (
        "teaching.report teaching.scheduler.compiling teaching.scheduler.game teaching.scheduler.machine "
        "teaching.scheduler.panel teaching.scheduler.state teaching.scheduler.steps teaching.scheduler.telling "
        "teaching.scheduler.values"
    ),
    "vizlib.teaching.orders": (
        "runtime.tracing.traces teaching.requirements teaching.scheduler.puzzle teaching.scheduler.steps words"
    ),
    "vizlib.teaching.scheduler.outcomes": "teaching.scheduler.game teaching.scheduler.values",
    "vizlib.teaching.scheduler": (
        "teaching.scheduler.panel teaching.scheduler.puzzle teaching.scheduler.steps teaching.scheduler.telling"
    ),
    "vizlib.teaching.misconceptions": (
        "runtime.errors runtime.tracing.model runtime.tracing.rings runtime.tracing.traces teaching.markup "
        "teaching.scheduler.game teaching.scheduler.outcomes teaching.scheduler.puzzle teaching.scheduler.state words"
    ),
    "vizlib.teaching.replay": (
        "runtime.errors runtime.reports runtime.tracing.traces teaching.markup teaching.scheduler.puzzle words"
    ),
    "vizlib.teaching": (
        "teaching.answers teaching.bars teaching.efforts teaching.flows teaching.forms teaching.misconceptions "
        "teaching.orders teaching.progress teaching.questions teaching.replay teaching.report teaching.requirements "
        "teaching.reveal teaching.scheduler"
    ),
    # vizlib.running: runs on the screen while they run
    "vizlib.running": "",
    "vizlib.running.notebook": "",
    "vizlib.running.loader": "bundle palette",
    "vizlib.running.growth": (
        "lanes palette runtime.tracing.model runtime.tracing.progress runtime.tracing.tables runtime.tracing.traces"
    ),
    "vizlib.running.figure": "lanes running.growth running.loader theme words",
    "vizlib.running.outcomes": "runtime.errors runtime.tracing.traces words",
    "vizlib.running.strip": "palette running.outcomes runtime.tracing.model runtime.tracing.progress words",
    "vizlib.running.stage": (
        "running.figure running.growth running.loader running.notebook running.outcomes running.strip "
        "runtime.tracing.progress"
    ),
    "vizlib.running.watching": "running.outcomes runtime.errors runtime.tracing.progress runtime.tracing.traces",
    "vizlib.running.parameters": "runtime.backends words",
    "vizlib.running.history": "running.outcomes runtime.tracing.traces words",
    "vizlib.running.controls": "page running.history running.notebook running.parameters",
    "vizlib.running.lab": (
        "page pictures running.controls running.history running.loader running.notebook running.outcomes "
        "running.parameters running.stage running.watching runtime.tracing.progress runtime.tracing.traces "
        "teaching.reveal words"
    ),
    "vizlib.running.live": (
        "pictures running.loader running.notebook running.outcomes running.stage running.strip running.watching "
        "runtime.tracing.progress runtime.tracing.traces words"
    ),
    "vizlib": "browser gallery page perfetto pictures runtime running.lab running.live text",
    "vizlib.__main__": "perfetto runtime.errors runtime.tracing.traces vizlib",
}

MAX_LINES = 500


def modules(*packages: str) -> Iterator[tuple[str, Path]]:
    for package in packages:
        for path in sorted((HOUSE / package).rglob("*.py")):
            parts = path.relative_to(HOUSE).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[str]:
    """Modules that a file imports, at its top level and inside functions; not those under TYPE_CHECKING."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ignored = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in ignored:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if _is_module(inner) else node.module


def _is_module(name: str) -> bool:
    path = HOUSE.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def named(room: str) -> set[str]:
    """The full names of the rooms that a room's row names."""
    package = room.split(".")[0]
    names = ROOMS[room].split()
    return {name if name.split(".")[0] in ("runtime", "vizlib") else f"{package}.{name}" for name in names}


@pytest.mark.parametrize(("room", "path"), list(modules("runtime", "vizlib")), ids=lambda value: str(value))
def test_a_room_imports_only_what_the_map_allows(room, path):
    assert room in ROOMS, f"{room} is not on the map: give it a row in its layer"
    used = {name for name in imports(path) if name.split(".")[0] in ("runtime", "vizlib")}
    used.discard(room)  # a snippet in it imports the room again, elsewhere
    assert used <= named(room), f"{room} imports what its row does not name"
    assert used >= named(room), f"the row of {room} names what it does not import"


def test_every_row_is_a_room_and_names_only_rooms_above_it():
    exist = {room for room, _ in modules("runtime", "vizlib")}
    above: set[str] = set()
    for room in ROOMS:
        assert room in exist, f"{room} is on the map but not in the house"
        assert named(room) <= above, f"{room} names {named(room) - above}, not above it"
        above.add(room)


def test_the_runtime_needs_only_the_standard_library():
    for room, path in modules("runtime"):
        outside = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names - {"runtime"}
        assert not outside, f"{room} imports {outside}"


def test_drawing_never_runs_a_program():
    running = ("runtime.host", "runtime.program", "runtime.run", "runtime.channels", "runtime.cpython")
    for room, path in modules("vizlib"):
        assert not [name for name in imports(path) if name.startswith(running)], room


@pytest.mark.parametrize(("room", "path"), list(modules("runtime", "vizlib")), ids=lambda value: str(value))
def test_rooms_are_small(room, path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES, f"{room}: which room should be two?"


def test_no_module_hides_one_of_the_standard_library():
    for room, _ in modules("runtime", "vizlib"):
        name = room.rpartition(".")[2]
        assert name not in sys.stdlib_module_names - {"runtime"} or name == "__main__", room


def _import_cost(statement: str) -> tuple[float, list[str]]:
    """CPU seconds that a statement takes in a fresh interpreter, and the modules that it brings."""
    code = (
        f"import time, sys; before = time.process_time(); {statement}; "
        "print(time.process_time() - before, *sys.modules)"
    )
    words = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOUSE).stdout
    cost, *brought = words.split()
    return float(cost), brought


def test_everything_in_runtime_imports_fast_and_without_bokeh():
    commands = ("runtime.__main__", "runtime.bench")  # nobody imports these but who gives them
    everything = "; ".join(f"import {room}" for room, _ in modules("runtime") if not room.startswith(commands))
    _, brought = _import_cost(everything)  # writes the byte code
    costs, yardsticks = [], []
    for _ in range(8):  # what an import that everybody knows costs in the same moment tells how fast this machine is
        costs.append(_import_cost(everything)[0])
        yardsticks.append(_import_cost("import asyncio")[0])
        if min(costs) < 0.1 or min(costs) < 5 * min(yardsticks):
            break
    else:
        pytest.fail(f"importing everything took {min(costs):.3f} s, asyncio {min(yardsticks):.3f} s")
    assert "bokeh" not in brought
    assert "ipywidgets" not in brought
