"""Small faults to put into code, one at a time. Runs in the jail: the standard library only.

The operators are the usual ones of mutation testing: comparisons, conditions, arithmetic, constants, returned values,
left-out statements, swapped and dropped arguments. Left alone is what a test need not notice: docstrings, annotations,
imports, `__all__`, logging, what documents a route, time limits, and texts for people.
"""

import ast
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_LOGGED = {"debug", "info", "warning", "error", "exception", "critical", "log"}
_FOR_PEOPLE = {
    "description",
    "title",
    "summary",
    "tags",
    "examples",
    "example",
    "openapi_tags",
    "contact",
    "deprecated",
}
_TIME = "timeout"
_SHOWN = 120


@dataclass(frozen=True)
class Mutant:
    """`replacement` for what stands in `field` of `parent`, at `index` if that is a list."""

    path: str
    scope: str
    line: int
    kind: str
    before: str
    after: str
    parent: ast.AST
    field: str
    index: int | None
    replacement: ast.AST

    def put(self, node: ast.AST) -> ast.AST:
        """Put a node in its place, and answer the one that was there."""
        if self.index is None:
            old: ast.AST = getattr(self.parent, self.field)
            setattr(self.parent, self.field, node)
        else:
            nodes = getattr(self.parent, self.field)
            old, nodes[self.index] = nodes[self.index], node
        return old


def mutants(path: str, tree: ast.Module) -> list[Mutant]:
    """All of them, in the order of the file."""
    return list(_Finder(path).body(tree, "body", tree.body))


def sampled(found: Sequence[Mutant], seed: str) -> list[Mutant]:
    """The same mutants in another order, so that the first are spread: one of each function of each file, then again.

    What a file declares outside of functions counts as one function, however much of it there is.
    """
    chance = random.Random(seed)  # noqa: S311 (to be repeatable)
    scopes: dict[tuple[str, str], list[Mutant]] = {}
    for mutant in chance.sample(found, len(found)):
        scopes.setdefault((mutant.path, mutant.scope), []).append(mutant)
    return [mutant for turn in zip_longest(*scopes.values()) for mutant in turn if mutant]


class _Finder:
    """`inside` is what the code is in, `scope` the function that it is in, if it is in one."""

    def __init__(self, path: str, inside: str = "", scope: str = "") -> None:
        self._path = path
        self._inside = inside
        self._scope = scope

    def body(self, parent: ast.AST, field: str, statements: Sequence[ast.stmt]) -> Iterator[Mutant]:
        for index, statement in enumerate(statements):
            yield from self._statement(parent, field, index, statement)

    def _statement(self, parent: ast.AST, field: str, index: int, node: ast.stmt) -> Iterator[Mutant]:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from self._function(node)
            case ast.ClassDef():
                inner = _Finder(self._path, f"{self._inside}.{node.name}", self._scope)
                yield from inner.body(node, "body", node.body)
            case ast.Import() | ast.ImportFrom() | ast.Assert() | ast.Global() | ast.Nonlocal() | ast.Pass():
                return
            case ast.Expr(value=ast.Constant()):
                return
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="model_rebuild"))):  # Pydantic does it when needed
                return
            case ast.Assign(value=ast.Call(func=ast.Attribute(attr="getLogger"))):
                return
            case ast.If(test=test) if ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"} or _is_main(test):
                return
            case _:
                if not _is_left_alone(node, top=not self._scope):
                    yield from self._removed(parent, field, index, node)
                    yield from self._children(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Mutant]:
        name = f"{self._inside}.{node.name}"
        inner = _Finder(self._path, name, name)
        for decorator in node.decorator_list:
            yield from inner._children(decorator)
        for index, default in enumerate(node.args.defaults):
            yield from inner._expression(node.args, "defaults", index, default)
        for index, value in enumerate(node.args.kw_defaults):
            if value is not None:
                yield from inner._expression(node.args, "kw_defaults", index, value)
        yield from inner.body(node, "body", node.body)

    def _removed(self, parent: ast.AST, field: str, index: int, node: ast.stmt) -> Iterator[Mutant]:
        match node:
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield self._mutant("returned value", node, "value", None, value, ast.Constant(None))
            case ast.Raise() | ast.Expr(value=ast.Call() | ast.Await()):
                yield self._mutant("left out", parent, field, index, node, ast.Pass())
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Delete():
                yield self._mutant("left out", parent, field, index, node, ast.Pass())
            case ast.AugAssign() if new := _COMPUTED.get(type(node.op)):
                changed = ast.AugAssign(node.target, new(), node.value)
                yield self._mutant("arithmetic", parent, field, index, node, changed)
            case ast.If(test=test) if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant):
                yield self._mutant("condition", node, "test", None, test, ast.UnaryOp(ast.Not(), test))
            case _:
                return

    def _children(self, node: ast.AST, *, said: bool = False) -> Iterator[Mutant]:
        """Of everything below a node. `said`: it is raised, so its texts are for people."""
        said = said or isinstance(node, ast.Raise)
        for field, value in ast.iter_fields(node):
            if field in {"annotation", "returns", "type_comment"} or (field == "targets" and _are_names(value)):
                continue
            for index, child in enumerate(value) if isinstance(value, list) else ((None, value),):
                if isinstance(child, ast.stmt):
                    yield from self._statement(node, field, index or 0, child)
                elif isinstance(child, ast.AST):
                    yield from self._expression(node, field, index, child, said=said)

    def _expression(
        self, parent: ast.AST, field: str, index: int | None, node: ast.AST, *, said: bool = False
    ) -> Iterator[Mutant]:
        if isinstance(node, ast.keyword):
            if (node.arg or "") in _FOR_PEOPLE or _TIME in (node.arg or ""):
                return
            if node.arg and isinstance(node.value, ast.Name):
                yield self._mutant("dropped argument", node, "value", None, node.value, ast.Constant(None))
        replaced = None if said and _is_text(node) else _replacement(node)
        if replaced:
            kind, replacement = replaced
            yield self._mutant(kind, parent, field, index, node, replacement)
        yield from self._children(node, said=said)

    def _mutant(self, kind: str, parent: ast.AST, field: str, index: int | None, old: ast.AST, new: ast.AST) -> Mutant:
        for node in ast.walk(new):
            if isinstance(node, ast.expr | ast.stmt) and not hasattr(node, "lineno"):
                ast.copy_location(node, old)
        line = int(getattr(old, "lineno", getattr(parent, "lineno", 0)))
        before, after = _shown(old), "nothing" if isinstance(new, ast.Pass) else _shown(new)
        return Mutant(self._path, self._scope, line, kind, before, after, parent, field, index, new)


def _replacement(node: ast.AST) -> tuple[str, ast.AST] | None:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARED:
            return "comparison", ast.Compare(node.left, [_COMPARED[type(op)]()], node.comparators)
        case ast.BoolOp():
            return "condition", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.UnaryOp(op=ast.Not()):
            return "condition", node.operand
        case ast.IfExp():
            return "condition", ast.IfExp(node.test, node.orelse, node.body)
        case ast.BinOp() if type(node.op) in _COMPUTED and not (_is_text(node.left) or _is_text(node.right)):
            return "arithmetic", ast.BinOp(node.left, _COMPUTED[type(node.op)](), node.right)
        case ast.Constant():
            return _constant(node.value)
        case ast.Call(args=[first, second, *rest]) if not any(isinstance(one, ast.Starred) for one in node.args):
            if ast.dump(first) != ast.dump(second):
                return "swapped arguments", ast.Call(node.func, [second, first, *rest], node.keywords)
    return None


def _constant(value: object) -> tuple[str, ast.AST] | None:
    match value:
        case bool():
            return "constant", ast.Constant(not value)
        case int() | float():
            return "constant", ast.Constant(value + 1)
        case str() if not any(character.isspace() for character in value):
            return "constant", ast.Constant(f"{value}XX")
        case bytes():
            return "constant", ast.Constant(value + b"XX")
    return None


def _is_left_alone(node: ast.stmt, *, top: bool) -> bool:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            value = node.value
            is_type = top and isinstance(value, ast.Subscript | ast.BinOp) and _is_type(value)
            return name == "__all__" or _TIME in name.lower() or is_type
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=logger, attr=attr))):
            return attr in _LOGGED and "log" in ast.unparse(logger).lower()
    return False


def _is_type(node: ast.expr) -> bool:
    """`A | B`, `Annotated[...]` and the like: names all the way down the left."""
    match node:
        case ast.BinOp(op=ast.BitOr()):
            return True
        case ast.Subscript(value=ast.Name(id=name)):
            return name[:1].isupper() or name in {"dict", "list", "set", "tuple", "type", "frozenset"}
    return False


def _is_main(test: ast.expr) -> bool:
    return "__name__" in {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, ast.Name) for one in value)


def _shown(node: ast.AST) -> str:
    if isinstance(node, ast.keyword):
        return _shown(node.value)
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
