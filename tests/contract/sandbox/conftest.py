"""Validation in the session's environment, the good package, and an eye on processes left behind."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from adapters.artifacts import FileArtifacts
from adapters.packages import Packages
from adapters.policy import ProvingSettings
from adapters.sandbox import Environments, SandboxSettings
from adapters.validation.engine import Validation

collect_ignore = ["packages"]  # data, with tests of their own

GOOD = Path(__file__).parent / "packages" / "good"
PACKAGE = "colour_names_integration"


def quiet(message: str) -> None:
    """A heartbeat nobody listens to."""


@pytest.fixture
def artifacts(tmp_path: Path) -> FileArtifacts:
    return FileArtifacts(tmp_path / "artifacts")


def validation(
    artifacts: FileArtifacts, environments: Environments, packages: Packages, settings: SandboxSettings
) -> Validation:
    """It runs tests and nothing else: neither validators nor mutants."""
    return Validation(artifacts, environments, packages, [], ProvingSettings().load(), settings=settings)


@pytest.fixture
def checks(artifacts: FileArtifacts, environments: Environments, packages: Packages) -> Validation:
    settings = SandboxSettings(memory=512 << 20, tmp_size=16 << 20, cpu=5, seconds=60)
    return validation(artifacts, environments, packages, settings)


@pytest.fixture
def impatient(artifacts: FileArtifacts, environments: Environments, packages: Packages) -> Validation:
    return validation(artifacts, environments, packages, SandboxSettings(seconds=3))


@pytest.fixture
def good() -> dict[str, str]:
    files = [path for path in GOOD.rglob("*") if path.suffix in {".py", ".md", ".yaml", ".toml"}]
    return {path.relative_to(GOOD).as_posix(): path.read_text() for path in files}


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    yield
    left = [process for process in psutil.Process().children(recursive=True) if process.pid not in before]
    _, alive = psutil.wait_procs(left, timeout=2)
    assert not alive
