"""HandleDelivery: one webhook delivery, read without write credentials, then acted on.

Promises: each delivery is handled once (this workflow's id is the delivery's), and people are told when what they asked
for is refused. What it starts has its own undo, so there is nothing to undo here. A replay is another attempt: every
step has the key that it had at first, so what was done is not done again.
"""

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError

from activities.chat import ChatActivities
from activities.checks import CheckActivities
from activities.deliveries import DeliveryActivities, InstallationActivities, RetryActivities, RunActivities
from activities.repository import RepositoryActivities
from activities.testing import TestStartActivities
from activities.tickets import TicketActivities
from domain import ids
from domain.intents import (
    AbandonIntent,
    AnswerIntent,
    CheckIntent,
    CreateIntent,
    FormIntent,
    HomeIntent,
    InstallationIntent,
    Intent,
    NoIntent,
    Origin,
    PushIntent,
    RefuseIntent,
    RetryIntent,
    ReviewIntent,
    TestIntent,
    UpdateIntent,
)
from domain.review import Decision
from domain.runs import DELIVERY_WORKFLOW, Abandon, Delivery, DeliveryOutcome
from domain.steps import (
    ActOnReview,
    CommentOnIssue,
    CommitOf,
    FinishDelivery,
    PostMessage,
    RetryRun,
    StartCreate,
    StartUpdate,
    StopRun,
    TellHeadMoved,
)
from domain.steps.tickets import TellTicket
from domain.testing import TestVersion
from domain.vendors import ChatMessage
from workflows import policies
from workflows._answering import answer, show
from workflows._failures import describe
from workflows._steps import record, step

_Work = CreateIntent | UpdateIntent | ReviewIntent | PushIntent | TestIntent | AbandonIntent | RetryIntent


@workflow.defn(name=DELIVERY_WORKFLOW, versioning_behavior=VersioningBehavior.PINNED)
class HandleDeliveryWorkflow:
    @workflow.run
    async def run(self, delivery: Delivery) -> DeliveryOutcome:
        self._key = ids.delivery_workflow(delivery.source, delivery.id)
        try:
            interpreted = await record(DeliveryActivities.interpret, delivery)
            outcome = await self._act(interpreted.intent)
        except ActivityError as error:
            outcome = DeliveryOutcome(action="failed", detail=describe(error).message)
        finish = FinishDelivery(source=delivery.source, id=delivery.id, outcome=outcome)
        await record(DeliveryActivities.finish, finish)
        workflow.set_current_details(f"**{outcome.action}** {outcome.detail}")
        return outcome

    async def _act(self, intent: Intent) -> DeliveryOutcome:
        match intent:
            case NoIntent():
                return DeliveryOutcome(action="ignored", detail=intent.why)
            case RefuseIntent():
                # A label can be taken away and given again; one answer is enough.
                return await self._refuse(intent.origin, intent.reason, comment_key="refused" if intent.once else None)
            case AnswerIntent():
                await self._tell(intent.origin, intent.text, "Answer")
                return DeliveryOutcome(action="told")
            case FormIntent() | HomeIntent():
                return await show(intent)
            case CheckIntent():
                resolving = step(
                    CheckActivities.resolve, intent.check, policies.VENDOR_WRITE, "find whose commit failed"
                )
                return await self._act((await resolving).intent)
            case InstallationIntent():
                await record(InstallationActivities.record, intent.change)
                return DeliveryOutcome(action="told", detail=intent.change.state or "repositories changed")
            case _:
                return await self._begin(intent)

    async def _begin(self, intent: _Work) -> DeliveryOutcome:
        """Start a run, or steer one."""
        match intent:
            case CreateIntent():
                return await self._create(intent)
            case UpdateIntent():
                return await self._update(intent)
            case ReviewIntent():
                return await self._review(intent)
            case PushIntent():
                tell = TellHeadMoved(integration_id=intent.integration_id, moved=intent.moved)
                await step(RunActivities.head_moved, tell, policies.VENDOR_WRITE, "tell the run of the commit")
                if intent.test is not None and not await self._ours(intent.test):
                    await self._test(TestIntent(tests=[intent.test]))
                return DeliveryOutcome(action="told", integration_id=intent.integration_id)
            case TestIntent():
                return await self._test(intent)
            case AbandonIntent():
                return await self._abandon(intent)
            case RetryIntent():
                return await self._retry(intent)

    async def _create(self, intent: CreateIntent) -> DeliveryOutcome:
        create = intent.create
        try:
            await step(RunActivities.start_create, StartCreate(create=create), policies.VENDOR_WRITE, "start the run")
        except ActivityError as error:  # the run itself has told the issue why
            why = describe(error).message
            await self._answer(intent.origin, "It was not begun", why)
            return DeliveryOutcome(action="refused", detail=why)
        await self._answer(intent.origin, "It has begun", f"**{create.request.title}** ({create.integration_id})")
        return DeliveryOutcome(action="started", integration_id=create.integration_id)

    async def _update(self, intent: UpdateIntent) -> DeliveryOutcome:
        update = intent.update
        cmd = StartUpdate(update=update)
        try:
            started = await step(RunActivities.start_update, cmd, policies.VENDOR_WRITE, "start the update")
        except ActivityError as error:  # the run itself has told the issue why
            return DeliveryOutcome(action="refused", detail=describe(error).message)
        if not started.started:
            return await self._refuse(intent.origin, started.why)
        await self._done(intent.origin, intent.answer)
        return DeliveryOutcome(action="started", integration_id=update.integration_id)

    async def _retry(self, intent: RetryIntent) -> DeliveryOutcome:
        cmd = RetryRun(integration_id=intent.integration_id, by=intent.by, request_key=self._key)
        try:
            await step(RetryActivities.retry, cmd, policies.VENDOR_WRITE, "start the run again")
        except ActivityError as error:
            return await self._refuse(intent.origin, describe(error).message)
        await self._done(intent.origin, "It goes on from where it failed.")
        return DeliveryOutcome(action="started", integration_id=intent.integration_id)

    async def _ours(self, test: TestVersion) -> bool:
        """Whether the commit is our own: what we wrote was tested before it was pushed."""
        if test.commit is None or not workflow.patched("whose-commit"):
            return False
        of = CommitOf(repo=test.commit.repo, sha=test.commit.sha)
        return await step(RepositoryActivities.wrote, of, policies.VENDOR_WRITE, "see whose commit it is")

    async def _test(self, intent: TestIntent) -> DeliveryOutcome:
        tests = intent.tests
        for test in tests:
            await step(TestStartActivities.start, test, policies.VENDOR_WRITE, "test what was pushed")
        await self._done(intent.origin, intent.answer)
        return DeliveryOutcome(action="started", detail=f"{len(tests)} tests", integration_id=tests[0].integration_id)

    async def _review(self, intent: ReviewIntent) -> DeliveryOutcome:
        cmd = ActOnReview(integration_id=intent.integration_id, review=intent.review)
        try:
            await step(RunActivities.submit_review, cmd, policies.VENDOR_WRITE, f"review: {intent.review.decision}")
        except ActivityError as error:
            return await self._refuse(intent.origin, describe(error).message)
        counted = "Your approval" if intent.review.decision is Decision.APPROVE else "Your request for changes"
        await self._answer(intent.origin, "It counts", f"{counted} of `{intent.review.content_hash}` counts.")
        await self._done(intent.origin, intent.answer)
        return DeliveryOutcome(action="reviewed", integration_id=intent.integration_id)

    async def _abandon(self, intent: AbandonIntent) -> DeliveryOutcome:
        cmd = StopRun(
            integration_id=intent.integration_id,
            abandon=Abandon(by=intent.by, reason=intent.reason),
            pull_request=intent.pull_request,
        )
        try:
            await step(RunActivities.abandon, cmd, policies.VENDOR_WRITE, "stop the run")
        except ActivityError as error:
            return await self._refuse(intent.origin, describe(error).message)
        await self._done(intent.origin, intent.answer)
        return DeliveryOutcome(action="abandoned", integration_id=intent.integration_id)

    async def _refuse(self, origin: Origin, reason: str, *, comment_key: str | None = None) -> DeliveryOutcome:
        await self._tell(origin, reason, "This was not counted", comment_key=comment_key)
        return DeliveryOutcome(action="refused", detail=reason)

    async def _done(self, origin: Origin, answer: str) -> None:
        """Answer whoever asked in words, where they asked."""
        if answer:
            await self._tell(origin, answer, "Done")

    async def _tell(self, origin: Origin, text: str, title: str, *, comment_key: str | None = None) -> None:
        """Tell people where they asked; once for each delivery, or for each `comment_key`."""
        key = self._key
        if origin.issue is not None:
            comment = CommentOnIssue(issue=origin.issue, key=comment_key or key, body=text)
            await step(RepositoryActivities.comment_on_issue, comment, policies.VENDOR_WRITE, "tell the issue")
        if origin.ticket is not None:
            telling = TellTicket(ticket=origin.ticket, key=comment_key or key, body=text)
            await step(TicketActivities.tell, telling, policies.VENDOR_WRITE, "tell the ticket")
        if origin.message is not None:
            message = ChatMessage(title=title, text=text)
            post = PostMessage(channel=origin.message.channel, message=message, key=key)
            await step(ChatActivities.post, post, policies.VENDOR_WRITE, "tell the channel")
        await self._answer(origin, title, text)

    async def _answer(self, origin: Origin, title: str, text: str) -> None:
        """Tell whoever asked in the chat, so that only they see it."""
        if origin.reply is not None:
            await answer(origin.reply, ChatMessage(title=title, text=text))
