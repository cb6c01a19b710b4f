"""Generating and testing: Claude writes, checks and tests prove, findings go back, until it is clean."""

from typing import Self

from activities.builds import BuildActivities
from activities.prompts import PromptActivities
from activities.workspaces import WorkspaceActivities
from domain.artifacts import ArtifactRef
from domain.checkpoints import Proven as Proven  # noqa: PLC0414 - those beside it know it from here
from domain.checkpoints import Writing
from domain.errors import NotProven, RequestRefused
from domain.lifecycle import Stage
from domain.plan import Plan
from domain.reports import Effect, Finding
from domain.runs import Conversed, IntegrationRequest
from domain.steps import (
    BeginGeneration,
    Checked,
    Drafted,
    Examined,
    ProveVersion,
    ReportFindings,
    RequestChanges,
    SealVersion,
    Tested,
)
from workflows import policies
from workflows._failures import refusing
from workflows._run import Run
from workflows._saga import both
from workflows._steps import record, step


class Building:
    """The writing of one version, from its plan to files that are proven; `previous` is the version before it."""

    def __init__(
        self,
        run: Run,
        request: IntegrationRequest,
        examined: Examined,
        drafted: Drafted,
        previous: ArtifactRef | None,
    ) -> None:
        self._run = run
        self._request = request
        self._examined = examined
        self._previous = previous
        self._plan = drafted.plan
        self._conversation = drafted.conversation
        self._workspace = drafted.workspace
        self._baseline: ArtifactRef | None = None
        self._repairs = 0
        self._unanswered = True
        self._note()

    @classmethod
    async def begin(
        cls,
        run: Run,
        request: IntegrationRequest,
        plan: Plan,
        examined: Examined,
        previous: ArtifactRef | None = None,
    ) -> Self:
        await run.enter(Stage.GENERATING, "Claude writes the integration and its tests")
        cmd = BeginGeneration(
            request=request,
            document=examined.document,
            plan=plan,
            version=run.book.version,
            author=run.cmd.requester.name,
            organization_id=run.cmd.organization_id,
            previous=previous,
        )
        return cls(run, request, examined, await record(PromptActivities.begin_generation, cmd), previous)

    @classmethod
    async def again(
        cls,
        run: Run,
        request: IntegrationRequest,
        writing: Writing,
        examined: Examined,
        previous: ArtifactRef | None = None,
    ) -> Self:
        """Go on from where a run that failed had come."""
        stage = Stage.GENERATING if writing.unanswered else Stage.TESTING
        if run.book.stage is not stage:
            await run.enter(stage, "goes on from where it failed")
        drafted = Drafted(conversation=writing.conversation, workspace=writing.workspace, plan=writing.plan)
        building = cls(run, request, examined, drafted, previous)
        building._baseline, building._unanswered = writing.baseline, writing.unanswered
        building._note()
        return building

    async def first(self) -> Proven:
        """Write it for the first time; what is written already is proven."""
        if self._unanswered:
            await self._write()
        return await self._prove()

    def _note(self) -> None:
        """What a retry could go on from. Whatever is written anew has yet to be proven."""
        self._run.reached.proven = None
        self._run.reached.writing = Writing(
            plan=self._plan,
            conversation=self._conversation,
            workspace=self._workspace,
            baseline=self._baseline,
            unanswered=self._unanswered,
        )

    async def changed(self, reviewer: str, words: str) -> Proven:
        """Write what a reviewer asks for."""
        await self._run.enter(Stage.GENERATING, f"Claude makes the changes that {reviewer} asked for")
        asked = RequestChanges(conversation=self._conversation, reviewer=reviewer, words=words)
        self._conversation = (await record(PromptActivities.request_changes, asked)).conversation
        self._repairs = 0
        await self._write()
        return await self._prove()

    async def adopted(self, workspace: ArtifactRef) -> Proven:
        """Prove what somebody pushed, as it is; findings go to Claude as ever."""
        self._workspace = workspace
        self._repairs = 0
        return await self._prove()

    async def _write(self) -> None:
        self._unanswered = True
        self._note()
        conversed: Conversed = await self._run.converse(
            "generation",
            self._conversation,
            document=self._examined.document,
            base_url=self._examined.base_url,
            workspace=self._workspace,
            baseline=self._baseline,
        )
        self._conversation = conversed.conversation
        self._baseline = conversed.baseline or self._baseline
        self._workspace = conversed.workspace or self._workspace
        self._unanswered = False
        self._note()
        if conversed.ending.kind == "refused":
            self._run.reached.writing = None  # to ask again is to begin anew
            with refusing():
                raise RequestRefused(conversed.ending.reason)

    async def _prove(self) -> Proven:
        while True:
            await self._run.enter(Stage.TESTING, "checks and tests run in the sandbox")
            self._note()
            cmd = ProveVersion(workspace=self._workspace, baseline=self._baseline, previous=self._previous)
            checked, tested = await both(
                step(BuildActivities.check, cmd, policies.BUILD, "check"),
                step(BuildActivities.test, cmd, policies.BUILD, "test"),
            )
            self._run.book.tests, self._run.book.findings = tested.counts, checked.total
            # From where the tests were first run, they may not grow weaker.
            self._baseline = self._baseline or self._workspace
            if tested.ok and not checked.blocking:
                return await self._sealed(cmd, checked, tested)
            await self._repair(checked, tested)

    async def _repair(self, checked: Checked, tested: Tested) -> None:
        most = self._run.cmd.max_repairs
        if self._repairs >= most:
            with refusing():
                raise NotProven(
                    f"After {most} repairs {len(checked.blocking)} findings block it and {tested.counts.failed} tests "
                    f"fail. {_first_problem(checked, tested)}",
                    checks=checked.report.hash,
                    tests=tested.report.hash if tested.report else None,
                )
        self._repairs += 1
        await self._run.enter(Stage.GENERATING, f"Claude mends what was found (repair {self._repairs} of {most})")
        found = ReportFindings(
            conversation=self._conversation,
            findings=[*checked.blocking, *_of_tests(tested, Effect.BLOCK)],
            failures=tested.failures,
            error=tested.error,
        )
        self._conversation = (await record(PromptActivities.report_findings, found)).conversation
        await self._write()

    async def _sealed(self, cmd: ProveVersion, checked: Checked, tested: Tested) -> Proven:
        seal = SealVersion(
            workspace=cmd.workspace,
            name=self._run.book.name or "",
            version=self._run.book.version,
            checks=checked.report,
            tests=tested.report,
            sbom=checked.sbom,
            lock=checked.lock,
        )
        sealed = await record(WorkspaceActivities.seal, seal)
        self._run.book.content_hash = sealed.content_hash
        proven = Proven(
            workspace=cmd.workspace,
            plan=self._plan,
            content_hash=sealed.content_hash,
            checks=checked.report,
            tests=tested.report,
            sbom=checked.sbom,
            lock=checked.lock,
            measured=checked.measured,
            verdict=sealed.verdict,
            document=self._examined.document,
            source=self._request.document,
            base_url=self._examined.base_url,
            previous=self._previous,
            counts=tested.counts,
            findings=checked.total,
            for_a_person=[*checked.for_a_person, *_of_tests(tested, Effect.PERSON)],
        )
        self._run.reached.proven = proven
        return proven


def _of_tests(tested: Tested, effect: Effect) -> list[Finding]:
    return [finding for finding in tested.findings if finding.effect is effect]


def _first_problem(checked: Checked, tested: Tested) -> str:
    if tested.failures and not checked.blocking:
        return f"First: {tested.failures[0].name}: {tested.failures[0].message[:300]}"
    for finding in (*checked.blocking, *_of_tests(tested, Effect.BLOCK)):
        return f"First: {finding.path}:{finding.line} {finding.message}"
    return tested.error
