"""An integration's end, and who needs whom, by the API and by `ccb`: what is asked for is what the run is told."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.lifecycle import Stage
from domain.people import Actor, Channel, Role
from domain.plan import Dependency
from domain.registry import Integration
from domain.retirement import Deprecation
from domain.vendors import Notice
from tests.api.test_cli import is_sentence
from tests.api.test_deployments import at, serving
from tests.api.test_problems import is_problem
from tests.api.world import World


async def told(world: World, row: Integration) -> list[dict[str, Any]]:
    """What the runs were told, the first one first."""
    found = await world.services.integrations.audit(row.id)
    return [json.loads(one.detail) for one in found if one.detail.startswith("{")]


async def test_a_deprecation_is_told_as_asked_and_once_for_a_key(world: World):
    row = await serving(world)
    body = {"reason": "v2 is better", "sunset_at": "2031-06-30T00:00:00Z", "link": "https://example.com/v2"}
    async with world.client(Role.OPERATOR) as api:
        first = await api.post(at(row, "deprecate"), json=body, headers={"Idempotency-Key": "k"})
        assert first.status_code == 202, first.text
        again = await api.post(at(row, "deprecate"), json=body, headers={"Idempotency-Key": "k"})
        assert again.json()["run_id"] == first.json()["run_id"]
        assert first.headers["location"] == first.json()["status_url"]
        found = (await api.get(f"/api/v1/integrations/{row.name}")).json()
    assert (found["operation"], found["run_id"]) == ("deprecate", first.json()["run_id"])
    (cmd,) = await told(world, row)
    assert (cmd["reason"], cmd["sunset_at"], cmd["link"]) == tuple(body.values())
    assert cmd["requester"]["name"] == "the operator"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "x", "sunset_at": "tomorrow"},
        {"reason": "x", "sunset_at": "2031-06-30T00:00:00"},
        {"reason": "x", "link": "javascript:alert(1)"},
        {"reason": "x", "link": 'https://x.example/>; rel="y'},
    ],
    ids=["nothing", "no reason", "no date", "no time zone", "no link", "a link with more"],
)
async def test_what_no_header_can_say_is_refused(world: World, body: dict[str, object]):
    row = await serving(world)
    async with world.client(Role.OPERATOR) as api:
        is_problem(await api.post(at(row, "deprecate"), json=body), 422, "invalid_input")
    assert await told(world, row) == []


async def test_a_deprecation_can_be_read_and_taken_back(world: World):
    row = await serving(world)
    said = Deprecation(
        integration_id=row.id,
        reason="v2 is better",
        by=Actor(channel=Channel.CLI, name="grace"),
        notice=Notice(deprecated_at=datetime.now(UTC)),
    )
    async with world.client(Role.OPERATOR) as api:
        is_problem(await api.get(at(row, "deprecate")), 404, "not_found")
        answer = await api.delete(at(row, "deprecate"), params={"reason": "no"})
        is_problem(answer, 409, "conflict")
        await world.services.deprecations.record(said)
        await world.services.integrations.enter(row.id, Stage.DEPRECATED, key="d")
        assert Deprecation.model_validate((await api.get(at(row, "deprecate"))).json()) == said
        assert (await api.delete(at(row, "deprecate"), params={"reason": "still good"})).status_code == 202
    (cmd,) = await told(world, row)
    assert cmd["reason"] == "still good"


@pytest.mark.parametrize("way", ["POST", "DELETE"])
async def test_it_is_retired_by_either_way(world: World, way: str):
    row = await serving(world)
    async with world.client(Role.OPERATOR) as api:
        if way == "POST":
            answer = await api.post(at(row, "retire"), json={"reason": "gone", "force": True})
        else:
            path = f"/api/v1/integrations/{row.name}"
            is_problem(await api.delete(path), 422, "invalid_input")
            why = {"reason": "gone", "force": True}
            is_problem(await api.delete(path, params=why), 428, "precondition_required")
            old = {"If-Match": '"0"'}
            is_problem(await api.delete(path, params=why, headers=old), 412, "precondition_failed")
            seen = (await api.get(path)).headers["etag"]
            answer = await api.delete(path, params=why, headers={"If-Match": seen})
    assert answer.status_code == 202, answer.text
    (cmd,) = await told(world, row)
    assert (cmd["reason"], cmd["forced"], cmd["quiet"]) == ("gone", True, "PT15M")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER, Role.REVIEWER])
async def test_the_end_is_an_operators(world: World, role: Role):
    row = await serving(world)
    async with world.client(role) as api:
        for answer in (
            await api.post(at(row, "deprecate"), json={"reason": "x"}),
            await api.delete(at(row, "deprecate"), params={"reason": "x"}),
            await api.post(at(row, "retire"), json={"reason": "x"}),
            await api.delete(f"/api/v1/integrations/{row.name}", params={"reason": "x"}),
        ):
            is_problem(answer, 403, "forbidden")
    assert await told(world, row) == []


async def needing(world: World, **ranges: str) -> Integration:
    row = await serving(world)
    entry = await world.services.integrations.entry(row.id)
    assert entry is not None
    wanted = [Dependency(name=name.replace("_", "-"), version_range=text) for name, text in ranges.items()]
    await world.services.integrations.register(entry.model_copy(update={"dependencies": wanted}))
    return row


async def test_who_needs_whom_in_both_directions_and_in_order(world: World):
    first = await serving(world)
    assert first.name is not None
    second = await needing(world, **{first.name: ">=1.10,<2"})
    third = await needing(world, **{second.name or "": "~=1.0"})
    async with world.client(Role.VIEWER) as api:
        found = (await api.get(at(second, "dependencies"))).json()
        every = (await api.get("/api/v1/dependencies")).json()["order"]
    assert [(one["name"], one["version"], one["met"]) for one in found["needs"]] == [(first.name, "1.10.0", True)]
    assert [(one["name"], one["owner"], one["met"]) for one in found["needed_by"]] == [(third.name, "ada", True)]
    assert found["order"] == [[first.name], [second.name], [third.name]]
    place = {name: number for number, group in enumerate(every) for name in group}
    assert place[first.name] < place[second.name] < place[third.name]

    shown = await world.ccb("dependencies", second.name or "")
    assert shown.code == 0, shown
    assert f"Order of deployment: {first.name} → {second.name} → {third.name}" in shown.out
    assert {">=1.10,<2", "1.10.0", "~=1.0"} <= set(shown.out.split())
    as_json = await world.ccb("dependencies", second.name or "", "--json")
    assert as_json.json() == found
    assert (await world.ccb("dependencies", "--json")).json()["order"] == every


async def test_ccb_deprecates_takes_back_and_retires(world: World):
    row = await serving(world)
    name = row.name or ""
    day = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    done = await world.ccb("deprecate", name, "--reason", "old", "--sunset", day)
    assert (done.code, done.out) == (0, f"Started. Watch it: ccb watch {name}\n")
    is_sentence(await world.ccb("deprecate", name, "--reason", "old", "--sunset", "soon"), 2, "soon is not a date")
    is_sentence(await world.ccb("undeprecate", name, "--reason", "no"), 2, "has to be deprecated")
    await world.services.integrations.enter(row.id, Stage.DEPRECATED, key="d")
    assert (await world.ccb("undeprecate", name, "--reason", "still good", "--json")).json()["integration_id"] == row.id
    assert (await world.ccb("retire", name, "--reason", "gone", "--force", "--yes")).code == 0
    deprecated, back, retired = await told(world, row)
    assert deprecated["sunset_at"] == f"{day}T00:00:00Z"
    assert (back["reason"], retired["reason"], retired["forced"]) == ("still good", "gone", True)
    assert (await world.ccb("retire", name)).code == 2
