"""Find what of people and secrets would land in logs, without running the code. Runs in the jail: stdlib only.

Prints `[{path, line, rule, what}]` for each argument of a logging or print call that is by its name, or by its type, a
secret (`secret-logged`), about a person (`personal-data-logged`), or a whole message or model, which may hold both
(`message-logged`). What is only counted or asked about (`len(token)`, `token is None`) is not shown.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_LEVELS = frozenset("debug info warning warn error exception critical fatal log msg".split())  # noqa: SIM905 short
_LOGGER = re.compile(r"^_*(log|logger|logging)$|_log(ger)?$", re.IGNORECASE)
_STREAMS = frozenset(
    {"sys.stdout.write", "sys.stderr.write", "warnings.warn", "pprint.pprint", "traceback.print_stack"}
)

_SECRET = re.compile(
    r"(^|_)(password|passwd|pwd|passphrase|secret|token|api_?key|apikey|access_?key|private_?key|secret_?key|signing_?key"
    r"|credentials?|authorization|bearer|cookies?|session_id)s?($|_)"
)
_PERSONAL = re.compile(
    r"(^|_)(e_?mail|mail|phone|telephone|mobile|fax|address|street|zip_?code|postcode|postal_code|birthday|birth_?date"
    r"|date_of_birth|dob|ssn|iban|bic|passport|credit_?card|card_number|(first|last|full|family|given|sur|user|display"
    r"|customer|person|contact|patient|member|employee)_?name|surname|nationality|gender|latitude|longitude)s?($|_)"
)
_ABOUT = re.compile(
    r"(^|_)(count|number|total|size|length|len|limit|max|min|used|kind|type|page|next|expires?|expiry|ttl|field|missing"
    r"|present|valid|is|has|url|uri|host|ip|id_type|scheme|name_of|names?)($|_)"
)
_PEOPLE = re.compile(r"(^|_)(user|customer|person|contact|patient|member|employee|subscriber|owner|author)s?$")
_HEADERS = re.compile(r"(^|_)headers?$")
_MESSAGE = re.compile(r"(^|_)(body|payload|form_?data|raw_body|json_body)$")
_WHOLE = frozenset({"model_dump", "model_dump_json", "dict", "json", "body", "form", "read", "aread", "dump_json"})
_HARMLESS = frozenset({"len", "bool", "type", "isinstance", "id", "hash", "sum", "any", "all"})
_WORD = re.compile(r"([a-z0-9])([A-Z])")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Seen = tuple[int, str, str]


def main() -> None:
    trees: dict[str, ast.Module] = {}
    for path in sorted(Path().rglob("*.py")):
        if path.parts[0] == "tests":
            continue
        try:
            trees[path.as_posix()] = ast.parse(path.read_text("utf-8"), path.as_posix())
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    models = _models(list(trees.values()))
    found = [
        {"path": path, "line": line, "rule": rule, "what": what}
        for path, tree in trees.items()
        for line, rule, what in sorted(set(_logged(tree, models)))
    ]
    json.dump(found, sys.stdout)


def _models(trees: list[ast.Module]) -> set[str]:
    """The names of all Pydantic models: classes of BaseModel, and of those."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"BaseModel"}
    for _ in classes:
        more = {one.name for one in classes if any(_last(base) in found for base in one.bases)}
        if more <= found:
            break
        found |= more
    return found


def _logged(tree: ast.Module, models: set[str]) -> Iterator[Seen]:
    yield from _in(tree, _loggers(tree), models, frozenset())


def _in(scope: ast.AST, loggers: set[str], models: set[str], outer: frozenset[str]) -> Iterator[Seen]:
    """Each call in `scope`; a function inside knows the models that its arguments and variables are."""
    held = outer | _held(scope, models)
    for node in _within(scope):
        if isinstance(node, Function):
            yield from _in(node, loggers, models, held)
        elif isinstance(node, ast.Call) and _shows(node, loggers):
            for argument in [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg != "exc_info")]:
                for rule, what in _of(argument, held):
                    yield node.lineno, rule, what
            for keyword in node.keywords:
                named = _named(keyword.arg) if keyword.arg and not isinstance(keyword.value, ast.Constant) else None
                if named:
                    yield node.lineno, named, str(keyword.arg)


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """Everything in `scope` up to the functions in it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function):
            waiting.extend(ast.iter_child_nodes(node))


def _loggers(tree: ast.Module) -> set[str]:
    """Names that a logger was given to, whatever they are."""
    found = set()
    for node in ast.walk(tree):
        made = _last(node.value.func) if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) else ""
        if isinstance(node, ast.Assign) and made in {"getLogger", "get_logger", "getChild"}:
            found |= {_last(target) for target in node.targets}
    return found


def _shows(call: ast.Call, loggers: set[str]) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in {"print", "pprint"}
    if not isinstance(function, ast.Attribute):
        return False
    if ast.unparse(function) in _STREAMS:
        return True
    who = _last(function.value)
    return function.attr in _LEVELS and bool(_LOGGER.search(who) or who in loggers or who == "getLogger")


def _held(scope: ast.AST, models: set[str]) -> frozenset[str]:
    """Variables that are whole models, by their annotation or by what they are given."""
    found = set()
    if isinstance(scope, Function):
        arguments = [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs]
        found |= {one.arg for one in arguments if one.annotation is not None and _mentions(one.annotation, models)}
    for node in _within(scope):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and _mentions(node.annotation, models):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            made = node.value.func
            whose = made.value if isinstance(made, ast.Attribute) and made.attr.startswith("model_validate") else made
            if _last(whose) in models:
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(found)


def _mentions(annotation: ast.expr, models: set[str]) -> bool:
    return any(_last(node) in models for node in ast.walk(annotation) if isinstance(node, ast.Name | ast.Attribute))


def _of(node: ast.expr | None, held: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What of an argument is shown and should not be."""
    match node:
        case ast.Compare() | ast.Constant() | ast.Lambda() | ast.UnaryOp(op=ast.Not()):
            return
        case ast.Call():
            yield from _of_call(node, held)
        case ast.Name() | ast.Attribute():
            yield from _of_name(node, held)
        case ast.Subscript():
            yield from _of_item(node, held)
        case ast.Dict():
            yield from _of_pairs(node, held)
        case ast.IfExp():
            yield from (*_of(node.body, held), *_of(node.orelse, held))
        case ast.expr():
            for child in ast.iter_child_nodes(node):
                yield from _of(child if isinstance(child, ast.expr) else None, held)


def _of_name(node: ast.Name | ast.Attribute, held: frozenset[str]) -> Iterator[tuple[str, str]]:
    name = _last(node)
    person = name == "name" and isinstance(node, ast.Attribute) and _PEOPLE.search(_words(_last(node.value)))
    whole = name == "__dict__" or (isinstance(node, ast.Name) and name in held)
    rule = "personal-data-logged" if person else _named(name) or ("message-logged" if whole else None)
    if rule:
        yield rule, ast.unparse(node)


def _of_item(node: ast.Subscript, held: frozenset[str]) -> Iterator[tuple[str, str]]:
    key = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if not isinstance(key, str):
        yield from _of(node.value, held)
    elif rule := _named(key):
        yield rule, ast.unparse(node)


def _of_pairs(node: ast.Dict, held: frozenset[str]) -> Iterator[tuple[str, str]]:
    for key, value in zip(node.keys, node.values, strict=True):
        name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
        rule = _named(name)
        if rule and not isinstance(value, ast.Constant | ast.Compare):
            yield rule, name
        else:
            yield from _of(value, held)


def _of_call(call: ast.Call, held: frozenset[str]) -> Iterator[tuple[str, str]]:
    name = _last(call.func)
    if name in _HARMLESS:
        return
    if isinstance(call.func, ast.Attribute):
        if name in _WHOLE and not isinstance(call.func.value, ast.Name | ast.Attribute):
            yield from _of(call.func.value, held)
        elif name in _WHOLE and _last(call.func.value) != "json":
            yield "message-logged", ast.unparse(call)
        elif name == "get" and call.args and isinstance(call.args[0], ast.Constant):
            key = call.args[0].value
            if isinstance(key, str) and (rule := _named(key)):
                yield rule, ast.unparse(call)
            return
        elif rule := _named(name):
            yield rule, ast.unparse(call)
        else:
            yield from _of(call.func.value, held)
    elif name == "vars":
        yield "message-logged", ast.unparse(call)
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        yield from _of(argument, held)


def _named(name: str) -> str | None:
    """What a name says of its value. Names that say "how many" or "which kind" are of no secret."""
    words = _words(name)
    if _HEADERS.search(words):
        return "secret-logged"
    if _MESSAGE.search(words):
        return "message-logged"
    if _PERSONAL.search(words):
        return "personal-data-logged"
    if _ABOUT.search(words):
        return None
    return "secret-logged" if _SECRET.search(words) else None


def _words(name: str) -> str:
    return _WORD.sub(r"\1_\2", name).replace("-", "_").replace(" ", "_").lower()


def _last(node: ast.AST) -> str:
    """The last name of a dotted one, called or not."""
    if isinstance(node, ast.Call):
        return _last(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


if __name__ == "__main__":
    main()
