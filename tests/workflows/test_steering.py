"""People pause and resume runs: nothing reaches the outside meanwhile, and it goes on where it stood."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from domain.errors import Conflict
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.review import Decision, ReviewPolicy
from domain.runs import Abandon, CreateIntegration, Pause, Resume, RunStatus
from tests.until import until
from tests.workflows.world import World

OPERATOR = Actor(channel=Channel.CLI, name="operator")
PAUSE = Pause(by=OPERATOR, reason="the vendor has an outage")
RESUME = Resume(by=OPERATOR)
WRITES = ("POST", "PUT", "PATCH", "DELETE")


async def test_a_paused_run_stands_before_its_next_step_and_goes_on_from_there(world: World) -> None:
    cmd = await world.request("", policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start_create(cmd)
        status = await world.runs.pause(cmd.integration_id, PAUSE)
        assert status.paused is not None
        assert status.paused.by == OPERATOR
        with pytest.raises(Conflict, match="paused already"):
            await world.runs.pause(cmd.integration_id, PAUSE)
        before = await _stands(world, cmd)
        assert before.stage in {Stage.REQUESTED, Stage.ANALYZING}
        assert before.waiting is not None
        assert before.waiting.what.startswith("a person to resume it: operator paused it (the vendor has an outage)")
        assert before.paused is not None
        assert before.waiting.since == before.paused.since
        await _says(world, cmd, "Waits for a person to resume it")
        await _nothing_happens(world)
        gone_on = await world.runs.resume(cmd.integration_id, RESUME)
        assert gone_on.paused is None
        with pytest.raises(Conflict, match="not paused"):
            await world.runs.resume(cmd.integration_id, RESUME)
        reviewed = await world.reaches(cmd, Stage.REVIEWING, waiting=True)

        await world.runs.pause(cmd.integration_id, PAUSE)
        stands = await _stands(world, cmd)
        assert stands.waiting is not None
        assert stands.waiting.what.endswith("; then for an approval")
        await _says(world, cmd, "Waits for a person to resume it")
        assert reviewed.content_hash is not None
        approval = await world.review("grace", reviewed.content_hash, Decision.APPROVE)
        assert len((await world.runs.submit_review(cmd.integration_id, approval)).reviews) == 1
        await _nothing_happens(world)
        await world.runs.resume(cmd.integration_id, RESUME)
        assert (await world.ended(cmd)).stage is Stage.ACTIVE
        with pytest.raises(Conflict):
            await world.runs.pause(cmd.integration_id, PAUSE)
    seen = await world.outside(cmd)
    assert [pull["merged_at"] is not None for pull in seen.pulls] == [True]
    assert "resume" not in seen.comments[0]


async def test_the_time_it_is_paused_is_given_back_to_reviewers(world: World) -> None:
    """Its deadline passes while it is paused: it does not expire, and the deadline that is shown is the later one."""
    cmd = await world.request(policy=ReviewPolicy(deadline=timedelta(days=1)))
    async with world.workers():
        await world.runs.start_create(cmd)
        asked = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        first = asked.waiting.until if asked.waiting else None
        assert first is not None
        await world.runs.pause(cmd.integration_id, PAUSE)
        await world.fast_forward(cmd, timedelta(days=1, hours=2))
        await _a_timer_fires(world, cmd)
        await world.runs.resume(cmd.integration_id, RESUME)

        async def later() -> bool | None:
            status = await world.runs.status(cmd.integration_id)
            assert status.failure is None, status.failure
            if status.waiting is None or status.waiting.until is None:
                return None
            return True if status.waiting.until - first >= timedelta(hours=23) else None

        await until(later)
        assert asked.content_hash is not None
        approval = await world.review("grace", asked.content_hash, Decision.APPROVE)
        await world.runs.submit_review(cmd.integration_id, approval)
        assert (await world.ended(cmd)).stage is Stage.ACTIVE


async def test_undo_never_pauses(world: World) -> None:
    cmd = await world.request(policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start_create(cmd)
        await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        await world.runs.pause(cmd.integration_id, PAUSE)
        await world.runs.abandon(cmd.integration_id, Abandon(by=OPERATOR, reason="no longer needed"))
        with pytest.raises(Conflict):
            await world.runs.resume(cmd.integration_id, RESUME)
        outcome = await world.ended(cmd)
    assert outcome.failure is not None
    assert outcome.failure.error.code == "abandoned"
    seen = await world.outside(cmd)
    assert (seen.branches, [pull["state"] for pull in seen.pulls], seen.versions) == ([], ["closed"], [])


async def test_runs_and_their_conversations_are_found_by_what_people_know(world: World) -> None:
    """By integration, stage, operation and organisation; and each reads as a story."""
    cmd = await world.request(policy=ReviewPolicy())
    async with world.workers():
        await world.runs.start_create(cmd)
        status = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        mine = f"IntegrationId = '{cmd.integration_id}' AND OrganizationId = '{cmd.organization_id}'"
        named = f"{mine} AND IntegrationName = '{status.name}' AND Operation = 'create'"

        async def found(query: str, wanted: int) -> list[str]:
            async def there() -> list[str] | None:
                ids = [one.id async for one in world.client.list_workflows(query)]
                return ids if len(ids) == wanted else None

            return sorted(await until(there))

        lifecycle = f"integration/{cmd.integration_id}"
        assert await found(f"{named} AND Stage = 'reviewing'", 1) == [lifecycle]
        assert await found(f"{mine} AND WorkflowType = 'Converse'", 2) == [
            f"{lifecycle}/analysis-1",
            f"{lifecycle}/generation-2",
        ]
        handle = world.client.get_workflow_handle(lifecycle)
        described = await handle.describe()
        assert await described.static_summary() == "Create: List the cities"
        assert await world.untold(lifecycle) == []
        await world.runs.abandon(cmd.integration_id, Abandon(by=OPERATOR, reason="seen enough"))
        await world.ended(cmd)
        assert await found(f"{named} AND Stage = 'failed'", 1) == [lifecycle]


async def _stands(world: World, cmd: CreateIntegration) -> RunStatus:
    async def there() -> RunStatus | None:
        status = await world.runs.status(cmd.integration_id)
        assert status.paused is not None
        return status if status.paused.holds else None

    return await until(there)


async def _says(world: World, cmd: CreateIntegration, words: str) -> None:
    async def said() -> bool | None:
        (comment,) = (await world.outside(cmd)).comments
        return True if words in comment else None

    await until(said)


async def _nothing_happens(world: World) -> None:
    """For a while nobody outside is asked to change anything, and Claude is not asked at all."""
    since = {vendor: await world.simulators.last(vendor) for vendor in ("github", "slack", "claude")}

    async def something() -> list[str] | None:
        done = [
            f"{entry.method} {entry.path}"
            for vendor, number in since.items()
            for entry in await world.simulators.journal(vendor, since=number)
            if entry.method in WRITES
        ]
        return done or None

    await _never(something)


async def _never(something: Callable[[], Awaitable[object | None]]) -> None:
    with pytest.raises(TimeoutError):
        raise AssertionError(await until(something, within=1.5))


async def _a_timer_fires(world: World, cmd: CreateIntegration) -> None:
    handle = world.client.get_workflow_handle(f"integration/{cmd.integration_id}")

    async def fired() -> bool | None:
        events = (await handle.fetch_history()).events
        return True if any(event.HasField("timer_fired_event_attributes") for event in events) else None

    await until(fired)
