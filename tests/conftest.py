"""What holds for every test."""

import gc

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Collect dead greenlets now: CPython 3.11 miscounts its recursion if that happens while it compiles a module."""
    gc.collect()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes by their length: some hold the time they were made, and two processes must name a test alike."""
    return f"{argname}-{len(val)}" if isinstance(val, bytes) else None
