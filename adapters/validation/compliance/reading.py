"""Read what a workspace's code offers and asks for, without running it. Runs in the jail as a script: stdlib only.

Prints `{"routes": [{path, line, function, method, route, documented, answered}], "settings": [{path, line, name}]}`:
FastAPI's routes as the source declares them, and the environment variables that are read (`name` is empty where only
the running code knows it). Files that do not parse are left out; the syntax validator says so.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
_PLACEHOLDER = re.compile(r"\{([^}:]*)(:[^}]*)?\}")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Router = tuple[str, str]
"""The module it is in and its name there."""


@dataclass(frozen=True)
class Route:
    path: str
    line: int
    function: str
    method: str
    route: str
    documented: bool
    answered: bool


@dataclass
class Module:
    """One file. `names` says where an imported name is from; `constants` holds its strings."""

    path: str
    tree: ast.Module
    names: dict[str, Router] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]

    def text(self, node: ast.expr | None) -> str | None:
        """A string, written there or as a constant of the module."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        return self.constants.get(node.id) if isinstance(node, ast.Name) else None

    def router(self, node: ast.expr) -> Router | None:
        """Which router an expression means: `router`, or `module.router`."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, (self.name, node.id))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return self.names.get(node.value.id, ("", node.value.id))[1], node.attr
        return None


def main() -> None:
    modules = [module for path in sorted(Path().rglob("*.py")) if (module := _module(path)) is not None]
    prefixes = _prefixes(modules)
    routes = [route for module in modules for route in _routes(module, prefixes)]
    settings = [
        {"path": module.path, "line": line, "name": name} for module in modules for line, name in _settings(module)
    ]
    json.dump({"routes": [asdict(route) for route in routes], "settings": settings}, sys.stdout)


def _module(path: Path) -> Module | None:
    if path.parts[0] == "tests":
        return None
    try:
        tree = ast.parse(path.read_text("utf-8"), path.as_posix())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    module = Module(path.as_posix(), tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            origin = (node.module or "").rpartition(".")[2]
            module.names |= {alias.asname or alias.name: (origin, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            module.names |= {alias.asname or alias.name: ("", alias.name) for alias in node.names}
    for statement in tree.body:
        for name, value in _assigned(statement):
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                module.constants[name] = value.value
    return module


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(statement, ast.Assign):
        yield from ((target.id, statement.value) for target in statement.targets if isinstance(target, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
        yield statement.target.id, statement.value


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _prefixes(modules: list[Module]) -> dict[Router, str]:
    """The whole prefix of each router: its own, behind those it is included under."""
    own: dict[Router, str] = {}
    under: dict[Router, tuple[Router | None, str]] = {}
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.stmt):
                for name, value in _assigned(node):
                    if isinstance(value, ast.Call) and _called(value) == "APIRouter":
                        own[module.name, name] = module.text(_keyword(value, "prefix")) or ""
            if isinstance(node, ast.Call) and _called(node) == "include_router" and node.args:
                included = module.router(node.args[0])
                parent = module.router(node.func.value) if isinstance(node.func, ast.Attribute) else None
                if included is not None:
                    under[included] = parent, module.text(_keyword(node, "prefix")) or ""
    return {router: _whole(router, own, under, len(own)) for router in own}


def _whole(router: Router, own: dict[Router, str], under: dict[Router, tuple[Router | None, str]], depth: int) -> str:
    parent, prefix = under.get(router, (None, ""))
    before = _whole(parent, own, under, depth - 1) if parent is not None and depth > 0 else ""
    return before + prefix + own.get(router, "")


def _routes(module: Module, prefixes: dict[Router, str]) -> Iterator[Route]:
    functions = {node.name: node for node in ast.walk(module.tree) if isinstance(node, Function)}
    for function in functions.values():
        for call in (one for one in function.decorator_list if isinstance(one, ast.Call)):
            if _called(call) in {*METHODS, "api_route"}:
                yield from _declared(module, call, function, prefixes)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _called(node) == "add_api_route":
            endpoint = _keyword(node, "endpoint") or (node.args[1] if len(node.args) > 1 else None)
            name = endpoint.id if isinstance(endpoint, ast.Name) else ""
            if name in functions:
                yield from _declared(module, node, functions[name], prefixes)


def _declared(module: Module, call: ast.Call, function: Function, prefixes: dict[Router, str]) -> Iterator[Route]:
    route = module.text(call.args[0] if call.args else _keyword(call, "path"))
    router = module.router(call.func.value) if isinstance(call.func, ast.Attribute) else None
    if route is None or router is None:
        return
    how = _called(call)
    methods = [how] if how in METHODS else _methods(_keyword(call, "methods"))
    said = ast.get_docstring(function) or any(_keyword(call, name) for name in ("summary", "description"))
    for method in methods:
        yield Route(
            path=module.path,
            line=function.lineno,
            function=function.name,
            method=method,
            route=_PLACEHOLDER.sub(r"{\1}", prefixes.get(router, "") + route),
            documented=bool(said),
            answered=_answers(call, function),
        )


def _methods(node: ast.expr | None) -> list[str]:
    if not isinstance(node, ast.List | ast.Tuple | ast.Set):
        return ["get"]
    return [one.value.lower() for one in node.elts if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def _answers(call: ast.Call, function: Function) -> bool:
    """Whether the route says what it answers: a response model, or an annotation that says more than "anything"."""
    model = _keyword(call, "response_model") or _keyword(call, "response_class") or function.returns
    return model is not None and ast.unparse(model) not in {"Any", "object", "typing.Any"}


def _settings(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.expr):
            continue
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and _is_environment(module, node.value):
            key = node.slice
        elif isinstance(node, ast.Compare) and any(_is_environment(module, one) for one in node.comparators):
            key = node.left
        elif isinstance(node, ast.Call) and _reads(module, node.func) and node.args:
            key = node.args[0]
        if key is not None:
            yield node.lineno, module.text(key) or ""


def _is_environment(module: Module, node: ast.expr) -> bool:
    """`os.environ`, or `environ` from os."""
    if isinstance(node, ast.Attribute):
        return node.attr == "environ" and isinstance(node.value, ast.Name)
    return isinstance(node, ast.Name) and module.names.get(node.id) == ("os", "environ")


def _reads(module: Module, function: ast.expr) -> bool:
    """`os.getenv`, `os.environ.get` and the like."""
    if isinstance(function, ast.Name):
        return module.names.get(function.id) == ("os", "getenv")
    if not isinstance(function, ast.Attribute):
        return False
    if function.attr == "getenv":
        return isinstance(function.value, ast.Name)
    return function.attr in {"get", "pop", "setdefault"} and _is_environment(module, function.value)


if __name__ == "__main__":
    main()
