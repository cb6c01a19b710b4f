"""Code that behaves otherwise under its tests. Runs in the jail: the standard library only.

Two ways are looked for: asking whether tests are running, and a ready answer for a value that the tests use.
"""

import ast
import re
from collections.abc import Iterator

_ENVIRONMENT = re.compile(r"^(CI|PYTEST.*|TEST|TESTS?|TESTING|(.*_)?UNDER_TEST|(IS|IN)_TEST(S|ING)?)$", re.IGNORECASE)
_ASKED = {"sys.argv", "sys.gettrace", "sys._getframe", "inspect.stack", "inspect.currentframe"}
_ASKED |= {"traceback.extract_stack", "traceback.format_stack", "threading.settrace"}
_FRAMEWORKS = {"pytest", "_pytest", "unittest"}

Constant = str | int | float | bytes  # a complex number or an ellipsis tells nothing


def special_cases(tree: ast.Module, used: set[Constant]) -> Iterator[tuple[int, str]]:
    """Lines and what is there. `used` are the values in the tests."""
    for node in ast.walk(tree):
        yield from _asks(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _ready_answers(node, tree, used)


def values(tree: ast.Module) -> set[Constant]:
    """Those that tell one thing from another: not small numbers, or texts of one or two characters."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in prose)
    return {node.value for node in constants if isinstance(node.value, Constant) and _tells(node.value)}


def _tells(value: object) -> bool:
    match value:
        case bool() | None:
            return False
        case int() | float():
            return abs(value) > 9
        case str():
            return len(value) > 2 and any(character.isalnum() for character in value)
        case bytes():
            return len(value) > 2
    return False


def _asks(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Whether tests are running."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                if alias.name.partition(".")[0] in _FRAMEWORKS:
                    yield node.lineno, f"the code imports {alias.name}, which only tests need"
        case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in _FRAMEWORKS:
            yield node.lineno, f"the code imports {module}, which only tests need"
        case ast.Attribute() if ast.unparse(node) in _ASKED:
            yield node.lineno, f"{ast.unparse(node)} tells whether tests are running"
        case ast.Constant(value=str(text)) if text.startswith("PYTEST_"):
            yield node.lineno, f"{text} tells whether tests are running"
        case ast.Compare(left=left, comparators=[right]) if "sys.modules" in {ast.unparse(left), ast.unparse(right)}:
            yield node.lineno, "sys.modules tells whether tests are running"
        case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[ast.Constant(value=str(name)), *_]):
            if ast.unparse(owner) == "sys.modules" or (ast.unparse(owner) == "os.environ" and _ENVIRONMENT.match(name)):
                yield node.lineno, f"{ast.unparse(owner)} is asked for {name}, which tells whether tests are running"
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]) if ast.unparse(func) == "os.getenv":
            if _ENVIRONMENT.match(name):
                yield node.lineno, f"os.getenv is asked for {name}, which tells whether tests are running"


def _ready_answers(
    function: ast.FunctionDef | ast.AsyncFunctionDef, tree: ast.Module, used: set[Constant]
) -> Iterator[tuple[int, str]]:
    given = _given(function)
    for node in ast.walk(function):
        match node:
            case ast.If(test=test, body=body) if found := _compared(test, given, used):
                if any(_is_ready(statement, given) for statement in body):
                    yield node.lineno, _words(found)
            case ast.IfExp(test=test, body=answer) if found := _compared(test, given, used):
                if _is_free(answer, given) and any(isinstance(one, ast.Constant) for one in ast.walk(answer)):
                    yield node.lineno, _words(found)
            case ast.Match(subject=subject, cases=cases) if not _is_free(subject, given):
                for case in cases:
                    found = _inputs(case.pattern) & used
                    if found and any(_is_ready(statement, given) for statement in case.body):
                        yield case.pattern.lineno, _words(found)
            case ast.Subscript(value=table, slice=key) if not _is_free(key, given):
                yield from _looked_up(table, node, tree, used)
            case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[key, *_]) if not _is_free(key, given):
                yield from _looked_up(table, node, tree, used)


def _given(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Parameters, and variables made of them."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    found = {argument.arg for argument in named if argument and argument.arg not in {"self", "cls"}}
    for _ in range(5):
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and not _is_free(node.value, found):
                found |= {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return found


def _compared(test: ast.expr, given: set[str], used: set[Constant]) -> set[Constant]:
    """Values of the tests that something given is found equal to."""
    found: set[Constant] = set()
    for node in ast.walk(test):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.In | ast.Is):
            sides = (node.left, node.comparators[0])
            for one, other in (sides, sides[::-1]):
                if not _is_free(one, given) and _is_free(other, given):
                    found |= _inputs(other) & used
    return found


def _is_ready(statement: ast.stmt, given: set[str]) -> bool:
    """It answers or fails with what does not depend on anything given."""
    match statement:
        case ast.Return(value=ast.expr() as value):
            return _is_free(value, given) and not any(isinstance(node, ast.Await) for node in ast.walk(value))
        case ast.Raise(exc=ast.expr() as error):
            return _is_free(error, given)
    return False


def _looked_up(table: ast.expr, node: ast.expr, tree: ast.Module, used: set[Constant]) -> Iterator[tuple[int, str]]:
    """A table whose keys and values are the tests' own."""
    if isinstance(table, ast.Name):
        found = [
            statement.value
            for statement in tree.body
            if isinstance(statement, ast.Assign | ast.AnnAssign)
            and statement.value is not None
            and ast.unparse(statement.targets[0] if isinstance(statement, ast.Assign) else statement.target) == table.id
        ]
        table = found[-1] if found else table
    if not isinstance(table, ast.Dict) or not table.keys:
        return
    keys = [key.value if isinstance(key, ast.Constant) else None for key in table.keys]
    answers = set().union(*(_constants(value) for value in table.values))
    if all(isinstance(key, Constant) and key in used for key in keys) and answers & used:
        yield node.lineno, _words({key for key in keys if isinstance(key, Constant)})


def _constants(node: ast.AST) -> set[Constant]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, Constant)}


def _inputs(node: ast.AST) -> set[Constant]:
    """Without numbers that are statuses of HTTP, which clients have to tell apart."""
    return {value for value in _constants(node) if not (isinstance(value, int | float) and 100 <= value < 600)}


def _is_free(node: ast.AST, given: set[str]) -> bool:
    return given.isdisjoint(one.id for one in ast.walk(node) if isinstance(one, ast.Name))


def _words(found: set[Constant]) -> str:
    shown = ", ".join(sorted(map(repr, found))[:3])
    return f"a ready answer is given for {shown[:100]}, which the tests use"
