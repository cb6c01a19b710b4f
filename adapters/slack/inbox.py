"""What a click in Slack asks for, in our words."""

from pydantic import ValidationError

from adapters.slack.webhooks import Interaction, parse_interaction
from domain.base import Data
from domain.errors import InvalidInput
from domain.ids import ContentHash, IntegrationId
from domain.intents import Intent, NoIntent, Origin, ReviewIntent
from domain.people import Actor, Channel
from domain.ports import People
from domain.review import Decision, Review
from domain.runs import Delivery
from domain.vendors import MessageRef

_DECISIONS = {"review.approve": Decision.APPROVE, "review.request_changes": Decision.REQUEST_CHANGES}


class Reviewed(Data):
    """The value of a review's button: what was under review when the message was made."""

    integration_id: IntegrationId
    content_hash: ContentHash


class SlackInbox:
    """Implements `domain.ports.Inbox`."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def interpret(self, delivery: Delivery, body: bytes) -> Intent:
        try:
            click = parse_interaction(body)
        except InvalidInput as error:
            return NoIntent(why=error.message)
        decision = _DECISIONS.get(click.action)
        if decision is None:
            return NoIntent(why=f"no button of ours: {click.action}")
        try:
            reviewed = Reviewed.model_validate_json(click.value)
        except ValidationError:
            return NoIntent(why="the button does not name what it reviews")
        review = Review(
            id=f"slack:{click.user_id}:{click.ts}:{click.action_ts}",
            reviewer=await self._actor(click),
            decision=decision,
            content_hash=reviewed.content_hash,
            comment=click.comment[:10_000],
            at=delivery.received_at,
        )
        where = Origin(message=MessageRef(channel=click.channel, ts=click.ts))
        return ReviewIntent(integration_id=reviewed.integration_id, review=review, origin=where)

    async def _actor(self, click: Interaction) -> Actor:
        person = await self._people.find(Channel.SLACK, click.user_id)
        if person is None:
            return Actor(channel=Channel.SLACK, name=click.user_name or click.user_id)
        return Actor(channel=Channel.SLACK, name=person.name, person_id=person.id, bot=person.kind == "service")
