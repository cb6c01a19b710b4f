"""Sealing signs what the reports say, not what is said of them; only what is sealed is published and started."""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from activities.deployments import DeploymentActivities
from activities.store import save_files
from activities.workspaces import WorkspaceActivities
from adapters.artifacts import FileArtifacts
from adapters.attestation.envelopes import DsseSigner, DsseVerifier
from adapters.validation.compliance.sbom import sbom
from domain import bundle, ids
from domain.artifacts import ArtifactRef, content_hash, files_hash
from domain.deployments import Deployment
from domain.errors import NotProven, VerdictInvalid
from domain.proving import ProvingPolicy, Rule
from domain.reports import Effect
from domain.steps import Deploy, PublishBundle, Sealed, SealVersion
from domain.vendors import DeploymentSpec, DeploymentStatus, LogLine, Notice, Traffic
from tests import proofs

POLICY = ProvingPolicy(licenses=["MIT"], packages=["fastapi"])
VERIFIER = DsseVerifier(proofs.public())


class Deployments:
    """Nobody asks what was noted."""

    async def started(self, deployment: Deployment) -> None: ...

    async def serves(self, deployment_id: str, url: str) -> None: ...

    async def returned(self, away_from: str, back_to: str | None) -> None: ...

    async def stopped(self, deployment_id: str) -> None: ...

    async def of(self, integration_id: str) -> list[Deployment]:
        return []


class Secrets:
    """No secrets."""

    async def put(self, integration_id: str, name: str, value: SecretStr) -> None: ...

    async def names(self, integration_id: str) -> list[str]:
        return []

    async def reveal(self, integration_id: str) -> dict[str, SecretStr]:
        return {}

    async def forget(self, integration_id: str) -> None: ...


class Target:
    """A target that is asked to start; `started` says what."""

    def __init__(self) -> None:
        self.started: list[bytes] = []

    async def start(
        self,
        spec: DeploymentSpec,
        bundle: bytes,
        *,
        configuration: Mapping[str, str],
        secrets: Mapping[str, SecretStr],
        heartbeat: Callable[[str], None],
    ) -> DeploymentStatus:
        self.started.append(bundle)
        return await self.status(spec.id)

    async def status(self, deployment_id: str) -> DeploymentStatus:
        return DeploymentStatus(
            id=deployment_id, name="cities", version="1.0.0", state="starting", healthy=False, live=False, url=""
        )

    async def switch(self, name: str, deployment_id: str | None) -> str:
        return ""

    async def live(self, name: str) -> str | None:
        return None

    async def split(self, name: str, candidate: str, *, percent: int) -> None: ...

    async def traffic(self, deployment_id: str, *, seconds: float) -> Traffic:
        return Traffic(seconds=seconds, requests=0, errors=0)

    async def announce(self, name: str, notice: Notice | None) -> None: ...

    async def stop(self, deployment_id: str) -> None: ...

    async def logs(self, deployment_id: str, *, limit: int) -> list[LogLine]:
        return []

    async def follow(self, deployment_id: str) -> AsyncIterator[LogLine]:
        for line in await self.logs(deployment_id, limit=1):
            yield line


@pytest.fixture
def artifacts(tmp_path: Path) -> FileArtifacts:
    return FileArtifacts(tmp_path)


async def stored(artifacts: FileArtifacts, **parts: bytes | None) -> SealVersion:
    """A version with its reports; a part that is None is missing."""
    files = dict(proofs.FILES)
    bom = sbom(proofs.manifest(), proofs.LOCK, content_hash=files_hash(files))
    all_parts = {"checks": proofs.SARIF, "tests": proofs.JUNIT, "sbom": bom, "lock": b"lock\n", **parts}
    refs = {
        name: None if data is None else await artifacts.put(data, "application/octet-stream")
        for name, data in all_parts.items()
    }
    fields: dict[str, Any] = {"workspace": await save_files(artifacts, files), "name": "cities", "version": "1.0.0"}
    return SealVersion.model_validate({**fields, **refs})


async def sealed(artifacts: FileArtifacts, cmd: SealVersion, policy: ProvingPolicy = POLICY) -> Sealed:
    seal = WorkspaceActivities(artifacts, DsseSigner(proofs.KEY), policy).seal
    result: Sealed = await ActivityEnvironment().run(seal, cmd)
    return result


async def test_a_version_that_is_proven_is_signed_over_everything(artifacts: FileArtifacts) -> None:
    cmd = await stored(artifacts)
    found = await sealed(artifacts, cmd)
    assert (found.content_hash, found.files) == (files_hash(proofs.FILES), len(proofs.FILES))
    assert found.verdict is not None
    statement = VERIFIER.verify(await artifacts.get(found.verdict)).statement
    assert statement.content_hash == found.content_hash
    assert statement.predicate.policy.digest.sha256 == content_hash(POLICY.model_dump_json().encode())[7:]
    refs = (cmd.lock, cmd.checks, cmd.tests, cmd.sbom)
    assert list(statement.inputs.values()) == [ref.hash[7:] for ref in refs if ref is not None]
    assert await sealed(artifacts, cmd) == found


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"tests": None}, "no report of the tests"),
        ({"sbom": None}, "no SBOM"),
        ({"lock": None}, "no lock"),
        ({"checks": proofs.BLOCKED_SARIF}, "1 findings block it. First: E501"),
        ({"checks": b"{}"}, "not SARIF"),
        ({"checks": b'{"runs": []}'}, "names no tool"),
        ({"tests": proofs.FAILED_JUNIT}, "0 pass and 1 fail"),
        ({"tests": b"<testsuites/>"}, "0 pass and 0 fail"),
        ({"tests": b"<!DOCTYPE x><testsuites/>"}, "document type"),
        ({"tests": b"nothing"}, "not JUnit"),
        ({"sbom": b"{}"}, "not CycloneDX"),
        ({"sbom": proofs.unsigned({"a.py": ""}).sbom}, "of other files"),
    ],
    ids=[
        "no tests",
        "no bill",
        "no lock",
        "blocked",
        "no SARIF",
        "no tools",
        "failed",
        "nothing tested",
        "document type",
        "no JUnit",
        "no CycloneDX",
        "another bill",
    ],
)
async def test_a_claim_is_not_signed(artifacts: FileArtifacts, parts: dict[str, bytes | None], says: str) -> None:
    cmd = await stored(artifacts, **parts)
    with pytest.raises(NotProven, match=says):
        await sealed(artifacts, cmd)


async def test_the_policy_of_whoever_signs_is_the_one_that_counts(artifacts: FileArtifacts) -> None:
    """A report that was judged by a milder policy than the one that the verdict would name."""
    cmd = await stored(artifacts, checks=proofs.NOTED_SARIF)
    assert (await sealed(artifacts, cmd)).verdict is not None
    strict = POLICY.model_copy(update={"rules": [Rule(tool="ruff", effect=Effect.BLOCK)]})
    with pytest.raises(NotProven, match="First: X"):
        await sealed(artifacts, cmd, strict)


def steps(artifacts: FileArtifacts, target: Target) -> DeploymentActivities:
    return DeploymentActivities(target, artifacts, Secrets(), VERIFIER, Deployments())


async def publish(artifacts: FileArtifacts, cmd: SealVersion, verdict: ArtifactRef | None) -> PublishBundle:
    return PublishBundle(
        key="bundles/int/cities-1.0.0.tar",
        workspace=cmd.workspace,
        checks=cmd.checks,
        tests=cmd.tests,
        sbom=cmd.sbom,
        lock=cmd.lock,
        verdict=verdict,
    )


def deploy(published: ArtifactRef, **changes: str) -> Deploy:
    fields: dict[str, Any] = {
        "id": ids.deployment("int", files_hash(proofs.FILES)),
        "name": "cities",
        "version": "1.0.0",
        "content_hash": files_hash(proofs.FILES),
        "bundle": published,
        "entrypoint": "cities_integration.app:app",
        "requirements": ["fastapi"],
        "hosts": ["cities.example.com"],
    }
    return Deploy(spec=DeploymentSpec.model_validate(fields | changes), integration_id=ids.new("int"))


async def test_what_is_published_is_what_is_started(artifacts: FileArtifacts) -> None:
    cmd, target = await stored(artifacts), Target()
    verdict = (await sealed(artifacts, cmd)).verdict
    published = await ActivityEnvironment().run(
        steps(artifacts, target).publish_bundle, await publish(artifacts, cmd, verdict)
    )
    data = await artifacts.read(published.key)
    assert bundle.verify(data, VERIFIER)[1].content_hash == files_hash(proofs.FILES)
    await ActivityEnvironment().run(steps(artifacts, target).start, deploy(published.bundle))
    assert target.started == [data]


async def test_nothing_is_published_or_started_without_a_good_verdict(artifacts: FileArtifacts) -> None:
    cmd, target = await stored(artifacts), Target()
    forged = await artifacts.put(DsseSigner(proofs.OTHER_KEY).sign(proofs.statement(proofs.unsigned())), "x/y")
    for verdict, says in ((None, "no signed verdict"), (forged, "not among those believed")):
        with pytest.raises(VerdictInvalid, match=says):
            await ActivityEnvironment().run(
                steps(artifacts, target).publish_bundle, await publish(artifacts, cmd, verdict)
            )
    assert await artifacts.published() == []
    good = await artifacts.put(proofs.proven(), bundle.MEDIA_TYPE)
    stranger = await artifacts.put(proofs.proven(key=proofs.OTHER_KEY), bundle.MEDIA_TYPE)
    wrong = [
        deploy(stranger),
        deploy(good, version="2.0.0"),
        deploy(good, name="towns"),
        deploy(good, content_hash="sha256:" + "0" * 64),
    ]
    for other in wrong:
        with pytest.raises(VerdictInvalid):
            await ActivityEnvironment().run(steps(artifacts, target).start, other)
    assert target.started == []
