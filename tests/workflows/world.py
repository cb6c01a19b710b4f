"""A world for sagas: the real Temporal server, database, runner and simulators; workers in this process, on demand.

The workers are the product's. A test may have a step fail, before or after it is really done: a real activity under the
same name, as the worker of a broken deployment would have.
"""

import json
import os
import tempfile
import typing
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio import activity
from temporalio.api.common.v1 import FastForwardConfig, TimeSkippingConfig, WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionOptionsRequest
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from adapters.artifacts import ArtifactSettings, open_artifacts
from adapters.database import Database, DatabaseSettings, SqlBooks, SqlIntegrations, SqlPeople
from adapters.process_target import ProcessTarget, ProcessTargetSettings
from adapters.temporal import TemporalRuns, TemporalSettings, connect
from cli.stack import Stack, StackOptions
from cli.stack.layout import Layout, database, runner, simulators
from cli.stack.plan import Plan
from cli.stack.servers import temporal_server
from domain import ids
from domain.conversation import Budget
from domain.lifecycle import Stage
from domain.people import Actor, Channel, Person, Role
from domain.ports import Artifacts
from domain.review import Decision, Review, ReviewPolicy
from domain.runs import CreateIntegration, DocumentSource, IntegrationRequest, RunOutcome, RunStatus, Work
from domain.vendors import IssueRef
from simulators.kit import Simulators
from tests import policies
from tests.environ import settings_from
from tests.until import until
from workers.queues import QUEUES, activities, worker
from workers.shared import Shared, Step

REPOSITORY = "acme/integrations"
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Cities", "version": "1"},
    "servers": [{"url": "https://cities.example.com/v1"}],
    "paths": {
        "/cities": {
            "get": {
                "operationId": "listCities",
                "summary": "List the cities",
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {
                            "application/json": {"schema": {"type": "array", "items": {"type": "string"}}},
                        },
                    }
                },
            }
        }
    },
}

When = Literal["before", "after"]


@dataclass
class Failing:
    """Makes the step of this name fail for good, before or after it is done. `times` it was asked is kept."""

    step: str
    when: When = "before"
    only: Callable[[Any], bool] = lambda _: True
    times: int = 0

    def around(self, real: Step) -> Step:
        if getattr(real, "__temporal_activity_definition").name != self.step:
            return real

        async def failing(cmd: Any) -> Any:
            if not self.only(cmd):
                return await real(cmd)
            self.times += 1
            if self.when == "after":
                await real(cmd)
            raise ApplicationError(f"{self.step} is broken here", type="vendor_rejected", non_retryable=True)

        failing.__annotations__ = typing.get_type_hints(real)
        return activity.defn(name=self.step)(failing)


@dataclass
class World:
    environment: Mapping[str, str]
    client: Client
    simulators: Simulators
    artifacts: Artifacts
    database: Database
    integrations: SqlIntegrations
    books: SqlBooks
    people: SqlPeople
    target: ProcessTarget

    @property
    def runs(self) -> TemporalRuns:
        return TemporalRuns(self.client)

    @asynccontextmanager
    async def workers(
        self, *broken: Failing, cached: int = 1000, queues: Sequence[str] = QUEUES, build: str = ""
    ) -> AsyncIterator[None]:
        """The product's workers. `cached` 0 replays each workflow from its history at every task.

        Those of a `build` take no work until it is rolled out; from then on those without one take none in this world.
        """
        async with AsyncExitStack() as running:
            with settings_from(self.environment):
                shared = await Shared.open(self.client, queues)
                running.push_async_callback(shared.close)
                found = {queue: activities(queue, shared) for queue in queues}
            settings = shared.settings.model_copy(update={"cached_workflows": cached, "build_id": build})
            for failing in broken:
                found = {queue: [failing.around(step) for step in steps] for queue, steps in found.items()}
            for queue, steps in found.items():
                await running.enter_async_context(worker(self.client, queue, steps, settings))
            yield

    async def document(self, document: object = DOCUMENT) -> DocumentSource:
        data = json.dumps(document).encode()
        return DocumentSource(artifact=await self.artifacts.put(data, "application/json"))

    async def issue(self) -> IssueRef:
        """An issue at GitHub that a run may comment on; its webhooks go nowhere."""
        opened = await self.simulators.act("github", "issues", user="ada", title="Cities please", body="…")
        return IssueRef(repo=REPOSITORY, number=opened["result"]["number"])

    async def request(self, words: str = "[simulate: one-turn]", **changes: Any) -> CreateIntegration:
        requester = Actor(channel=Channel.GITHUB, name="ada", person_id=(await self.person("ada")).id)
        return CreateIntegration.model_validate(
            {
                "integration_id": ids.new("int"),
                "organization_id": ids.DEFAULT_ORGANIZATION,
                "request": IntegrationRequest(
                    title="List the cities",
                    description=f"We want to list the cities. {words}",
                    document=await self.document(),
                    name=f"cities-{ids.new('x')[-10:]}",
                ),
                "requester": requester,
                "repository": REPOSITORY,
                "issue": await self.issue(),
                "policy": ReviewPolicy(automatic=True),
                "budget": Budget(),
                **changes,
            }
        )

    async def person(self, name: str) -> Person:
        return await self.people.ensure(name, Role.REVIEWER)

    async def review(self, name: str, content_hash: str, decision: Decision, comment: str = "") -> Review:
        person = await self.person(name)
        return Review(
            id=ids.new("rev"),
            reviewer=Actor(channel=Channel.API, name=name, person_id=person.id),
            decision=decision,
            content_hash=content_hash,
            comment=comment,
            at=datetime.now(UTC),
        )

    async def ended(self, cmd: Work) -> RunOutcome:
        """The outcome, whether it succeeded or failed."""
        handle = self.client.get_workflow_handle(ids.lifecycle_workflow(cmd.integration_id), result_type=RunOutcome)
        try:
            return await handle.result()
        except WorkflowFailureError as error:
            if not isinstance(error.cause, ApplicationError):
                raise
            return RunOutcome.model_validate(error.cause.details[0])

    async def reaches(self, cmd: CreateIntegration, stage: Stage, *, waiting: bool = False) -> RunStatus:
        async def there() -> RunStatus | None:
            status = await self.runs.status(cmd.integration_id)
            assert status.failure is None, status.failure
            return status if status.stage is stage and (status.waiting is not None or not waiting) else None

        return await until(there)

    async def fast_forward(self, cmd: CreateIntegration, by: timedelta) -> None:
        """Let this run's time go on by `by` at once, then as usual."""
        duration = Duration()
        duration.FromTimedelta(by)
        forward = FastForwardConfig(id=ids.new("ff"), duration=duration)
        await self.client.workflow_service.update_workflow_execution_options(
            UpdateWorkflowExecutionOptionsRequest(
                namespace=self.client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=ids.lifecycle_workflow(cmd.integration_id)),
                workflow_execution_options=WorkflowExecutionOptions(
                    time_skipping_config=TimeSkippingConfig(enabled=True, fast_forward_config=forward)
                ),
                update_mask=FieldMask(paths=["time_skipping_config"]),
            )
        )

    async def untold(self, workflow_id: str) -> list[str]:
        """The steps and timers of a run that the Temporal Web UI shows without a word of what they are for."""
        history = await self.client.get_workflow_handle(workflow_id).fetch_history()
        kinds = ("activity_task_scheduled_event_attributes", "timer_started_event_attributes")
        shown = [event for event in history.events if any(event.HasField(kind) for kind in kinds)]
        return [f"{event.event_id}: {event}" for event in shown if not event.user_metadata.summary.data]

    async def github(self, path: str) -> Any:
        """Something of the repository, by GitHub's own API."""
        return await _GitHub(self.simulators).get(path)

    async def outside(self, cmd: CreateIntegration) -> "Outside":
        """What the outside world has of this run, read where it lives."""
        return await Outside.read(self, cmd)


@dataclass(frozen=True)
class Outside:
    """What exists outside. All of it by the vendors' own APIs, the runner's and the stores'."""

    branches: list[str]
    pulls: list[dict[str, Any]]
    files_on_main: list[str]
    comments: list[str]
    messages: list[dict[str, Any]]
    deployments: list[str]
    live: str | None
    bundles: list[str]
    versions: list[str]
    registered: bool

    @classmethod
    async def read(cls, world: World, cmd: CreateIntegration) -> "Outside":
        name = cmd.request.name or ""
        github = _GitHub(world.simulators)
        branches = [b["name"] for b in await github.get("branches?per_page=100") if name in b["name"]]
        pulls = [p for p in await github.get("pulls?state=all&per_page=100") if name in p["head"]["ref"]]
        tree = await github.get("git/trees/main?recursive=1")
        comments = await github.get(f"issues/{cmd.issue.number}/comments") if cmd.issue else []
        messages = (await world.simulators.look("slack", "messages"))["messages"]
        runner = await _runner(world)
        return cls(
            branches=branches,
            pulls=pulls,
            files_on_main=[e["path"] for e in tree["tree"] if e["path"].startswith(f"integrations/{name}/")],
            comments=[c["body"] for c in comments],
            messages=[m for m in messages if cmd.integration_id in json.dumps(m) and not m.get("deleted")],
            deployments=[d["id"] for d in runner if d["name"] == name],
            live=await world.target.live(name),
            bundles=[key for key in await world.artifacts.published() if cmd.integration_id in key],
            versions=[v.version for v in await world.integrations.versions(cmd.integration_id)],
            registered=await world.integrations.entry(cmd.integration_id) is not None,
        )


class _GitHub:
    def __init__(self, simulators: Simulators) -> None:
        self._base = f"{simulators.github_url}/repos/{REPOSITORY}"
        self._headers = {"Authorization": f"Bearer {simulators.config['github']['token']}"}

    async def get(self, path: str) -> Any:
        async with httpx.AsyncClient(headers=self._headers, trust_env=False, timeout=30) as client:
            answer = await client.get(f"{self._base}/{path}")
        answer.raise_for_status()
        return answer.json()


async def _runner(world: World) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {world.environment['CCB_RUNNER_KEY']}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client:
        answer = await client.get(f"{world.environment['CCB_RUNNER_URL']}/deployments")
    answer.raise_for_status()
    found: Any = answer.json()
    return list(found if isinstance(found, list) else found["deployments"])


@asynccontextmanager
async def opened(environment: Mapping[str, str], simulators_url: str, data_dir: Path) -> AsyncIterator[World]:
    config = json.loads((data_dir / "simulators.json").read_text())
    with settings_from(environment):
        database = await Database.open(DatabaseSettings())
        target = ProcessTarget(ProcessTargetSettings())
        artifacts = open_artifacts(ArtifactSettings())
        client = await connect(TemporalSettings())
    try:
        async with Simulators(simulators_url, config=config) as simulators:
            yield World(
                environment=environment,
                client=client,
                simulators=simulators,
                artifacts=artifacts,
                database=database,
                integrations=SqlIntegrations(database),
                books=SqlBooks(database),
                people=SqlPeople(database),
                target=target,
            )
    finally:
        await target.close()
        await database.close()


@asynccontextmanager
async def standing(*temporal_config: str) -> AsyncIterator[World]:
    """Everything but API and workers, as `ccb up --simulate` starts it; workers are each test's own."""
    plans: list[Plan] = []

    def without_workers(options: StackOptions, data_dir: Path, environ: Mapping[str, str]) -> Layout:
        plan = Plan(options, data_dir, environ)
        plans.append(plan)
        parts = [temporal_server(plan), simulators(plan), database(plan), runner(plan)]
        return Layout(parts=[part for part in parts if part is not None], addresses=plan.addresses())

    with tempfile.TemporaryDirectory(prefix="ccb-world-", dir="/tmp") as folder:
        options = StackOptions.on_free_ports(Path(folder), simulate=True).model_copy(
            update={"temporal_config": ("frontend.WorkflowTimeSkippingEnabled=true", *temporal_config)}
        )
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CCB_")}
        environ |= {**policies.brief(Path(folder)), **policies.environments()}
        async with Stack(options, layout=without_workers, environ=environ) as stack:
            url = stack.addresses.simulators_url
            assert url is not None
            async with opened(plans[0].settings, url, Path(folder)) as world:
                # Nobody listens for webhooks here: requests come from the tests.
                for vendor in ("github", "linear", "jira"):
                    await world.simulators.act(vendor, "configure", webhook_url=None)
                yield world
