"""The drift watch: a breaking change of an outside API opens one update, with the difference as evidence."""

import asyncio
import copy
import json
from typing import Any

from adapters.database import Database, DatabaseSettings, SqlDrift
from domain import ids
from domain.artifacts import ArtifactRef
from domain.drift import WATCH_WORKFLOW, DriftWatchDone, WatchDrift
from domain.operations import UPDATE_WORKFLOW
from domain.people import Actor, Channel
from domain.runs import LIFECYCLE_QUEUE, Abandon, CreateIntegration, DocumentSource
from tests.environ import settings_from
from tests.workflows import watching
from tests.workflows.world import DOCUMENT, World

WITHOUT_CITIES = copy.deepcopy(DOCUMENT)
WITHOUT_CITIES["paths"] = {"/towns": DOCUMENT["paths"]["/cities"]}


def served(document: Any) -> tuple[int, bytes]:
    return 200, json.dumps(document).encode()


async def test_a_breaking_change_opens_one_update(world: World) -> None:
    async with watching.small_server() as small:
        cmd = await _built_for(world, small)
        async with world.workers():
            await _watched(world)
            assert await _runs(world, cmd) == [], "nothing has changed"

            harmless = {**DOCUMENT, "info": {"title": "Cities of the world", "version": "2"}}
            small.answers["/openapi.json"] = served(harmless)
            await _watched(world)
            assert await _runs(world, cmd) == [], "what it uses has not changed"

            small.answers["/openapi.json"] = served(WITHOUT_CITIES)
            assert (await _watched(world)).opened >= 1
            await _watched(world)
            ((workflow_type, started),) = await _runs(world, cmd)
            await _stop(world, cmd)
        evidence = (await world.artifacts.get(ArtifactRef.model_validate(started["reason"]["evidence"]))).decode()
    await watching.forget(world, cmd)
    assert workflow_type == UPDATE_WORKFLOW
    assert (started["reason"]["kind"], started["requester"]["name"], started["requester"]["bot"]) == (
        "drift",
        "ccb",
        True,
    )
    assert started["document"] is None, "it is read anew from where it was published"
    assert "GET /cities" in started["reason"]["title"]
    assert "`GET /cities`: moved to GET /towns" in evidence
    drift = await _drift(world, cmd)
    assert (drift.breaking, drift.acted_on) == (True, drift.document_hash)


async def test_where_a_run_is_under_way_it_is_opened_later(world: World) -> None:
    async with watching.small_server() as small:
        cmd = await _built_for(world, small)
        small.answers["/openapi.json"] = served(WITHOUT_CITIES)
        held = await world.client.start_workflow(
            "SomethingElse", id=ids.lifecycle_workflow(cmd.integration_id), task_queue="nobody"
        )
        async with world.workers():
            assert (await _watched(world)).later >= 1
            await held.terminate("over")
            assert (await _watched(world)).opened >= 1
            await _stop(world, cmd)
        runs = await _runs(world, cmd)
    await watching.forget(world, cmd)
    assert [workflow_type for workflow_type, _ in runs] == [UPDATE_WORKFLOW]


async def test_a_document_that_is_away_is_told_of_once(world: World) -> None:
    world = watching.with_settings(world, CCB_DRIFT_TELL_AFTER="PT0S")
    async with watching.small_server() as small:
        cmd = await _built_for(world, small)
        small.answers["/openapi.json"] = (404, b"")
        async with world.workers():
            for _ in range(3):
                assert (await _watched(world)).unreachable >= 1
    await watching.forget(world, cmd)
    said = await watching.messages(world, f"The API document of {cmd.request.name} cannot be read any more")
    assert len(said) == 1
    assert "HTTP 404" in json.dumps(said)
    assert await _runs(world, cmd) == []


async def _built_for(world: World, small: watching.Small) -> CreateIntegration:
    """One that serves and was built for the small server's document as it is now."""
    small.answers["/openapi.json"] = served(DOCUMENT)
    cmd = await watching.active(world, small.url)
    await watching.version(world, cmd, "1.0.0", DocumentSource(url=f"{small.url}/openapi.json"), DOCUMENT)
    return cmd


async def _watched(world: World) -> DriftWatchDone:
    # Pages of one, so that there is more than a page.
    return await world.client.execute_workflow(
        WATCH_WORKFLOW,
        WatchDrift(batch=1),
        id=ids.new("watch"),
        task_queue=LIFECYCLE_QUEUE,
        result_type=DriftWatchDone,
    )


async def _runs(world: World, cmd: CreateIntegration) -> list[tuple[str, dict[str, Any]]]:
    """Type and input of what was started for it, as Temporal has it."""
    found = []
    mine = f"WorkflowId = '{ids.lifecycle_workflow(cmd.integration_id)}' AND WorkflowType != 'SomethingElse'"
    async for run in world.client.list_workflows(mine):
        history = await world.client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        started = history.events[0].workflow_execution_started_event_attributes
        found.append((run.workflow_type, json.loads(started.input.payloads[0].data)))
    return found


async def _stop(world: World, cmd: CreateIntegration) -> None:
    """The update's own story is told elsewhere."""
    by = Actor(channel=Channel.CLI, name="operator")
    await world.runs.abandon(cmd.integration_id, Abandon(by=by, reason="test over"))
    handle = world.client.get_workflow_handle(ids.lifecycle_workflow(cmd.integration_id))
    await asyncio.wait([asyncio.ensure_future(handle.result())])


async def _drift(world: World, cmd: CreateIntegration) -> Any:
    with settings_from(world.environment):
        database = await Database.open(DatabaseSettings())
    try:
        return await SqlDrift(database).read(cmd.integration_id)
    finally:
        await database.close()
