"""What holds for every test."""

import gc

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Collect dead greenlets now: CPython 3.11 miscounts its recursion if that happens while it compiles a module."""
    gc.collect()
