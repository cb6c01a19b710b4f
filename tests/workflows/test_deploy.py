"""DeployVersion: into staging, promoted, rolled out by judgement, rolled back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.bus.local import LocalBus
from adapters.database import SqlOutbox, SqlTestRuns
from domain import ids
from domain.errors import Conflict, NotFound, NotProven, VerdictInvalid
from domain.events import Event, EventType
from domain.lifecycle import Operation, Stage
from domain.operations import Environment, Rollout
from domain.runs import Pause
from domain.testing import Outcome, Trigger
from tests.until import until
from tests.workflows.deployable import BROKEN, QUICK, SLOW, Deployable, loaded, two
from tests.workflows.world import World
from workers.outbox import relay

AT_ONCE = Rollout(strategy="blue_green", hold=timedelta(seconds=2), requests=10)
BRIEF = Rollout(steps=[10], hold=timedelta(milliseconds=200))


@pytest.fixture(scope="module")
async def workers(world: World) -> AsyncIterator[None]:
    async with world.workers():
        yield


async def received(world: World, integration_id: str) -> list[Event]:
    """What a bus is sent of this integration that it was not sent before."""
    bus, wanted = LocalBus(), await world.integrations.events(integration_id)
    got: list[Event] = []
    async with bus.subscribe() as arriving:
        relaying = asyncio.create_task(relay(SqlOutbox(world.database), bus))
        try:
            async with asyncio.timeout(60):
                async for event in arriving:
                    got += [event] if event.subject == integration_id else []
                    if event.id == wanted[-1].id:
                        return got
        finally:
            relaying.cancel()
    return got


async def test_into_staging_then_promoted(world: World, workers: None) -> None:
    it = await Deployable.make(world)
    await it.version("1.0.0")
    outcome = await it.deployed("1.0.0", environment=Environment.STAGING)
    assert (outcome.operation, outcome.stage, outcome.url) == (
        Operation.DEPLOY,
        Stage.ACTIVE,
        it.url(Environment.STAGING),
    )
    assert (await it.answer(Environment.STAGING))["version"] == "1.0.0"
    assert await it.answer() == 404
    (told,) = (await received(world, it.integration.id))[-1:]
    said = {name: told.data["metadata"][name] for name in ("environment", "version", "url", "stage")}
    assert (told.type, said) == (
        EventType.STAGE_CHANGED,
        {"environment": "staging", "version": "1.0.0", "url": it.url(Environment.STAGING), "stage": "active"},
    )
    assert await world.integrations.entry(it.integration.id) is None
    assert ((await it.row()).version, (await it.row()).url) == (None, None)
    assert await it.states() == {("1.0.0", "staging", "serving")}

    promoted = await it.deployed("1.0.0", environment=Environment.PRODUCTION)
    assert (promoted.stage, promoted.url) == (Stage.ACTIVE, it.url())
    told = (await received(world, it.integration.id))[-1]
    assert (told.type, told.data["metadata"]["version"]) == (EventType.ACTIVATED, "1.0.0")
    assert (await it.answer())["greeting"] == "hello from 1.0.0"
    entry = await world.integrations.entry(it.integration.id)
    assert entry is not None
    assert (entry.version, entry.url) == ("1.0.0", it.url())
    assert ((await it.row()).version, (await it.row()).url) == ("1.0.0", it.url())
    await _reads_as_a_story(it)
    assert (await it.answer(Environment.STAGING))["version"] == "1.0.0"
    noted = {one.environment: one for one in await it.deployments()}
    assert {one.state for one in noted.values()} == {"serving"}
    assert {one.target for one in noted.values()} == {"process"}
    assert noted[Environment.PRODUCTION].id == await world.target.live(it.name) == entry.deployment_id
    assert noted[Environment.STAGING].id != entry.deployment_id


async def _reads_as_a_story(it: Deployable) -> None:
    """In the Temporal Web UI, after its end: what it was, where it came to, and by what it is found."""
    workflow_id = ids.lifecycle_workflow(it.integration.id)
    described = await it.world.client.get_workflow_handle(workflow_id).describe()
    assert await described.static_summary() == "Deploy: 1.0.0 to production"
    found = {pair.key.name: pair.value for pair in described.typed_search_attributes.search_attributes}
    wanted = {
        "IntegrationId": it.integration.id,
        "IntegrationName": it.name,
        "Operation": "deploy",
        "OrganizationId": it.integration.organization_id,
        "Stage": "active",
    }
    assert found.items() >= wanted.items()
    assert await it.world.untold(workflow_id) == []


async def test_what_does_not_pass_its_tests_is_not_deployed(world: World, workers: None) -> None:
    it = await Deployable.make(world)
    await it.version("1.0.0")  # it has no tests
    outcome = await it.deployed("1.0.0", tests=True)
    assert outcome.stage is Stage.ACTIVE
    assert outcome.failure.error.code == NotProven.code
    assert "was tested before its deployment, and failed" in outcome.failure.error.message
    assert await it.answer() == 404
    assert await it.running() == []
    (run,) = await SqlTestRuns(world.database).page(it.integration.id, limit=5)
    assert (run.trigger, run.outcome) == (Trigger.DEPLOYMENT, Outcome.FAILED)


async def test_a_good_canary_goes_through_and_back_again_and_no_request_is_lost(world: World, workers: None) -> None:
    it = await two(world)
    async with loaded(it.url()) as load:
        outcome = await it.deployed("1.1.0")
        assert (outcome.stage, outcome.version, outcome.failure) == (Stage.ACTIVE, "1.1.0", None)
        assert (await it.answer())["greeting"] == "hello from 1.1.0"
        assert await it.running() == ["1.1.0"]
        assert await it.states() == {("1.0.0", "production", "stopped"), ("1.1.0", "production", "serving")}

        back = await it.deployed("1.0.0", rollback=True, reason="numbers look odd")
        assert (back.operation, back.stage, back.version) == (Operation.ROLL_BACK, Stage.ACTIVE, "1.0.0")
        assert (await it.answer())["greeting"] == "hello from 1.0.0"
    assert load.failed == []
    assert load.versions == {"1.0.0", "1.1.0"}
    assert len(load.answers) > 100
    assert await it.running() == ["1.0.0"]
    entry = await world.integrations.entry(it.integration.id)
    assert entry is not None
    assert (entry.version, (await it.row()).version) == ("1.0.0", "1.0.0")
    assert [one.version for one in await world.integrations.versions(it.integration.id)] == ["1.0.0", "1.1.0"]
    said = [entry.detail for entry in await world.integrations.audit(it.integration.id)]
    assert any("numbers look odd" in detail for detail in said)


@pytest.mark.parametrize(
    ("rollout", "body", "words"),
    [
        pytest.param(QUICK, BROKEN, "of its requests fail", id="canary-broken"),
        pytest.param(QUICK, SLOW, "95th percentile", id="canary-slow"),
        pytest.param(AT_ONCE, BROKEN, "at 100 %", id="blue-green-broken"),
    ],
)
async def test_a_worse_one_goes_back_by_itself(
    world: World, workers: None, rollout: Rollout, body: str, words: str
) -> None:
    it = await two(world, body=body)
    before = await it.standing()
    async with loaded(it.url()) as load:
        outcome = await it.deployed("1.1.0", rollout=rollout)
        returned = len(load.answers)

        async def more() -> bool | None:
            return True if len(load.answers) > returned + 60 else None

        await until(more)
    assert outcome.failure is not None
    assert outcome.failure.error.code == "deployment_worse"
    assert words in outcome.failure.error.message
    assert [undo.step for undo in outcome.failure.undone if undo.ok] == ["route", "deployment"]
    assert load.versions == {"1.0.0", "1.1.0"}
    assert {version for _, version in load.failed} <= {"1.1.0"}
    # One look every two seconds here, and what it takes to look and to go back on a busy machine.
    assert load.seconds("1.1.0") < 12
    # A request that was under way when the run ended may still be counted after it.
    assert {version for _, version in load.answers[returned + 6 :]} == {"1.0.0"}
    assert await it.standing() == before | {"bundles": (await it.standing())["bundles"]}
    messages = [str(one) for one in (await world.simulators.look("slack", "messages"))["messages"]]
    (told,) = [one for one in messages if f"{it.name} 1.1.0" in one]
    assert "failed to deploy" in told
    assert words in told
    row = await it.row()
    assert row.failure == outcome.failure.error.message
    assert (await world.integrations.events(row.id))[-1].type is EventType.RUN_FAILED
    assert await it.states() == {("1.0.0", "production", "serving"), ("1.1.0", "production", "stopped")}


async def test_one_that_is_paused_is_watched_all_the_same(world: World, workers: None) -> None:
    it = await two(world, body=BROKEN)
    before, cmd = await it.standing(), it.deploy("1.1.0", rollout=Rollout(hold=timedelta(minutes=10), requests=10))
    await world.runs.start(cmd)

    async def watched() -> bool | None:
        return True if (await world.runs.status(cmd.integration_id)).waiting else None

    await until(watched)
    await world.runs.pause(cmd.integration_id, Pause(by=cmd.requester, reason="lunch"))
    async with loaded(it.url()) as load:

        async def seen() -> bool | None:
            return True if len(load.failed) > 10 else None

        await until(seen)
        await world.fast_forward(cmd, timedelta(minutes=1))
        outcome = await world.ended(cmd)
    assert outcome.failure.error.code == "deployment_worse"
    assert [undo.step for undo in outcome.failure.undone if undo.ok] == ["route", "deployment"]
    after = await it.standing()
    assert after | {"bundles": before["bundles"]} == before


async def test_the_same_version_anew_is_started_beside_itself(world: World, workers: None) -> None:
    it = await two(world)
    (first,) = await it.deployments()
    for _ in range(2):
        async with loaded(it.url()) as load:
            assert (await it.deployed("1.0.0", rollout=BRIEF)).stage is Stage.ACTIVE
        assert load.failed == []
        assert await it.running() == ["1.0.0"]
    states = {one.id: one.state for one in await it.deployments()}
    assert (len(states), states[first.id]) == (2, "serving")


async def test_one_that_is_deprecated_stays_so(world: World, workers: None) -> None:
    it = await two(world)
    await world.integrations.enter(it.integration.id, Stage.DEPRECATED, key="deprecated")
    outcome = await it.deployed("1.1.0", rollout=BRIEF)
    assert (outcome.stage, outcome.version) == (Stage.DEPRECATED, "1.1.0")
    assert ((await it.row()).stage, (await it.row()).version) == (Stage.DEPRECATED, "1.1.0")
    assert (await it.answer())["version"] == "1.1.0"


async def test_what_makes_no_sense_is_refused_and_changes_nothing(world: World, workers: None) -> None:
    it = await two(world)
    unproven = (await world.integrations.versions(it.integration.id))[0]
    bare = unproven.model_copy(update={"version": "1.2.0", "verdict": None})
    await world.integrations.record_version(bare, key="bare")
    before, events = await it.standing(), len(await world.integrations.events(it.integration.id))
    with pytest.raises(NotFound, match=r"no version 9\.9\.9"):
        await world.runs.start(it.deploy("9.9.9"))
    with pytest.raises(Conflict, match="not an earlier version"):
        await world.runs.start(it.deploy("1.1.0", rollback=True))
    with pytest.raises(VerdictInvalid, match="not proven"):
        await world.runs.start(it.deploy("1.2.0"))
    assert (await it.standing(), len(await world.integrations.events(it.integration.id))) == (before, events)


async def test_days_of_watching_pass_and_a_second_run_is_refused_meanwhile(world: World, workers: None) -> None:
    """Without requests nothing is said against it."""
    it = await two(world)
    cmd = it.deploy("1.1.0", rollout=Rollout(strategy="blue_green", hold=timedelta(days=1)))
    await world.runs.start(cmd)

    async def watching() -> Any:
        status = await world.runs.status(cmd.integration_id)
        return status.waiting

    waiting = await until(watching)
    assert waiting.what == "its figures at 100 % of the requests"
    with pytest.raises(Conflict) as refused:
        await world.runs.start(it.deploy("1.0.0", rollback=True))
    assert refused.value.details["workflow_id"] == f"integration/{cmd.integration_id}"
    await world.fast_forward(cmd, timedelta(days=1, hours=1))
    assert (await world.ended(cmd)).stage is Stage.ACTIVE
    assert (await it.answer())["version"] == "1.1.0"
