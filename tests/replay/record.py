"""`python -m tests.replay.record [NAME…]`: run scenarios, all or those named, and write their histories.

Only for new scenarios, or when a workflow changed in a way that was versioned: a history that no longer replays is a
finding, and recording it anew would hide it.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle

from adapters.temporal import TemporalTests
from domain import ids
from domain.lifecycle import Stage
from domain.operations import DeprecateIntegration, RetireIntegration, Rollout, UndeprecateIntegration
from domain.people import Actor, Channel
from domain.review import Decision, ReviewPolicy
from domain.runs import LIFECYCLE_QUEUE, Abandon, CreateIntegration, Delivery, Pause, Resume, Work
from domain.testing import NIGHTLY_WORKFLOW, NightlyTests
from tests.replay.watches import watches
from tests.workflows.deployable import BROKEN, loaded, two
from tests.workflows.keeping import kept
from tests.workflows.tried import asked, copies, serving
from tests.workflows.updating import active, update_of, updated
from tests.workflows.world import REPOSITORY, Failing, World, standing

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


async def update_automatic(world: World) -> Work:
    async with world.workers():
        cmd = await update_of(world, await active(world))
        await updated(world, cmd)
    return cmd


async def deploy_canary(world: World) -> Work:
    async with world.workers():
        it = await two(world)
        await it.deployed("1.1.0")
    return it.deploy("1.1.0")


async def deploy_worse(world: World) -> Work:
    async with world.workers():
        it = await two(world, body=BROKEN)
        async with loaded(it.url()):
            await it.deployed("1.1.0")
    return it.deploy("1.1.0")


async def deploy_rolled_back(world: World) -> Work:
    async with world.workers():
        it = await two(world)
        await it.deployed("1.1.0", rollout=Rollout(strategy="blue_green", hold=timedelta(milliseconds=200)))
        await it.deployed("1.0.0", rollback=True)
    return it.deploy("1.0.0")


async def deprecated(world: World) -> Work:
    async with world.workers():
        it = await two(world)
        cmd = it.command(DeprecateIntegration, sunset_at=datetime.now(UTC) + timedelta(days=90))
        await it.ended(cmd)
    return cmd


async def undeprecated(world: World) -> Work:
    cmd = await deprecated(world)
    back = UndeprecateIntegration(**cmd.model_dump(include=set(Work.model_fields)), reason="still needed")
    async with world.workers():
        await world.runs.start(back)
        await world.ended(back)
    return back


async def retired(world: World) -> Work:
    async with world.workers():
        it = await two(world)
        cmd = it.command(RetireIntegration)
        await it.ended(cmd)
    return cmd


async def retired_in_vain(world: World) -> Work:
    async with world.workers(Failing("retirement.point_route", only=lambda cmd: cmd.to is None)):
        it = await two(world)
        cmd = it.command(RetireIntegration)
        await it.ended(cmd)
    return cmd


async def paused(world: World) -> CreateIntegration:
    """Before a turn with Claude, and while people are asked."""
    cmd = await world.request(policy=ReviewPolicy())
    by = Actor(channel=Channel.CLI, name="operator")
    async with world.workers():
        await world.runs.start_create(cmd)
        await world.runs.pause(cmd.integration_id, Pause(by=by, reason="an outage"))
        await world.runs.resume(cmd.integration_id, Resume(by=by))
        status = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        await world.runs.pause(cmd.integration_id, Pause(by=by, reason="an outage"))
        approval = await world.review("grace", status.content_hash or "", Decision.APPROVE)
        await world.runs.submit_review(cmd.integration_id, approval)
        await world.runs.resume(cmd.integration_id, Resume(by=by))
        await world.ended(cmd)
    return cmd


async def retried(world: World) -> CreateIntegration:
    """From a conversation that broke off; the history is that of the retry."""
    cmd = await world.request()
    async with world.workers(Failing("workspace.execute_tools", only=lambda done: done.purpose == "generation")):
        await world.runs.start_create(cmd)
        await world.ended(cmd)
    async with world.workers():
        await world.runs.retry(await kept(world, cmd), by=Actor(channel=Channel.CLI, name="operator"))
        await world.ended(cmd)
    return cmd


SCENARIOS: dict[str, Callable[[World], Awaitable[Work]]] = {
    "create-automatic": automatic,
    "create-changes_requested": changes_requested,
    "create-repaired": repaired,
    "create-abandoned": abandoned,
    "create-undone": undone,
    "create-refused": refused,
    "create-paused": paused,
    "create-retried": retried,
    "update-automatic": update_automatic,
    "deploy-canary": deploy_canary,
    "deploy-worse": deploy_worse,
    "deploy-rolled_back": deploy_rolled_back,
    "deprecate": deprecated,
    "undeprecate": undeprecated,
    "retire": retired,
    "retire-undone": retired_in_vain,
}


async def delivery(world: World, name: str, event: str, payload: dict[str, Any]) -> None:
    """What came of a webhook."""
    body = await world.artifacts.put(json.dumps(payload).encode(), "application/octet-stream")
    given = Delivery(source="github", id=ids.new("del"), event=event, received_at=datetime.now(UTC), body=body)
    async with world.workers():
        await world.runs.start_delivery(given)
        handle = world.client.get_workflow_handle(ids.delivery_workflow("github", given.id))
        await handle.result()
        await _save(handle, name)


async def deliveries(world: World) -> None:
    """One that leads to nothing, a check that failed on nobody's commit, and a question on an issue that asked."""
    await delivery(world, "delivery-ignored", "ping", {"action": "opened"})
    ada = {"login": "ada", "id": 1}
    about: dict[str, Any] = {"repository": {"full_name": REPOSITORY}, "sender": ada}
    sha = (await world.github("commits/main"))["sha"]
    await delivery(world, "delivery-check", "status", {"sha": sha, "state": "failure", "context": "ci", **about})
    cmd = await world.request("[simulate: refuse]")
    async with world.workers():
        await world.runs.start_create(cmd)
        await world.ended(cmd)
    assert cmd.issue is not None
    issue = {
        "number": cmd.issue.number,
        "title": "Cities please",
        "html_url": "https://github.example/issues/1",
        "state": "open",
        "created_at": "2026-11-23T09:00:00Z",
        "user": ada,
    }
    comment = {"id": 1, "body": "/ccb status", "html_url": "https://github.example/issues/1#1", "user": ada}
    said = {"action": "created", "issue": issue, "comment": comment, **about}
    await delivery(world, "delivery-commented", "issue_comment", said)


async def tests(world: World) -> None:
    """One that passes, one that cannot be done, and a night of two pages."""
    integration = await serving(world)
    for name, broken in (("test-passed", ()), ("test-error", (Failing("testing.units"),))):
        cmd = asked(integration)
        async with world.workers(*broken):
            await TemporalTests(world.client).run(cmd)
        await _save(world.client.get_workflow_handle(ids.test_workflow(integration.id, cmd.id)), name)
    await copies(world, integration, 1)
    night = NightlyTests(after=integration.id[:-1], page=1, pages=2, night="2026-11-30")
    async with world.workers():
        handle = await world.client.start_workflow(NIGHTLY_WORKFLOW, night, id="nightly", task_queue=LIFECYCLE_QUEUE)
        await handle.result()
        first = world.client.get_workflow_handle("nightly", run_id=handle.first_execution_run_id)
        await _save(first, "nightly")


async def main(*wanted: str) -> None:
    HISTORIES.mkdir(exist_ok=True)
    async with standing() as world:
        for name in wanted or SCENARIOS:
            if name not in SCENARIOS:
                continue
            cmd = await SCENARIOS[name](world)
            lifecycle = ids.lifecycle_workflow(cmd.integration_id)
            await _save(world.client.get_workflow_handle(lifecycle), name)
            async for child in world.client.list_workflows(f"WorkflowId STARTS_WITH '{lifecycle}/'"):
                await _save(world.client.get_workflow_handle(child.id), f"{name}-{child.id.rsplit('/', 1)[1]}")
        if not wanted or "deliveries" in wanted:
            await deliveries(world)
        if not wanted or "tests" in wanted:
            await tests(world)
        if not wanted or "watches" in wanted:
            await watches(world, _save)


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
    asyncio.run(main(*sys.argv[1:]))
