"""Webhook deliveries: read without write credentials, then acted on, then marked as handled."""

from collections.abc import Mapping

from temporalio import activity

from domain.errors import Conflict
from domain.installations import InstallationChange
from domain.intents import Interpreted
from domain.ports import Artifacts, Checkpoints, Deliveries, Inbox, Installations, Integrations, Runs
from domain.runs import Delivery, RunAccepted
from domain.steps import (
    ActOnReview,
    FinishDelivery,
    RetryRun,
    StartCreate,
    StartUpdate,
    StopRun,
    TellHeadMoved,
    UpdateStarted,
)


class DeliveryActivities:
    """Reading and closing deliveries. `inboxes` by source."""

    def __init__(self, inboxes: Mapping[str, Inbox], deliveries: Deliveries, artifacts: Artifacts) -> None:
        self._inboxes = inboxes
        self._deliveries = deliveries
        self._artifacts = artifacts

    @activity.defn(name="delivery.interpret")
    async def interpret(self, delivery: Delivery) -> Interpreted:
        body = await self._deliveries.body(delivery)
        if body is None:
            body = await self._artifacts.get(delivery.body)
        return Interpreted(intent=await self._inboxes[delivery.source].interpret(delivery, body))

    @activity.defn(name="delivery.finish")
    async def finish(self, cmd: FinishDelivery) -> None:
        await self._deliveries.finish(cmd.source, cmd.id, cmd.outcome)


class RunActivities:
    """Starting and steering runs from another workflow."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    @activity.defn(name="run.start_create")
    async def start_create(self, cmd: StartCreate) -> RunAccepted:
        return await self._runs.start_create(cmd.create)

    @activity.defn(name="run.start_update")
    async def start_update(self, cmd: StartUpdate) -> UpdateStarted:
        """Start an update. That it cannot begin now, because another run is under way, is a result."""
        try:
            await self._runs.start(cmd.update)
        except Conflict as error:
            if error.details.get("run_id"):
                return UpdateStarted(started=True)  # by the same request, before
            return UpdateStarted(started=False, why=error.message)
        return UpdateStarted(started=True)

    @activity.defn(name="run.submit_review")
    async def submit_review(self, cmd: ActOnReview) -> None:
        await self._runs.submit_review(cmd.integration_id, cmd.review)

    @activity.defn(name="run.head_moved")
    async def head_moved(self, cmd: TellHeadMoved) -> None:
        await self._runs.head_moved(cmd.integration_id, cmd.moved)

    @activity.defn(name="run.abandon")
    async def abandon(self, cmd: StopRun) -> None:
        if cmd.pull_request is not None:
            pull = (await self._runs.status(cmd.integration_id)).pull_request
            if pull is None or pull.number != cmd.pull_request:
                raise Conflict(f"The run under way has another pull request than {cmd.pull_request}, so it goes on.")
        await self._runs.abandon(cmd.integration_id, cmd.abandon)


class RetryActivities:
    """A run that failed, started again from where it failed."""

    def __init__(self, runs: Runs, checkpoints: Checkpoints, integrations: Integrations) -> None:
        self._runs = runs
        self._checkpoints = checkpoints
        self._integrations = integrations

    @activity.defn(name="run.retry")
    async def retry(self, cmd: RetryRun) -> RunAccepted:
        """Raises Conflict unless the newest run failed and left what it can go on from."""
        found = await self._integrations.get(cmd.integration_id)
        kept = None if found.failure is None else await self._checkpoints.find(found.id)
        if kept is None or kept.checkpoint.run_id != found.run_id:
            raise Conflict(f"There is nothing to retry: the newest run of {found.name or found.id} did not fail.")
        try:
            return await self._runs.retry(kept, by=cmd.by, request_key=cmd.request_key)
        except Conflict as error:
            before = error.details.get("run_id")  # the run that an earlier try started
            if not isinstance(before, str):
                raise
            return RunAccepted(integration_id=found.id, workflow_id=found.workflow_id, run_id=before)


class InstallationActivities:
    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    @activity.defn(name="delivery.record_installation")
    async def record(self, change: InstallationChange) -> None:
        await self._installations.record(change)
