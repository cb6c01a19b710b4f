"""Code that is slow or hangs, found by reading it. Runs in the jail: the standard library only.

Prints `{"findings": [{rule, level, path, line, message, fix}]}`. The tests are not looked at: they call no outside API.
"""

import ast
import json
import sys
from pathlib import Path
from typing import Any

from adapters.validation.performance.awaiting import blocking_calls
from adapters.validation.performance.calling import missing_timeouts, unbounded_reads
from adapters.validation.performance.looping import endless_loops, missing_pages
from adapters.validation.performance.names import Module, Seen

_RULES = (blocking_calls, missing_timeouts, unbounded_reads, endless_loops, missing_pages)
_MOST = 200


def main(_: dict[str, Any]) -> None:
    modules = [Module(path.as_posix(), _parsed(path)) for path in sorted(Path().rglob("*.py")) if _is_code(path)]
    seen: list[Seen] = [one for module in modules for rule in _RULES for one in rule(module)]
    findings = [
        {
            "rule": one.rule,
            "level": one.level,
            "path": one.path,
            "line": one.line,
            "message": one.message,
            "fix": one.fix,
        }
        for one in sorted(dict.fromkeys(seen), key=lambda one: (one.path, one.line, one.rule))[:_MOST]
    ]
    json.dump({"findings": findings}, sys.stdout)


def _is_code(path: Path) -> bool:
    return path.parts[0] != "tests" and path.name != "conftest.py"


def _parsed(path: Path) -> ast.Module:
    """What cannot be parsed is said by the validator of syntax, and is empty here."""
    try:
        return ast.parse(path.read_text("utf-8"), path.as_posix())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
