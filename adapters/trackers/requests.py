"""What a ticket asks for, by the same rules for every tracker."""

from datetime import datetime

from adapters.trackers import commands
from domain import asking, ids
from domain.access import Acting, Permission
from domain.asking import Asked
from domain.authorization import NOTHING, attributes, refusal
from domain.base import Data
from domain.conversation import Budget
from domain.errors import NotFound
from domain.ids import DEFAULT_ORGANIZATION
from domain.intents import (
    AbandonIntent,
    AnswerIntent,
    CreateIntent,
    Intent,
    NoIntent,
    Origin,
    RefuseIntent,
    UpdateIntent,
)
from domain.lifecycle import Operation, Stage
from domain.operations import UpdateIntegration, UpdateReason
from domain.people import Actor, Channel
from domain.ports import Integrations, People
from domain.registry import Integration
from domain.review import ReviewPolicy
from domain.runs import CreateIntegration, DocumentSource, IntegrationRequest
from domain.vendors import TicketRef

_NO_DOCUMENT = (
    "I cannot begin: the ticket does not say where the API's document is. Add a line such as "
    "`API document: https://api.example.com/openapi.json` (OpenAPI 3.x, JSON or YAML) to its description, and ask "
    "again."
)
_NO_REPOSITORY = "I cannot begin: nobody has said where integrations are written (`CCB_GITHUB_REPOSITORY`)."
_LONGEST_TITLE = 300
_LONGEST_BODY = 100_000


class Ticket(Data):
    """A ticket as it is now. `title` and `body` are untrusted text."""

    ref: TicketRef
    title: str
    body: str
    created_at: datetime


class Somebody(Data):
    """Who acts in a tracker: `names` that they may be known by there, the surest first."""

    channel: Channel
    names: list[str]
    title: str = ""

    @property
    def shown(self) -> str:
        return self.title[:200] or self.names[0]


class Requests:
    """Makes intents of what is done with tickets."""

    def __init__(
        self,
        integrations: Integrations,
        people: People,
        *,
        repository: str | None,
        policy: ReviewPolicy,
        budget: Budget,
    ) -> None:
        self._integrations = integrations
        self._people = people
        self._repository = repository
        self._policy = policy
        self._budget = budget

    async def asked(self, ticket: Ticket, requester: Actor, *, key: str) -> Intent:
        """The ticket asks for an integration, or for a version of the one that it names. `key` is the delivery's."""
        origin = Origin(ticket=ticket.ref)
        if self._repository is None:
            return RefuseIntent(origin=origin, reason=_NO_REPOSITORY)
        read = asking.read(ticket.body)
        meant = None if read.name is None else await serving(self._integrations, read.name)
        if meant is not None and meant.id != _integration_of(ticket):
            return self._update(ticket, meant, read, requester, key=key)
        if read.document is None:
            return RefuseIntent(origin=origin, reason=_NO_DOCUMENT)
        request = IntegrationRequest(
            title=ticket.title[:_LONGEST_TITLE] or ticket.ref.key,
            description=ticket.body[:_LONGEST_BODY],
            document=DocumentSource(url=read.document),
            name=read.name,
            base_url=read.base_url,
        )
        create = CreateIntegration(
            integration_id=_integration_of(ticket),
            organization_id=DEFAULT_ORGANIZATION,
            request=request,
            requester=requester,
            repository=self._repository,
            ticket=ticket.ref,
            policy=self._policy,
            budget=self._budget,
        )
        return CreateIntent(create=create)

    def _update(self, ticket: Ticket, meant: Integration, read: Asked, requester: Actor, *, key: str) -> Intent:
        origin = Origin(ticket=ticket.ref)
        if meant.organization_id != DEFAULT_ORGANIZATION:
            return RefuseIntent(origin=origin, reason=f"I cannot update {meant.name} from here: it is somebody else's.")
        update = UpdateIntegration(
            integration_id=meant.id,
            organization_id=meant.organization_id,
            requester=requester,
            repository=meant.repository,
            ticket=ticket.ref,
            policy=self._policy,
            budget=self._budget,
            request_key=key,
            reason=UpdateReason(
                title=ticket.title[:_LONGEST_TITLE] or ticket.ref.key, words=ticket.body[:_LONGEST_BODY]
            ),
            document=None if read.document is None else DocumentSource(url=read.document),
        )
        return UpdateIntent(update=update, origin=origin)

    async def stopped(self, ref: TicketRef, by: Actor, reason: str) -> Intent:
        """What the ticket asked for is not wanted any more: a run that makes it is stopped."""
        found = await self._integrations.by_ticket(ref)
        if found is None or found.stage.terminal:
            return NoIntent(why="no run of ours is under way for it")
        if found.operation is not Operation.CREATE:
            return NoIntent(why="what the ticket asked for is done; what is under way is another matter")
        return AbandonIntent(integration_id=found.id, by=by, reason=reason)

    async def said(self, ref: TicketRef, text: str, who: Somebody) -> Intent:
        """Somebody commented on the ticket; a command is answered, to who may know."""
        command = commands.read(text)
        if command is None:
            return NoIntent(why="no command of ours")
        origin = Origin(ticket=ref)
        if command == "help":
            return AnswerIntent(origin=origin, text=commands.HELP)
        found = await self._integrations.by_ticket(ref)
        person = await self._person(who)
        if person is None or (found is not None and person.organization_id != found.organization_id):
            reason = f"{who.shown} is not known here by this account. An operator can add them with `ccb people add`."
            return RefuseIntent(origin=origin, reason=reason)
        about = NOTHING if found is None else attributes(found, person)
        if (why_not := refusal(person, Permission.RUNS_READ, about)) is not None:
            return RefuseIntent(origin=origin, reason=why_not)
        return AnswerIntent(origin=origin, text=commands.standing(found))

    async def actor(self, who: Somebody) -> Actor:
        """Who acts, as known here."""
        person = await self._person(who)
        if person is None:
            return Actor(channel=who.channel, name=who.shown)
        return Actor(channel=who.channel, name=person.name, person_id=person.id, bot=person.kind == "service")

    async def _person(self, who: Somebody) -> Acting | None:
        for name in who.names:
            person = await self._people.find(who.channel, name) if name else None
            if person is not None:
                return person
        return None


async def serving(integrations: Integrations, name: str) -> Integration | None:
    """The integration of this name that serves, or that a run changes that serves."""
    try:
        found = await integrations.find(name)
    except NotFound:
        return None
    serves = found.stage is Stage.ACTIVE or (not found.stage.terminal and found.operation is not Operation.CREATE)
    return found if serves and found.name == name else None


def _integration_of(ticket: Ticket) -> str:
    """The same ticket is the same integration, whichever of its deliveries comes first, and however often."""
    return ids.derived("int", f"{ticket.ref.tracker}:{ticket.ref.id}", ticket.created_at)
