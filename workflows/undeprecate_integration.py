"""UndeprecateIntegration: an integration that was to end will not.

Promises: its stable URL announces nothing any more, and it is active; or it is deprecated as before, with the same
notice. What undoes it, last first: the record of the deprecation is stored again, the notice announced again.
"""

from temporalio import workflow

from activities.dependencies import DependencyActivities
from activities.retirement import RetirementActivities
from domain.lifecycle import Operation, Stage
from domain.operations import UNDEPRECATE_WORKFLOW, UndeprecateIntegration
from domain.retirement import Deprecation
from domain.runs import RunOutcome
from domain.steps.retirement import Announce, One
from workflows import policies
from workflows._ending import tell_owners_and_dependents
from workflows._lifecycle import Lifecycle
from workflows._run import Run
from workflows._steps import record, step


@workflow.defn(name=UNDEPRECATE_WORKFLOW)
class UndeprecateIntegrationWorkflow(Lifecycle):
    @workflow.init
    def __init__(self, cmd: UndeprecateIntegration) -> None:
        self._cmd = cmd
        super().__init__(Run(cmd, operation=Operation.UNDEPRECATE, title=f"It will not end after all: {cmd.reason}"))

    @workflow.run
    async def run(self, cmd: UndeprecateIntegration) -> RunOutcome:
        return await self.tell(self._take_back())

    async def _take_back(self) -> None:
        await self.begin(Stage.DEPRECATED, detail=self._cmd.reason)
        mine = One(integration_id=self._cmd.integration_id)
        async with self._saga:
            before = await record(DependencyActivities.deprecation, mine)
            await self._withdraw(before)
            if before is not None:
                self._saga.on_failure(
                    "deprecation",
                    lambda: record(DependencyActivities.record_deprecation, before, policies.UNDO_RECORD),
                )
            await record(DependencyActivities.forget_deprecation, mine)
            await self._run.enter(Stage.ACTIVE, self._run.book.title, detail=self._cmd.reason)
        dependents = await record(DependencyActivities.dependents, mine)
        await tell_owners_and_dependents(self._run, dependents)

    async def _withdraw(self, before: Deprecation | None) -> None:
        self._run.doing("has its stable URL announce nothing any more")
        name = self._run.book.name or ""
        if before is not None:
            again = Announce(name=name, notice=before.notice)
            self._saga.on_failure(
                "notice", lambda: step(RetirementActivities.announce, again, policies.UNDO_DEPLOY, "undo")
            )
        cmd = Announce(name=name, notice=None)
        await step(RetirementActivities.announce, cmd, policies.DEPLOY, "withdraw the notice")
