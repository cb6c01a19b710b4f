"""DeprecateIntegration: it is said that an integration will end, while it serves on.

Promises: its stable URL says so with every answer (RFC 9745, RFC 8594), its stage and the record of why say the same,
or none of them does. What undoes it, last first: the record is removed, the notice withdrawn. Then owners and those who
depend on it are told, once; whoever could not be is listed.
"""

from temporalio import workflow

from activities.dependencies import DependencyActivities
from activities.retirement import RetirementActivities
from domain.errors import InvalidInput
from domain.lifecycle import Operation, Stage
from domain.operations import DEPRECATE_WORKFLOW, DeprecateIntegration
from domain.retirement import Deprecation
from domain.runs import RunOutcome
from domain.steps.retirement import Announce, One
from domain.vendors import Notice
from workflows import policies
from workflows._ending import tell_owners_and_dependents
from workflows._failures import refusing
from workflows._lifecycle import Lifecycle
from workflows._run import Run
from workflows._steps import record, step


@workflow.defn(name=DEPRECATE_WORKFLOW)
class DeprecateIntegrationWorkflow(Lifecycle):
    @workflow.init
    def __init__(self, cmd: DeprecateIntegration) -> None:
        self._cmd = cmd
        end = f"It ends on {cmd.sunset_at:%Y-%m-%d %H:%M %Z}: " if cmd.sunset_at else "It will end: "
        super().__init__(Run(cmd, operation=Operation.DEPRECATE, title=end + cmd.reason))

    @workflow.run
    async def run(self, cmd: DeprecateIntegration) -> RunOutcome:
        return await self.tell(self._deprecate())

    async def _deprecate(self) -> None:
        notice = self._notice()
        await self.begin(Stage.ACTIVE, detail=self._cmd.reason)
        async with self._saga:
            await self._announce(notice)
            await self._record(notice)
            await self._run.enter(Stage.DEPRECATED, self._run.book.title, detail=self._cmd.reason)
        dependents = await record(DependencyActivities.dependents, One(integration_id=self._cmd.integration_id))
        await tell_owners_and_dependents(self._run, dependents)

    def _notice(self) -> Notice:
        now, end = workflow.now(), self._cmd.sunset_at
        if end is not None and end <= now:
            with refusing():
                raise InvalidInput(f"It cannot end on {end:%Y-%m-%d %H:%M %Z}: that is past.", field="sunset_at")
        # As exact as the headers can say it, so that what is read back is what was written.
        return Notice(
            deprecated_at=now.replace(microsecond=0),
            sunset_at=end.replace(microsecond=0) if end else None,
            link=self._cmd.link,
        )

    async def _announce(self, notice: Notice) -> None:
        self._run.doing("has its stable URL announce it")
        name = self._run.book.name or ""
        withdrawn = Announce(name=name, notice=None)
        self._saga.on_failure(
            "notice", lambda: step(RetirementActivities.announce, withdrawn, policies.UNDO_DEPLOY, "undo")
        )
        cmd = Announce(name=name, notice=notice)
        await step(RetirementActivities.announce, cmd, policies.DEPLOY, "announce that it will end")

    async def _record(self, notice: Notice) -> None:
        mine = One(integration_id=self._cmd.integration_id)
        self._saga.on_failure(
            "deprecation", lambda: record(DependencyActivities.forget_deprecation, mine, policies.UNDO_RECORD)
        )
        cmd = Deprecation(
            integration_id=self._cmd.integration_id, reason=self._cmd.reason, by=self._cmd.requester, notice=notice
        )
        await record(DependencyActivities.record_deprecation, cmd)
