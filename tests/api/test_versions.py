"""What proves a version, by the API and by `ccb`: reports one by one, and the bundle, checked without the API."""

import json

from adapters.attestation.envelopes import DsseSigner
from adapters.attestation.keys import public_of
from domain.artifacts import ArtifactRef, files_hash
from domain.registry import Version
from tests import proofs
from tests.api.test_cli import is_sentence
from tests.api.test_problems import is_problem
from tests.api.test_secrets import unplanned
from tests.api.world import World

MEDIA_TYPES = {
    "checks": "application/sarif+json",
    "tests": "application/junit+xml",
    "sbom": "application/vnd.cyclonedx+json",
    "lock": "application/toml",
    "verdict": "application/vnd.in-toto.vsa+dsse",
}


async def recorded(world: World, *, name: str, verdict: bool = True) -> dict[str, bytes]:
    """Give the integration a version with all its reports; what they are."""
    put = world.services.artifacts.put
    parts = proofs.unsigned(name=name)
    listed = {path: (await put(text.encode(), "text/plain")).model_dump() for path, text in proofs.FILES.items()}
    files = await put(json.dumps(listed).encode(), "application/json")
    said = {"checks": parts.checks, "tests": parts.tests, "sbom": parts.sbom, "lock": parts.lock}
    said |= {"verdict": DsseSigner(proofs.KEY).sign(proofs.statement(parts, name=name))} if verdict else {}
    refs: dict[str, ArtifactRef] = {report: await put(data, "x/y") for report, data in said.items()}
    found = await world.services.integrations.find(name)
    version = Version(
        integration_id=found.id,
        version="1.0.0",
        content_hash=files_hash(proofs.FILES),
        files=files,
        plan=files,
        **refs,
    )
    await world.services.integrations.record_version(version, key=f"version/{verdict}")
    return said


async def test_each_report_as_it_was_published(world: World) -> None:
    name = await unplanned(world)
    said = await recorded(world, name=name)
    async with world.client() as api:
        for report, data in said.items():
            answer = await api.get(f"/api/v1/integrations/{name}/versions/1.0.0/reports/{report}")
            assert (answer.status_code, answer.content) == (200, data)
            assert answer.headers["content-type"].partition(";")[0] == MEDIA_TYPES[report]
        missing = await api.get(f"/api/v1/integrations/{name}/versions/1.0.0/reports/measured")
        is_problem(missing, 404, "not_found")
        is_problem(await api.get(f"/api/v1/integrations/{name}/versions/2.0.0/reports/sbom"), 404, "not_found")
        is_problem(await api.get(f"/api/v1/integrations/{name}/versions/1.0.0/reports/files"), 422, "invalid_input")


async def test_the_bundle_is_the_bytes_that_are_deployed(world: World) -> None:
    name = await unplanned(world)
    await recorded(world, name=name)
    async with world.client() as api:
        answer = await api.get(f"/api/v1/integrations/{name}/versions/1.0.0/bundle")
    assert (answer.status_code, answer.content) == (200, proofs.proven(name=name))
    assert answer.headers["content-type"] == "application/x-tar"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}-1.0.0.tar"'


async def test_without_a_verdict_there_is_no_bundle_and_without_a_key_nothing(world: World) -> None:
    name = await unplanned(world)
    await recorded(world, name=name, verdict=False)
    async with world.client() as api:
        is_problem(await api.get(f"/api/v1/integrations/{name}/versions/1.0.0/bundle"), 404, "not_found")
    async with world.client(role=None) as stranger:
        for path in ("bundle", "reports/sbom"):
            answer = await stranger.get(f"/api/v1/integrations/{name}/versions/1.0.0/{path}")
            is_problem(answer, 401, "unauthenticated")


async def test_fetching_and_verifying(world: World) -> None:
    name = await unplanned(world)
    empty = await world.ccb("bundle", name)
    is_sentence(empty, 2, "no version yet")
    await recorded(world, name=name)
    fetched = await world.ccb("bundle", name, "--json")
    assert fetched.code == 0, fetched
    file = world.data_dir / f"{name}-1.0.0.tar"
    assert file.read_bytes() == proofs.proven(name=name)
    (world.data_dir / "signing.pub").write_text(public_of(proofs.KEY))
    verified = await world.ccb("verify", file.name)
    assert (verified.code, verified.out.splitlines()[0]) == (0, f"{name} 1.0.0 is proven")
    (world.data_dir / "signing.pub").unlink()
    is_sentence(await world.ccb("bundle", name, "--version", "7.0.0"), 2, "no version 7.0.0")
