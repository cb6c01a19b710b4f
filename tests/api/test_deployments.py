"""Putting versions into environments by the API and by `ccb`: what is asked for is what the run is told, once."""

from collections.abc import AsyncIterator

import pytest

from domain import ids
from domain.artifacts import content_hash
from domain.deployments import Deployment
from domain.lifecycle import Stage
from domain.manifest import HealthCheck
from domain.operations import DeployVersion, Environment, Rollout
from domain.people import Actor, Channel, Role
from domain.registry import Integration, RegistryEntry, Version
from domain.runs import Abandon, CreateIntegration, DocumentSource, IntegrationRequest
from tests.api.stand_in_deploying import WAITS
from tests.api.test_problems import is_problem
from tests.api.world import REPOSITORY, World, fresh_name

PRODUCTION, STAGING = Environment.PRODUCTION, Environment.STAGING
VERSIONS = ("1.0.0", "1.9.0", "1.10.0")


async def serving(world: World, version: str | None = "1.10.0", *, staging: str | None = None) -> Integration:
    """An active integration with three versions; `version` is registered, `staging` serves there."""
    cmd = CreateIntegration(
        integration_id=ids.new("int"),
        organization_id=ids.DEFAULT_ORGANIZATION,
        request=IntegrationRequest(
            title="x", name=fresh_name("serving"), document=DocumentSource(url="https://example.com/x")
        ),
        requester=Actor(channel=Channel.API, name="ada"),
        repository=REPOSITORY,
    )
    store, deployments = world.services.integrations, world.services.deployments
    row = await store.accept(cmd, workflow_id=ids.lifecycle_workflow(cmd.integration_id), run_id="none")
    for stage in (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING, Stage.DEPLOYING, Stage.ACTIVE):
        row = await store.enter(row.id, stage, key=stage)
    ref = await world.services.artifacts.put(b"x", "text/plain")
    for number in VERSIONS:
        made = Version(
            integration_id=row.id, version=number, content_hash=content_hash(number.encode()), files=ref, plan=ref
        )
        await store.record_version(made, key=number)
    for environment, number in ((PRODUCTION, version), (STAGING, staging)):
        if number is not None:
            mine = ids.deployment(row.id, number, environment)
            await deployments.started(
                Deployment(id=mine, integration_id=row.id, version=number, environment=environment, target="process")
            )
            await deployments.serves(mine, f"http://127.0.0.1/i/{ids.route(row.name or '', environment)}")
    if version is not None:
        await store.register(_entry(row, version))
    return row


def _entry(row: Integration, version: str) -> RegistryEntry:
    return RegistryEntry(
        integration_id=row.id,
        name=row.name or "",
        version=version,
        description="x",
        author="ada",
        dependencies=[],
        capabilities=[],
        hosts=[],
        health=HealthCheck(),
        url="http://127.0.0.1/i/x",
        deployment_id=ids.deployment(row.id, version),
        content_hash=content_hash(version.encode()),
    )


async def told(world: World, row: Integration) -> list[DeployVersion]:
    """What the runs were told, the first one first."""
    found = await world.services.integrations.audit(row.id)
    return [DeployVersion.model_validate_json(one.detail) for one in found if one.detail.startswith("{")]


def at(row: Integration, what: str) -> str:
    return f"/api/v1/integrations/{row.name}/{what}"


async def test_a_version_is_deployed_as_asked_and_the_run_can_be_followed(world: World):
    row = await serving(world)
    body = {
        "version": "1.9.0",
        "environment": "staging",
        "rollout": {"strategy": "blue_green", "hold": "PT5S", "errors": 0.1},
        "reason": "look at it",
    }
    async with world.client(Role.OPERATOR) as api:
        answer = await api.post(at(row, "deployments"), json=body)
        assert answer.status_code == 202, answer.text
        started = answer.json()
        assert answer.headers["location"] == started["status_url"]
        assert started["status_url"].endswith(f"/{row.id}/run")
        found = (await api.get(f"/api/v1/integrations/{row.name}")).json()
    assert (found["run_id"], found["operation"]) == (started["run_id"], "deploy")
    (cmd,) = await told(world, row)
    assert (cmd.version, cmd.environment, cmd.rollback, cmd.reason) == ("1.9.0", STAGING, False, "look at it")
    assert cmd.rollout == Rollout.model_validate(body["rollout"])
    assert (cmd.requester.name, cmd.organization_id) == ("the operator", row.organization_id)


async def test_what_is_not_said_is_the_usual(world: World):
    """The newest version; the one in staging; the one before: by number, not by the letters of it."""
    row = await serving(world, staging="1.9.0")
    async with world.client(Role.OPERATOR) as api:
        for what in ("deployments", "promote", "rollback"):
            assert (await api.post(at(row, what), json={})).status_code == 202
    deploy, promote, rollback = await told(world, row)
    assert (deploy.version, deploy.environment, deploy.rollout) == ("1.10.0", PRODUCTION, Rollout())
    assert (promote.version, promote.environment, promote.rollback) == ("1.9.0", PRODUCTION, False)
    assert (rollback.version, rollback.environment, rollback.rollback) == ("1.9.0", PRODUCTION, True)


async def test_what_runs_where_is_listed(world: World):
    row = await serving(world, staging="1.9.0")
    async with world.client(Role.VIEWER) as api:
        found = (await api.get(at(row, "deployments"))).json()
    assert {(one["version"], one["environment"], one["state"], one["target"]) for one in found} == {
        ("1.10.0", "production", "serving", "process"),
        ("1.9.0", "staging", "serving", "process"),
    }
    assert all(one["url"] and one["since"] for one in found)


@pytest.mark.parametrize(
    ("what", "version", "says"),
    [
        ("promote", "1.10.0", "Nothing of"),
        ("rollback", None, "nothing to go back from"),
        ("rollback", "1.0.0", "no earlier version"),
    ],
)
async def test_what_makes_no_sense_now_is_a_conflict(world: World, what: str, version: str | None, says: str):
    row = await serving(world, version)
    async with world.client(Role.OPERATOR) as api:
        problem = is_problem(await api.post(at(row, what), json={}), 409, "conflict")
    assert says in problem["detail"]
    assert await told(world, row) == []


async def test_only_operators_deploy_and_only_what_is_meant(world: World):
    row = await serving(world)
    async with world.client(Role.REVIEWER) as api:
        for what in ("deployments", "promote", "rollback"):
            is_problem(await api.post(at(row, what), json={}), 403, "forbidden")
    async with world.client(Role.OPERATOR) as api:
        for wrong in ({"version": "latest"}, {"environment": "moon"}, {"rollout": {"steps": [100]}}, {"verson": "1"}):
            is_problem(await api.post(at(row, "deployments"), json=wrong), 422, "invalid_input")
        assert (await api.post("/api/v1/integrations/nobody/deployments", json={})).status_code == 404
    assert await told(world, row) == []


@pytest.fixture
async def waiting(world: World) -> AsyncIterator[Integration]:
    """One of which a run is under way."""
    row = await serving(world)
    async with world.client(Role.OPERATOR) as api:
        keys = {"Idempotency-Key": "first"}
        answer = await api.post(at(row, "deployments"), json={"reason": WAITS}, headers=keys)
        assert answer.status_code == 202, answer.text
    yield row
    by = Actor(channel=Channel.CLI, name="operator")
    await world.services.runs._handle(row.id).execute_update("abandon", Abandon(by=by, reason="test over"))


async def test_one_run_at_a_time_and_the_same_key_is_the_same_run(world: World, waiting: Integration):
    async with world.client(Role.OPERATOR) as api:
        path, body = at(waiting, "deployments"), {"reason": WAITS}
        busy = is_problem(await api.post(path, json={}), 409, "conflict")
        again = await api.post(path, json=body, headers={"Idempotency-Key": "first"})
        other = await api.post(path, json={"reason": "x"}, headers={"Idempotency-Key": "first"})
        row = (await api.get(f"/api/v1/integrations/{waiting.name}")).json()
    assert busy["details"]["workflow_id"] == row["workflow_id"]
    assert (again.status_code, again.json()["run_id"]) == (202, row["run_id"])
    assert (other.status_code, "Idempotency-Key" in other.json()["detail"]) == (422, True)
    assert len(await told(world, waiting)) == 1


async def test_the_same_key_after_the_end_starts_nothing(world: World):
    row = await serving(world)
    keys = {"Idempotency-Key": "back"}
    async with world.client(Role.OPERATOR) as api:
        first = (await api.post(at(row, "rollback"), json={}, headers=keys)).json()
        between = (await api.post(at(row, "deployments"), json={})).json()
        again = await api.post(at(row, "rollback"), json={}, headers=keys)
    assert (again.status_code, again.json()["run_id"]) == (202, first["run_id"])
    assert first["run_id"] != between["run_id"]
    assert len(await told(world, row)) == 2


async def test_by_the_command_line(world: World):
    row = await serving(world, staging="1.9.0")
    name = row.name or ""
    listed = await world.ccb("deployments", name)
    assert listed.code == 0, listed
    for word in ("staging", "production", "1.9.0", "1.10.0", "serving"):
        assert word in listed.out
    as_json = await world.ccb("deployments", name, "--json")
    assert {one["version"] for one in as_json.json()} == {"1.9.0", "1.10.0"}
    more = ("--version", "1.0.0", "--environment", "staging", "--strategy", "blue_green", "--reason", "why not")
    assert f"ccb watch {name}" in (await world.ccb("deploy", name, *more)).out
    started = await world.ccb("rollback", name, "--to", "1.0.0", "--json")
    assert started.json()["integration_id"] == row.id
    assert (await world.ccb("promote", name, "--ramp", "5,25", "--hold", "60")).code == 0
    deploy, rollback, promote = await told(world, row)
    assert promote.rollout == Rollout(steps=[5, 25], hold="PT1M")
    for wrong in (("--ramp", "50,10"), ("--ramp", "all"), ("--ramp", "10", "--strategy", "blue_green")):
        assert (await world.ccb("deploy", name, *wrong)).code == 2
    assert (deploy.version, deploy.environment, deploy.rollout) == ("1.0.0", STAGING, Rollout(strategy="blue_green"))
    assert (deploy.reason, deploy.requester.channel) == ("why not", Channel.CLI)
    assert (rollback.version, rollback.rollback, promote.version) == ("1.0.0", True, "1.9.0")
    refused = await world.ccb("promote", (await serving(world)).name or "")
    assert (refused.code, "staging" in refused.err) == (2, True)
