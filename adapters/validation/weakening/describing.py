"""What the tests of a revision are: which there are, what they assert, which are left out. Runs in the jail."""

import ast
import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.validation.weakening.assertions import NOTHING, Function, assertions, normal

_TEST_FILE = re.compile(r"(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$")
_SKIPS = {"skip", "skipif", "xfail", "skipIf", "skipUnless", "expectedFailure", "importorskip", "SkipTest"}
_HOOKS = re.compile(
    r"^pytest_(collection_modifyitems|ignore_collect|collect_file|pycollect_.*|itemcollected|generate_tests|pyfunc_call"
    r"|runtest_.*|sessionfinish|exception_interact|report_.*|assertrepr_compare|assertion_pass)$"
)
_CALLS_FOLLOWED = 5


def is_test_file(path: str) -> bool:
    return path.endswith(".py") and (path.startswith("tests/") or bool(_TEST_FILE.search(path)))


def described(files: Mapping[str, str]) -> dict[str, Any]:
    """Functions with what they assert, and what is skipped. What cannot be parsed is empty: syntax says so."""
    functions: list[dict[str, Any]] = []
    skips: list[dict[str, Any]] = []
    for path, text in files.items():
        tree = parsed(text)
        skips += [{"path": path, "line": line, "what": what} for line, what in _left_out(tree, path)]
        functions += [_function(path, name, node, tree) for name, node in _functions(tree).items()]
    asserting = _asserting(functions)
    for one in functions:
        one["asserts"] = one["name"].rpartition(".")[2] in asserting
    return {"functions": functions, "skips": skips}


def parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _functions(tree: ast.Module) -> dict[str, Function]:
    """By name. Of two with the same name the later one counts, as for pytest."""
    found: dict[str, Function] = {}
    for node in tree.body:
        if isinstance(node, Function):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{inner.name}": inner for inner in node.body if isinstance(inner, Function)}
    return found


def _function(path: str, name: str, node: Function, tree: ast.Module) -> dict[str, Any]:
    said = assertions(node)
    called = (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))
    kind = name.partition(".")[0] if "." in name else "Test"
    return {
        "path": path,
        "name": name,
        "line": node.lineno,
        "test": node.name.startswith("test") and kind.startswith("Test") and not path.endswith("conftest.py"),
        "skipped": any(_is_skip(decorator) for decorator in node.decorator_list) or _skips_itself(node),
        "cases": _cases(node, tree),
        "body": hashlib.sha256(normal(node).encode("utf-8", "surrogatepass")).hexdigest(),
        "assertions": [vars(one) for one in said],
        "effective": any(one.strength > NOTHING for one in said),
        "calls": sorted({_name(one).rpartition(".")[2] for one in called} - {""})[:200],
    }


def _asserting(functions: list[dict[str, Any]]) -> set[str]:
    """Names of functions that assert something, themselves or by those they call."""
    found = {one["name"].rpartition(".")[2] for one in functions if one["effective"]}
    for _ in range(_CALLS_FOLLOWED):
        found |= {one["name"].rpartition(".")[2] for one in functions if not found.isdisjoint(one["calls"])}
    return found


def _left_out(tree: ast.Module, path: str) -> Iterator[tuple[int, str]]:
    """What keeps tests of a whole module or more from being run, or their failures from being seen."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value) if any(map(_is_skip, _parts(value))):
                yield node.lineno, "a mark skips the whole module"
            case ast.Assign(targets=[ast.Name(id="collect_ignore" | "collect_ignore_glob")]):
                yield node.lineno, "files are kept from being collected"
            case ast.Expr(value=ast.Call(func=func)) if _name(func).rpartition(".")[2] in _SKIPS:
                yield node.lineno, "the whole module is skipped"
            case ast.ClassDef() if any(map(_is_skip, node.decorator_list)) or _is_no_test(node):
                yield node.lineno, f"the class {node.name} is skipped"
            case ast.FunctionDef() | ast.AsyncFunctionDef() if _HOOKS.match(node.name):
                yield node.lineno, f"the hook {node.name} can leave out tests or hide that they fail"
    if path.endswith("conftest.py"):
        for inner in ast.walk(tree):
            if isinstance(inner, ast.Call) and _name(inner.func).rpartition(".")[2] in _SKIPS:
                yield inner.lineno, "a fixture or hook skips tests"


def _is_no_test(node: ast.ClassDef) -> bool:
    return node.name.startswith("Test") and any(
        isinstance(inner, ast.Assign) and _name(inner.targets[0]) == "__test__" for inner in node.body
    )


def _skips_itself(node: Function) -> bool:
    return any(
        isinstance(inner, ast.Call) and _name(inner.func) in {"pytest.skip", "skip", "pytest.xfail", "self.skipTest"}
        for inner in ast.walk(node)
    )


def _is_skip(node: ast.expr) -> bool:
    name = _name(node.func if isinstance(node, ast.Call) else node)
    if isinstance(node, ast.Call) and name.endswith("parametrize"):
        return any(one.arg == "marks" and any(map(_is_skip, _parts(one.value))) for one in _keywords(node))
    return name.rpartition(".")[2] in _SKIPS


def _keywords(node: ast.Call) -> Iterator[ast.keyword]:
    """Of `pytest.param(...)` in a parametrisation."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and _name(inner.func).rpartition(".")[2] == "param":
            yield from inner.keywords


def _parts(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List | ast.Tuple) else [node]


def _cases(node: Function, tree: ast.Module) -> int | None:
    """How often it is run; None if that cannot be read."""
    counts: list[int | None] = []
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and _name(decorator.func).endswith("parametrize"):
            values = [*decorator.args[1:2], *(one.value for one in decorator.keywords if one.arg == "argvalues")]
            counts.append(_size(values[0], tree) if values else None)
    known = [count for count in counts if count is not None]
    return math.prod(known) if len(known) == len(counts) else None


def _size(node: ast.expr, tree: ast.Module) -> int | None:
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return None if any(isinstance(part, ast.Starred) for part in parts) else len(parts)
        case ast.Dict(keys=keys):
            return None if None in keys else len(keys)
        case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted"), args=[inner]):
            return _size(inner, tree)
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))]):
            return count
        case ast.Call(func=ast.Attribute(value=inner, attr="items" | "keys" | "values"), args=[]):
            return _size(inner, tree)
        case ast.Name(id=name):
            for statement in tree.body:
                match statement:
                    case (
                        ast.Assign(targets=[ast.Name(id=found)], value=value)
                        | ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value)
                    ) if found == name and not isinstance(value, ast.Name):
                        return _size(value, tree)
    return None


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{_name(value)}.{attr}"
    return ""
