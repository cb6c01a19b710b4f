"""Read the Python files of a workspace without running them. Runs in the jail as a script: the standard library only.

Prints `{"findings": [{rule, path, line, message}], "urls": [{path, line, url}]}`. It finds what no reviewer should have
to look for; the jail, not this, is what keeps hostile code in.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_MODULES = {
    "subprocess": "processes",
    "multiprocessing": "processes",
    "pty": "processes",
    "ctypes": "native code",
    "cffi": "native code",
    "socket": "sockets",
    "runpy": "dynamic code",
    "code": "dynamic code",
    "codeop": "dynamic code",
    "marshal": "dynamic code",
    "pickle": "dynamic code",
}
_CALLS = frozenset({"eval", "exec", "compile", "__import__"})
_OS = re.compile(r"^(system|popen|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?|fork|forkpty|startfile)$")
_URL = re.compile(r"^(https?|wss?)://[^/\s]+", re.IGNORECASE)
_SUPPRESSION = re.compile(r"^\s*#\s*(mypy:|ruff:\s*noqa|flake8:\s*noqa|type:\s*ignore)", re.IGNORECASE)


def main() -> None:
    findings: list[dict[str, object]] = []
    urls: list[dict[str, object]] = []
    for path in sorted(Path().rglob("*.py")):
        name = path.as_posix()
        try:
            text = path.read_text("utf-8")
            tree = ast.parse(text, name)
        except SyntaxError as error:
            findings.append(_finding("syntax", name, error.lineno or 0, error.msg))
            continue
        except (ValueError, RecursionError, MemoryError) as error:
            findings.append(_finding("syntax", name, 0, f"cannot be parsed: {type(error).__name__} {error}".strip()))
            continue
        findings += [_finding(rule, name, line, message) for rule, line, message in _forbidden(tree)]
        findings += [
            _finding("suppression", name, number, "checks may not be turned off for a whole file")
            for number, line in enumerate(text.splitlines(), 1)
            if _SUPPRESSION.match(line)
        ]
        if path.parts[0] != "tests":
            urls += [{"path": name, "line": line, "url": url} for line, url in _urls(tree)]
    json.dump({"findings": findings, "urls": urls}, sys.stdout)


def _finding(rule: str, path: str, line: int, message: str) -> dict[str, object]:
    return {"rule": rule, "path": path, "line": line, "message": message}


def _forbidden(tree: ast.Module) -> Iterator[tuple[str, int, str]]:
    systems = {"os", "posix"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _module(alias.name, node.lineno)
                if alias.name in {"os", "posix"}:
                    systems.add(alias.asname or alias.name)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from _module(node.module or "", node.lineno)
            for alias in node.names if node.module in systems else ():
                yield from _system(alias.name, node.lineno)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            yield "forbidden-call", node.lineno, f"{node.func.id}() runs dynamic code; integrations may not"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in systems:
            yield from _system(node.attr, node.lineno)


def _module(name: str, line: int) -> Iterator[tuple[str, int, str]]:
    what = _MODULES.get(name.partition(".")[0])
    if what is not None:
        yield "forbidden-import", line, f"{name} gives {what}; integrations may not use it"


def _system(name: str, line: int) -> Iterator[tuple[str, int, str]]:
    if _OS.match(name):
        yield "forbidden-call", line, f"os.{name} starts a process; integrations may not"


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
