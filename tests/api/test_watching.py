"""Health, figures, drift and schedules, by the API and by `ccb`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from adapters.database import Database, SqlDrift, SqlHealth, SqlIntegrations
from adapters.temporal.schedules import ensure
from api.wiring import ProcessSettings
from domain import ids
from domain.artifacts import content_hash
from domain.drift import Difference, DriftFound
from domain.health import Check, HealthPolicy, Look, SweepHealth
from domain.manifest import HealthCheck
from domain.people import Actor, Channel, Role
from domain.registry import RegistryEntry
from domain.runs import CreateIntegration, DocumentSource, IntegrationRequest
from domain.schedules import ScheduleSpec
from tests.api.world import World, fresh_name, until

HASH = content_hash(b"x")


@dataclass
class Stores:
    integrations: SqlIntegrations
    health: SqlHealth
    drift: SqlDrift

    async def down(self) -> str:
        """A name that is registered and was down at its last two of four checks; its document broke."""
        name = fresh_name("watched")
        request = IntegrationRequest(title="Cities", name=name, document=DocumentSource(url="https://example.com/api"))
        cmd = CreateIntegration(
            integration_id=ids.new("int"),
            organization_id=ids.DEFAULT_ORGANIZATION,
            request=request,
            requester=Actor(channel=Channel.API, name="ada"),
            repository="acme/integrations",
        )
        await self.integrations.accept(cmd, workflow_id=ids.lifecycle_workflow(cmd.integration_id), run_id="r")
        entry = RegistryEntry(
            integration_id=cmd.integration_id,
            name=name,
            version="1.0.0",
            description="…",
            author="ada",
            dependencies=[],
            capabilities=[],
            hosts=[],
            health=HealthCheck(interval=1),
            url="http://127.0.0.1:1/i/x",
            deployment_id=ids.new("dep"),
            content_hash=HASH,
        )
        await self.integrations.register(entry)
        due = await self.health.due(100, by=datetime.now(UTC))
        watched = next(one for one in due if one.name == name)
        for number, ok in enumerate((True, True, False, False)):
            at = datetime.now(UTC) - timedelta(seconds=60 - 2 * number)
            check = Check(watched=watched, at=at, look=Look(ok=ok, latency_ms=12.0, detail="" if ok else "HTTP 500"))
            await self.health.record([check], HealthPolicy(down_after=2))
        breaks = Difference(kind="operation_gone", breaking=True, where="GET /cities", what="is gone")
        await self.drift.record(
            DriftFound(
                integration_id=cmd.integration_id,
                version="1.0.0",
                at=datetime.now(UTC),
                document_hash=HASH,
                differences=[breaks],
            )
        )
        return name


@pytest.fixture
async def stores(settings: ProcessSettings) -> AsyncIterator[Stores]:
    database = await Database.open(settings.database)
    yield Stores(SqlIntegrations(database), SqlHealth(database), SqlDrift(database))
    await database.close()


async def test_health_and_figures(world: World, stores: Stores):
    name = await stores.down()
    async with world.client(Role.VIEWER) as api:
        found = (await api.get(f"/api/v1/integrations/{name}/health")).json()
        figures = (await api.get(f"/api/v1/integrations/{name}/performance")).json()
        everything = (await api.get("/api/v1/health")).json()["items"]
        down = (await api.get("/api/v1/integrations", params={"health": "down", "limit": 200})).json()["items"]
        healthy = (await api.get("/api/v1/integrations", params={"health": "healthy", "limit": 200})).json()["items"]
        assert (await api.get("/api/v1/integrations/nothing/health")).status_code == 404
    assert (found["health"]["state"], found["health"]["detail"]) == ("down", "HTTP 500")
    assert (found["uptime_24h"], found["uptime_30d"]["checks"]) == ({"checks": 4, "share": 0.5}, 4)
    assert [(one["cause"], one["closed_at"]) for one in found["incidents"]] == [("HTTP 500", None)]
    assert sum(hour["failures"] for hour in figures["hours"]) == 2
    assert figures["last_hour"] is None, "its target is not there"
    assert name in {one["name"] for one in everything}
    assert (name in {one["name"] for one in down}, name in {one["name"] for one in healthy}) == (True, False)


async def test_ccb_health_and_drift(world: World, stores: Stores):
    name = await stores.down()
    shown = await world.ccb("health", name)
    assert shown.code == 0, shown
    assert f"{name} 1.0.0 is down" in shown.out
    assert "50.00 %" in shown.out
    assert name in (await world.ccb("health")).out
    as_json = await world.ccb("health", name, "--json")
    assert as_json.json()["health"]["state"] == "down"
    drifted = await world.ccb("drift", name)
    assert (drifted.code, "GET /cities" in drifted.out) == (0, True), drifted
    assert (await world.ccb("drift", name, "--json")).json()["differences"][0]["breaking"] is True
    assert (await world.ccb("drift", "nothing-here")).code != 0


async def test_schedules_are_paused_and_resumed(world: World, settings: ProcessSettings):
    client = await Client.connect(settings.temporal.address, data_converter=pydantic_data_converter)
    name = fresh_name("sweep")
    spec = ScheduleSpec(id=name, workflow="Nothing", every=timedelta(days=1), input=SweepHealth())
    cron = ScheduleSpec(id=f"{name}-cron", workflow="Nothing", cron="17 2 * * *")
    await ensure(client, [spec, cron])
    by_hand = client.get_schedule_handle(name)
    async with world.client(Role.OPERATOR) as api:

        async def listed() -> bool:
            found = {one["id"]: one for one in (await api.get("/api/v1/schedules")).json()["items"]}
            return {name, cron.id} <= found.keys() and found[cron.id]["cron"] == "17 2 * * *"

        await until(listed)
        paused = (await api.post(f"/api/v1/schedules/{name}/pause")).json()
        assert (paused["paused"], (await by_hand.describe()).schedule.state.paused) == (True, True)
        await ensure(client, [spec.model_copy(update={"every": timedelta(days=2)}), cron])
        described = await by_hand.describe()
        assert described.schedule.state.paused, "a worker that starts takes nothing back"
        assert described.schedule.spec.intervals[0].every == timedelta(days=2)
        assert (await api.post("/api/v1/schedules/nothing/pause")).status_code == 404
    async with world.client(Role.DEVELOPER) as api:
        assert (await api.post(f"/api/v1/schedules/{name}/pause")).status_code == 403
    resumed = await world.ccb("schedules", "resume", name)
    assert (resumed.code, resumed.out.strip()) == (0, f"{name} is on.")
    assert name in (await world.ccb("schedules")).out
    await by_hand.delete()
    await client.get_schedule_handle(cron.id).delete()
