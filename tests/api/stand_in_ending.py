"""Short runs under the wire names of deprecating and retiring: they begin as the real ones do, and end.

What one was told is the detail of its entry in the audit.
"""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from adapters.database import SqlIntegrations
from domain.base import Data
from domain.errors import CcbError
from domain.failures import to_failure
from domain.lifecycle import Operation, Stage
from domain.operations import (
    DEPRECATE_WORKFLOW,
    RETIRE_WORKFLOW,
    UNDEPRECATE_WORKFLOW,
    DeprecateIntegration,
    RetireIntegration,
    UndeprecateIntegration,
)
from domain.runs import ACCEPTED_UPDATE, RunAccepted, Work
from domain.steps import BeginRun
from tests.api.stand_in_saying import Saying


class Told(Data):
    """Which run began with what."""

    work: Work
    operation: Operation
    of: list[Stage]
    words: str


class EndingActivities:
    def __init__(self, integrations: SqlIntegrations) -> None:
        self._integrations = integrations

    @activity.defn(name="stand_in.begin_ending")
    async def begin(self, told: Told) -> None:
        info = activity.info()
        try:
            await self._integrations.begin(
                BeginRun(
                    integration_id=told.work.integration_id,
                    operation=told.operation,
                    requester=told.work.requester,
                    workflow_id=info.workflow_id or "",
                    run_id=info.workflow_run_id or "",
                    of=told.of,
                    request_key=told.work.request_key,
                    detail=told.words,
                )
            )
        except CcbError as error:
            raise to_failure(error) from error


class _Ending(Saying):
    def __init__(self) -> None:
        self._begun = False
        self._refused: ApplicationError | None = None

    async def _begin(self, cmd: Work, operation: Operation, *of: Stage) -> None:
        shared = Work.model_validate(cmd.model_dump(include=set(Work.model_fields)))
        told = Told(work=shared, operation=operation, of=list(of), words=cmd.model_dump_json())
        try:
            await workflow.execute_activity_method(
                EndingActivities.begin,
                told,
                start_to_close_timeout=timedelta(seconds=20),
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except ActivityError as error:
            self._refused = error.cause if isinstance(error.cause, ApplicationError) else ApplicationError(str(error))
        self._begun = True
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.update(name=ACCEPTED_UPDATE)
    async def accepted(self) -> RunAccepted:
        await workflow.wait_condition(lambda: self._begun)
        if self._refused is not None:
            raise self._refused
        info = workflow.info()
        integration_id = info.workflow_id.partition("/")[2]
        return RunAccepted(integration_id=integration_id, workflow_id=info.workflow_id, run_id=info.run_id)


@workflow.defn(name=DEPRECATE_WORKFLOW)
class StandInDeprecating(_Ending):
    @workflow.run
    async def run(self, cmd: DeprecateIntegration) -> None:
        await self._begin(cmd, Operation.DEPRECATE, Stage.ACTIVE)


@workflow.defn(name=UNDEPRECATE_WORKFLOW)
class StandInUndeprecating(_Ending):
    @workflow.run
    async def run(self, cmd: UndeprecateIntegration) -> None:
        await self._begin(cmd, Operation.UNDEPRECATE, Stage.DEPRECATED)


@workflow.defn(name=RETIRE_WORKFLOW)
class StandInRetiring(_Ending):
    @workflow.run
    async def run(self, cmd: RetireIntegration) -> None:
        await self._begin(cmd, Operation.RETIRE, Stage.ACTIVE, Stage.DEPRECATED, Stage.FAILED)
