"""What is common to the rules: a module, the dotted names in it as its imports say, and what was seen."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Seen:
    """A finding, on its way out of the jail."""

    rule: str
    level: str
    path: str
    line: int
    message: str
    fix: str


class Module:
    """A parsed file."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        self.path = path
        self.tree = tree

    @cached_property
    def imports(self) -> dict[str, str]:
        """Local names by what they stand for: `{"sleep": "time.sleep"}`."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return found

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    def name(self, node: ast.expr) -> str:
        """The dotted name of an expression, imports resolved; empty if it is not a name."""
        match node:
            case ast.Name(id=name):
                return self.imports.get(name, name)
            case ast.Attribute(value=value, attr=attr):
                owner = self.name(value)
                return f"{owner}.{attr}" if owner else ""
        return ""

    def seen(self, rule: str, level: str, node: ast.AST, message: str, fix: str) -> Seen:
        return Seen(rule, level, self.path, int(getattr(node, "lineno", 0)), message, fix)


def own(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions and classes defined in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def below(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement's body and tests, without those of functions defined in it."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        found = waiting.pop()
        yield found
        if not isinstance(found, Function | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(found)


def calls(function: Function) -> Iterator[ast.Call]:
    yield from (node for node in own(function) if isinstance(node, ast.Call))


def is_async(function: Function) -> bool:
    return isinstance(function, ast.AsyncFunctionDef)


def own_name(call: ast.Call) -> str:
    """Of a function or method of the same file: `load` of `load()` and of `self.load()`."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            return name
    return ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in call.keywords if one.arg == name), None)


def is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def attribute(call: ast.Call) -> str:
    """The method's name: `get` of `self._http.get(...)`; empty for a plain call."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
