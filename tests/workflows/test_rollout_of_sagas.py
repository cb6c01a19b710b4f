"""A build takes over while the product's own runs are under way: they go on on it, and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHandle

from adapters.temporal.rollout import TemporalBuilds
from domain import ids
from domain.builds import BuildState
from domain.errors import Conflict
from domain.health import SweepHealth
from domain.lifecycle import Stage
from domain.review import Decision, ReviewPolicy
from domain.runs import CREATE_WORKFLOW, CreateIntegration, RunOutcome
from tests.until import until
from tests.workflows.watching import started
from tests.workflows.world import World, standing
from workers.queues import QUEUES, WORKFLOWS
from workers.rollout import Rollout
from workflows.create_integration import CreateIntegrationWorkflow

DRAINED_AT_ONCE = tuple(
    f'matching.wv.VersionDrainageStatus{name}="1s"' for name in ("VisibilityGracePeriod", "RefreshInterval")
)


@workflow.defn(name=CREATE_WORKFLOW)
class CreateWithAnotherFirstStep(CreateIntegrationWorkflow):
    """The same saga, whose code waits before it does anything: not what the history says."""

    @workflow.init
    def __init__(self, cmd: CreateIntegration) -> None:
        super().__init__(cmd)

    @workflow.run
    async def run(self, cmd: CreateIntegration) -> RunOutcome:
        await asyncio.sleep(1)
        return await super().run(cmd)


DIFFERENT = [CreateWithAnotherFirstStep if one is CreateIntegrationWorkflow else one for one in WORKFLOWS]


@pytest.fixture(scope="module")
async def own_world() -> AsyncIterator[World]:
    """Once a build was rolled out, workers without one get nothing to do: so not the world of all."""
    async with standing(*DRAINED_AT_ONCE) as world:
        yield world


async def test_a_saga_that_waits_for_its_review_goes_on_on_the_next_build(own_world: World, tmp_path: Path) -> None:
    world, builds, told = own_world, TemporalBuilds(own_world.client, QUEUES), list[str]()

    def rollout(workflows: Any = WORKFLOWS) -> Rollout:
        return Rollout(builds, workflows, tmp_path, told.append)

    cmd = await world.request(policy=ReviewPolicy())
    saga = world.client.get_workflow_handle(ids.lifecycle_workflow(cmd.integration_id))
    async with world.workers(build="two"):
        async with world.workers(build="one"):
            await _polls(builds, "one")
            await rollout().to("one")
            await world.runs.start_create(cmd)
            content_hash = (await world.reaches(cmd, Stage.REVIEWING, waiting=True)).content_hash
            assert await _build_of(saga) == "one"
            sweep = await started(world, SweepHealth(lasting=timedelta(seconds=20)))
            await until(lambda: _begun(sweep))

            await _polls(builds, "two")
            with pytest.raises(Conflict, match=f"takes no work.*{saga.id} at event"):
                await rollout(DIFFERENT).to("two")
            assert (await builds.builds()).find("one").state is BuildState.CURRENT  # type: ignore[union-attr]

            done = await asyncio.wait_for(rollout().to("two"), 120)
            assert "waits until one has no run pinned to it" in told
            assert done.stoppable == ["one"]
            assert (await sweep.describe()).status.name == "COMPLETED"  # type: ignore[union-attr]
        assert await _build_of(sweep) == "one"
        assert content_hash is not None
        approval = await world.review("grace", content_hash, Decision.APPROVE)
        await world.runs.submit_review(cmd.integration_id, approval)
        outcome = await world.ended(cmd)
        assert await _build_of(saga) == "two"
    assert (outcome.stage, outcome.failure, outcome.content_hash) == (Stage.ACTIVE, None, content_hash)
    seen = await world.outside(cmd)
    assert (len(seen.pulls), len(seen.deployments), seen.registered) == (1, 1, True)


async def _polls(builds: TemporalBuilds, build: str) -> None:
    async def there() -> bool | None:
        found = (await builds.builds()).find(build)
        return True if found is not None and sorted(found.queues) == sorted(QUEUES) else None

    await until(there)


async def _begun(run: WorkflowHandle[Any, Any]) -> bool | None:
    return True if await _build_of(run) else None


async def _build_of(run: WorkflowHandle[Any, Any]) -> str:
    """The build whose worker took its newest step."""
    versioning = (await run.describe()).raw_description.workflow_execution_info.versioning_info
    return str(versioning.deployment_version.build_id)
