"""Snippets as atomic steps: each line becomes the reads, writes, sends ... between which another worker may come.

A puzzle knows a part of Python: assignments, `if`, `while`, `for`, `with lock`, `try`/`except`, `assert`, `return`, and
the methods of channels, locks and lists.  What it does not know it refuses, naming the line.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vizlib.teaching.scheduler.lowering import Lowering, expression
from vizlib.teaching.scheduler.steps import LOOP, TEMPORARY, Does, Expression, Step
from vizlib.teaching.scheduler.values import End, Lock, Shared


def compiled(source: str, given: Mapping[str, Any], shared: Mapping[str, Shared]) -> tuple[Step, ...]:
    """The steps of the function in `source`, called with the arguments `given`; `shared` are the global variables.

    Raises `PuzzleError`, naming the line, for what a puzzle does not know.
    """
    tree = ast.parse(_flush_left(source)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    compiler = _Compiler(given, shared)
    compiler.check_names(tree)
    compiler.block(tree.body)
    compiler.emit(Does.RETURN, "return", value=expression(ast.Constant(None), "None"))
    return tuple(compiler.steps)


def _flush_left(source: str) -> str:
    lines = source.splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] if line[:indent].isspace() else line for line in lines)


@dataclass
class _Compiler(Lowering):
    loops: list[tuple[list[Step], list[Step], int]] = field(default_factory=list)  # breaks, continues, locks held

    def check_names(self, tree: ast.FunctionDef) -> None:
        """Python takes a name for a variable of the function wherever the function assigns to it, unless told so."""
        declared = {name for one in ast.walk(tree) if isinstance(one, ast.Global) for name in one.names}
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)) or node.id in declared:
                continue
            if isinstance(self.given.get(node.id), End | Lock | Shared):
                self.refuse(node, f"{node.id} is an argument that a puzzle cannot replace")
            if node.id in self.shared and node.id not in self.given:
                self.refuse(node, f"say `global {node.id}` first, or Python takes it for a variable of its own")

    # --- statements ---------------------------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        handle = getattr(self, f"on_{type(node).__name__.lower()}", None)
        if handle is None:
            self.refuse(node, "a puzzle knows no such statement")
        began, self.temporaries, self.line = len(self.steps), 0, node.lineno
        handle(node)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr) and self.temporaries:
            self.emit(Does.FORGET, "")
        self.show(began)

    def show(self, began: int) -> None:
        """Make sure that what was emitted since `began` has a step to choose, and mark the first of it."""
        new = self.steps[began:]
        if new and not any(step.visible for step in new):
            (next((step for step in new if step.does not in (Does.JUMP, Does.FORGET)), new[0])).visible = True
        for step in new:
            if step.visible:
                step.first = True
                break

    def on_pass(self, node: ast.Pass) -> None:
        self.emit(Does.PASS, "nothing", visible=True)

    def on_global(self, node: ast.Global) -> None:
        unknown = [name for name in node.names if name not in self.shared]
        if unknown:
            self.refuse(node, f"the puzzle shares no variable {unknown[0]!r}: puzzle.shared({unknown[0]!r}, 0)")

    def on_import(self, node: ast.Import) -> None:
        """Nothing: of what a module has, a puzzle knows only `time.sleep`."""

    on_importfrom = on_import

    def on_expr(self, node: ast.Expr) -> None:
        call = node.value
        if isinstance(call, ast.Constant):
            return  # a docstring
        if not isinstance(call, ast.Call):
            self.refuse(node)
        method = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if method in ("sleep", "print"):
            for argument in call.args:
                self.lower(argument)
            self.emit(Does.PASS, "sleep, for as long as it takes" if method == "sleep" else "print", visible=True)
        elif method == "append" and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            name = call.func.value.id
            if isinstance(self.bound(name), Shared):
                self.refuse(node, "a shared list has a fixed length here: write to its places")
            value = self.value(call.args[0])
            self.emit(Does.APPEND, f"append to {name}", value=value, target=(name,))
        elif method in ("send", "send_nowait", "close", "acquire", "release"):
            self.method(node, call, method)
        else:
            self.lower(call)

    def method(self, node: ast.stmt, call: ast.Call, method: str) -> None:
        assert isinstance(call.func, ast.Attribute)
        owner = ast.unparse(call.func.value)
        hurried = any(one.arg == "timeout" for one in call.keywords)
        arguments = [self.lower(argument) for argument in call.args]
        if method in ("send", "send_nowait"):
            if len(arguments) != 1:
                self.refuse(node, "send takes one object")
            pair = ast.Tuple([self.lower(call.func.value), arguments[0]], ast.Load())
            if isinstance(call.args[0], ast.BinOp) and self.temporaries:
                pair.elts[1] = self.computed(call.args[0], arguments[0])
            told = f"send {ast.unparse(call.args[0])} by {owner}"
            self.emit(Does.SEND, told, visible=True, value=expression(pair, owner),
                patient=method == "send", hurried=hurried,
            )  # fmt: skip
            return
        does = {"close": Does.CLOSE, "acquire": Does.ACQUIRE, "release": Does.RELEASE}[method]
        if arguments or (call.keywords and not hurried) or (hurried and does is not Does.ACQUIRE):
            self.refuse(node, f"a puzzle knows {method}() without arguments")
        told = {"close": f"close {owner}", "acquire": f"take {owner}", "release": f"give {owner} back"}[method]
        self.emit(does, told, visible=True, value=self.value(call.func.value), hurried=hurried)

    def on_assign(self, node: ast.Assign) -> None:
        if len(node.targets) != 1:
            self.refuse(node, "one target at a time")
        self.store(node, node.targets[0], node.value)

    def on_augassign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Subscript) and self.reaches_out(node.target.slice):
            self.refuse(node, "put the index into a variable first")
        target = ast.parse(ast.unparse(node.target), mode="eval").body
        self.store(node, node.target, ast.BinOp(target, node.op, node.value))

    def store(self, node: ast.stmt, target: ast.expr, value: ast.expr) -> None:
        text = ast.unparse(target)
        names = [one.id for one in ast.walk(target) if isinstance(one, ast.Name)]
        lowered = self.lower(value)
        if self.is_shared(target):
            if isinstance(value, ast.BinOp):
                lowered = self.computed(value, lowered)
            place = self.place(target)
            self.emit(Does.WRITE, f"write {text}", visible=True, value=expression(lowered, text), place=place)
            return
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            pair = ast.Tuple([self.lower(target.slice), lowered], ast.Load())
            told = f"{text} = {ast.unparse(value)}"
            self.emit(Does.PUT, told, visible=True, value=expression(pair, text), target=(target.value.id,))
            return
        parts = target.elts if isinstance(target, ast.Tuple) else [target]
        if not all(isinstance(part, ast.Name) for part in parts):
            self.refuse(node, "a puzzle assigns to variables, and to what is shared")
        into = tuple(names) if isinstance(target, ast.Tuple) else (names[0], "")
        in_hand = isinstance(lowered, ast.Name) and lowered.id.startswith(TEMPORARY)
        if in_hand and self.steps[-1].target == (ast.unparse(lowered), ""):
            self.steps[-1].target = into  # read straight into the variable
            return
        self.emit(Does.COMPUTE, f"{text} = {ast.unparse(value)}", value=expression(lowered, text), target=into)

    def computed(self, value: ast.expr, lowered: ast.expr) -> ast.expr:
        """The computing between a read and a write, as a step of its own."""
        if not self.temporaries:
            return lowered
        name = self.temporary()
        told = "add" if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) else "compute"
        self.emit(Does.COMPUTE, f"{told}: {ast.unparse(value)}", visible=True,
            value=expression(lowered, ast.unparse(value)), target=(name, ""),
        )  # fmt: skip
        return ast.Name(name, ast.Load())

    def on_if(self, node: ast.If) -> None:
        began = len(self.steps)
        test = self.test(node.test)
        self.show(began)
        self.block(node.body)
        over = self.emit(Does.JUMP, "") if node.orelse else None
        test.goto = len(self.steps)
        self.block(node.orelse)
        if over is not None:
            over.goto = len(self.steps)

    def on_while(self, node: ast.While) -> None:
        if node.orelse:
            self.refuse(node, "a puzzle knows no else on a loop")
        again = len(self.steps)
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        test = None if endless else self.test(node.test)
        self.show(again)
        with self.loop(again) as breaks:
            self.block(node.body)
        self.emit(Does.JUMP, "", goto=again)
        for step in [*breaks, *([test] if test else [])]:
            step.goto = len(self.steps)

    def on_for(self, node: ast.For) -> None:
        if node.orelse or not isinstance(node.target, ast.Name | ast.Tuple):
            self.refuse(node, "a puzzle knows `for name in ...:` without else")
        names = [one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)]
        rest = f"{LOOP}{len(self.loops)}"
        began = len(self.steps)
        self.emit(Does.COMPUTE, "", value=self.value(node.iter), target=(rest, ""))
        again = len(self.steps)
        told = f"next {ast.unparse(node.target)} of {ast.unparse(node.iter)}"
        target = (rest, *names) if isinstance(node.target, ast.Tuple) else (rest, names[0], "")
        advance = self.emit(Does.NEXT, told, visible=True, target=target)
        self.show(began)
        with self.loop(again) as breaks:
            self.block(node.body)
        self.emit(Does.JUMP, "", goto=again)
        for step in [*breaks, advance]:
            step.goto = len(self.steps)

    @contextmanager
    def loop(self, again: int) -> Iterator[list[Step]]:
        breaks: list[Step] = []
        continues: list[Step] = []
        self.loops.append((breaks, continues, len(self.unwinds)))
        yield breaks
        self.loops.pop()
        for step in continues:
            step.goto = again

    def on_break(self, node: ast.Break) -> None:
        self.leave_loop(node, 0)

    def on_continue(self, node: ast.Continue) -> None:
        self.leave_loop(node, 1)

    def leave_loop(self, node: ast.stmt, which: int) -> None:
        *jumps, held = self.loops[-1]
        self.give_back(node, self.unwinds[held:])
        step = self.emit(Does.JUMP, ast.unparse(node), visible=True)
        jumps[which].append(step)

    def give_back(self, node: ast.stmt, unwinds: Sequence[Any]) -> None:
        for lock in reversed(unwinds):
            if isinstance(lock, Expression):
                self.emit(Does.RELEASE, f"give {lock.text} back", visible=True, value=lock)

    def on_return(self, node: ast.Return) -> None:
        value = self.value(node.value or ast.Constant(None))
        self.give_back(node, self.unwinds)
        self.emit(Does.RETURN, f"return {value.text}", value=value)

    def on_assert(self, node: ast.Assert) -> None:
        self.emit(Does.ASSERT, f"assert {ast.unparse(node.test)}", value=self.value(node.test))

    def on_with(self, node: ast.With) -> None:
        if any(item.optional_vars is not None for item in node.items):
            self.refuse(node, "a puzzle knows `with lock:` and `with one, other:`")
        for item in node.items:
            lock = self.value(item.context_expr)
            began = len(self.steps)
            self.emit(Does.ACQUIRE, f"take {lock.text}", visible=True, value=lock)
            self.show(began)
            self.unwinds.append(lock)
        self.block(node.body)
        self.line = node.lineno
        for _ in node.items:
            lock = self.unwinds.pop()
            began = len(self.steps)
            self.emit(Does.RELEASE, f"give {lock.text} back", visible=True, value=lock)
            self.show(began)

    def on_try(self, node: ast.Try) -> None:
        if node.orelse or node.finalbody or any(one.name for one in node.handlers):
            self.refuse(node, "a puzzle knows try with except, without else, finally and as")
        names = [
            tuple(ast.unparse(one).rpartition(".")[2] for one in _classes(handler.type)) for handler in node.handlers
        ]
        protected = len(self.steps)
        places = [(names[i], -1 - i) for i in range(len(names))]
        self.unwinds.extend(reversed(places))
        self.block(node.body)
        del self.unwinds[len(self.unwinds) - len(places) :]
        ends = [self.emit(Does.JUMP, "")]
        until = len(self.steps)
        for i, handler in enumerate(node.handlers):
            goto = len(self.steps)
            for step in self.steps[protected:until]:
                step.unwinds = tuple((one[0], goto) if one is places[i] else one for one in step.unwinds)
            self.block(handler.body)
            ends.append(self.emit(Does.JUMP, ""))
        for step in ends:
            step.goto = len(self.steps)


def _classes(node: ast.expr | None) -> Sequence[ast.expr]:
    if node is None:
        return [ast.Name("BaseException")]
    return node.elts if isinstance(node, ast.Tuple) else [node]
