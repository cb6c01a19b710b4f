"""The assertions of a test, and how much each says. Runs in the jail: the standard library only.

In `alike` and `about` names of local variables and parameters are replaced by their order, so that a renamed variable
is no change.
"""

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scalar = str | int | float | bool | None

EXACT, NEAR, MEMBER, ORDERED, OTHER, TRUTH, NOTHING = 6, 5, 4, 3, 2, 1, 0
_COMPARED: dict[type[ast.cmpop], int] = {
    ast.Eq: EXACT,
    ast.Is: EXACT,
    ast.In: MEMBER,
    ast.Lt: ORDERED,
    ast.LtE: ORDERED,
    ast.Gt: ORDERED,
    ast.GtE: ORDERED,
    ast.NotEq: OTHER,
    ast.IsNot: OTHER,
    ast.NotIn: OTHER,
}
_NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_UNITTEST = {"assertEqual": EXACT, "assertIs": EXACT, "assertIsNone": EXACT, "assertDictEqual": EXACT}
_UNITTEST |= {"assertListEqual": EXACT, "assertIn": MEMBER, "assertAlmostEqual": NEAR, "assertIsInstance": ORDERED}
_WIDE = {"Exception", "BaseException"}
_SWALLOWED = _WIDE | {"AssertionError"}
_TOLERANCES = {"abs", "rel", "abs_tol", "rel_tol", "delta"}
_LONGEST = 1000


@dataclass(frozen=True)
class Assertion:
    """`text` is all of it and `subject` what it is about; `alike` and `about` are these with other names for locals;
    `shape` is without constants too. `bare`: it is behind an `if`, or a failure of it would be swallowed.
    """

    line: int
    text: str
    subject: str
    alike: str
    about: str
    shape: str
    strength: int
    tolerance: float
    bare: bool


def assertions(function: Function) -> list[Assertion]:
    """In the order they stand in. What comes after an unconditional `return` is never reached."""
    return list(_Reader(_locals(function)).block(function.body, bare=False))


def normal(function: Function) -> str:
    """The body with renamed locals, without a docstring."""
    body = function.body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    renamed = _locals(function)
    return "\n".join(_text(statement, renamed) for statement in body)


class _Reader:
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def block(self, statements: Sequence[ast.stmt], *, bare: bool) -> Iterator[Assertion]:
        for statement in statements:
            yield from self._statement(statement, bare=bare)
            if isinstance(statement, ast.Return | ast.Raise):
                return

    def _statement(self, node: ast.stmt, *, bare: bool) -> Iterator[Assertion]:
        match node:
            case ast.Assert(test=test):
                yield from self._said(test, node.lineno, bare=bare)
            case ast.Expr(value=ast.Call() as call) | ast.Expr(value=ast.Await(value=ast.Call() as call)):
                yield from self._called(call, bare=bare)
            case ast.With() | ast.AsyncWith():
                yield from self._with(node, bare=bare)
            case ast.If():
                yield from self.block([*node.body, *node.orelse], bare=True)
            case ast.Try() | ast.TryStar():
                swallowed = any(_swallows(handler) for handler in node.handlers)
                yield from self.block(node.body, bare=bare or swallowed)
                for handler in node.handlers:
                    yield from self.block(handler.body, bare=bare)
                yield from self.block([*node.orelse, *node.finalbody], bare=bare)
            case ast.For() | ast.AsyncFor() | ast.While():
                yield from self.block([*node.body, *node.orelse], bare=bare)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from self.block(node.body, bare=bare)
            case ast.Match():
                for case in node.cases:
                    yield from self.block(case.body, bare=True)

    def _with(self, node: ast.With | ast.AsyncWith, *, bare: bool) -> Iterator[Assertion]:
        for item in node.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and _last(call.func) in {"raises", "warns", "assertRaises"}:
                yield self._raises(call, bare=bare)
            elif isinstance(call, ast.Call) and _last(call.func) == "suppress":
                bare = bare or bool(_SWALLOWED & {_last(argument) for argument in call.args})
        yield from self.block(node.body, bare=bare)

    def _raises(self, call: ast.Call, *, bare: bool) -> Assertion:
        """Narrow with a `match` says most, then narrow, then any exception."""
        wanted = call.args[0] if call.args else None
        names = [_last(one) for one in wanted.elts] if isinstance(wanted, ast.Tuple) else [_last(wanted)]
        matched = any(one.arg == "match" for one in call.keywords)
        strength = TRUTH if _WIDE & set(names) else (EXACT if matched else NEAR) - (len(names) > 1)
        return self._made(call, ast.Name(_last(call.func), ast.Load()), strength, call.lineno, bare=bare)

    def _called(self, call: ast.Call, *, bare: bool) -> Iterator[Assertion]:
        name = _last(call.func)
        if name in _UNITTEST or (name.startswith("assert") and name[6:7].isupper()):
            constant = all(isinstance(argument, ast.Constant) for argument in call.args[:1])
            subject = call.args[0] if call.args else call
            strength = NOTHING if constant and len(call.args) == 1 else _UNITTEST.get(name, TRUTH)
            yield self._made(call, subject, strength, call.lineno, bare=bare)
        elif name.startswith("assert_"):
            strength = NEAR if call.args or call.keywords else ORDERED
            yield self._made(call, call.func, strength, call.lineno, bare=bare)
        elif name in {"raise_for_status", "fail"}:
            yield self._made(call, call.func, ORDERED, call.lineno, bare=bare)
        elif name == "raises" and len(call.args) > 1:
            yield self._raises(call, bare=bare)

    def _said(self, test: ast.expr, line: int, *, bare: bool) -> Iterator[Assertion]:
        match test:
            case ast.BoolOp(op=ast.And()):
                for value in test.values:
                    yield from self._said(value, line, bare=bare)
            case ast.BoolOp(op=ast.Or()):
                weakest = min(one.strength for value in test.values for one in self._said(value, line, bare=bare))
                yield self._made(test, test.values[0], max(weakest - 1, NOTHING), line, bare=bare)
            case ast.UnaryOp(op=ast.Not(), operand=ast.Compare(ops=[op]) as inner) if type(op) in _NEGATED:
                turned = ast.Compare(inner.left, [_NEGATED[type(op)]()], inner.comparators)
                yield from self._said(turned, line, bare=bare)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield self._made(test, operand, _truth(operand), line, bare=bare)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                yield self._compared(test, left, op, right, line, bare=bare)
            case ast.Compare():
                yield self._made(test, test.left, ORDERED, line, bare=bare)
            case ast.Call(func=func, args=[subject, *_]) if _last(func) in {"isinstance", "isclose"}:
                strength = ORDERED if _last(func) == "isinstance" else NEAR
                yield self._made(test, subject, strength, line, bare=bare)
            case _:
                yield self._made(test, test, _truth(test), line, bare=bare)

    def _compared(
        self, test: ast.expr, left: ast.expr, op: ast.cmpop, right: ast.expr, line: int, *, bare: bool
    ) -> Assertion:
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            return self._made(test, left, NOTHING, line, bare=bare)
        if ast.dump(left) == ast.dump(right):
            return self._made(test, left, NOTHING, line, bare=bare)
        subject, other = (right, left) if isinstance(left, ast.Constant) else (left, right)
        strength = _COMPARED[type(op)]
        if isinstance(op, ast.IsNot) and isinstance(other, ast.Constant) and other.value is None:
            strength = TRUTH
        if isinstance(op, ast.Eq) and any(
            isinstance(one, ast.Call) and _last(one.func) == "approx" for one in (left, right)
        ):
            strength = NEAR
        return self._made(test, subject, strength, line, bare=bare)

    def _made(self, node: ast.expr, subject: ast.expr, strength: int, line: int, *, bare: bool) -> Assertion:
        return Assertion(
            line=line,
            text=_text(node, {})[:_LONGEST],
            subject=_text(subject, {})[:_LONGEST],
            alike=_text(node, self._names)[:_LONGEST],
            about=_text(subject, self._names)[:_LONGEST],
            shape=_text(node, self._names, shape=True)[:_LONGEST],
            strength=strength,
            tolerance=_tolerance(node),
            bare=bare,
        )


def _truth(node: ast.expr) -> int:
    return NOTHING if isinstance(node, ast.Constant | ast.Lambda | ast.Tuple | ast.JoinedStr) else TRUTH


def _tolerance(node: ast.expr) -> float:
    """How far off it may be, as far as that is a literal: `approx(x, abs=0.1)`, `abs(a - b) < 0.1`, `isclose(...)`."""
    found = 0.0
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            found = max([found, *(_number(one.value) for one in inner.keywords if one.arg in _TOLERANCES)])
        elif isinstance(inner, ast.Compare) and isinstance(inner.ops[0], ast.Lt | ast.LtE):
            found = max(found, _number(inner.comparators[0]))
    return found


def _number(node: ast.expr) -> float:
    value = node.value if isinstance(node, ast.Constant) else 0
    return float(value) if isinstance(value, int | float) and abs(value) < 1 << 53 else 0.0


def _swallows(handler: ast.ExceptHandler) -> bool:
    """It catches what a failed assertion raises, and goes on as if nothing were."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    wide = any(kind is None or _last(kind) in _SWALLOWED for kind in kinds)
    fails = any(
        isinstance(node, ast.Raise | ast.Assert) or (isinstance(node, ast.Call) and _last(node.func) == "fail")
        for statement in handler.body
        for node in ast.walk(statement)
    )
    return wide and not fails


def _last(node: ast.expr | None) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _locals(function: Function) -> dict[str, str]:
    """Parameters and variables of a function, by the order in which they come."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    names = [argument.arg for argument in named]
    stored = [node for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    names += [node.id for node in sorted(stored, key=lambda node: (node.lineno, node.col_offset))]
    return {name: f"v{number}" for number, name in enumerate(dict.fromkeys(names))}


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str], *, shape: bool) -> None:
        self._names = names
        self._shape = shape

    def visit_Name(self, node: ast.Name) -> ast.Name:
        known = self._names.get(node.id)
        return ast.Name("_" if self._shape and known else known or node.id, node.ctx)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Name("_", ast.Load()) if self._shape else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        # Its constants are not expressions, and can be nothing else.
        return ast.Name("_", ast.Load()) if self._shape else self.generic_visit(node)


def _text(node: ast.AST, names: dict[str, str], *, shape: bool = False) -> str:
    return ast.unparse(_Renamed(names, shape=shape).visit(copy.deepcopy(node)))
