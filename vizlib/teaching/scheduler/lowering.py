"""Expressions taken apart: what others can see becomes steps, what is left can be evaluated in one go.

`account.balance + inbox.recv()` becomes a read, a receive, and the sum of what they brought.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from vizlib.teaching.scheduler.steps import FUNCTIONS, TEMPORARY, Does, Expression, Place, PuzzleError, Step
from vizlib.teaching.scheduler.values import Shared

_PURE = (
    ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Constant, ast.Name, ast.Tuple, ast.List,
    ast.Subscript, ast.Slice, ast.Starred, ast.JoinedStr, ast.FormattedValue,
    ast.Load, ast.operator, ast.unaryop, ast.cmpop, ast.boolop,
)  # fmt: skip


def expression(tree: ast.expr, text: str) -> Expression:
    """An expression that needs no more taking apart."""
    whole = ast.fix_missing_locations(ast.Expression(tree))
    return Expression(text, compile(whole, "<puzzle>", "eval"))


@dataclass
class Lowering:
    """The steps so far, of one snippet whose arguments and shared variables are known."""

    given: Mapping[str, Any]
    shared: Mapping[str, Shared]
    steps: list[Step] = field(default_factory=list)
    unwinds: list[Any] = field(default_factory=list)
    temporaries: int = 0
    line: int = 0  # of the statement that is being taken apart

    # --- emitting -----------------------------------------------------------------------------------------------

    def emit(self, does: Does, told: str, **more: Any) -> Step:
        """Add a step."""
        step = Step(does, self.line, told, unwinds=tuple(reversed(self.unwinds)), **more)
        self.steps.append(step)
        return step

    def refuse(self, node: ast.AST, why: str = "") -> NoReturn:
        """Raise the error that names this line."""
        text = ast.unparse(node).splitlines()[0]
        reason = why or "a puzzle cannot step through this"
        raise PuzzleError(f"line {getattr(node, 'lineno', 0)}, `{text[:60]}`: {reason}")

    def temporary(self) -> str:
        """A new name for what a worker has in its hand."""
        self.temporaries += 1
        return f"{TEMPORARY}{self.temporaries}"

    # --- expressions --------------------------------------------------------------------------------------------

    def bound(self, name: str) -> Any:
        """What a name stands for, when that is known and does not change."""
        return self.given[name] if name in self.given else self.shared.get(name)

    def is_shared(self, node: ast.AST) -> bool:
        """Whether an expression names a place that all workers see."""
        if isinstance(node, ast.Name):
            shared = self.bound(node.id)
            return isinstance(shared, Shared) and shared.fields == ("",)
        return (
            isinstance(node, ast.Attribute | ast.Subscript)
            and isinstance(node.value, ast.Name)
            and isinstance(self.bound(node.value.id), Shared)
        )

    def place(self, node: ast.expr) -> Place:
        """The shared place that an expression names."""
        if isinstance(node, ast.Name):
            return Place(self.bound(node.id), "", None, node.id)
        assert isinstance(node, ast.Attribute | ast.Subscript)
        assert isinstance(node.value, ast.Name)
        shared = self.bound(node.value.id)
        if isinstance(node, ast.Attribute):
            if node.attr not in shared.fields:
                self.refuse(node, f"{shared.name} has no field {node.attr!r}; it has {', '.join(shared.fields)}")
            return Place(shared, node.attr, None, ast.unparse(node))
        if shared.fields:
            self.refuse(node, f"{shared.name} has fields, no numbered places")
        return Place(shared, "", self.value(node.slice), ast.unparse(node))

    def test(self, condition: ast.expr) -> Step:
        """A step that goes on or jumps."""
        value = self.value(condition)
        told = f"test {value.text}"
        return self.emit(Does.TEST, told, value=value)

    def value(self, node: ast.expr) -> Expression:
        """An expression, after the steps that it needs."""
        return expression(self.lower(node), ast.unparse(node))

    def lower(self, node: ast.expr) -> ast.expr:
        """`node` with everything that others can see taken out, as steps before it."""
        if self.is_shared(node):
            place, name = self.place(node), self.temporary()
            self.emit(Does.READ, f"read {place.text}", visible=True, place=place, target=(name, ""))
            return ast.Name(name, ast.Load())
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.BoolOp) and any(self.reaches_out(one) for one in node.values):
            return self.short_circuit(node)
        if isinstance(node, ast.IfExp) and (self.reaches_out(node.body) or self.reaches_out(node.orelse)):
            self.refuse(node, "write it as an if statement")
        if not isinstance(node, _PURE):
            self.refuse(node)
        if isinstance(node, ast.Name) and isinstance(self.bound(node.id), Shared):
            self.refuse(node, f"use the fields or places of {node.id}, not {node.id} itself")
        fields: dict[str, Any] = {}
        for name, child in ast.iter_fields(node):
            if isinstance(child, list):
                fields[name] = [self.lower(one) if isinstance(one, ast.expr) else one for one in child]
            else:
                fields[name] = self.lower(child) if isinstance(child, ast.expr) else child
        return ast.copy_location(type(node)(**fields), node)

    def reaches_out(self, node: ast.expr) -> bool:
        """Whether an expression reads what is shared, or receives."""
        return any(
            self.is_shared(one) or (isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute))
            for one in ast.walk(node)
        )

    def short_circuit(self, node: ast.BoolOp) -> ast.expr:
        """`and` and `or` ask their parts one after the other, until one decides."""
        name = self.temporary()
        skips = []
        for i, operand in enumerate(node.values):
            lowered = self.lower(operand)
            self.emit(Does.COMPUTE, "", value=expression(lowered, ast.unparse(operand)), target=(name, ""))
            if i < len(node.values) - 1:
                value = expression(ast.Name(name, ast.Load()), "")
                skips.append(self.emit(Does.SKIP, "", value=value, wanted=isinstance(node.op, ast.Or)))
        for skip in skips:
            skip.goto = len(self.steps)
        return ast.Name(name, ast.Load())

    def call(self, node: ast.Call) -> ast.expr:
        """A function without effects, or a receive."""
        if isinstance(node.func, ast.Name):
            if node.func.id not in FUNCTIONS or node.keywords:
                self.refuse(node, f"of functions, a puzzle knows {', '.join(sorted(FUNCTIONS))}")
            return ast.Call(node.func, [self.lower(one) for one in node.args], [])
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("recv", "recv_nowait") and not node.args:
            owner = ast.unparse(node.func.value)
            end = self.value(node.func.value)
            name = self.temporary()
            self.emit(Does.RECEIVE, f"receive by {owner}", visible=True, value=end, target=(name, ""),
                patient=node.func.attr == "recv", hurried=any(one.arg == "timeout" for one in node.keywords),
            )  # fmt: skip
            return ast.Name(name, ast.Load())
        return self.refuse(
            node, "of methods, a puzzle knows those of channels and locks, and append on a line of its own"
        )
