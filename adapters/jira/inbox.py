"""What a delivery of Jira asks for, in our words. Nothing that a machine or our own account did leads to anything."""

from adapters.jira import webhooks
from adapters.jira.settings import JiraSettings
from adapters.jira.tracker import DONE
from adapters.trackers import marks
from adapters.trackers.requests import Requests, Somebody, Ticket
from domain.errors import InvalidInput
from domain.intents import Intent, NoIntent
from domain.people import Channel
from domain.ports import Tracker
from domain.runs import Delivery
from domain.vendors import TicketRef


class JiraInbox:
    """Implements `domain.ports.Inbox`. An issue asks by the configured label, or by being moved to the status."""

    def __init__(self, settings: JiraSettings, requests: Requests, tracker: Tracker) -> None:
        self._label = settings.label.casefold()
        self._status = settings.status.casefold() if settings.status else None
        self._requests = requests
        self._tracker = tracker

    async def interpret(self, delivery: Delivery, body: bytes) -> Intent:
        try:
            event = webhooks.parse(body)
        except InvalidInput as error:
            return NoIntent(why=error.message)
        match event:
            case webhooks.IssueEvent():
                return await self._issue(event, delivery)
            case webhooks.CommentEvent():
                return await self._comment(event)
        return NoIntent(why=f"nothing follows from this {delivery.event}")

    async def _issue(self, event: webhooks.IssueEvent, delivery: Delivery) -> Intent:
        ended = _ended(event)
        asks = ended is None and self._asks(event)
        if ended is None and not asks:
            return NoIntent(why=f"it does not ask: it was not given the label {self._label}")
        if event.user is None or await self._machine(event.user):
            return NoIntent(why="done by a machine")
        ref, actor = _ref(event.issue), await self._requests.actor(_who(event.user))
        if ended is not None:
            return await self._requests.stopped(ref, actor, ended)
        if not await self._tracker.is_open(ref):
            return NoIntent(why="the issue is over, or gone, by now")
        fields = event.issue.fields
        ticket = Ticket(
            ref=ref, title=fields.summary, body=webhooks.text(fields.description), created_at=fields.created
        )
        return await self._requests.asked(ticket, actor, key=f"jira/{delivery.id}")

    def _asks(self, event: webhooks.IssueEvent) -> bool:
        """Whether it has just become an issue that asks: by its label, or by where it was moved."""
        fields = event.issue.fields
        if fields.status.category.key == DONE:
            return False
        has_label = self._label in {label.casefold() for label in fields.labels}
        in_status = fields.status.name.casefold() == self._status
        if event.event == "jira:issue_created":
            return has_label or in_status
        labels, status = event.changed("labels"), event.changed("status")
        labelled = labels is not None and self._label not in (labels.from_text or "").casefold().split()
        return (has_label and labelled) or (in_status and status is not None)

    async def _comment(self, event: webhooks.CommentEvent) -> Intent:
        comment = event.comment
        text = webhooks.text(comment.body)
        if comment.author is None or marks.ours(text) or await self._machine(comment.author):
            return NoIntent(why="our own comment, or a machine's")
        return await self._requests.said(_ref(event.issue), text, _who(comment.author))

    async def _machine(self, user: webhooks.User) -> bool:
        return user.kind == "app" or user.id == await self._tracker.account()


def _ended(event: webhooks.IssueEvent) -> str | None:
    """Why what the issue asked for is not wanted any more, if so."""
    if event.event == "jira:issue_deleted":
        return "the issue was deleted"
    status = event.issue.fields.status
    if event.changed("status") is not None and status.category.key == DONE:
        return f"the issue was moved to {status.name[:100]}"
    return None


def _ref(issue: webhooks.Named) -> TicketRef:
    return TicketRef(tracker="jira", id=issue.id, key=issue.key, url=issue.url)


def _who(user: webhooks.User) -> Somebody:
    return Somebody(channel=Channel.JIRA, names=[user.id], title=user.name)
