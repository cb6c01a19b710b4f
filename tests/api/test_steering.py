"""Pausing, resuming and retrying, by API and command line."""

from datetime import UTC, datetime

import httpx

from domain.checkpoints import Checkpoint, Kept
from domain.conversation import Budget
from domain.lifecycle import Operation, Stage
from domain.people import Actor, Channel, Role
from domain.registry import Integration
from domain.runs import CreateIntegration, DocumentSource, IntegrationRequest
from tests.api.test_runs import a_run
from tests.api.world import REPOSITORY, World, until


async def test_a_run_is_paused_and_resumed(world: World):
    name = await a_run(world, "paused")
    async with world.client(Role.DEVELOPER) as api:
        paused = await api.post(f"/api/v1/integrations/{name}/pause", json={"reason": "the vendor is away"})
        assert paused.status_code == 200, paused.text
        status = paused.json()["status"]
        assert (status["paused"]["reason"], status["paused"]["by"]["name"]) == ("the vendor is away", "the developer")
        assert status["waiting"]["what"].startswith("a person to resume it")
        again = await api.post(f"/api/v1/integrations/{name}/pause", json={"reason": "again"})
        assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")
        assert "`ccb resume`" in again.json()["detail"]
        resumed = await api.post(f"/api/v1/integrations/{name}/resume")
        assert resumed.status_code == 200, resumed.text
        assert resumed.json()["status"]["paused"] is None
    async with world.client(Role.VIEWER) as api:
        refused = await api.post(f"/api/v1/integrations/{name}/pause", json={"reason": "no"})
    assert refused.status_code == 403


async def test_the_command_line_pauses_resumes_and_says_what_there_is_to_retry(world: World):
    name = await a_run(world, "steered")
    paused = await world.ccb("pause", name, "--reason", "lunch")
    assert paused.code == 0, paused
    assert "waits for a person to resume it" in paused.out
    shown = await world.ccb("status", name, "--json")
    assert shown.json()["status"]["paused"]["reason"] == "lunch"  # type: ignore[index, call-overload]
    resumed = await world.ccb("resume", name)
    assert resumed.code == 0, resumed
    nothing = await world.ccb("retry", name)
    assert nothing.code == 2
    assert "did not fail" in nothing.err


async def test_only_a_run_that_failed_is_retried_and_only_an_operator_raises_its_budget(world: World):
    name = await a_run(world, "retried")
    path = f"/api/v1/integrations/{name}"
    async with world.client(Role.DEVELOPER) as api:
        early = await api.post(f"{path}/retry")
        assert (early.status_code, early.json()["code"]) == (409, "conflict")
        assert (await api.post(f"{path}/abandon", json={"reason": "to see it retried"})).status_code == 200
        await until(lambda: _has_ended(api, path))
        late = await api.post(f"{path}/pause", json={"reason": "too late"})
        assert late.status_code == 409
        assert "`ccb retry`" in late.json()["detail"]
        bare = await api.post(f"{path}/retry")
        assert "left nothing to go on from" in bare.json()["detail"]

        row = await world.services.integrations.find(name)
        await world.services.checkpoints.save(_kept(row))
        more = {"budget": {"usd": "20"}}
        assert (await api.post(f"{path}/retry", json=more)).status_code == 403
    async with world.client(Role.OPERATOR) as api:
        less = await api.post(f"{path}/retry", json={"budget": {"usd": "0.01"}})
        assert (less.status_code, less.json()["code"]) == (422, "invalid_input")
        started = await api.post(f"{path}/retry", json=more)
        assert started.status_code == 202, started.text
        assert started.headers["location"] == started.json()["status_url"]
        assert started.json()["run_id"] != ""
        run = await world.services.runs.status(row.id)
        assert run.budget.usd == 20


async def _has_ended(api: httpx.AsyncClient, path: str) -> bool:
    return bool((await api.get(path)).json()["stage"] == "failed")


def _kept(row: Integration) -> Kept:
    requester = Actor(channel=Channel.API, name="the developer")
    work = CreateIntegration(
        integration_id=row.id,
        organization_id=row.organization_id,
        requester=requester,
        repository=REPOSITORY,
        request=IntegrationRequest(title="List the cities", document=DocumentSource(url="https://x.example.com/d")),
    )
    reached = Checkpoint(
        integration_id=row.id,
        run_id=row.run_id,
        operation=Operation.CREATE,
        stage=Stage.REVIEWING,
        at=datetime.now(UTC),
        account=f"{row.workflow_id}/{row.run_id}",
        budget=Budget(),
    )
    return Kept(work=work, checkpoint=reached)
