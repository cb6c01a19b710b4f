"""Health: what is asked costs little, and says when the process is ending."""

import asyncio
import dataclasses

import httpx
import pytest

from api.app import create_app
from api.protocol import configured
from domain.errors import StorageUnavailable
from tests.api.world import World, served


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/health/startup", "/health/deps"])
async def test_nobody_has_to_be_known_to_ask(world: World, path: str):
    async with world.client(None) as api:
        answer = await api.get(path)
    assert answer.status_code == 200
    assert answer.json()["status"] in {"ok", "degraded"}


async def test_what_the_api_stands_on_is_named(world: World):
    async with world.client(None) as api:
        found = (await api.get("/health/deps")).json()
    by_name = {one["name"]: one for one in found["dependencies"]}
    assert {"database", "temporal", "artifacts", "runner"} <= set(by_name)
    assert by_name["database"]["ok"]
    assert by_name["database"]["needed"]
    assert by_name["runner"]["error"]
    assert found["status"] == "degraded"


@pytest.mark.parametrize(("name", "status", "code"), [("database", "unavailable", 503), ("runner", "degraded", 200)])
async def test_what_is_needed_and_away_makes_it_not_ready(world: World, name: str, status: str, code: int):
    async def fails() -> None:
        raise StorageUnavailable("away")

    async def well() -> None:
        pass

    probes = dict.fromkeys(world.services.probes, well) | {name: fails}
    services = dataclasses.replace(world.services, probes=probes)
    async with served(services) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
        for path in ("/health", "/health/ready"):
            answer = await api.get(path)
            assert (answer.status_code, answer.json()["status"]) == (code, status)
        for path in ("/health/live", "/health/startup", "/health/deps"):
            assert (await api.get(path)).status_code == 200


async def test_however_many_ask_each_thing_is_asked_once(world: World):
    asked = 0

    async def slow() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.05)

    services = dataclasses.replace(world.services, probes={"database": slow})
    async with served(services) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
        answers = await asyncio.gather(*(api.get("/health/ready") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert asked <= 4


async def test_a_process_that_is_ending_is_not_ready_and_one_that_comes_up_has_not_started(world: World):
    app = create_app(world.services)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test") as api:
        assert (await api.get("/health/startup")).status_code == 503
        assert (await api.get("/health/live")).status_code == 200
        app.state.closing.set()
        ready = await api.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    assert configured(app, patience=1).timeout_graceful_shutdown
