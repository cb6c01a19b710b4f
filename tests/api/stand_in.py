"""A short run under the real one's wire names: real rows by the real adapter, no outside system, no waiting.

It goes to reviewing by itself and to active or failed by updates, so that the API can be tested against a run.
"""

from datetime import UTC, datetime, timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from adapters.database import SqlIntegrations
from domain import review
from domain.artifacts import ArtifactRef, content_hash
from domain.conversation import Spent
from domain.errors import CcbError, Conflict
from domain.failures import to_failure
from domain.lifecycle import Operation, Stage
from domain.operations import UPDATE_WORKFLOW, UpdateIntegration
from domain.registry import Integration, Version
from domain.review import Decision, Review
from domain.runs import (
    ABANDON_UPDATE,
    ACCEPTED_UPDATE,
    CREATE_WORKFLOW,
    DELIVERY_WORKFLOW,
    PAUSE_UPDATE,
    RAISE_BUDGET_UPDATE,
    RESUME_UPDATE,
    REVIEW_UPDATE,
    STATUS_QUERY,
    Abandon,
    CreateIntegration,
    Delivery,
    DeliveryOutcome,
    Failure,
    Pause,
    Paused,
    RaiseBudget,
    Resume,
    RunAccepted,
    RunOutcome,
    RunStatus,
    StageTime,
    Waiting,
)
from domain.steps import BeginRun
from tests.api.stand_in_saying import Saying

CONTENT = content_hash(b"content")
REF = ArtifactRef(hash=CONTENT, size=7)
"""Of files and a plan that are nowhere stored, unless others are given."""
VERSION = "1.0.0"
_WALK = [Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING]
_ONCE = RetryPolicy(maximum_attempts=1)
_LIMIT = timedelta(seconds=20)


class StandInActivities:
    def __init__(self, integrations: SqlIntegrations, files: ArtifactRef = REF, plan: ArtifactRef = REF) -> None:
        self._integrations = integrations
        self._files, self._plan = files, plan

    @activity.defn(name="stand_in.accept")
    async def accept(self, cmd: CreateIntegration) -> Integration:
        info = activity.info()
        try:
            return await self._integrations.accept(
                cmd, workflow_id=info.workflow_id or "", run_id=info.workflow_run_id or ""
            )
        except CcbError as error:
            raise to_failure(error) from error

    @activity.defn(name="stand_in.walk")
    async def walk(self, cmd: CreateIntegration) -> None:
        """To reviewing, with a version."""
        for stage in _WALK:
            await self._integrations.enter(cmd.integration_id, stage, key=f"walk/{stage}")
        version = Version(
            integration_id=cmd.integration_id,
            version=VERSION,
            content_hash=CONTENT,
            files=self._files,
            plan=self._plan,
        )
        await self._integrations.record_version(version, key="walk")

    @activity.defn(name="stand_in.enter")
    async def enter(self, integration_id: str, stage: Stage) -> None:
        await self._integrations.enter(integration_id, stage, key=f"end/{stage}", detail=f"made {stage}")

    @activity.defn(name="stand_in.begin")
    async def begin(self, cmd: UpdateIntegration) -> Integration:
        info = activity.info()
        begin = BeginRun(
            integration_id=cmd.integration_id,
            operation=Operation.UPDATE,
            requester=cmd.requester,
            workflow_id=info.workflow_id or "",
            run_id=info.workflow_run_id or "",
            request_key=cmd.request_key,
            detail=cmd.reason.title,
        )
        try:
            return await self._integrations.begin(begin)
        except CcbError as error:
            raise to_failure(error) from error


@workflow.defn(name=UPDATE_WORKFLOW)
class StandInUpdate(Saying):
    """Begins, and goes on until it is abandoned."""

    @workflow.init
    def __init__(self, cmd: UpdateIntegration) -> None:
        self._accepted: RunAccepted | None = None
        self._refused: ApplicationError | None = None
        self._ended = False

    @workflow.run
    async def run(self, cmd: UpdateIntegration) -> RunOutcome:
        try:
            row = await workflow.execute_activity_method(
                StandInActivities.begin, cmd, start_to_close_timeout=_LIMIT, retry_policy=_ONCE
            )
        except ActivityError as error:
            self._refused = error.cause if isinstance(error.cause, ApplicationError) else ApplicationError(str(error))
        else:
            self._accepted = RunAccepted(integration_id=row.id, workflow_id=row.workflow_id, run_id=row.run_id)
            await workflow.wait_condition(lambda: self._ended)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return RunOutcome(integration_id=cmd.integration_id, name=None, version="", stage=Stage.ACTIVE)

    @workflow.update(name=ACCEPTED_UPDATE)
    async def accepted(self) -> RunAccepted:
        await workflow.wait_condition(lambda: self._accepted is not None or self._refused is not None)
        if self._accepted is None:
            raise self._refused or ApplicationError("nothing was begun")
        return self._accepted

    @workflow.update(name=ABANDON_UPDATE)
    async def abandon(self, order: Abandon) -> None:
        self._ended = True


@workflow.defn(name=DELIVERY_WORKFLOW)
class Deaf:
    """Takes deliveries and does nothing."""

    @workflow.run
    async def run(self, delivery: Delivery) -> DeliveryOutcome:
        return DeliveryOutcome(action="ignored", detail=delivery.id)


@workflow.defn(name=CREATE_WORKFLOW)
class StandIn:
    @workflow.init
    def __init__(self, cmd: CreateIntegration) -> None:
        self._cmd = cmd
        self._accepted: RunAccepted | None = None
        self._refused: ApplicationError | None = None
        self._stage = Stage.REQUESTED
        self._budget = cmd.budget
        self._reviews: list[Review] = []
        self._paused: Paused | None = None
        self._abandoned: Abandon | None = None

    @workflow.run
    async def run(self, cmd: CreateIntegration) -> RunOutcome:
        try:
            row = await workflow.execute_activity_method(
                StandInActivities.accept, cmd, start_to_close_timeout=_LIMIT, retry_policy=_ONCE
            )
        except ActivityError as error:
            self._refused = error.cause if isinstance(error.cause, ApplicationError) else ApplicationError(str(error))
            await workflow.wait_condition(workflow.all_handlers_finished)
            return RunOutcome(integration_id=cmd.integration_id, name=None, version="", stage=Stage.FAILED)
        self._accepted = RunAccepted(integration_id=row.id, workflow_id=row.workflow_id, run_id=row.run_id)
        await workflow.execute_activity_method(StandInActivities.walk, cmd, start_to_close_timeout=_LIMIT)
        self._stage = Stage.REVIEWING
        await workflow.wait_condition(lambda: self._decided() or self._abandoned is not None)
        ends = [Stage.FAILED] if self._abandoned else [Stage.DEPLOYING, Stage.ACTIVE]
        for stage in ends:
            await workflow.execute_activity_method(
                StandInActivities.enter, args=[cmd.integration_id, stage], start_to_close_timeout=_LIMIT
            )
        self._stage = ends[-1]
        await workflow.wait_condition(workflow.all_handlers_finished)
        return RunOutcome(integration_id=cmd.integration_id, name=cmd.request.name, version=VERSION, stage=self._stage)

    def _decided(self) -> bool:
        return review.outcome(self._reviews, policy=self._cmd.policy, content_hash=CONTENT) is Decision.APPROVE

    @workflow.update(name=ACCEPTED_UPDATE)
    async def accepted(self) -> RunAccepted:
        await workflow.wait_condition(lambda: self._accepted is not None or self._refused is not None)
        if self._refused is not None:
            raise self._refused
        assert self._accepted is not None
        return self._accepted

    @workflow.update(name=REVIEW_UPDATE)
    async def submit_review(self, given: Review) -> RunStatus:
        try:
            review.check(given, policy=self._cmd.policy, requester=self._cmd.requester, content_hash=CONTENT)
        except CcbError as error:
            raise to_failure(error) from error
        self._reviews.append(given)
        return self.status()

    @workflow.update(name=PAUSE_UPDATE)
    async def pause(self, order: Pause) -> None:
        if self._paused is not None:
            raise to_failure(Conflict("The run is paused already; `ccb resume` lets it go on."))
        self._paused = Paused(by=order.by, reason=order.reason, since=workflow.now(), holds=True)

    @workflow.update(name=RESUME_UPDATE)
    async def resume(self, order: Resume) -> None:
        self._paused = None

    @workflow.update(name=ABANDON_UPDATE)
    async def abandon(self, order: Abandon) -> RunStatus:
        self._abandoned = order
        return self.status()

    @workflow.update(name=RAISE_BUDGET_UPDATE)
    async def raise_budget(self, order: RaiseBudget) -> RunStatus:
        self._budget = order.budget
        return self.status()

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> RunStatus:
        if (self._cmd.request.name or "").startswith("mute"):
            raise ApplicationError("I cannot say.")
        entered = datetime.fromtimestamp(workflow.info().start_time.timestamp(), UTC)
        cause = ApplicationError(self._abandoned.reason, type="abandoned") if self._abandoned else None
        failed = self._stage is Stage.FAILED and cause is not None
        waits = Waiting(what="a review", since=entered) if self._stage is Stage.REVIEWING else None
        return RunStatus(
            integration_id=self._cmd.integration_id,
            name=self._cmd.request.name,
            version=VERSION,
            stage=self._stage,
            step=self._stage,
            progress=0.7,
            waiting=self._paused.waiting(waits) if self._paused else waits,
            paused=self._paused,
            stages=[StageTime(name=Stage.REQUESTED, entered_at=entered, seconds=0.1)],
            content_hash=CONTENT if self._stage is not Stage.REQUESTED else None,
            reviews=self._reviews,
            approvals_needed=self._cmd.policy.approvals,
            spent=Spent(),
            budget=self._budget,
            failure=Failure(error={"code": "abandoned", "message": cause.message}, stage=Stage.REVIEWING)
            if failed and cause
            else None,
        )
