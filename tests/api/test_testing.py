"""Tests of an integration, by the API and by `ccb test` and `ccb tests`."""

from typing import Any

import httpx

from domain import ids
from domain.people import Role
from domain.testing import TestRunDetail
from tests.api.test_cli import is_sentence
from tests.api.test_problems import is_problem
from tests.api.test_secrets import unplanned
from tests.api.test_versions import recorded
from tests.api.world import World, until


def at(name: str, *more: str) -> str:
    return "/".join(["/api/v1/integrations", name, *more])


async def a_version(world: World) -> str:
    """The name of an integration with a version."""
    name = await unplanned(world)
    await recorded(world, name=name)
    return name


async def ended(api: httpx.AsyncClient, name: str, test_id: str) -> dict[str, Any]:
    async def over() -> bool:
        return (await api.get(at(name, "tests", test_id))).json()["ended_at"] is not None

    await until(over)
    found: dict[str, Any] = (await api.get(at(name, "tests", test_id))).json()
    return found


async def test_a_test_is_started_listed_and_read(world: World) -> None:
    name = await a_version(world)
    async with world.client(Role.DEVELOPER, "ada") as api:
        started = await api.post(at(name, "test"), json={})
        assert started.status_code == 202, started.text
        begun = started.json()
        assert started.headers["location"] == f"{world.url}{at(begun['integration_id'], 'tests', begun['id'])}"
        assert (begun["trigger"], begun["requester"]["name"], begun["version"]) == ("demand", "ada", "1.0.0")
        # It is there from the moment of the answer.
        assert (await api.get(started.headers["location"])).status_code == 200
        first = await ended(api, name, begun["id"])
        assert first["outcome"] == "passed"
        assert [case["name"] for case in first["cases"]] == ["contract::cities.list (live)"]
        second = (await api.post(at(name, "test"), json={"version": "1.0.0"})).json()
        assert (await ended(api, name, second["id"]))["comparison"]["with_id"] == begun["id"]
        listed = (await api.get(at(name, "tests"))).json()
        assert [one["id"] for one in listed] == [second["id"], begun["id"]]
        older = (await api.get(at(name, "tests"), params={"before": second["id"]})).json()
        assert [one["id"] for one in older] == [begun["id"]]
        events = (await api.get(at(name, "events"))).json()["items"]
        told = [one["data"]["metadata"]["outcome"] for one in events if one["type"] == "integration.tested"]
        assert told == ["passed", "passed"]


async def test_what_cannot_be_tested_is_said(world: World) -> None:
    name = await a_version(world)
    async with world.client(Role.DEVELOPER) as api:
        is_problem(await api.post(at(name, "test"), json={"version": "7.0.0"}), 404, "not_found")
        is_problem(await api.post(at(name, "test"), json={"version": "seven"}), 422, "invalid_input")
        is_problem(await api.post(at(await unplanned(world), "test"), json={}), 404, "not_found")
        is_problem(await api.get(at(name, "tests", ids.new("tst"))), 404, "not_found")
        is_problem(await api.get(at(name, "tests", "first")), 422, "invalid_input")
        is_problem(await api.post(at("nobody", "test"), json={}), 404, "not_found")
    async with world.client(Role.VIEWER) as api:
        is_problem(await api.post(at(name, "test"), json={}), 403, "forbidden")
        assert (await api.get(at(name, "tests"))).json() == []


async def test_by_the_command_line(world: World) -> None:
    name = await a_version(world)
    none = await world.ccb("tests", name)
    assert (none.code, "has not been tested" in none.out) == (0, True)
    ran = await world.ccb("test", name, "--wait")
    assert (ran.code, ran.out) == (0, "All tests passed: 2 passed, 0 flaky, 0 failed\n"), ran
    started = await world.ccb("test", name, "--no-wait", "--json")
    assert started.code == 0
    waited = await world.ccb("test", name, "--wait", "--json")
    assert TestRunDetail.model_validate(waited.json()).outcome == "passed"
    listed = await world.ccb("tests", name, "--json", "--limit", "2")
    found = listed.json()
    assert isinstance(found, list)
    assert [one["id"] for one in found][1] == started.json()["id"]  # type: ignore[index, call-overload]
    shown = await world.ccb("tests", name)
    assert shown.out.splitlines()[0].split() == [
        *("RUN", "VERSION", "TRIGGER", "STARTED", "OUTCOME", "PASSED", "FLAKY", "FAILED", "CONTRACTS")
    ]
    assert len(shown.out.splitlines()) == 4
    is_sentence(await world.ccb("test", name, "--version", "8.0.0"), 2, "no version 8.0.0")


async def test_flaky_is_not_passed_by_the_command_line(world: World) -> None:
    name = await a_version(world)
    found = await world.services.integrations.find(name)
    [version] = await world.services.integrations.versions(found.id)
    other = version.model_copy(update={"version": "2.0.0"})
    await world.services.integrations.record_version(other, key="other")
    ran = await world.ccb("test", name, "--version", "2.0.0", "--wait")
    assert ran.code == 1
    assert ran.out.startswith("Flaky, passed only on a second try")
    assert "flaky: contract::cities.list (live)\n    it answered 503" in ran.out
