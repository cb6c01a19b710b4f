"""TestVersion: what an integration's version is worth today.

Promises: validators, unit tests and contracts run side by side and all settle; what came of them is kept with its event
and compared with the run before; the commit's status says `pending` from the start and never for ever. It changes
nothing of the integration and runs beside its life-cycle runs, so there is nothing to undo.
"""

import asyncio
from typing import TypeVar

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from activities.builds import BuildActivities
from activities.testing import BenchActivities, CommitActivities, LiveActivities, TestRunActivities
from domain.errors import ErrorData
from domain.reports import Effect
from domain.runs import ACCEPTED_UPDATE
from domain.steps import Checked, ProveVersion
from domain.steps.testing import (
    AskedLive,
    AskLive,
    FinishTest,
    RanContracts,
    ReadCommit,
    RunContracts,
    RunUnits,
    SetCommitStatus,
    Subject,
    Units,
)
from domain.testing import TEST_WORKFLOW, Outcome, TestRun, TestVersion
from domain.vendors import CommitState
from workflows import policies
from workflows._failures import describe
from workflows._steps import record, step

Result = TypeVar("Result")

_STATES: dict[Outcome | None, CommitState] = {
    None: "pending",
    Outcome.PASSED: "success",
    # Nothing failed in the end; the words say that it is flaky.
    Outcome.FLAKY: "success",
    Outcome.FAILED: "failure",
    Outcome.ERROR: "error",
}


@workflow.defn(name=TEST_WORKFLOW, versioning_behavior=VersioningBehavior.PINNED)
class TestVersionWorkflow:
    __test__ = False

    def __init__(self) -> None:
        self._begun: TestRun | None = None
        self._refusal: ErrorData | None = None

    @workflow.run
    async def run(self, cmd: TestVersion) -> TestRun:
        subject = await self._begin(cmd)
        try:
            finished = await self._tested(cmd, subject)
        except asyncio.CancelledError:
            # Cancelled once; what is left of the story is told nevertheless.
            run = subject.run.model_copy(update={"error": "The test run was cancelled."})
            await self._ended(cmd, subject, FinishTest(run=run))
            raise
        return await self._ended(cmd, subject, finished)

    async def _begin(self, cmd: TestVersion) -> Subject:
        try:
            # Not a local activity: the answer to an update is lost if its task is the one that fails the run.
            subject = await step(TestRunActivities.begin, cmd, policies.READ, "begin")
        except ActivityError as error:
            self._refusal = describe(error)
            await workflow.wait_condition(workflow.all_handlers_finished)
            raise _refused(self._refusal) from error
        self._begun = subject.run
        self._say(subject.run)
        return subject

    async def _tested(self, cmd: TestVersion, subject: Subject) -> FinishTest:
        """Everything at once; each part settles, and what could not be done is an error, not a failure."""
        pending = asyncio.create_task(self._set_status(cmd, subject, subject.run, policies.TELL))
        found = FinishTest(run=subject.run)
        try:
            workspace = subject.workspace
            if workspace is None and cmd.commit is not None:
                read = ReadCommit(commit=cmd.commit)
                files = await step(CommitActivities.read_commit, read, policies.READ, "read the commit")
                workspace = files.workspace
            if workspace is not None:
                subject = subject.model_copy(update={"workspace": workspace})
                found = await self._looked(subject)
        except ActivityError as error:
            found = FinishTest(run=subject.run.model_copy(update={"error": describe(error).message}))
        except asyncio.CancelledError:
            # No `finally`: a workflow that a worker drops from its cache is closed here, and must not wait then.
            await workflow.wait([pending])
            raise
        await workflow.wait([pending])
        return found

    async def _looked(self, subject: Subject) -> FinishTest:
        workspace = subject.workspace
        assert workspace is not None  # noqa: S101 (read by the caller)
        prove = ProveVersion(workspace=workspace)
        checked, units, contracts = await asyncio.gather(
            step(BuildActivities.check, prove, policies.BUILD, "check"),
            step(BenchActivities.units, RunUnits(workspace=workspace), policies.BUILD, "unit tests"),
            self._contracts(subject),
            return_exceptions=True,
        )
        run, problems = subject.run, []
        for settled in (checked, units, contracts):
            if isinstance(settled, BaseException):
                if not isinstance(settled, FailureError):
                    raise settled
                problems.append(describe(settled).message)
        if isinstance(checked, Checked):
            run = _with_findings(run, checked)
        if isinstance(units, Units):
            reports = run.reports.model_copy(update={"tests": units.report})
            run = run.model_copy(update={"counts": units.counts, "reports": reports})
        live, ran = contracts if isinstance(contracts, tuple) else (AskedLive(), RanContracts(cases=[]))
        reports = run.reports.model_copy(update={"live": live.answers})
        return FinishTest(
            run=run.model_copy(update={"reports": reports, "error": " ".join(problems)}),
            cases=units.cases if isinstance(units, Units) else None,
            contracts=ran.cases,
        )

    async def _contracts(self, subject: Subject) -> tuple[AskedLive, RanContracts]:
        live = AskedLive()
        if subject.url and subject.plan is not None:
            ask = AskLive(url=subject.url, plan=subject.plan)
            live = await step(LiveActivities.ask_live, ask, policies.ASK, "ask what is deployed")
        assert subject.workspace is not None  # noqa: S101 (read by the caller)
        cmd = RunContracts(workspace=subject.workspace, document=subject.document, live=live.answers)
        return live, await step(BenchActivities.contracts, cmd, policies.BUILD, "contract tests")

    async def _ended(self, cmd: TestVersion, subject: Subject, finished: FinishTest) -> TestRun:
        finished = finished.model_copy(update={"run": finished.run.model_copy(update={"ended_at": workflow.now()})})
        run = await record(TestRunActivities.finish, finished)
        untold = await self._set_status(cmd, subject, run, policies.VENDOR_WRITE)
        if untold:
            run = run.model_copy(update={"untold": untold})
            await record(TestRunActivities.finish, finished.model_copy(update={"run": run}))
        self._say(run)
        return run

    async def _set_status(
        self, cmd: TestVersion, subject: Subject, run: TestRun, policy: workflow.ActivityConfig
    ) -> str:
        """Why it could not be set, if it could not. A commit that cannot be told is no reason not to test."""
        if subject.repo is None or subject.sha is None:
            return ""
        status = SetCommitStatus(
            repo=subject.repo,
            sha=subject.sha,
            state=_STATES[run.outcome],
            description=run.description,
            target_url=cmd.target_url,
        )
        try:
            await step(CommitActivities.set_status, status, policy, f"commit status: {status.state}")
        except ActivityError as error:
            return describe(error).message
        return ""

    def _say(self, run: TestRun) -> None:
        told = [f"**{run.outcome or 'under way'}** {run.name or run.integration_id} {run.version}", run.description]
        told += [f"- {case.outcome}: {case.name}" for case in run.unsteady[:10]]
        workflow.set_current_details("\n\n".join(told))

    @workflow.update(name=ACCEPTED_UPDATE)
    async def answer(self) -> TestRun:
        """Answers once the beginning is written, or with the reason why it will not be."""
        await workflow.wait_condition(lambda: self._begun is not None or self._refusal is not None)
        if self._refusal is not None:
            raise _refused(self._refusal)
        assert self._begun is not None  # noqa: S101 (waited for above)
        return self._begun


def _refused(why: ErrorData) -> ApplicationError:
    return ApplicationError(why.message, why.details, type=why.code, non_retryable=True)


def _with_findings(run: TestRun, checked: Checked) -> TestRun:
    return run.model_copy(
        update={
            "findings": {effect: checked.effects.get(effect, 0) for effect in Effect},
            "blocking": checked.blocking,
            "for_a_person": checked.for_a_person,
            "reports": run.reports.model_copy(update={"checks": checked.report}),
        }
    )
