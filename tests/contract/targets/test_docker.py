"""What is particular to Docker: the containers made, figures, and faults."""

import json
from typing import Any

import pytest

from adapters.docker_target import DockerTarget
from domain.errors import (
    CcbError,
    Forbidden,
    NotFound,
    VendorError,
    VendorOutcomeUnknown,
    VendorRejected,
    VendorUnavailable,
)
from domain.ports import Restarts
from simulators.kit import Simulators
from tests.contract.targets.conftest import docker_settings
from tests.contract.targets.test_life import left
from tests.contract.targets.worlds import BASE_URL, NAME, TOKEN, World, version


async def created(world: World) -> list[dict[str, Any]]:
    """What containers were asked for, in order."""
    return [json.loads(entry.body) for entry in await world.sent("POST", "/containers/create")]


async def test_containers_are_confined(docker: World) -> None:
    made = await docker.live()
    front, installer, serving = await created(docker)
    for one in (installer, serving):
        assert one["User"] == "65532:65532"
        host = one["HostConfig"]
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (512 << 20, 512 << 20, 1_000_000_000)
        assert host["PidsLimit"] == 64
        assert host["NetworkMode"] == "ccb"
        assert "PortBindings" not in host
    assert serving["HostConfig"]["Mounts"][0]["ReadOnly"] is True
    assert serving["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 10}
    assert "/health" in serving["Healthcheck"]["Test"][-1]
    assert "--require-hashes" in installer["Cmd"]
    assert front["HostConfig"]["PortBindings"] == {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "7280"}]}
    (volume,) = [one for one in await docker.objects() if one["name"] == f"{made.id}-files"]
    held = {path.removeprefix("app/"): text for path, text in volume["files"].items() if path.startswith("app/")}
    assert held == made.files
    assert "pylock.toml" in volume["files"]


async def test_secrets_are_in_the_serving_environment_alone(docker: World) -> None:
    await docker.live()
    holding = [one for one in await created(docker) if TOKEN in str(one)]
    (serving,) = holding
    assert f"API_TOKEN={TOKEN}" in serving["Env"]
    assert f"BASE_URL={BASE_URL}" in serving["Env"]
    assert TOKEN not in str(serving | {"Env": []})
    entries = await docker.sent("")
    assert len([entry for entry in entries if TOKEN in entry.body + entry.query]) == 1


async def test_traffic_is_what_the_front_saw(docker: World) -> None:
    old, new = await docker.live(), version("2.0.0")
    await docker.start(new)
    await docker.target.split(NAME, new.id, percent=20)
    await docker.asked(100)
    await docker.http.get(f"{docker.front}/i/{NAME}/health")
    await docker.http.get(f"{docker.front}/d/{new.id}/v1")
    before, after = [await docker.target.traffic(one.id, seconds=60) for one in (old, new)]
    assert (before.requests, after.requests) == (80, 20)
    assert (before.errors, before.p50_ms, before.p99_ms) == (0, 5.0, 5.0)
    assert before.last_request_at is not None


async def test_a_version_that_gives_up_has_failed(docker: World) -> None:
    made = version("6.6.8")
    await docker.simulators.act("docker", "behave", version="6.6.8", kind="crash")
    status = await docker.start(made)
    while status.state == "backing_off":
        status = await docker.target.status(made.id)
    assert status.state == "failed"
    assert status.restarts > 10
    assert "No module named 'nowhere'" in status.detail
    await docker.simulators.act("docker", "behave", version="6.6.8", kind="")
    assert (await docker.start(made)).healthy, "started again, it is made anew"


async def test_one_that_is_sick_runs_but_is_not_healthy(docker: World) -> None:
    await docker.simulators.act("docker", "behave", version="6.6.9", kind="unhealthy")
    status = await docker.start(version("6.6.9"))
    assert (status.state, status.healthy) == ("running", False)


async def test_what_cannot_be_installed_leaves_nothing(docker: World) -> None:
    await docker.simulators.act("docker", "behave", version="6.6.6", kind="install")
    with pytest.raises(VendorError, match="no wheel has the hash"):
        await docker.start(version("6.6.6"))
    assert await left(docker) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/containers/create"),
        ("POST", "/containers/[^/]*/start"),
        ("PUT", "/archive"),
        ("POST", "/volumes/create"),
        ("POST", "/networks/create"),
    ],
)
async def test_a_lost_answer_is_repeated_to_the_same_end(docker: World, method: str, path: str) -> None:
    made = version()
    await docker.simulators.fault("docker", "lose_reply", method=method, path=path)
    with pytest.raises(VendorOutcomeUnknown):
        await docker.start(made)
    assert (await docker.start(made)).healthy
    await docker.target.switch(NAME, made.id)
    assert await docker.asked() == [made.id]
    names = [one["name"] for one in await docker.objects()]
    assert sorted(names) == sorted([made.id, f"{made.id}-files", "ccb-front", "ccb-front"])
    await docker.simulators.fault("docker", "lose_reply", method="DELETE", path="/(containers|volumes)/")
    with pytest.raises(VendorOutcomeUnknown):
        await docker.target.stop(made.id)
    await docker.target.stop(made.id)
    assert await left(docker) == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, VendorRejected), (409, VendorUnavailable), (500, VendorOutcomeUnknown)],
)
async def test_refusals_of_docker(docker: World, status: int, expected: type[CcbError]) -> None:
    """Each is one of our errors, and was asked once."""
    made = version()
    path = f"/containers/{made.id}-install/start"
    body = {"message": "no space left on device"}
    await docker.simulators.fault("docker", "error", method="POST", path=path, status=status, body=body)
    with pytest.raises(expected, match="no space left on device") as caught:
        await docker.start(made)
    assert type(caught.value) is expected
    assert len(await docker.sent("POST", path)) == 1


async def test_a_front_that_was_stopped_is_started(docker: World) -> None:
    made = await docker.live()
    (await docker.http.post(f"{docker.simulators.url}/docker/v1.44/containers/ccb-front/stop")).raise_for_status()
    assert await docker.asked() == ["HTTP 502"]
    await docker.target.switch(NAME, made.id)
    assert await docker.asked() == [made.id]


async def test_one_that_hangs_is_restarted(docker: World) -> None:
    made = await docker.live()
    assert isinstance(docker.target, Restarts)
    await docker.target.restart(made.id)
    assert len(await docker.sent("POST", f"/containers/{made.id}/restart")) == 1
    with pytest.raises(NotFound):
        await docker.target.restart(version("9.9.9").id)


async def test_without_keys_nothing_is_started(simulators: Simulators) -> None:
    target, made = DockerTarget(docker_settings(simulators)), version()
    with pytest.raises(Forbidden):
        await target.start(made.spec, made.bundle, configuration={}, secrets={}, heartbeat=len)
    await target.close()


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:1", "unix:///nowhere/docker.sock"], ids=["tcp", "unix"])
async def test_docker_that_is_not_there(simulators: Simulators, url: str) -> None:
    target = DockerTarget(docker_settings(simulators, url=url))
    with pytest.raises(VendorUnavailable, match="cannot be reached"):
        await target.live(NAME)
    await target.close()
