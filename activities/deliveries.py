"""Webhook deliveries: read without write credentials, then acted on, then marked as handled."""

from collections.abc import Mapping

from temporalio import activity

from domain.errors import Conflict
from domain.intents import Interpreted
from domain.ports import Artifacts, Deliveries, Inbox, Runs
from domain.runs import Delivery, RunAccepted
from domain.steps import ActOnReview, FinishDelivery, StartCreate, StartUpdate, StopRun, TellHeadMoved, UpdateStarted


class DeliveryActivities:
    """Reading and closing deliveries. `inboxes` by source."""

    def __init__(self, inboxes: Mapping[str, Inbox], deliveries: Deliveries, artifacts: Artifacts) -> None:
        self._inboxes = inboxes
        self._deliveries = deliveries
        self._artifacts = artifacts

    @activity.defn(name="delivery.interpret")
    async def interpret(self, delivery: Delivery) -> Interpreted:
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
        await self._runs.abandon(cmd.integration_id, cmd.abandon)
