"""The sweep: down and up again, told once, acted on once; and its history does not grow with what it checks."""

import asyncio
import json

import httpx

from adapters.database import Database, DatabaseSettings, SqlHealth
from domain import ids
from domain.health import Health, HealthState, Incident, SweepHealth
from domain.manifest import HealthCheck
from domain.operations import DEPLOY_WORKFLOW
from domain.runs import DocumentSource
from tests.environ import settings_from
from tests.until import until
from tests.workflows import watching
from tests.workflows.world import DOCUMENT, World

QUICK = {"CCB_HEALTH_DOWN_AFTER": "2", "CCB_HEALTH_UP_AFTER": "1", "CCB_HEALTH_GRACE": "PT0S"}
ELSEWHERE = "org_" + "e" * 32
MANY = 300


async def test_down_is_told_once_and_edited_when_it_is_up_again(world: World) -> None:
    world = watching.with_settings(world, **QUICK)
    cmd = await world.request()
    async with world.workers():
        await world.runs.start_create(cmd)
        name = (await world.ended(cmd)).name or ""
        entry = await world.integrations.entry(cmd.integration_id)
        assert entry is not None
        await world.integrations.register(entry.model_copy(update={"health": HealthCheck(interval=1, timeout=2)}))
        await _reaches(world, cmd.integration_id, HealthState.HEALTHY)

        await world.target.switch(name, None)
        await _reaches(world, cmd.integration_id, HealthState.DOWN)
        down = await until(lambda: _message(world, f"{name} 1.0.0 is down"))
        for _ in range(3):
            await watching.swept(world)

        await world.target.switch(name, entry.deployment_id)
        await _reaches(world, cmd.integration_id, HealthState.HEALTHY)
        up = await until(lambda: _message(world, f"{name} 1.0.0 is healthy again"))
        for _ in range(2):
            await watching.swept(world)
    assert up["ts"] == down["ts"], "the message is edited"
    assert len([one for one in await watching.messages(world, name) if "Since" in json.dumps(one)]) == 1
    (incident,) = await _incidents(world, cmd.integration_id)
    assert [step.action for step in incident.steps] == ["restart", "call"]
    assert (incident.settled, "HTTP 404" in incident.cause) == (True, True)
    told = [event.data["metadata"] for event in await world.integrations.events(cmd.integration_id)]
    assert [one["health"] for one in told if "health" in one] == ["down", "healthy"]
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{entry.url}/health")).is_success


async def test_a_version_that_is_down_is_rolled_back_once(world: World) -> None:
    world = watching.with_settings(world, **QUICK, CCB_HEALTH_ON_DOWN="roll_back")
    async with watching.small_server() as small:
        small.answers["/health"] = (500, b"")
        cmd = await watching.active(world, small.url)
        for number in ("0.8.0", "0.9.0", "1.0.0"):
            await watching.version(world, cmd, number, DocumentSource(url=f"{small.url}/api"), DOCUMENT)
        async with world.workers():
            await _reaches(world, cmd.integration_id, HealthState.DOWN)
            for _ in range(3):
                await watching.swept(world)
            await until(lambda: _acted(world, cmd.integration_id))
            await _ended(world, cmd.integration_id)
        (incident,) = await _incidents(world, cmd.integration_id)
        runs = [one async for one in world.client.list_workflows(f"IntegrationId = '{cmd.integration_id}'")]
        history = await world.client.get_workflow_handle(runs[0].id, run_id=runs[0].run_id).fetch_history()
    await watching.forget(world, cmd)
    assert [(run.workflow_type, run.id) for run in runs] == [(DEPLOY_WORKFLOW, f"integration/{cmd.integration_id}")]
    asked = json.loads(history.events[0].workflow_execution_started_event_attributes.input.payloads[0].data)
    assert (asked["version"], asked["rollback"], asked["requester"]["bot"]) == ("0.9.0", True, True)
    assert [(step.action, step.detail) for step in incident.steps] == [("roll_back", "it returns to 0.9.0")]
    assert await watching.messages(world, f"{cmd.request.name} 1.0.0 is down") == []


async def test_a_history_does_not_grow_with_the_number_of_checks(world: World) -> None:
    async with watching.small_server() as small:
        one = await watching.active(world, f"{small.url}/one", stages=(), organization=ELSEWHERE)
        async with world.workers():
            events_of_one = await _history_length(world)
            many = await watching.many(world, small.url, MANY, organization=ELSEWHERE)
            small.asked.clear()
            events_of_many = await _history_length(world)
        await watching.forget(world, one, *many)
    asked = {path for path in small.asked if path != "/one/health"}
    assert asked == {f"/{number}/health" for number in range(MANY)}
    assert events_of_many == events_of_one <= 12


async def test_a_sweep_goes_on_until_its_time_is_over(world: World) -> None:
    """In one step: what falls due meanwhile is checked too."""
    async with watching.small_server() as small:
        cmd = await watching.active(world, small.url, stages=(), organization=ELSEWHERE)
        async with world.workers():
            handle = await watching.started(world, SweepHealth(lasting="PT6S"))
            swept = await handle.result()
            steps = [event async for event in handle.fetch_history_events() if event.HasField(_SCHEDULED)]
        await watching.forget(world, cmd)
    assert swept.checks >= 2
    assert small.asked.count("/health") >= 2
    assert len(steps) == 1


_SCHEDULED = "activity_task_scheduled_event_attributes"


async def _history_length(world: World) -> int:
    handle = await watching.started(world, SweepHealth(batch=50))
    await handle.result()
    return len((await handle.fetch_history()).events)


async def _reaches(world: World, integration_id: str, state: HealthState) -> Health:
    async def there() -> Health | None:
        await watching.swept(world)
        async with _book(world) as book:
            health = await book.read(integration_id)
        return health if health is not None and health.state is state else None

    return await until(there)


async def _incidents(world: World, integration_id: str) -> list[Incident]:
    async with _book(world) as book:
        return await book.incidents(integration_id, limit=10)


async def _acted(world: World, integration_id: str) -> Incident | None:
    (incident,) = await _incidents(world, integration_id)
    return incident if incident.steps else None


async def _message(world: World, words: str) -> dict | None:
    found = await watching.messages(world, words)
    return found[0] if found else None


async def _ended(world: World, integration_id: str) -> None:
    handle = world.client.get_workflow_handle(ids.lifecycle_workflow(integration_id))
    await asyncio.wait([asyncio.ensure_future(handle.result())])


class _book:  # noqa: N801 - reads as a function
    """The sweep's own store."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __aenter__(self) -> SqlHealth:
        with settings_from(self._world.environment):
            self._database = await Database.open(DatabaseSettings())
        return SqlHealth(self._database)

    async def __aexit__(self, *_: object) -> None:
        await self._database.close()
