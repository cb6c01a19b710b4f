"""DeployVersion: a version that is recorded serves in an environment: deployed, promoted, or rolled back to.

Promises: it serves under the environment's stable URL, or what served before serves on, untouched, and the reason is
told. What undoes it, last first: the registry's entry before is the current one again, all requests go back to what
served, the new deployment is stopped. What served before is stopped once all is done; by then nothing is undone.
"""

from temporalio import workflow

from activities.approved import ApprovedActivities
from domain.checkpoints import Proven
from domain.errors import NotProven
from domain.lifecycle import Operation, Stage
from domain.operations import DEPLOY_WORKFLOW, DeployVersion
from domain.registry import Version
from domain.reports import TestCounts
from domain.runs import RunOutcome
from domain.steps import Loaded, LoadVersion
from domain.testing import Outcome
from workflows._deploying import Deploying
from workflows._failures import refusing
from workflows._lifecycle import Lifecycle
from workflows._run import Run
from workflows._steps import record
from workflows._testing import tested_before


@workflow.defn(name=DEPLOY_WORKFLOW)
class DeployVersionWorkflow(Lifecycle):
    @workflow.init
    def __init__(self, cmd: DeployVersion) -> None:
        self._cmd = cmd
        operation = Operation.ROLL_BACK if cmd.rollback else Operation.DEPLOY
        self._title = f"{operation.words} {cmd.version} to {cmd.environment}"
        super().__init__(Run(cmd, operation=operation, title=self._title, version=cmd.version))

    @workflow.run
    async def run(self, cmd: DeployVersion) -> RunOutcome:
        return await self.tell(self._deploy())

    async def _deploy(self) -> None:
        cmd = LoadVersion(
            integration_id=self._cmd.integration_id, version=self._cmd.version, earlier=self._cmd.rollback
        )
        loaded: Loaded = await record(ApprovedActivities.load, cmd)
        detail = f"{self._title}: {self._cmd.reason}" if self._cmd.reason else self._title
        standing = await self.begin(Stage.ACTIVE, Stage.DEPRECATED, detail=detail)
        self._run.book.plan, self._run.book.content_hash = loaded.plan, loaded.version.content_hash
        deploying = Deploying(
            self._run,
            self._saga,
            loaded.manifest,
            _proven(loaded.version),
            environment=self._cmd.environment,
            entry=standing.entry,
            home=standing.integration.stage,
        )
        async with self._saga:
            if self._cmd.tests and not self._cmd.rollback and workflow.patched("tested-before"):
                await self._tested()
            await deploying.recorded()
            await deploying.go_live(None if self._cmd.rollback else self._cmd.rollout)
        await deploying.stop_previous()

    async def _tested(self) -> None:
        """All its tests once more: what was proven when it was written may not hold today. A rollback has no time."""
        self._run.doing("tests it before it is deployed")
        tested = await tested_before(self._cmd)
        if tested.outcome in {Outcome.FAILED, Outcome.ERROR}:
            with refusing():
                raise NotProven(
                    f"Version {self._cmd.version} was tested before its deployment, and {tested.outcome}: "
                    f"{tested.error or 'its tests do not all pass'}. See `ccb tests {self._run.book.name}`.",
                    test=tested.id,
                )


def _proven(version: Version) -> Proven:
    """What was proven of a version that is recorded."""
    kept = {"content_hash", "plan", "checks", "tests", "sbom", "lock", "measured", "verdict", "document", "source"}
    counts = TestCounts(passed=version.tests_passed, failed=version.tests_failed)
    return Proven.model_validate(
        {
            **{name: getattr(version, name) for name in kept},
            "workspace": version.files,
            "base_url": version.base_url,
            "counts": counts,
            "findings": 0,
        }
    )
