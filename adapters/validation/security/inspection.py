"""Read the Python files of a workspace without running them. Runs in the jail as a script: the standard library only.

Prints `{"findings": [{rule, path, line, last, message}], "urls": [{path, line, url}]}`. It finds what no reviewer
should have to look for; the jail, not this, is what keeps hostile code in.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

Seen = tuple[str, ast.AST, str]

_MODULES = {
    "subprocess": ("process", "starts processes"),
    "multiprocessing": ("process", "starts processes"),
    "pty": ("process", "starts processes"),
    "socket": ("socket", "opens sockets past the HTTP client"),
    "socketserver": ("socket", "opens sockets"),
    "ftplib": ("socket", "opens sockets"),
    "telnetlib": ("socket", "opens sockets"),
    "smtplib": ("socket", "opens sockets"),
    "ctypes": ("native-code", "runs native code"),
    "cffi": ("native-code", "runs native code"),
    "mmap": ("native-code", "maps memory"),
    "runpy": ("dynamic-code", "runs code that nobody reviewed"),
    "code": ("dynamic-code", "runs code that nobody reviewed"),
    "codeop": ("dynamic-code", "runs code that nobody reviewed"),
    **dict.fromkeys(
        ("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle"),
        ("deserialisation", "builds objects, and so runs code, from data"),
    ),
}
_CALLS = frozenset({"eval", "exec", "compile", "__import__"})
_OS = re.compile(r"^(system|popen|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?|fork|forkpty|startfile)$")
_ASYNCIO = frozenset({"create_subprocess_exec", "create_subprocess_shell"})
_SAFE_LOADERS = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"})
_URL = re.compile(r"^(https?|wss?)://[^/\s]+", re.IGNORECASE)
_SCHEME = re.compile(r"^(https?|wss?)://$", re.IGNORECASE)
_SQL = re.compile(r"^\s*(select|insert|update|delete|replace|merge|create|drop|alter|with)\b", re.IGNORECASE)
_SQL_CALLS = frozenset({"execute", "executemany", "executescript", "text", "raw"})
_ROUTES = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "api_route", "route", "websocket"})
_OPENERS = frozenset({"open", "Path", "PurePath", "FileResponse", "read_text", "joinpath"})
_REQUESTS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "stream", "request"})
_HTTP = frozenset({"httpx", "requests", "aiohttp", "urllib3"})


def main() -> None:
    findings: list[dict[str, object]] = []
    urls: list[dict[str, object]] = []
    for path in sorted(Path().rglob("*.py")):
        name = path.as_posix()
        try:
            tree = ast.parse(path.read_text("utf-8"), name)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # the syntax validator says so
        for rule, node, message in _look(tree):
            line = getattr(node, "lineno", 0)
            last = getattr(node, "end_lineno", None) or line
            findings.append({"rule": rule, "path": name, "line": line, "last": last, "message": message})
        if path.parts[0] != "tests":
            urls += [{"path": name, "line": line, "url": url} for line, url in _urls(tree)]
    json.dump({"findings": findings, "urls": urls}, sys.stdout)


def _look(tree: ast.Module) -> Iterator[Seen]:
    systems, asyncs = {"os", "posix"}, {"asyncio"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            systems |= {alias.asname or alias.name for alias in node.names if alias.name in {"os", "posix"}}
            asyncs |= {alias.asname or alias.name for alias in node.names if alias.name == "asyncio"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _import(node)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield from _attribute(node, node.value.id, systems, asyncs)
        elif isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_route(node):
            yield from _from_input(node)


def _import(node: ast.Import | ast.ImportFrom) -> Iterator[Seen]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _module(alias.name, node)
    elif node.level == 0:
        yield from _module(node.module or "", node)
        for alias in node.names:
            if node.module in {"os", "posix"} and _OS.match(alias.name):
                yield "process", node, f"os.{alias.name} starts a process; integrations may not"
            elif (node.module or "").startswith("asyncio") and alias.name in _ASYNCIO:
                yield "process", node, f"asyncio.{alias.name} starts a process; integrations may not"


def _attribute(node: ast.Attribute, owner: str, systems: set[str], asyncs: set[str]) -> Iterator[Seen]:
    if (owner in systems and _OS.match(node.attr)) or (owner in asyncs and node.attr in _ASYNCIO):
        yield "process", node, f"{owner}.{node.attr} starts a process; integrations may not"


def _module(name: str, node: ast.AST) -> Iterator[Seen]:
    found = _MODULES.get(name.partition(".")[0])
    if found is not None:
        yield found[0], node, f"{name} {found[1]}; integrations may not use it"


def _call(node: ast.Call) -> Iterator[Seen]:
    name = _name(node.func)
    if isinstance(node.func, ast.Name) and name in _CALLS:
        yield "dynamic-code", node, f"{name}() runs dynamic code; integrations may not"
    elif name == "import_module" and not (node.args and isinstance(node.args[0], ast.Constant)):
        yield "dynamic-code", node, "import_module() of a computed name runs code that nobody reviewed"
    elif _text(node.func) in {"yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load"} and not _safe(node):
        yield "deserialisation", node, f"{_text(node.func)} builds objects from data"
    elif name in _SQL_CALLS and node.args and _is_built(node.args[0], _SQL):
        yield "sql-injection", node, "a statement is built from pieces of text"
    elif name in {"Template", "from_string"} and node.args and not isinstance(node.args[0], ast.Constant):
        yield "template-injection", node, "a template is made from text that is not constant"


def _safe(node: ast.Call) -> bool:
    loaders = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "Loader")]
    return any(_name(loader) in _SAFE_LOADERS for loader in loaders)


def _is_built(node: ast.expr, wanted: re.Pattern[str]) -> bool:
    """Whether text that begins as `wanted` is put together here with something that is not constant."""
    if isinstance(node, ast.JoinedStr):
        first = node.values[0] if node.values else None
        return any(isinstance(value, ast.FormattedValue) for value in node.values) and _begins(first, wanted)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        left = node.left
        while isinstance(left, ast.BinOp):
            left = left.left
        return _begins(left, wanted) and not isinstance(node.right, ast.Constant)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _begins(node.func.value, wanted)
    return False


def _begins(node: ast.expr | None, wanted: re.Pattern[str]) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(wanted.match(node.value))


def _is_route(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    called = (decorator.func for decorator in node.decorator_list if isinstance(decorator, ast.Call))
    return any(isinstance(func, ast.Attribute) and func.attr in _ROUTES for func in called)


def _from_input(route: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Seen]:
    """A caller's text that decides which file is opened or which host is called, as far as it is plain to see."""
    arguments = [*route.args.posonlyargs, *route.args.args, *route.args.kwonlyargs]
    texts = {a.arg for a in arguments if a.annotation is not None and re.search(r"\bstr\b", ast.unparse(a.annotation))}
    for node in ast.walk(route):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = _name(node.func)
        if name in _OPENERS and any(_uses(argument, texts) for argument in node.args):
            yield "path-traversal", node, f"{name}() takes a path from the request"
        elif name in _REQUESTS and isinstance(node.func, ast.Attribute):
            direct = _name(node.func.value) in _HTTP
            if any(_is_address(argument, texts, direct=direct) for argument in node.args[:2]):
                yield "host-from-request", node, f"{name}() takes its host from the request"


def _uses(node: ast.expr, names: set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def _is_address(node: ast.expr, names: set[str], *, direct: bool) -> bool:
    """Whether a URL's host is one of `names`; a plain name counts only where an HTTP library is called `direct`ly."""
    if isinstance(node, ast.JoinedStr) and node.values:
        first, *rest = node.values
        if _begins(first, _SCHEME):
            return bool(rest) and isinstance(rest[0], ast.FormattedValue) and _uses(rest[0].value, names)
        return direct and isinstance(first, ast.FormattedValue) and _uses(first.value, names)
    return direct and isinstance(node, ast.Name) and node.id in names


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str:
    return f"{_name(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else _name(node)


def _urls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """String literals that begin as a URL with a host, but for docstrings."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            found = _URL.match(node.value)
            if found:
                yield node.lineno, found.group()


if __name__ == "__main__":
    main()
