"""A year of an integration's life: its days are skipped by the server, and what happens on them really happens."""

import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import TypeAdapter
from temporalio import workflow
from temporalio.api.common.v1 import TimeSkippingConfig, WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionOptionsRequest
from temporalio.client import WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from adapters.database import SqlTestRuns
from domain import ids
from domain.drift import WATCH_WORKFLOW, WatchDrift
from domain.health import SWEEP_WORKFLOW, SweepHealth, Swept
from domain.lifecycle import Operation, Stage
from domain.operations import (
    DeployVersion,
    DeprecateIntegration,
    LaterWork,
    RetireIntegration,
    Rollout,
    UpdateIntegration,
    UpdateReason,
)
from domain.review import Decision, ReviewPolicy
from domain.runs import LIFECYCLE_QUEUE, CreateIntegration, DocumentSource, RunOutcome
from domain.testing import NIGHTLY_WORKFLOW, NightlyOutcome, NightlyTests, Outcome, Trigger
from tests.workflows import watching
from tests.workflows.world import DOCUMENT, World, standing

DAYS = 364
EVERY = 28
"""Days from one night that is looked at to the next: each costs the sandbox seconds, and a year has many."""

AT_ONCE = Rollout(strategy="blue_green", hold=timedelta(milliseconds=100))
PEOPLE = ReviewPolicy(approvals=1)


@workflow.defn(name="Calendar", sandboxed=False)
class Calendar:
    """Days that go by. On each that is due: the night's tests, and a look at documents."""

    def __init__(self) -> None:
        self._day = 0
        self._until = 0
        self._nights: list[NightlyOutcome] = []

    @workflow.run
    async def run(self) -> list[NightlyOutcome]:
        while self._day < DAYS:
            await workflow.wait_condition(lambda: self._until > self._day)
            await workflow.sleep(timedelta(days=EVERY))
            await self._looks()
            self._day += EVERY
        return self._nights

    async def _looks(self) -> None:
        night = NightlyTests(night=workflow.now().date().isoformat())
        self._nights.append(
            await workflow.execute_child_workflow(
                NIGHTLY_WORKFLOW, night, task_queue=LIFECYCLE_QUEUE, result_type=NightlyOutcome
            )
        )
        await workflow.execute_child_workflow(WATCH_WORKFLOW, WatchDrift(), task_queue=LIFECYCLE_QUEUE)

    @workflow.update
    async def until_day(self, day: int) -> None:
        """Let the days go by until then."""
        self._until = day
        await workflow.wait_condition(lambda: self._day >= day)


@pytest.fixture
async def alone() -> AsyncIterator[World]:
    """A world with nothing else in it: the night's tests are of all that serves."""
    async with standing() as world:
        yield world


@pytest.mark.timeout(900)
async def test_a_year(alone: World) -> None:
    world = alone
    async with watching.small_server() as published, world.workers(), _calendar(world) as calendar:
        publish(published, world, "/api/v1/namespaces")
        made = await _made(world, f"{published.url}/openapi.json")
        assert await _serves(world, made) == "1.0.0"

        await _day(world, calendar, 56)
        publish(published, world, "/api/v1/namespaces", "/api/v1/cluster-info")
        first = await _updated(world, made, "Add `GET /api/v1/cluster-info`.")
        assert await _serves(world, made) == first.version == "1.1.0"

        await _day(world, calendar, 140)
        publish(published, world, "/api/v1/namespaces")
        await _day(world, calendar, 168)  # the look at documents opens an update by itself
        drifted = await _approved(world, made, after=timedelta(days=3))
        assert (drifted.operation, drifted.stage) == (Operation.UPDATE, Stage.ACTIVE)
        assert await _serves(world, made) == drifted.version == "2.0.0", "what is gone outside is gone here"

        await _day(world, calendar, 224)
        third = await _updated(world, made, "Say in its description whose namespaces they are.")
        assert await _serves(world, made) == third.version == "2.0.1"

        await _day(world, calendar, 280)
        back = await _run(world, DeployVersion(**_work(made), version=drifted.version, rollback=True))
        assert (back.operation, back.stage) == (Operation.ROLL_BACK, Stage.ACTIVE)
        assert await _serves(world, made) == drifted.version

        await _day(world, calendar, 308)
        deprecate = DeprecateIntegration(**_work(made), reason="There is a service for it now.")
        assert (await _run(world, deprecate)).stage is Stage.DEPRECATED
        assert "deprecation" in (await _asked(world, made)).headers

        await _day(world, calendar, 336)
        url = (await world.integrations.get(made.integration_id)).url
        retired = await _run(world, RetireIntegration(**_work(made), reason="Its year is over.", forced=True))
        assert retired.stage is Stage.RETIRED
        dates, nights = await _over(world, calendar)

    assert (date.fromisoformat(dates[-1]) - date.fromisoformat(dates[0])).days == DAYS - EVERY
    assert {night.failed for night in nights} == {0}
    assert [night.tested for night in nights] == [1] * (336 // EVERY) + [0], "it served until its last night"
    runs = await SqlTestRuns(world.database).page(made.integration_id, limit=200)
    assert [run.outcome for run in runs if run.trigger is Trigger.NIGHTLY] == [Outcome.PASSED] * (336 // EVERY)
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{url}/health")).status_code == 404


def publish(small: watching.Small, world: World, *paths: str) -> None:
    """What the outside API says of itself from now on. It is Temporal's own, so it answers."""
    document = copy.deepcopy(DOCUMENT)
    answers = {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}}
    document["servers"] = [{"url": f"http://{world.environment['CCB_RUNNER_PRIVATE_HOSTS']}"}]
    document["paths"] = {
        path: {"get": {"operationId": path.split("/")[-1], "summary": f"Get {path}", "responses": answers}}
        for path in paths
    }
    small.answers["/openapi.json"] = (200, json.dumps(document).encode())


async def _made(world: World, document: str) -> CreateIntegration:
    cmd = await world.request(policy=PEOPLE)
    request = cmd.request.model_copy(
        update={"title": "List the namespaces", "description": "List them.", "document": DocumentSource(url=document)}
    )
    cmd = cmd.model_copy(update={"request": request})
    await world.runs.start_create(cmd)
    assert (await _approved(world, cmd, after=timedelta(days=6))).stage is Stage.ACTIVE
    return cmd


async def _updated(world: World, made: CreateIntegration, words: str) -> RunOutcome:
    reason = UpdateReason(title=words, words=words)
    await world.runs.start(UpdateIntegration(**_work(made), policy=PEOPLE, reason=reason, rollout=AT_ONCE))
    outcome = await _approved(world, made, after=timedelta(days=9))
    assert (outcome.operation, outcome.stage) == (Operation.UPDATE, Stage.ACTIVE), outcome
    return outcome


async def _approved(world: World, made: CreateIntegration, *, after: timedelta) -> RunOutcome:
    """Nobody looks at it for days; then somebody approves."""
    await world.reaches(made, Stage.REVIEWING, waiting=True)
    await world.fast_forward(made, after)
    status = await world.runs.status(made.integration_id)
    assert status.content_hash is not None
    await world.runs.submit_review(
        made.integration_id, await world.review("grace", status.content_hash, Decision.APPROVE)
    )
    return await world.ended(made)


def _work(made: CreateIntegration) -> dict[str, Any]:
    return {name: getattr(made, name) for name in ("integration_id", "organization_id", "requester", "repository")}


async def _run(world: World, cmd: LaterWork) -> RunOutcome:
    await world.runs.start(cmd)
    return await world.ended(cmd)


async def _asked(world: World, made: CreateIntegration) -> httpx.Response:
    url = (await world.integrations.get(made.integration_id)).url
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{url}/health")
    answer.raise_for_status()
    return answer


async def _serves(world: World, made: CreateIntegration) -> str | None:
    """The version that the registry names, whose deployment answers under the stable URL."""
    await _asked(world, made)
    entry = await world.integrations.entry(made.integration_id)
    assert entry is not None
    assert await world.target.live(entry.name) == entry.deployment_id
    return entry.version


@asynccontextmanager
async def _calendar(world: World) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    runner = UnsandboxedWorkflowRunner()
    async with Worker(world.client, task_queue="calendar", workflows=[Calendar], workflow_runner=runner):
        calendar = await world.client.start_workflow("Calendar", id=ids.new("calendar"), task_queue="calendar")
        await world.client.workflow_service.update_workflow_execution_options(
            UpdateWorkflowExecutionOptionsRequest(
                namespace=world.client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=calendar.id),
                workflow_execution_options=WorkflowExecutionOptions(
                    time_skipping_config=TimeSkippingConfig(enabled=True)
                ),
                update_mask=FieldMask(paths=["time_skipping_config"]),
            )
        )
        yield calendar


async def _day(world: World, calendar: WorkflowHandle[Any, Any], day: int) -> None:
    """Let the days go by until then; a sweep asks what serves by then, in our time: its answers are real."""
    await calendar.execute_update("until_day", day)
    swept: Swept = await world.client.execute_workflow(
        SWEEP_WORKFLOW, SweepHealth(), id=ids.new("sweep"), task_queue=LIFECYCLE_QUEUE, result_type=Swept
    )
    assert swept.attended == 0, "nothing is down"


async def _over(world: World, calendar: WorkflowHandle[Any, Any]) -> tuple[list[str], list[NightlyOutcome]]:
    await _day(world, calendar, DAYS)
    nights = TypeAdapter(list[NightlyOutcome]).validate_python(await calendar.result())
    return [night.night for night in nights], nights
