"""An integration that serves, to be tested: what Claude wrote, deployed, with an outside API that is really there."""

from typing import Any

from domain import ids
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.registry import Integration
from domain.testing import TestVersion, Trigger
from tests.workflows.world import DOCUMENT, World

ADA = Actor(channel=Channel.API, name="ada")
NAMESPACES = {
    "get": {
        "operationId": "listNamespaces",
        "summary": "List the namespaces",
        "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}},
    }
}


async def serving(world: World) -> Integration:
    """Its API is Temporal's own, which the runner lets it reach."""
    url = f"http://{world.environment['CCB_RUNNER_PRIVATE_HOSTS']}"
    document = {**DOCUMENT, "servers": [{"url": url}], "paths": {"/api/v1/namespaces": NAMESPACES}}
    words = {"title": "List the namespaces", "description": "List the namespaces. [simulate: one-turn]"}
    cmd = await world.request()
    request = cmd.request.model_copy(update={"document": await world.document(document), **words})
    cmd = cmd.model_copy(update={"request": request})
    async with world.workers():
        await world.runs.start_create(cmd)
        outcome = await world.ended(cmd)
    assert outcome.stage is Stage.ACTIVE, outcome
    return await world.integrations.get(cmd.integration_id)


def asked(integration: Integration, **more: Any) -> TestVersion:
    about = {"id": ids.new("tst"), "integration_id": integration.id, "trigger": Trigger.DEMAND, "requester": ADA}
    return TestVersion.model_validate(about | more)


async def copies(world: World, integration: Integration, number: int) -> list[str]:
    """More integrations that serve, without a deployment or pull request of their own."""
    [version] = await world.integrations.versions(integration.id)
    made = []
    for _ in range(number):
        cmd = await world.request()
        await world.integrations.accept(cmd, workflow_id="none", run_id="none")
        own = version.model_copy(update={"integration_id": cmd.integration_id, "pull_request": None})
        await world.integrations.record_version(own, key="copy")
        for stage in (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING, Stage.DEPLOYING, Stage.ACTIVE):
            await world.integrations.enter(cmd.integration_id, stage, key=stage, version=own.version)
        made.append(cmd.integration_id)
    return made
