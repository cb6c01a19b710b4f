"""What holds for every test."""

import gc
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Collect dead greenlets now: CPython 3.11 miscounts its recursion if that happens while it compiles a module."""
    gc.collect()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes by their length: some hold the time they were made, and two processes must name a test alike."""
    return f"{argname}-{len(val)}" if isinstance(val, bytes) else None


SLOW = ("contract", "workflows", "api", "e2e", "faults", "unit/simulators", "unit/cli", "unit/files/test_steps.py")
"""Whatever starts servers, stacks or sandboxes: all of it in CI, none of it in the loop of somebody who edits."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)
