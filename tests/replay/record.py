"""`python -m tests.replay.record`: run each scenario once and write its histories to tests/replay/histories.

Only for new scenarios, or when a workflow changed in a way that was versioned: a history that no longer replays is a
finding, and recording it anew would hide it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle

from domain import ids
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.review import Decision, ReviewPolicy
from domain.runs import Abandon, CreateIntegration, Delivery
from tests.workflows.world import Failing, World, standing

HISTORIES = Path(__file__).parent / "histories"


async def automatic(world: World) -> CreateIntegration:
    cmd = await world.request()
    async with world.workers():
        await world.runs.start_create(cmd)
        await world.ended(cmd)
    return cmd


async def changes_requested(world: World) -> CreateIntegration:
    cmd = await world.request("", policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start_create(cmd)
        status = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        first = status.content_hash or ""
        await world.runs.submit_review(
            cmd.integration_id, await world.review("grace", first, Decision.REQUEST_CHANGES, "Say units in the README")
        )
        while (status.content_hash or "") == first:
            status = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        await world.runs.submit_review(
            cmd.integration_id, await world.review("grace", status.content_hash or "", Decision.APPROVE)
        )
        await world.ended(cmd)
    return cmd


async def repaired(world: World) -> CreateIntegration:
    cmd = await world.request("[simulate: buggy]")
    async with world.workers():
        await world.runs.start_create(cmd)
        await world.ended(cmd)
    return cmd


async def abandoned(world: World) -> CreateIntegration:
    cmd = await world.request(policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start_create(cmd)
        await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        by = Actor(channel=Channel.CLI, name="operator")
        await world.runs.abandon(cmd.integration_id, Abandon(by=by, reason="no longer needed"))
        await world.ended(cmd)
    return cmd


async def undone(world: World) -> CreateIntegration:
    cmd = await world.request()
    async with world.workers(Failing("deploy.await_healthy")):
        await world.runs.start_create(cmd)
        await world.ended(cmd)
    return cmd


async def refused(world: World) -> CreateIntegration:
    cmd = await world.request("[simulate: refuse]")
    async with world.workers():
        await world.runs.start_create(cmd)
        await world.ended(cmd)
    return cmd


SCENARIOS: list[Callable[[World], Awaitable[CreateIntegration]]] = [
    automatic,
    changes_requested,
    repaired,
    abandoned,
    undone,
    refused,
]


async def ignored_delivery(world: World) -> None:
    body = await world.artifacts.put(json.dumps({"action": "opened"}).encode(), "application/octet-stream")
    delivery = Delivery(source="github", id=ids.new("del"), event="ping", received_at=datetime.now(UTC), body=body)
    async with world.workers():
        await world.runs.start_delivery(delivery)
        handle = world.client.get_workflow_handle(ids.delivery_workflow("github", delivery.id))
        await handle.result()
        await _save(handle, "delivery-ignored")


async def main() -> None:
    HISTORIES.mkdir(exist_ok=True)
    async with standing() as world:
        for scenario in SCENARIOS:
            cmd = await scenario(world)
            lifecycle = ids.lifecycle_workflow(cmd.integration_id)
            name = f"create-{scenario.__name__}"
            await _save(world.client.get_workflow_handle(lifecycle), name)
            async for child in world.client.list_workflows(f"WorkflowId STARTS_WITH '{lifecycle}/'"):
                await _save(world.client.get_workflow_handle(child.id), f"{name}-{child.id.rsplit('/', 1)[1]}")
        await ignored_delivery(world)


def _without_traces(value: Any) -> Any:
    """Stack traces say where this was recorded, and nothing to a replay."""
    if isinstance(value, dict):
        return {name: _without_traces(inner) for name, inner in value.items() if name != "stackTrace"}
    return [_without_traces(inner) for inner in value] if isinstance(value, list) else value


async def _save(handle: WorkflowHandle[object, object], name: str) -> None:
    history = await handle.fetch_history()
    recorded = {"workflowId": handle.id, **_without_traces(json.loads(history.to_json()))}
    await asyncio.to_thread((HISTORIES / f"{name}.json").write_text, json.dumps(recorded, indent=1) + "\n")
    print(f"{name}: {len(history.events)} events")


if __name__ == "__main__":
    asyncio.run(main())
