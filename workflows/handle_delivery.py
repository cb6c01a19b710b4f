"""HandleDelivery: one webhook delivery, read without write credentials, then acted on.

Promises: each delivery is handled once (this workflow's id is the delivery's), and people are told when what they asked
for is refused. What it starts has its own undo, so there is nothing to undo here.
"""

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError

from activities.chat import ChatActivities
from activities.deliveries import DeliveryActivities, RunActivities
from activities.repository import RepositoryActivities
from activities.testing import TestStartActivities
from domain.intents import (
    AbandonIntent,
    AnswerIntent,
    CreateIntent,
    Intent,
    NoIntent,
    Origin,
    PushIntent,
    RefuseIntent,
    ReviewIntent,
    TestIntent,
    UpdateIntent,
)
from domain.runs import DELIVERY_WORKFLOW, Abandon, Delivery, DeliveryOutcome
from domain.steps import (
    ActOnReview,
    CommentOnIssue,
    FinishDelivery,
    PostMessage,
    StartCreate,
    StartUpdate,
    StopRun,
    TellHeadMoved,
)
from domain.testing import TestVersion
from domain.vendors import ChatMessage
from workflows import policies
from workflows._failures import describe
from workflows._steps import record, step


@workflow.defn(name=DELIVERY_WORKFLOW, versioning_behavior=VersioningBehavior.PINNED)
class HandleDeliveryWorkflow:
    @workflow.run
    async def run(self, delivery: Delivery) -> DeliveryOutcome:
        interpreted = await record(DeliveryActivities.interpret, delivery)
        try:
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
                return await self._refuse(intent.origin, intent.reason, comment_key="refused")
            case AnswerIntent():
                await self._tell(intent.origin, intent.text, "Answer")
                return DeliveryOutcome(action="told")
            case CreateIntent():
                return await self._create(intent)
            case UpdateIntent():
                return await self._update(intent)
            case ReviewIntent():
                return await self._review(intent)
            case PushIntent():
                tell = TellHeadMoved(integration_id=intent.integration_id, moved=intent.moved)
                await step(RunActivities.head_moved, tell, policies.VENDOR_WRITE, "tell the run of the commit")
                if intent.test is not None:
                    await self._test([intent.test])
                return DeliveryOutcome(action="told", integration_id=intent.integration_id)
            case TestIntent():
                return await self._test(intent.tests)
            case AbandonIntent():
                return await self._abandon(intent)

    async def _create(self, intent: CreateIntent) -> DeliveryOutcome:
        create = intent.create
        try:
            await step(RunActivities.start_create, StartCreate(create=create), policies.VENDOR_WRITE, "start the run")
        except ActivityError as error:  # the run itself has told the issue why
            return DeliveryOutcome(action="refused", detail=describe(error).message)
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
        return DeliveryOutcome(action="started", integration_id=update.integration_id)

    async def _test(self, tests: list[TestVersion]) -> DeliveryOutcome:
        for test in tests:
            await step(TestStartActivities.start, test, policies.VENDOR_WRITE, "test what was pushed")
        return DeliveryOutcome(action="started", detail=f"{len(tests)} tests", integration_id=tests[0].integration_id)

    async def _review(self, intent: ReviewIntent) -> DeliveryOutcome:
        cmd = ActOnReview(integration_id=intent.integration_id, review=intent.review)
        try:
            await step(RunActivities.submit_review, cmd, policies.VENDOR_WRITE, f"review: {intent.review.decision}")
        except ActivityError as error:
            return await self._refuse(intent.origin, describe(error).message)
        return DeliveryOutcome(action="reviewed", integration_id=intent.integration_id)

    async def _abandon(self, intent: AbandonIntent) -> DeliveryOutcome:
        cmd = StopRun(integration_id=intent.integration_id, abandon=Abandon(by=intent.by, reason=intent.reason))
        try:
            await step(RunActivities.abandon, cmd, policies.VENDOR_WRITE, "stop the run")
        except ActivityError as error:
            return DeliveryOutcome(action="refused", detail=describe(error).message)
        return DeliveryOutcome(action="abandoned", integration_id=intent.integration_id)

    async def _refuse(self, origin: Origin, reason: str, *, comment_key: str | None = None) -> DeliveryOutcome:
        await self._tell(origin, reason, "This was not counted", comment_key=comment_key)
        return DeliveryOutcome(action="refused", detail=reason)

    async def _tell(self, origin: Origin, text: str, title: str, *, comment_key: str | None = None) -> None:
        """Tell people where they asked; once for each delivery, or for each `comment_key`."""
        key = workflow.info().workflow_id
        if origin.issue is not None:
            comment = CommentOnIssue(issue=origin.issue, key=comment_key or key, body=text)
            await step(RepositoryActivities.comment_on_issue, comment, policies.VENDOR_WRITE, "tell the issue")
        if origin.message is not None:
            message = ChatMessage(title=title, text=text)
            post = PostMessage(channel=origin.message.channel, message=message, key=key)
            await step(ChatActivities.post, post, policies.VENDOR_WRITE, "tell the channel")
