"""What every life-cycle saga has in common: its story is told to its end, done or undone, and people steer it.

A saga's `run` is `return await self.tell(self._story_of_it())`. It sets `accepted` as soon as what was asked for is
written: what fails before that is refused, and leaves nothing; what fails after it is undone, and told.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

from activities.chat import ChatActivities
from activities.integrations import IntegrationActivities
from domain import manifest
from domain.checkpoints import Checkpoint
from domain.errors import Abandoned, Conflict, InvalidInput
from domain.lifecycle import Operation, Stage
from domain.plan import Plan
from domain.registry import RegistryEntry
from domain.review import Review
from domain.runs import (
    ABANDON_UPDATE,
    ACCEPTED_UPDATE,
    HEAD_MOVED_SIGNAL,
    PAUSE_UPDATE,
    RAISE_BUDGET_UPDATE,
    RESUME_UPDATE,
    REVIEW_UPDATE,
    SECRETS_SIGNAL,
    STATUS_QUERY,
    Abandon,
    Failure,
    HeadMoved,
    Pause,
    RaiseBudget,
    Resume,
    RunAccepted,
    RunOutcome,
    RunStatus,
    Undone,
    Waiting,
)
from domain.steps import BeginRun, Standing, UpdateMessage
from domain.vendors import PullRequest
from workflows import policies
from workflows._building import Building, Proven
from workflows._deploying import Deploying
from workflows._failures import describe, refusing
from workflows._retrying import leave, take_up
from workflows._reviewing import Reviewing
from workflows._run import Run
from workflows._saga import Saga, Undo
from workflows._steps import at_once, record
from workflows._wording import progress_message


class Lifecycle:
    """The base of the life-cycle workflows."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._saga = Saga()
        self._reviewing = Reviewing(run, self._saga)
        self.accepted = False
        self._before: Stage | None = None
        self._entry: RegistryEntry | None = None
        self._refusal: ApplicationError | None = None
        self._abandoned: Abandon | None = None
        self._story: asyncio.Task[None] | None = None
        run.pausing.undoing = lambda: self._saga.undoing or self._saga.settled or self._abandoned is not None

    async def tell(self, story: Coroutine[Any, Any, None]) -> RunOutcome:
        """Tell the story to its end; one that fails was undone by its saga, and ends as a failure that says so."""
        self._story = asyncio.create_task(story)
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

    async def begin(self, *of: Stage, detail: str = "") -> Standing:
        """Begin on an integration that exists and is in one of the stages `of`; if all is undone, it is there again.

        Refused with Conflict where it is in another stage, and with NotFound where there is none.
        """
        standing = await self._begun(*of, detail=detail)
        self._before, self._entry = standing.integration.stage, standing.entry
        book = self._run.book
        book.name, book.url = standing.integration.name, standing.integration.url
        book.version = book.version or standing.integration.version or ""
        self.accepted = True
        return standing

    async def _begun(self, *of: Stage, detail: str = "", stage: Stage | None = None) -> Standing:
        retry = self._run.cmd.retry
        cmd = BeginRun(
            integration_id=self._run.cmd.integration_id,
            operation=self._run.book.operation,
            requester=retry.by if retry else self._run.cmd.requester,
            workflow_id=self._run.id,
            run_id=workflow.info().run_id,
            of=list(of),
            request_key="" if retry else self._run.cmd.request_key,
            stage=stage,
            detail=detail or (f"again, after {retry.run_id} failed" if retry else ""),
        )
        standing: Standing = await record(IntegrationActivities.begin, cmd)
        return standing

    async def reached(self) -> Checkpoint | None:
        """What the run that this one retries had reached, which it goes on from; None for a first start.

        Refused with NotFound where nothing is kept of it.
        """
        return await take_up(self._run, self._reviewing)

    async def again(self, kept: Checkpoint) -> None:
        """Put an integration that failed back to work; its name is taken anew. Refused with NameTaken, Conflict."""
        await self._begun(Stage.FAILED, stage=kept.begins)
        self._run.entered(kept.begins, "goes on from where it failed")
        self.accepted = True

    async def merged(self, building: Building, plan: Plan, proven: Proven) -> Deploying:
        """Merge what people approved. A commit that somebody pushed meanwhile is proven and reviewed like any other."""
        while True:
            proven, pull = await self._approved(building, plan, proven)
            made = manifest.from_plan(plan, version=self._run.book.version, author=self._run.cmd.requester.name)
            home = self._before or Stage.ACTIVE
            deploying = Deploying(self._run, self._saga, made, proven, entry=self._entry, home=home)
            if await deploying.merged(pull, branch=self._reviewing.branch, folder=self._reviewing.folder):
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
        order = self._abandoned
        told = Abandoned(f"{order.by.name} stopped it: {order.reason}").data() if order else describe(error)
        if not self.accepted:
            self._refusal = ApplicationError(told.message, told.details, type=told.code, non_retryable=True)
        self._run.book.failure = Failure(error=told, stage=self._run.book.stage, undone=self._saga.undone)
        return self._run.book.failure

    async def _tell_failure(self, failure: Failure) -> None:
        self._run.waits(None)
        if self.accepted:
            if workflow.patched("checkpoint"):
                await leave(self._run, self._reviewing)
            await self._run.enter(
                self._before or Stage.FAILED,
                "ended",
                actor=self._abandoned.by if self._abandoned else None,
                detail=failure.error.message,
                patient=True,
                returning=self._before is not None,
            )
        elif self._run.book.operation is not Operation.CREATE:
            return  # who asked was answered; what is said of the integration stays as it is
        await self._tell_everyone()

    async def _tell_everyone(self) -> None:
        """Bring message and comment up to date. Failing here changes nothing that was done; it is reported by name."""
        book = self._run.book
        # Nobody reviews a deployment, so there is no message yet; that it came to nothing is worth one.
        alone = book.failure is not None and book.operation in {Operation.DEPLOY, Operation.ROLL_BACK}
        message = UpdateMessage(key=self._run.key("message"), message=progress_message(book), post=alone)
        tellings: list[tuple[str, Undo]] = [
            ("message to the channel", lambda: at_once(ChatActivities.update, message, policies.UNDO, "tell people")),
            ("comment on the issue", lambda: self._run.comment(policies.UNDO)),
        ]
        for name, tell in tellings:
            try:
                await tell()
            except ActivityError as error:
                self._run.book.untold.append(Undone(step=name, ok=False, error=describe(error).message))
        self._run.tell()

    @workflow.update(name=ACCEPTED_UPDATE)
    async def answer(self) -> RunAccepted:
        """Answers once the request is written, or with the reason why it will not be."""
        await workflow.wait_condition(lambda: self.accepted or self._refusal is not None)
        if self._refusal is not None:
            raise self._refusal
        return RunAccepted(
            integration_id=self._run.cmd.integration_id, workflow_id=self._run.id, run_id=workflow.info().run_id
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
            if self._saga.settled:
                raise Conflict(f"It cannot be stopped any more: {self._run.book.step}.")
            if self._run.book.stage.terminal or self._saga.undoing or self._abandoned or not self.accepted:
                raise Conflict(f"There is nothing to stop: the run is {self._run.book.stage}.")

    @workflow.update(name=PAUSE_UPDATE)
    async def pause(self, cmd: Pause) -> None:
        await self._run.pause(cmd)

    @pause.validator
    def _check_pause(self, cmd: Pause) -> None:
        with refusing():
            self._require_steerable("pause")
            if self._run.pausing.on:
                raise Conflict("The run is paused already; `ccb resume` lets it go on.")

    @workflow.update(name=RESUME_UPDATE)
    async def resume(self, cmd: Resume) -> None:
        await self._run.resume()

    @resume.validator
    def _check_resume(self, cmd: Resume) -> None:
        with refusing():
            self._require_steerable("resume")
            if not self._run.pausing.on:
                raise Conflict("The run is not paused; `ccb status` says what it waits for.")

    def _require_steerable(self, what: str) -> None:
        if not self.accepted:
            raise Conflict(f"There is nothing to {what} yet: the request is not accepted. Try again in a moment.")
        if self._run.pausing.undoing():
            raise Conflict(f"There is nothing to {what}: the run undoes what it did, and then ends. Undo never pauses.")
        if self._run.book.stage.terminal:
            raise Conflict(f"There is nothing to {what}: the run has ended, {self._run.book.stage}.")

    async def boundary(self) -> None:
        """A step may begin unless the run is paused."""
        await self._run.pausing.boundary()

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
        self._run.book.paused = self._run.paused()
        return self._run.book.status(workflow.now()).model_copy(update={"reviews": self._reviewing.reviews})
