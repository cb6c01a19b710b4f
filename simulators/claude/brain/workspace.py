"""All files of an integration, and the tool calls that bring a workspace to them."""

from typing import Any

from simulators.claude.brain.app_code import app_code
from simulators.claude.brain.app_tests_code import app_tests
from simulators.claude.brain.client_code import client_code
from simulators.claude.brain.client_tests_code import client_tests
from simulators.claude.brain.models_code import models_code
from simulators.claude.brain.operations import Service
from simulators.claude.brain.readme import readme
from simulators.claude.brain.tests_parts import conftest, models_tests, upstream_code
from simulators.claude.brain.writing import docstring, formatted


def files(service: Service, *, wrong_type: bool = False, failing_test: bool = False) -> dict[str, str]:
    """Path to content. The two flags are the mistakes that a simulated author makes."""
    package = service.package
    written = {
        f"{package}/__init__.py": docstring(f"Package of {service.name}: {service.summary}", 0) + "\n",
        f"{package}/models.py": models_code(service.models),
        f"{package}/client.py": client_code(service),
        f"{package}/app.py": app_code(service, "int" if wrong_type else None),
        "tests/__init__.py": f'"""Tests of {service.name}."""\n',
        "tests/conftest.py": conftest(service),
        "tests/upstream.py": upstream_code(),
        "tests/test_client.py": client_tests(service),
        "tests/test_models.py": models_tests(service),
        "tests/test_app.py": app_tests(service, "fine" if failing_test else "ok"),
    }
    return formatted(written) | {"README.md": readme(service)}


def changes(current: dict[str, str], wanted: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """The tool calls that make `current` what is `wanted`: an edit where one line differs, else the whole file."""
    calls: list[tuple[str, dict[str, Any]]] = []
    for path, content in wanted.items():
        before = current.get(path)
        if before == content:
            continue
        edit = _one_line(before, content) if before is not None else None
        if edit is not None:
            calls.append(("edit_file", {"path": path, "old": edit[0], "new": edit[1]}))
        else:
            calls.append(("write_file", {"path": path, "content": content}))
    return calls


def _one_line(before: str, after: str) -> tuple[str, str] | None:
    old, new = before.splitlines(), after.splitlines()
    if len(old) != len(new):
        return None
    differing = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    if len(differing) != 1 or not differing[0][0].strip() or before.count(differing[0][0]) != 1:
        return None
    return differing[0]
