"""Compliance: a version that says what changed since the one before."""

from collections.abc import Mapping

import pytest
import yaml

from adapters.packages import Packages
from adapters.sandbox import Environments
from adapters.validation.compliance.validator import VERSIONS, Compliance
from adapters.validation.preparing import prepared
from adapters.validation.syntax import manifests
from adapters.validation.validator import Found, Subject
from adapters.validation.workspace import workspace
from domain.proving import ProvingPolicy
from tests.contract.sandbox.conftest import quiet
from tests.contract.validation.conftest import Files
from tests.contract.validation.test_compliance import MANIFEST, with_manifest


async def judged(
    files: Files, previous: Mapping[str, str], packages: Packages, environments: Environments, policy: ProvingPolicy
) -> Found:
    declared, _ = manifests.read(files)
    ready = await prepared(packages, environments, declared, policy)
    async with workspace(files, ready.environment, ready.tools) as space:
        subject = Subject(space, declared, ready.lock, previous=previous)
        return await Compliance(policy).run(subject, heartbeat=quiet)


@pytest.mark.parametrize(
    ("version", "wanted"),
    [("1.0.1", "2.0.0"), ("1.9.0", "2.0.0"), ("2.0.0", None), ("0.9.0", "2.0.0")],
)
async def test_a_break_needs_a_major_version(
    good: Files,
    version: str,
    wanted: str | None,
    packages: Packages,
    environments: Environments,
    policy: ProvingPolicy,
) -> None:
    (capability,) = yaml.safe_load(good[MANIFEST])["capabilities"]
    before = with_manifest(good, capabilities=[capability, capability | {"name": "colours.all", "route": "/colours"}])
    found = await judged(with_manifest(good, version=version), before, packages, environments, policy)
    mine = [finding for finding in found.findings if finding.tool == VERSIONS]
    assert [finding.line for finding in mine] == ([2] if wanted else [])
    assert all(f"is {wanted} at the least" in one.fix and "colours.all is gone" in one.message for one in mine)


async def test_an_earlier_version_that_cannot_be_read_binds_nobody(
    good: Files, packages: Packages, environments: Environments, policy: ProvingPolicy
) -> None:
    for text in ("{", "name: x", ""):
        found = await judged(good, {MANIFEST: text}, packages, environments, policy)
        assert not [finding for finding in found.findings if finding.tool == VERSIONS]
