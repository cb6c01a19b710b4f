"""A short run under DeployVersion's wire name: it begins as the real one does, and waits until it is abandoned, or not.

What it was told is the detail of its entry in the audit.
"""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from adapters.database import SqlIntegrations
from domain.errors import CcbError
from domain.failures import to_failure
from domain.lifecycle import Operation
from domain.operations import DEPLOY_WORKFLOW, DeployVersion
from domain.runs import ABANDON_UPDATE, ACCEPTED_UPDATE, Abandon, RunAccepted
from domain.steps import BeginRun
from tests.api.stand_in_saying import Saying

WAITS = "wait"
"""The reason with which it waits."""


class DeployingActivities:
    def __init__(self, integrations: SqlIntegrations) -> None:
        self._integrations = integrations

    @activity.defn(name="stand_in.begin_deploying")
    async def begin(self, cmd: DeployVersion) -> None:
        info = activity.info()
        try:
            await self._integrations.begin(
                BeginRun(
                    integration_id=cmd.integration_id,
                    operation=Operation.ROLL_BACK if cmd.rollback else Operation.DEPLOY,
                    requester=cmd.requester,
                    workflow_id=info.workflow_id or "",
                    run_id=info.workflow_run_id or "",
                    request_key=cmd.request_key,
                    detail=cmd.model_dump_json(),
                )
            )
        except CcbError as error:
            raise to_failure(error) from error


@workflow.defn(name=DEPLOY_WORKFLOW)
class StandInDeploying(Saying):
    @workflow.init
    def __init__(self, cmd: DeployVersion) -> None:
        self._cmd = cmd
        self._begun = False
        self._refused: ApplicationError | None = None
        self._abandoned = False

    @workflow.run
    async def run(self, cmd: DeployVersion) -> None:
        try:
            await workflow.execute_activity_method(
                DeployingActivities.begin,
                cmd,
                start_to_close_timeout=timedelta(seconds=20),
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except ActivityError as error:
            self._refused = error.cause if isinstance(error.cause, ApplicationError) else ApplicationError(str(error))
        self._begun = True
        await workflow.wait_condition(lambda: cmd.reason != WAITS or self._abandoned or self._refused is not None)
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.update(name=ACCEPTED_UPDATE)
    async def accepted(self) -> RunAccepted:
        await workflow.wait_condition(lambda: self._begun)
        if self._refused is not None:
            raise self._refused
        info = workflow.info()
        return RunAccepted(integration_id=self._cmd.integration_id, workflow_id=info.workflow_id, run_id=info.run_id)

    @workflow.update(name=ABANDON_UPDATE)
    async def abandon(self, _order: Abandon) -> None:
        self._abandoned = True
