"""A short test run under the real one's wire name: real rows by the real adapter; what it finds is said by its version.

`1.0.0` passes; any other version is flaky.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.testing import TestRunActivities
from domain.runs import ACCEPTED_UPDATE
from domain.steps.testing import FinishTest
from domain.testing import TEST_WORKFLOW, CaseCounts, CaseOutcome, ContractCase, TestRun, TestVersion

_LIMIT = timedelta(seconds=20)


@workflow.defn(name=TEST_WORKFLOW)
class StandInTesting:
    def __init__(self) -> None:
        self._begun: TestRun | None = None
        self._refused: ApplicationError | None = None

    @workflow.run
    async def run(self, cmd: TestVersion) -> TestRun:
        try:
            subject = await workflow.execute_activity_method(
                TestRunActivities.begin, cmd, start_to_close_timeout=_LIMIT
            )
        except ActivityError as error:
            self._refused = error.cause if isinstance(error.cause, ApplicationError) else ApplicationError(str(error))
            await workflow.wait_condition(workflow.all_handlers_finished)
            raise self._refused from error
        self._begun = subject.run
        outcome = CaseOutcome.PASSED if subject.run.version == "1.0.0" else CaseOutcome.FLAKY
        case = ContractCase(capability="cities.list", source="live", outcome=outcome, message="it answered 503")
        run = subject.run.model_copy(update={"counts": CaseCounts(passed=2), "ended_at": workflow.now()})
        finish = FinishTest(run=run, contracts=[case])
        ended: TestRun = await workflow.execute_activity_method(
            TestRunActivities.finish, finish, start_to_close_timeout=_LIMIT
        )
        return ended

    @workflow.update(name=ACCEPTED_UPDATE)
    async def accepted(self) -> TestRun:
        await workflow.wait_condition(lambda: self._begun is not None or self._refused is not None)
        if self._refused is not None:
            raise self._refused
        assert self._begun is not None
        return self._begun
