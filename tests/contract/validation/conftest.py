"""The good package, and validators over it one at a time, in the session's environment."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import pytest

from adapters.artifacts import FileArtifacts
from adapters.packages import Packages
from adapters.policy import ProvingSettings
from adapters.sandbox import Environments, SandboxSettings
from adapters.validation.engine import Validation
from adapters.validation.preparing import prepared
from adapters.validation.syntax import manifests
from adapters.validation.validator import Found, Subject, Validator
from adapters.validation.workspace import workspace
from domain.proving import ProvingPolicy
from domain.reports import Finding
from tests.contract.sandbox.conftest import GOOD, quiet

Files = dict[str, str]
Look = Callable[[Validator, Mapping[str, str]], Awaitable[Found]]
Made = Callable[..., Validation]


@pytest.fixture
def good() -> Files:
    files = [path for path in GOOD.rglob("*") if path.suffix in {".py", ".md", ".yaml", ".toml"}]
    return {path.relative_to(GOOD).as_posix(): path.read_text() for path in files}


@pytest.fixture
def artifacts(tmp_path: Path) -> FileArtifacts:
    return FileArtifacts(tmp_path / "artifacts")


@pytest.fixture(scope="session")
def policy() -> ProvingPolicy:
    return ProvingSettings().load()


@pytest.fixture
def look(packages: Packages, environments: Environments, policy: ProvingPolicy) -> Look:
    """One validator over some files."""

    async def looked(validator: Validator, files: Mapping[str, str]) -> Found:
        declared, _ = manifests.read(files)
        ready = await prepared(packages, environments, declared, policy)
        async with workspace(files, ready.environment, ready.tools) as space:
            subject = Subject(space, declared, ready.lock, unresolved=ready.unresolved)
            return await validator.run(subject, heartbeat=quiet)

    return looked


@pytest.fixture
def made(artifacts: FileArtifacts, packages: Packages, environments: Environments, policy: ProvingPolicy) -> Made:
    """An engine with these validators, as another worker has it: it shares nothing but the artifact store."""

    def make(*validators: Validator, policy: ProvingPolicy = policy, **others: object) -> Validation:
        settings = SandboxSettings(seconds=60)
        return Validation(artifacts, environments, packages, validators, policy, settings=settings, **others)  # type: ignore[arg-type]

    return make


def seen(findings: Sequence[Finding]) -> set[tuple[str, str, str]]:
    return {(finding.tool, finding.rule, finding.path) for finding in findings}
