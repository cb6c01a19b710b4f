"""Workspaces on disk with the environments that the builders would give them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from adapters.sandbox import Environments
from adapters.validation.workspace import Workspace, workspace
from domain.packages import Lock

GOOD = Path(__file__).parents[1] / "sandbox" / "packages" / "good"
PACKAGE = "colour_names_integration"
Space = Callable[[Mapping[str, str]], AbstractAsyncContextManager[Workspace]]


def quiet(message: str) -> None:
    """A heartbeat nobody listens to."""


@pytest.fixture(scope="session")
async def space(environments: Environments, lock: Lock) -> Space:
    """Write files for the time of a block."""
    environment = await environments.ensure(lock, testing=True)
    return partial(workspace, environment=environment, tools=await environments.tools())


@pytest.fixture
def good() -> dict[str, str]:
    files = [path for path in GOOD.rglob("*") if path.suffix in {".py", ".md", ".yaml", ".toml"}]
    return {path.relative_to(GOOD).as_posix(): path.read_text() for path in files}
