"""Parse the files of a workspace without running them. Runs in the jail as a script.

Prints `{"findings": [{rule, path, line, message}], "project": {…} or null}`: what does not parse, where checks are
turned off for a whole file, and `pyproject.toml` as it was read.
"""

import ast
import json
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

_SUPPRESSION = re.compile(r"^\s*#\s*(mypy:|ruff:\s*noqa|flake8:\s*noqa|type:\s*ignore)", re.IGNORECASE)


def main() -> None:
    findings: list[dict[str, object]] = []
    for path in sorted(path for path in Path().rglob("*") if path.is_file()):
        parse = _PARSERS.get(path.suffix)
        if parse is None:
            continue
        name = path.as_posix()
        try:
            text = path.read_text("utf-8")
            parse(text)
        except SyntaxError as error:
            findings.append(_finding("syntax", name, error.lineno or 0, error.msg))
            continue
        except json.JSONDecodeError as error:
            findings.append(_finding("syntax", name, error.lineno, error.msg))
            continue
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            findings.append(_finding("syntax", name, line, f"not YAML: {error.problem}"))
            continue
        except (ValueError, yaml.YAMLError, RecursionError, MemoryError) as error:
            findings.append(_finding("syntax", name, _line(error), f"cannot be parsed: {type(error).__name__} {error}"))
            continue
        if path.suffix == ".py":
            findings += [
                _finding("suppression", name, number, "checks may not be turned off for a whole file")
                for number, line in enumerate(text.splitlines(), 1)
                if _SUPPRESSION.match(line)
            ]
    json.dump({"findings": findings, "project": _project()}, sys.stdout)


def _yaml(text: str) -> None:
    # Composed and not constructed: merge keys can make a small text into a large object.
    for _ in yaml.compose_all(text, Loader=yaml.SafeLoader):
        pass


def _line(error: BaseException) -> int:
    """Of a TOML error, which says it in words (`at line 3, column 1`)."""
    found = re.search(r"\(at line (\d+)", str(error))
    return int(found.group(1)) if found else 0


def _project() -> object:
    try:
        return json.loads(json.dumps(tomllib.loads(Path("pyproject.toml").read_text("utf-8")), default=str))
    except (OSError, ValueError, RecursionError):
        return None


def _finding(rule: str, path: str, line: int, message: str) -> dict[str, object]:
    return {"rule": rule, "path": path, "line": line, "message": message.strip()[:1000]}


_PARSERS: dict[str, Callable[[str], Any]] = {
    ".py": ast.parse,
    ".pyi": ast.parse,
    ".json": json.loads,
    ".toml": tomllib.loads,
    ".yaml": _yaml,
    ".yml": _yaml,
}

if __name__ == "__main__":
    main()
