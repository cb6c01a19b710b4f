"""SIGKILL of a worker at a step of each saga after creation: another goes on, with one of everything outside."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from adapters.temporal import TemporalTests
from domain.lifecycle import Stage
from domain.operations import DeprecateIntegration, RetireIntegration
from domain.people import Actor, Channel
from domain.review import ReviewPolicy
from domain.runs import BUILD_QUEUE, DEPLOY_QUEUE, LIFECYCLE_QUEUE, Abandon, CreateIntegration
from domain.testing import Outcome
from tests.workflows.deployable import Deployable
from tests.workflows.killing import killed, others
from tests.workflows.talking import serving
from tests.workflows.tried import asked
from tests.workflows.tried import serving as tried
from tests.workflows.updating import Serving, active, update_of
from tests.workflows.world import Failing, World

pytestmark = pytest.mark.slow

SUNSET = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
async def made(world: World) -> CreateIntegration:
    async with world.workers():
        return await active(world)


async def one(world: World) -> Deployable:
    """An integration that serves, made without Claude."""
    it = await Deployable.make(world)
    await it.version("1.0.0")
    async with world.workers():
        assert (await it.deployed("1.0.0")).stage is Stage.ACTIVE
    return it


async def announced(it: Deployable) -> str | None:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{it.url()}/answer")).headers.get("sunset")


async def test_an_update_is_undone_though_its_worker_dies_undoing(
    world: World, made: CreateIntegration, tmp_path: Path
) -> None:
    before = await Serving.read(world, made)
    cmd = await update_of(world, made, policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start(cmd)
        await world.reaches(made, Stage.REVIEWING, waiting=True)
    async with serving(world, *others(LIFECYCLE_QUEUE)):
        async with serving(world, LIFECYCLE_QUEUE):
            by = Actor(channel=Channel.CLI, name="operator")
            await world.runs.abandon(made.integration_id, Abandon(by=by, reason="no longer needed"))
        await killed(world, LIFECYCLE_QUEUE, "repository.delete_branch", "after", tmp_path / "log")
        async with serving(world, LIFECYCLE_QUEUE):
            outcome = await world.ended(cmd)
    assert outcome.failure is not None
    assert all(undo.ok for undo in outcome.failure.undone), outcome.failure.undone
    assert await Serving.read(world, made) == before


async def test_an_update_goes_on_and_everything_is_made_once(
    world: World, made: CreateIntegration, tmp_path: Path
) -> None:
    """Killed around the pull request, the merge, the start of the new version and the switch to it."""
    first = await world.outside(made)
    cmd = await update_of(world, made)
    since = await world.simulators.last("github")
    async with serving(world, *others(LIFECYCLE_QUEUE)):
        starting = asyncio.create_task(world.runs.start(cmd))
        await killed(world, LIFECYCLE_QUEUE, "repository.open_pull_request", "after", tmp_path / "opened")
        await starting
        await killed(world, LIFECYCLE_QUEUE, "repository.merge", "before", tmp_path / "unmerged")
        await killed(world, LIFECYCLE_QUEUE, "repository.merge", "after", tmp_path / "merged")
    async with serving(world, *others(DEPLOY_QUEUE)):
        await killed(world, DEPLOY_QUEUE, "deploy.start", "before", tmp_path / "unstarted")
        await killed(world, DEPLOY_QUEUE, "deploy.start", "after", tmp_path / "started")
        await killed(world, DEPLOY_QUEUE, "deploy.switch", "after", tmp_path / "switched")
        async with serving(world, DEPLOY_QUEUE):
            outcome = await world.ended(cmd)
    assert (outcome.stage, outcome.version, outcome.failure) == (Stage.ACTIVE, "1.1.0", None)
    after, seen = await Serving.read(world, made), await world.outside(made)
    assert after.deployments == [after.live]
    assert after.versions == ["1.0.0", "1.1.0"]
    assert len(seen.pulls) == len(first.pulls) + 1
    merges = await world.simulators.journal("github", method="PUT", path=r"/pulls/\d+/merge$", since=since)
    assert [entry.status for entry in merges] == [200]


async def test_a_deprecation_goes_on(world: World, tmp_path: Path) -> None:
    it = await one(world)
    cmd = it.command(DeprecateIntegration, sunset_at=SUNSET)
    async with serving(world, *others(DEPLOY_QUEUE)):
        await world.runs.start(cmd)
        await killed(world, DEPLOY_QUEUE, "retirement.announce", "before", tmp_path / "before")
        assert await announced(it) is None
        await killed(world, DEPLOY_QUEUE, "retirement.announce", "after", tmp_path / "after")
        assert await announced(it) is not None
        async with serving(world, DEPLOY_QUEUE):
            outcome = await world.ended(cmd)
    assert (outcome.stage, outcome.failure) == (Stage.DEPRECATED, None)
    assert await announced(it) == "Thu, 01 Jan 2099 00:00:00 GMT"


async def test_a_deprecation_is_undone_though_its_worker_dies_undoing(world: World, tmp_path: Path) -> None:
    it = await one(world)
    before, cmd = await it.standing(), it.command(DeprecateIntegration, sunset_at=SUNSET)
    refused = Failing("integration.record_deprecation")
    async with world.workers(refused, queues=others(DEPLOY_QUEUE)):
        await world.runs.start(cmd)
        await killed(world, DEPLOY_QUEUE, "retirement.announce", "after", tmp_path / "log", skip=1)
        async with serving(world, DEPLOY_QUEUE):
            outcome = await world.ended(cmd)
    assert refused.times > 0
    assert [undo.step for undo in outcome.failure.undone if undo.ok] == ["deprecation", "notice"]
    assert await announced(it) is None
    assert await it.standing() == before


async def test_a_retirement_goes_on_and_nothing_is_left(world: World, tmp_path: Path) -> None:
    """Killed on both sides of the point from which there is no way back."""
    it = await one(world)
    cmd = it.command(RetireIntegration, forced=True)
    async with serving(world, *others(DEPLOY_QUEUE)):
        starting = asyncio.create_task(world.runs.start(cmd))
        await killed(world, DEPLOY_QUEUE, "retirement.point_route", "after", tmp_path / "pointed")
        await starting
        assert await it.answer() == 404
        await killed(world, DEPLOY_QUEUE, "deploy.stop", "before", tmp_path / "running")
        assert await it.running() == ["1.0.0"]
        await killed(world, DEPLOY_QUEUE, "deploy.stop", "after", tmp_path / "stopped")
        await killed(world, DEPLOY_QUEUE, "retirement.revoke_keys", "after", tmp_path / "revoked")
        async with serving(world, DEPLOY_QUEUE):
            outcome = await world.ended(cmd)
            status = await world.runs.status(it.integration.id)
    assert (outcome.stage, outcome.failure, status.untold) == (Stage.RETIRED, None, [])
    assert (await it.running(), await it.answer()) == ([], 404)
    assert await world.integrations.entry(it.integration.id) is None


async def test_a_retirement_is_undone_though_its_worker_dies_undoing(world: World, tmp_path: Path) -> None:
    it = await one(world)
    before, cmd = await it.standing(), it.command(RetireIntegration, forced=True)
    refused = Failing("retirement.point_route", "after", only=lambda route: route.to is None)
    async with world.workers(refused, queues=others(LIFECYCLE_QUEUE)):
        starting = asyncio.create_task(world.runs.start(cmd))
        await killed(world, LIFECYCLE_QUEUE, "integration.register", "after", tmp_path / "log")
        await starting
        async with serving(world, LIFECYCLE_QUEUE):
            outcome = await world.ended(cmd)
    assert refused.times > 0
    assert all(undo.ok for undo in outcome.failure.undone), outcome.failure.undone
    assert {undo.step.partition(" ")[0] for undo in outcome.failure.undone} == {"route", "registry"}
    assert await it.standing() == before


async def test_a_test_run_goes_on_and_tells_the_commit_once(world: World, tmp_path: Path) -> None:
    integration = await tried(world)
    cmd = asked(integration)
    since = await world.simulators.last("github")
    starting = asyncio.create_task(TemporalTests(world.client).start(cmd))
    # Nobody builds meanwhile: what is tested beside it has to wait for the next to be killed.
    await killed(world, LIFECYCLE_QUEUE, "testing.set_status", "after", tmp_path / "pending")
    await starting
    async with serving(world, *others(BUILD_QUEUE)):
        await killed(world, BUILD_QUEUE, "testing.units", "after", tmp_path / "ran")
    async with serving(world, *others(LIFECYCLE_QUEUE)):
        await killed(world, LIFECYCLE_QUEUE, "testing.finish", "after", tmp_path / "kept")
        async with serving(world, LIFECYCLE_QUEUE):
            run = await TemporalTests(world.client).run(cmd)
    assert (run.outcome, run.error, run.untold) == (Outcome.PASSED, "", "")
    told = await world.simulators.journal("github", method="POST", path="/statuses/", since=since)
    assert [entry.status for entry in told] == [201, 201]
