"""One life-cycle run at work: its book, its conversations, and what every stage does on entering."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception
from temporalio.workflow import ActivityConfig, ChildWorkflowHandle

from activities.chat import ChatActivities
from activities.integrations import IntegrationActivities
from activities.repository import RepositoryActivities
from activities.tickets import TicketActivities
from domain import ids
from domain.artifacts import ArtifactRef
from domain.conversation import Budget
from domain.deployments import Elsewhere
from domain.lifecycle import Operation, Stage
from domain.people import Actor
from domain.runs import Converse, Conversed, Pause, Paused, Undone, Waiting, Work
from domain.steps import CommentOnIssue, EnterStage, PostMessage
from domain.vendors import TicketRef
from workflows import policies
from workflows._book import RunBook
from workflows._failures import describe
from workflows._pausing import Pausing
from workflows._reached import Reached
from workflows._steps import at_once, record
from workflows._wording import pause_message, ticket_telling
from workflows.converse import ConverseWorkflow

_STAGE = SearchAttributeKey.for_keyword("Stage")
_NAME = SearchAttributeKey.for_keyword("IntegrationName")
_ID = SearchAttributeKey.for_keyword("IntegrationId")
_OPERATION = SearchAttributeKey.for_keyword("Operation")
_ORGANIZATION = SearchAttributeKey.for_keyword("OrganizationId")


class Run:
    """What the parts of a saga share."""

    def __init__(
        self, cmd: Work, *, operation: Operation, title: str, name: str | None = None, version: str = ""
    ) -> None:
        self.cmd = cmd
        self.book = RunBook(cmd, operation=operation, title=title, name=name, version=version, now=workflow.now())
        self.next_turn = 1
        self.conversations = 0
        self._entries = 0
        self._pauses = 0
        self._commenting = asyncio.Lock()
        self._tellings: set[asyncio.Task[None]] = set()
        self.secrets_changes = 0
        self.reached = Reached()
        self.pausing = Pausing(self.tell)
        # What its turns are recorded and charged under: a retry goes on with that of the run that failed.
        self.account = self.live = f"{self.id}/{workflow.info().run_id}"
        self._child: ChildWorkflowHandle[ConverseWorkflow, Conversed] | None = None

    @property
    def id(self) -> str:
        return workflow.info().workflow_id

    def key(self, name: str) -> str:
        """The idempotency key of a step: the workflow id and the step's name; from the second run on, the run's too."""
        if self.book.operation is Operation.CREATE and self.cmd.retry is None:
            return f"{self.id}/{name}"
        return f"{self.id}/{workflow.info().first_execution_run_id}/{name}"

    async def enter(
        self,
        stage: Stage,
        doing: str,
        *,
        actor: Actor | None = None,
        detail: str = "",
        version: str | None = None,
        url: str | None = None,
        patient: bool = False,
        returning: bool = False,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """Enter a stage, in the database first, then in the book and the search attributes."""
        if not (patient or returning):
            await self.pausing.boundary()
        self._entries += 1
        cmd = EnterStage(
            integration_id=self.cmd.integration_id,
            stage=stage,
            key=f"{self.key(stage)}/{self._entries}",
            actor=actor,
            detail=detail,
            version=version,
            url=url,
            returning=returning,
            elsewhere=elsewhere,
        )
        await record(IntegrationActivities.enter, cmd, policies.UNDO_RECORD if patient else policies.RECORD)
        self.entered(stage, doing)

    def entered(self, stage: Stage, doing: str) -> None:
        """The database has it in this stage: so do the book and the search attributes."""
        self.book.enter(stage, workflow.now())
        workflow.upsert_search_attributes(self._attributes())
        self.doing(doing)

    def _attributes(self) -> list[SearchAttributeUpdate[str]]:
        """What runs are searched by. The name is known once there is a plan."""
        stage = [_STAGE.value_set(self.book.stage.value)]
        return [*stage, _NAME.value_set(self.book.name)] if self.book.name else stage

    def doing(self, what: str) -> None:
        self.book.step = what
        self.tell()

    def waits(self, waiting: Waiting | None) -> None:
        self.book.waiting = waiting
        self.tell()

    def tell(self) -> None:
        """Show where the run stands in the Temporal Web UI."""
        self.book.paused = self.paused()
        workflow.set_current_details(self.book.markdown())

    async def tell_people(self, waiting: Waiting | None) -> None:
        """Say on the issue where the run stands, and once in the channel that a limit holds it up.

        Telling people is not part of the saga: who cannot be told is listed.
        """
        tellings: list[tuple[str, Callable[[], Awaitable[object]]]] = [("comment on the issue", self.comment)]
        if waiting is not None:
            self._pauses += 1
            # A limit that runs share is told once until it begins anew, however often somebody looks for room in it.
            pause = waiting.until.isoformat() if waiting.until else str(self._pauses)
            cmd = PostMessage(message=pause_message(self.book, waiting), key=self.key(f"pause/{pause}"))
            post = partial(at_once, ChatActivities.post, cmd, policies.VENDOR_WRITE, "say that a limit is reached")
            tellings.append(("message to the channel", post))
        for name, tell in tellings:
            try:
                await tell()
            except ActivityError as error:
                self.book.untold.append(Undone(step=name, ok=False, error=describe(error).message))

    async def comment(self, policy: ActivityConfig = policies.VENDOR_WRITE) -> None:
        """Bring the one comment on the issue or the ticket that asked, if one did, up to date."""
        issue, ticket = self.cmd.issue, self.cmd.ticket
        if issue is None and ticket is None:
            return
        async with self._commenting:  # one after another, or an earlier one could stay
            if issue is not None:
                cmd = CommentOnIssue(issue=issue, key=self.id, body=self.book.markdown())
                await at_once(RepositoryActivities.comment_on_issue, cmd, policy, "tell the issue")
            if ticket is not None:
                await self._tell(ticket, policy if policy is policies.UNDO else policies.TELL)

    async def _tell(self, ticket: TicketRef, policy: ActivityConfig) -> None:
        """No run waits long for a tracker, or fails of it: what it is built with is elsewhere. It is listed instead."""
        telling = ticket_telling(self.book, ticket, key=self.id)
        try:
            await at_once(TicketActivities.tell, telling, policy, "tell the ticket")
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            self.book.untold.append(Undone(step=f"comment on {ticket.key}", ok=False, error=describe(error).message))

    async def converse(
        self,
        purpose: str,
        conversation: ArtifactRef,
        *,
        document: ArtifactRef,
        base_url: str,
        workspace: ArtifactRef | None = None,
        baseline: ArtifactRef | None = None,
    ) -> Conversed:
        """Talk with Claude in a workflow of its own, so that this one's history does not grow with the turns."""
        self.conversations += 1
        await self.pausing.boundary()
        paused = self.pausing.on
        child_id = ids.conversation_workflow(self.id, f"{purpose}-{self.conversations}")
        cmd = Converse.model_validate(
            {
                "run": self.account,
                "purpose": purpose,
                "first_turn": self.next_turn,
                "conversation": conversation,
                "workspace": workspace,
                "baseline": baseline,
                "document": document,
                "base_url": base_url,
                "budget": self.book.budget,
                "organization_id": self.cmd.organization_id,
                "integration_id": self.cmd.integration_id,
                "live": self.live if self.live != self.account else None,
                "paused": paused,
            }
        )
        self.book.conversation = child_id
        try:
            self._child = await workflow.start_child_workflow(
                ConverseWorkflow.run,
                cmd,
                id=child_id,
                static_summary=f"{purpose} for {self.book.name or self.id}",
                search_attributes=self.searched(),
            )
            if self.pausing.on is not paused:
                await self.steer_child()
            conversed = await self._child
        finally:
            self._child = None
            self.book.conversation = None
        self.next_turn = conversed.next_turn
        self.book.spent = conversed.spent
        return conversed

    def searched(self) -> TypedSearchAttributes:
        """What a child of this run is searched by."""
        pairs = [
            SearchAttributePair(_ID, self.cmd.integration_id),
            SearchAttributePair(_OPERATION, self.book.operation.value),
            SearchAttributePair(_STAGE, self.book.stage.value),
            SearchAttributePair(_ORGANIZATION, self.cmd.organization_id),
        ]
        return TypedSearchAttributes([*pairs, SearchAttributePair(_NAME, self.book.name)] if self.book.name else pairs)

    def paused(self) -> Paused | None:
        return self.pausing.paused(waits=self.book.waiting is not None)

    async def pause(self, order: Pause) -> None:
        self.pausing.pause(order)
        await self.steer_child()
        self._tell_of_pause()

    async def resume(self) -> None:
        self.pausing.resume()
        await self.steer_child()
        self._tell_of_pause()

    async def steer_child(self) -> None:
        """Let the conversation under way stand or go on, as its run does."""
        if self._child is None:
            return
        try:
            await self._child.signal(ConverseWorkflow.pause if self.pausing.on else ConverseWorkflow.resume)
        except FailureError:  # it has ended meanwhile
            workflow.logger.info("no conversation to steer")

    def _tell_of_pause(self) -> None:
        """On the issue, aside: an order to pause is not held up by GitHub."""
        self.tell()
        telling = asyncio.create_task(self._comment_aside())
        self._tellings.add(telling)
        telling.add_done_callback(self._tellings.discard)

    async def _comment_aside(self) -> None:
        try:
            await self.comment()
        except ActivityError as error:
            self.book.untold.append(Undone(step="comment on the issue", ok=False, error=describe(error).message))

    async def told_of_secrets(self, known: int, within: timedelta) -> None:
        """Wait until secrets changed since `known`, but no longer than `within`: the word of it can be lost."""
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self.secrets_changes != known, timeout=within, timeout_summary="look for secrets again"
            )

    async def raise_budget(self, budget: Budget) -> None:
        self.book.budget = budget
        if self._child is not None:
            await self._child.signal(ConverseWorkflow.raise_budget, budget)
        self.tell()
