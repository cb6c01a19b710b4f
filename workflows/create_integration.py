"""CreateIntegration: from a request to a running integration.

Promises: the integration ends active, or everything the run made outside is undone and the reason is told. What undoes
it, last first: the registry entry is removed, the stable URL pointed back, the deployment stopped, the merge reverted,
the bundle unpublished, the version discarded, the pull request closed, the branch deleted. Nothing is deployed that
people have not approved by its content hash, unless the policy says automatic.
"""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

from activities.chat import ChatActivities
from activities.documents import DocumentActivities
from activities.integrations import IntegrationActivities
from activities.prompts import PromptActivities
from domain.errors import Abandoned, Conflict, InvalidInput, RequestRefused
from domain.lifecycle import Stage
from domain.plan import Plan
from domain.review import Review
from domain.runs import (
    ABANDON_UPDATE,
    ACCEPTED_UPDATE,
    CREATE_WORKFLOW,
    HEAD_MOVED_SIGNAL,
    RAISE_BUDGET_UPDATE,
    REVIEW_UPDATE,
    SECRETS_SIGNAL,
    STATUS_QUERY,
    Abandon,
    CreateIntegration,
    Failure,
    HeadMoved,
    RaiseBudget,
    RunAccepted,
    RunOutcome,
    RunStatus,
    Undone,
    Waiting,
)
from domain.steps import Accept, BeginAnalysis, ClaimName, Examined, ExamineDocument, UpdateMessage
from domain.vendors import PullRequest
from workflows import policies
from workflows._building import Building, Proven
from workflows._deploying import Deploying
from workflows._failures import describe, refusing
from workflows._reviewing import Reviewing
from workflows._run import Run
from workflows._saga import Saga, Undo
from workflows._steps import record, step
from workflows._wording import progress_message

FIRST_VERSION = "1.0.0"


@workflow.defn(name=CREATE_WORKFLOW)
class CreateIntegrationWorkflow:
    @workflow.init
    def __init__(self, cmd: CreateIntegration) -> None:
        self._cmd = cmd
        self._run = Run(cmd, version=FIRST_VERSION)
        self._saga = Saga()
        self._reviewing = Reviewing(self._run, self._saga)
        self._accepted = False
        self._refusal: ApplicationError | None = None
        self._abandoned: Abandon | None = None
        self._story: asyncio.Task[None] | None = None

    @workflow.run
    async def run(self, cmd: CreateIntegration) -> RunOutcome:
        self._story = asyncio.create_task(self._create())
        try:
            await self._story
        except (FailureError, asyncio.CancelledError) as error:
            failure = self._failed(error)
            await self._tell_failure(failure)
            await workflow.wait_condition(workflow.all_handlers_finished)
            if is_cancelled_exception(error) and self._abandoned is None:
                raise
            raise ApplicationError(
                failure.error.message, self._run.book.outcome(), type=failure.error.code, non_retryable=True
            ) from error
        await self._tell_everyone()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._run.book.outcome()

    async def _create(self) -> None:
        examined = await self._accept()
        await self._run.comment()
        async with self._saga:
            plan = await self._analyze(examined)
            building = await Building.begin(self._run, plan, examined)
            deploying = await self._merged(building, plan, await building.first())
            await deploying.go_live()

    async def _accept(self) -> Examined:
        """Read the document, then write the row: a request that cannot be worked on leaves nothing behind."""
        request = self._cmd.request
        cmd = ExamineDocument(source=request.document, base_url=request.base_url)
        examined = await step(DocumentActivities.examine, cmd, policies.READ, "read the API document")
        accept = Accept(
            create=self._cmd,
            workflow_id=self._run.id,
            run_id=workflow.info().run_id,
            base_url=examined.base_url,
        )
        await record(IntegrationActivities.accept, accept)
        self._accepted = True
        return examined

    async def _analyze(self, examined: Examined) -> Plan:
        """Claude turns request and document into a plan; one that cannot be done is refused with a reason."""
        await self._run.enter(Stage.ANALYZING, "Claude reads the request and the API document")
        begin = BeginAnalysis(
            request=self._cmd.request,
            document=examined.document,
            base_url=examined.base_url,
            organization_id=self._cmd.organization_id,
        )
        begun = await record(PromptActivities.begin_analysis, begin)
        conversed = await self._run.converse(
            "analysis", begun.conversation, document=examined.document, base_url=examined.base_url
        )
        plan = conversed.ending.plan
        if plan is None:
            with refusing():
                raise RequestRefused(conversed.ending.reason)
        claim = ClaimName(integration_id=self._cmd.integration_id, name=self._cmd.request.name or plan.name)
        name = await record(IntegrationActivities.claim_name, claim)
        self._run.book.name = name
        self._run.book.plan = plan.model_copy(update={"name": name})
        return self._run.book.plan

    async def _merged(self, building: Building, plan: Plan, proven: Proven) -> Deploying:
        """Merge what people approved. A commit that somebody pushed meanwhile is proven and reviewed like any other."""
        while True:
            proven, pull = await self._approved(building, plan, proven)
            deploying = Deploying(self._run, self._saga, plan, proven, pull)
            if await deploying.merged(branch=self._reviewing.branch, folder=self._reviewing.folder):
                return deploying
            proven = await building.adopted((await self._reviewing.read_head(pull, proven)).workspace)

    async def _approved(self, building: Building, plan: Plan, proven: Proven) -> tuple[Proven, PullRequest]:
        while True:
            pull = await self._reviewing.ask(plan, proven)
            wanted = await self._reviewing.decided()
            if self._reviewing.moved:
                proven = await building.adopted((await self._reviewing.read_head(pull, proven)).workspace)
            elif wanted is None:
                return proven, pull
            else:
                proven = await building.changed(wanted.reviewer.name, wanted.comment)

    def _failed(self, error: BaseException) -> Failure:
        told = describe(error)
        if self._abandoned is not None:
            told = Abandoned(f"{self._abandoned.by.name} stopped it: {self._abandoned.reason}").data()
        if not self._accepted:
            self._refusal = ApplicationError(told.message, told.details, type=told.code, non_retryable=True)
        self._run.book.failure = Failure(error=told, stage=self._run.book.stage, undone=self._saga.undone)
        return self._run.book.failure

    async def _tell_failure(self, failure: Failure) -> None:
        self._run.waits(None)
        if self._accepted:
            by = self._abandoned.by if self._abandoned else None
            await self._run.enter(Stage.FAILED, "ended", actor=by, detail=failure.error.message, patient=True)
        await self._tell_everyone()

    async def _tell_everyone(self) -> None:
        """Bring message and comment up to date. Failing here changes nothing that was done; it is reported by name."""
        message = UpdateMessage(key=self._run.key("message"), message=progress_message(self._run.book))
        tellings: list[tuple[str, Undo]] = [
            ("message to the channel", lambda: step(ChatActivities.update, message, policies.UNDO, "tell the channel")),
            ("comment on the issue", lambda: self._run.comment(policies.UNDO)),
        ]
        for name, tell in tellings:
            try:
                await tell()
            except ActivityError as error:
                self._run.book.untold.append(Undone(step=name, ok=False, error=describe(error).message))
        self._run.tell()

    @workflow.update(name=ACCEPTED_UPDATE)
    async def accepted(self) -> RunAccepted:
        """Answers once the row is written, or with the reason why it will not be."""
        await workflow.wait_condition(lambda: self._accepted or self._refusal is not None)
        if self._refusal is not None:
            raise self._refusal
        return RunAccepted(
            integration_id=self._cmd.integration_id, workflow_id=self._run.id, run_id=workflow.info().run_id
        )

    @workflow.update(name=REVIEW_UPDATE)
    async def submit_review(self, submitted: Review) -> None:
        await self._reviewing.count(submitted)

    @submit_review.validator
    def _check_review(self, submitted: Review) -> None:
        with refusing():
            self._reviewing.check(submitted)

    @workflow.update(name=ABANDON_UPDATE)
    def abandon(self, cmd: Abandon) -> None:
        self._abandoned = cmd
        self._run.doing("stops, and undoes what was done")
        if self._story is not None:
            self._story.cancel()

    @abandon.validator
    def _check_abandon(self, cmd: Abandon) -> None:
        with refusing():
            if self._run.book.stage.terminal or self._saga.undoing or self._abandoned or not self._accepted:
                raise Conflict(f"There is nothing to stop: the run is {self._run.book.stage}.")

    @workflow.update(name=RAISE_BUDGET_UPDATE)
    async def raise_budget(self, cmd: RaiseBudget) -> None:
        await self._run.raise_budget(cmd.budget)

    @raise_budget.validator
    def _check_budget(self, cmd: RaiseBudget) -> None:
        with refusing():
            now, then = self._run.book.budget, cmd.budget
            if self._run.book.stage.terminal:
                raise Conflict("The run has ended.")
            if then.usd < now.usd or then.tokens < now.tokens or then.turns < now.turns or then == now:
                raise InvalidInput(
                    f"A budget can only be raised: now it is {now.usd} US dollars, {now.tokens} tokens, "
                    f"{now.turns} turns.",
                    field="budget",
                )

    @workflow.signal(name="conversation_waits")
    async def conversation_waits(self, waiting: Waiting | None) -> None:
        self._run.waits(waiting)
        if workflow.patched("tell-of-limits"):
            await self._run.tell_people(waiting)

    @workflow.signal(name=HEAD_MOVED_SIGNAL)
    def head_moved(self, moved: HeadMoved) -> None:
        self._reviewing.head_moved(moved)

    @workflow.signal(name=SECRETS_SIGNAL)
    def secrets_changed(self) -> None:
        self._run.secrets_changes += 1

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> RunStatus:
        return self._run.book.status(workflow.now()).model_copy(update={"reviews": self._reviewing.reviews})
