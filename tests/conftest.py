"""What holds for every test."""

import gc
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

import pytest

from tests.policies import ENVIRONMENTS


def pytest_configure(config: pytest.Config) -> None:
    """One folder of environments for all of xdist's processes, which inherit its name from the first."""
    if ENVIRONMENTS not in os.environ:
        made = Path(tempfile.mkdtemp(prefix="ccb-environments-", dir="/tmp"))
        made.chmod(0o755)  # sandboxes run as other users
        os.environ[ENVIRONMENTS] = str(made)
        config.add_cleanup(partial(shutil.rmtree, made, ignore_errors=True))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Collect dead greenlets now: CPython 3.11 miscounts its recursion if that happens while it compiles a module."""
    gc.collect()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes by their length: some hold the time they were made, and two processes must name a test alike."""
    return f"{argname}-{len(val)}" if isinstance(val, bytes) else None


SLOW = (
    *("contract", "workflows", "api", "e2e", "faults", "replay"),
    *("unit/simulators", "unit/cli", "unit/files/test_steps.py"),
)
"""Whatever starts servers, stacks or sandboxes, and replays, which take a minute: all of it in CI, none of it in the
loop of somebody who edits."""


def _slow(path: Path) -> bool:
    return path.relative_to(Path(__file__).parent).as_posix().startswith(SLOW)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The fast loop does not import what it leaves out: that alone takes 20 s."""
    return True if config.getoption("markexpr") == "not slow" and _slow(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _slow(item.path):
            item.add_marker(pytest.mark.slow)
