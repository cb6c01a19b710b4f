"""What the runner refuses, what it says then, and that nothing is left of it."""

import asyncio
import base64
import gzip
import os
import stat
import sys

import httpx
import psutil
import pytest
from pydantic import SecretStr

from adapters.process_target import ProcessTarget, ProcessTargetSettings
from domain import ids
from domain.errors import (
    CcbError,
    Conflict,
    InvalidInput,
    NotFound,
    VendorRejected,
    VendorUnavailable,
    VerdictInvalid,
)
from tests import proofs
from tests.contract.process_target.conftest import (
    KEY,
    NAME,
    TOKEN,
    Built,
    World,
    built,
    eventually,
    free_port,
    spec_of,
)


async def refused(world: World, version: Built, kind: type[CcbError]) -> CcbError:
    """The error; and nothing is there."""
    with pytest.raises(kind) as error:
        await world.start(version)
    assert (await world.target.status(version.spec.id)).state == "absent"
    assert not (world.runner.folder / "deployments" / version.spec.id).exists()
    return error.value


async def test_another_content_than_approved(world: World) -> None:
    version, other = built(version="1.0.0"), built(version="2.0.0")
    error = await refused(world, Built(version.spec, {}, world.bundle(other)), VerdictInvalid)
    assert error.details == {"expected": version.spec.content_hash, "found": other.spec.content_hash}


async def test_the_same_files_as_another_version(world: World) -> None:
    version = built()
    for other in ({"name": "gadgets"}, {"version": "2.0.0"}):
        await refused(world, Built(version.spec, {}, world.bundle(version, **other)), VerdictInvalid)


def changed(bundle: bytes, at: int) -> bytes:
    return bundle[:at] + bytes([bundle[at] ^ 1]) + bundle[at + 1 :]


async def test_what_is_not_proven_never_reaches_the_disk(world: World) -> None:
    """A key that is not believed, no verdict, one over other reports, one that says FAILED, one that lies."""
    version = built()
    good, parts = world.bundle(version), proofs.unsigned(version.files, name=NAME, lock=world.lock)
    said = proofs.statement(parts, name=NAME)
    failed = said.predicate.model_copy(update={"verification_result": "FAILED", "verified_levels": ["FAILED"]})
    blocked = proofs.unsigned(version.files, name=NAME, lock=world.lock, checks=proofs.BLOCKED_SARIF)
    wrong = {
        "not among those believed": world.bundle(version, key=proofs.OTHER_KEY),
        "not a signed envelope": parts.pack(),
        "not the one that the verdict was given for": proofs.signed(blocked, said),
        "FAILED": proofs.signed(parts, said.model_copy(update={"predicate": failed})),
        "findings block": world.bundle(version, checks=proofs.BLOCKED_SARIF),
    }
    for says, bundle in wrong.items():
        error = await refused(world, Built(version.spec, {}, bundle), VerdictInvalid)
        assert says in error.message
    for at in (0, 600, len(good) // 2, len(good) - 1):
        with pytest.raises((InvalidInput, VerdictInvalid)):
            await world.start(Built(version.spec, {}, changed(good, at)))
    assert not (world.runner.folder / "deployments" / version.spec.id).exists()


async def test_the_answer_to_what_is_not_proven_is_a_problem(world: World) -> None:
    version = built()
    body = {
        "spec": version.spec.model_dump(mode="json"),
        "bundle": base64.b64encode(world.bundle(version, key=proofs.OTHER_KEY)).decode(),
        "secrets": {"API_TOKEN": TOKEN},
    }
    url = f"{world.runner.url}/deployments/{version.spec.id}"
    answer = await world.http.put(url, json=body, headers={"Authorization": f"Bearer {KEY}"})
    assert (answer.status_code, answer.json()["code"]) == (422, "verdict_invalid")


@pytest.mark.parametrize("path", ["../evil.py", "a/../../evil.py", "./a.py"])
async def test_a_path_that_leads_out_of_the_folder(world: World, path: str) -> None:
    files = {path: "pass\n"}
    version = Built(spec_of(files), files)
    error = await refused(world, version, InvalidInput)
    assert path in error.message
    assert not list(world.runner.folder.rglob("evil.py"))


@pytest.mark.parametrize(
    "bundle",
    [b"not a tar", gzip.compress(b"not a tar" * 1000), b""],
    ids=["rubbish", "gzipped", "empty"],
)
async def test_what_is_no_bundle(world: World, bundle: bytes) -> None:
    await refused(world, Built(built().spec, {}, bundle), InvalidInput)


async def test_a_lock_that_is_none(world: World) -> None:
    version = built()
    lock = world.lock.model_copy(update={"text": "requests\n"})
    error = await refused(world, Built(version.spec, {}, world.bundle(version, lock=lock)), InvalidInput)
    assert "lock" in error.message


async def test_settings_that_the_manifest_does_not_declare_or_lacks(world: World) -> None:
    version = built()

    async def start(configuration: dict[str, str], secrets: dict[str, SecretStr]) -> None:
        await world.target.start(
            version.spec, world.bundle(version), configuration=configuration, secrets=secrets, heartbeat=lambda _: None
        )

    with pytest.raises(InvalidInput, match="requires the secret API_TOKEN"):
        await start({}, {})
    with pytest.raises(InvalidInput, match="no configuration LD_PRELOAD"):
        await start({"LD_PRELOAD": "x"}, {"API_TOKEN": SecretStr(TOKEN)})
    with pytest.raises(InvalidInput, match="no secret OTHER"):
        await start({}, {"API_TOKEN": SecretStr(TOKEN), "OTHER": SecretStr("x")})
    assert (await world.target.status(version.spec.id)).state == "absent"


async def test_an_app_that_cannot_be_imported_says_why(world: World) -> None:
    version = built(app="raise RuntimeError('no widgets today')\n")
    await world.start(version)
    status = await eventually(
        lambda: world.target.status(version.spec.id), lambda status: status.state == "backing_off"
    )
    assert not status.healthy
    assert "ended with exit code 1" in status.detail
    assert "RuntimeError: no widgets today" in status.detail
    assert await world.target.switch(NAME, version.spec.id)
    answer = await world.http.get(f"{world.runner.url}/i/{NAME}/health")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1


async def test_routes_to_what_is_not_there_or_is_another(world: World) -> None:
    version = built()
    await world.start(version)
    with pytest.raises(NotFound):
        await world.target.switch(NAME, ids.deployment("int", "sha256:0"))
    with pytest.raises(Conflict):
        await world.target.switch("gadgets", version.spec.id)
    assert await world.target.live("gadgets") is None
    with pytest.raises(NotFound):
        await world.target.live("Not A Name")
    with pytest.raises(NotFound):
        await world.target.logs(ids.deployment("int", "sha256:0"), limit=10)
    with pytest.raises(NotFound):
        await anext(aiter(world.target.follow(ids.deployment("int", "sha256:0"))))


async def test_the_key(world: World) -> None:
    version = built()
    stranger = ProcessTarget(ProcessTargetSettings(url=world.runner.url, key=SecretStr("x" * 30)))
    with pytest.raises(VendorRejected) as error:
        await stranger.status(version.spec.id)
    assert error.value.details["vendor"] == "runner"
    await stranger.close()
    for method, path in (("PUT", "/deployments/x"), ("GET", "/routes/widgets"), ("GET", "/deployments/x/logs")):
        answer = await world.http.request(method, f"{world.runner.url}{path}")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_runner_that_is_not_there() -> None:
    target = ProcessTarget(ProcessTargetSettings(url=f"http://127.0.0.1:{free_port()}", key=SecretStr(KEY)))
    with pytest.raises(VendorUnavailable) as error:
        await target.live(NAME)
    assert error.value.details["vendor"] == "runner"
    await target.close()


async def test_a_body_that_is_wrong_is_answered_without_its_values(world: World) -> None:
    version = built()
    body = {"spec": {"id": 1}, "bundle": "", "secrets": {"API_TOKEN": [TOKEN]}}
    url = f"{world.runner.url}/deployments/{version.spec.id}"
    for content in (httpx.Request("PUT", url, json=body).content, b"{", TOKEN.encode()):
        answer = await world.http.put(url, content=content, headers={"Authorization": f"Bearer {KEY}"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
        assert TOKEN not in answer.text


async def test_a_second_runner_in_the_same_folder(world: World) -> None:
    environment = {
        **os.environ,
        "CCB_RUNNER_PORT": str(free_port()),
        "CCB_RUNNER_KEY": KEY,
        "CCB_DATA_DIR": str(world.runner.data_dir),
        "CCB_SIGNING_PUBLIC_KEYS": proofs.public(),
    }
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workers.runner", env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, stderr = await asyncio.wait_for(second.communicate(), 30)
    assert second.returncode == 2
    assert b"Another runner works in" in stderr


async def test_secrets_stay_out_of_sight(world: World) -> None:
    version = built(hosts=[world.upstream.host])
    url = await world.up(version)
    await world.http.get(f"{url}/say", params={"text": f"token {TOKEN}!"})
    lines = await eventually(
        lambda: world.target.logs(version.spec.id, limit=100),
        lambda lines: any(line.text.startswith("token") for line in lines),
    )
    assert [line.text for line in lines if line.text.startswith("token")] == ["token [redacted]!"]
    assert TOKEN not in (await world.target.status(version.spec.id)).model_dump_json()
    for process in world.runner.inside():
        assert TOKEN not in " ".join(process.cmdline())
        assert TOKEN not in " ".join(environment_of(process))
    folder = world.runner.folder / "deployments" / version.spec.id
    holding = [path for path in world.runner.folder.rglob("*.json*") if TOKEN in path.read_text(errors="replace")]
    assert holding == [folder / "environment.json"]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600


def environment_of(process: psutil.Process) -> list[str]:
    return [f"{name}={value}" for name, value in process.environ().items()]
