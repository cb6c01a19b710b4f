"""The histories of the sweep and of the drift watch: each with something to do about what it finds."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from domain import ids
from domain.drift import WATCH_WORKFLOW, DriftWatchDone, WatchDrift
from domain.health import SweepHealth
from domain.runs import LIFECYCLE_QUEUE, DocumentSource
from tests.until import until
from tests.workflows import watching
from tests.workflows.world import DOCUMENT, World

Save = Callable[[WorkflowHandle[Any, Any], str], Awaitable[None]]


async def watches(world: World, save: Save) -> None:
    await _sweep(world, save)
    await _watch(world, save)


async def _sweep(world: World, save: Save) -> None:
    """Down, restarted, told, and healthy again, in one sweep."""
    quick = {"CCB_HEALTH_DOWN_AFTER": "1", "CCB_HEALTH_UP_AFTER": "1", "CCB_HEALTH_GRACE": "PT0S"}
    world = watching.with_settings(world, **quick)
    async with watching.small_server() as small:
        small.answers["/health"] = (500, b"")
        cmd = await watching.active(world, small.url)
        async with world.workers():
            handle = await watching.started(world, SweepHealth(lasting=timedelta(seconds=20)))

            async def told() -> bool | None:
                return bool(await watching.messages(world, f"{cmd.request.name} 1.0.0 is down")) or None

            await until(told)
            small.answers["/health"] = (200, b"{}")
            await handle.result()
        await save(handle, "sweep-health")
    await watching.forget(world, cmd)


async def _watch(world: World, save: Save) -> None:
    """One page with a document that breaks, one with a document that is away."""
    world = watching.with_settings(world, CCB_DRIFT_TELL_AFTER="PT0S")
    async with watching.small_server() as small:
        cmds = [await watching.active(world, small.url) for _ in range(2)]
        changed = {**DOCUMENT, "paths": {"/towns": DOCUMENT["paths"]["/cities"]}}  # type: ignore[index]
        small.answers["/0.json"], small.answers["/1.json"] = (200, json.dumps(changed).encode()), (404, b"")
        for number, cmd in enumerate(cmds):
            source = DocumentSource(url=f"{small.url}/{number}.json")
            await watching.version(world, cmd, "1.0.0", source, DOCUMENT)
        async with world.workers():
            handle = await world.client.start_workflow(
                WATCH_WORKFLOW,
                WatchDrift(batch=1),
                id="watch-drift",
                task_queue=LIFECYCLE_QUEUE,
                result_type=DriftWatchDone,
            )
            done = await handle.result()
            await world.client.get_workflow_handle(ids.lifecycle_workflow(cmds[0].integration_id)).terminate("recorded")
        assert (done.checked, done.opened, done.unreachable) == (2, 1, 1)
        await save(handle, "watch-drift")
    await watching.forget(world, *cmds)
