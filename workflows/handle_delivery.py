"""HandleDelivery: one webhook delivery, read without write credentials, then acted on.

Promises: each delivery is handled once (this workflow's id is the delivery's), and people are told when what they asked
for is refused. What it starts has its own undo, so there is nothing to undo here.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.chat import ChatActivities
from activities.deliveries import DeliveryActivities, RunActivities
from activities.repository import RepositoryActivities
from domain.intents import AbandonIntent, CreateIntent, Intent, NoIntent, Origin, PushIntent, RefuseIntent, ReviewIntent
from domain.runs import DELIVERY_WORKFLOW, Abandon, Delivery, DeliveryOutcome
from domain.steps import ActOnReview, CommentOnIssue, FinishDelivery, PostMessage, StartCreate, StopRun, TellHeadMoved
from domain.vendors import ChatMessage
from workflows import policies
from workflows._failures import describe
from workflows._steps import record, step


@workflow.defn(name=DELIVERY_WORKFLOW)
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
            case CreateIntent():
                return await self._create(intent)
            case ReviewIntent():
                return await self._review(intent)
            case PushIntent():
                tell = TellHeadMoved(integration_id=intent.integration_id, moved=intent.moved)
                await step(RunActivities.head_moved, tell, policies.VENDOR_WRITE, "tell the run of the commit")
                return DeliveryOutcome(action="told", integration_id=intent.integration_id)
            case AbandonIntent():
                return await self._abandon(intent)

    async def _create(self, intent: CreateIntent) -> DeliveryOutcome:
        create = intent.create
        try:
            await step(RunActivities.start_create, StartCreate(create=create), policies.VENDOR_WRITE, "start the run")
        except ActivityError as error:  # the run itself has told the issue why
            return DeliveryOutcome(action="refused", detail=describe(error).message)
        return DeliveryOutcome(action="started", integration_id=create.integration_id)

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
        """Tell people, where they asked, why nothing was done; once for each delivery, or for each `comment_key`."""
        key = workflow.info().workflow_id
        if origin.issue is not None:
            comment = CommentOnIssue(issue=origin.issue, key=comment_key or key, body=reason)
            await step(RepositoryActivities.comment_on_issue, comment, policies.VENDOR_WRITE, "tell the issue why")
        if origin.message is not None:
            message = ChatMessage(title="This was not counted", text=reason)
            post = PostMessage(channel=origin.message.channel, message=message, key=key)
            await step(ChatActivities.post, post, policies.VENDOR_WRITE, "tell the channel why")
        return DeliveryOutcome(action="refused", detail=reason)
