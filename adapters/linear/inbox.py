"""What a delivery of Linear asks for, in our words. Nothing that a machine or our own account did leads to anything."""

from adapters.linear import webhooks
from adapters.linear.settings import LinearSettings
from adapters.linear.tracker import OVER, made_here
from adapters.trackers import marks
from adapters.trackers.requests import Requests, Somebody, Ticket
from domain.errors import InvalidInput
from domain.intents import Intent, NoIntent
from domain.people import Channel
from domain.ports import Tracker
from domain.runs import Delivery
from domain.vendors import TicketRef


class LinearInbox:
    """Implements `domain.ports.Inbox`. An issue with the configured label asks for an integration."""

    def __init__(self, settings: LinearSettings, requests: Requests, tracker: Tracker) -> None:
        self._label = settings.label.casefold()
        self._project = settings.project.casefold() if settings.project else None
        self._requests = requests
        self._tracker = tracker

    async def interpret(self, delivery: Delivery, body: bytes) -> Intent:
        try:
            event = webhooks.parse(body)
        except InvalidInput as error:
            return NoIntent(why=error.message)
        if event is None:
            return NoIntent(why=f"nothing follows from this {delivery.event}")
        if event.actor is None or event.actor.type != "user":
            return NoIntent(why="done by a machine")
        match event:
            case webhooks.IssueEvent():
                return await self._issue(event, event.actor, delivery)
            case webhooks.CommentEvent():
                return await self._comment(event, event.actor)
            case webhooks.ProjectEvent():
                # What becomes of its issues is told by deliveries of their own.
                return NoIntent(
                    why=f"nothing follows from project {event.data.name[:100]}: its issues say for themselves"
                )

    async def _issue(self, event: webhooks.IssueEvent, actor: webhooks.Actor, delivery: Delivery) -> Intent:
        issue, ended = event.data, self._ended(event)
        asks = ended is None and self._asks(event)
        if ended is None and not asks:
            return NoIntent(why=f"it does not ask: it was not given the label {self._label}")
        if await self._mine(actor):
            return NoIntent(why="done by a machine")
        ref = TicketRef(tracker="linear", id=issue.id, key=issue.identifier, url=issue.url)
        if ended is not None:
            return await self._requests.stopped(ref, await self._requests.actor(_who(actor)), ended)
        if not await self._tracker.is_open(ref):
            return NoIntent(why="the issue is over, or gone, by now")
        ticket = Ticket(ref=ref, title=issue.title, body=issue.description or "", created_at=issue.created_at)
        return await self._requests.asked(ticket, await self._requests.actor(_who(actor)), key=f"linear/{delivery.id}")

    def _ended(self, event: webhooks.IssueEvent) -> str | None:
        """Why what the issue asked for is not wanted any more, if so."""
        issue = event.data
        if event.action == "remove" or (event.changed("trashed") and issue.trashed):
            return "the issue was deleted"
        if event.changed("stateId") and issue.state.type in OVER:
            return f"the issue was {OVER[issue.state.type]}"
        if self._project is not None and event.changed("projectId") and not self._in_project(issue):
            return "the issue was moved out of the project"
        return None

    def _asks(self, event: webhooks.IssueEvent) -> bool:
        """Whether it has just become an issue that asks: by its label, or by where it was moved."""
        issue = event.data
        label = next((label for label in issue.labels if label.name.casefold() == self._label), None)
        if label is None or not self._in_project(issue) or issue.state.type in OVER:
            return False
        if event.action == "create":
            return True
        before = event.was("labelIds")
        labelled = before is not None and label.id not in before
        return labelled or (self._project is not None and event.changed("projectId"))

    def _in_project(self, issue: webhooks.Issue) -> bool:
        if self._project is None:
            return True
        known = {issue.project_id, issue.project.id, issue.project.name} if issue.project else {issue.project_id}
        return self._project in {name.casefold() for name in known if name}

    async def _comment(self, event: webhooks.CommentEvent, actor: webhooks.Actor) -> Intent:
        comment, issue = event.data, event.data.issue
        if issue is None:
            return NoIntent(why="a comment on something else than an issue")
        if comment.bot is not None or made_here(comment.id) or marks.ours(comment.body) or await self._mine(actor):
            return NoIntent(why="our own comment, or a machine's")
        ref = TicketRef(tracker="linear", id=issue.id, key=issue.identifier, url=issue.url)
        return await self._requests.said(ref, comment.body, _who(actor))

    async def _mine(self, actor: webhooks.Actor) -> bool:
        return actor.id == await self._tracker.account()


def _who(actor: webhooks.Actor) -> Somebody:
    return Somebody(channel=Channel.LINEAR, names=[actor.id, actor.email], title=actor.name)
