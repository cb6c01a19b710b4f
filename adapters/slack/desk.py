"""Where people of the chat are answered: who they are here, what they may do, and what the database says.

The API answers by it at once; the workers ask it what a delivery may lead to. Rights are those of the API's routes.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from adapters.slack.commands import COMMAND, HELP, Asked, Verb
from adapters.slack.forms import Reviewed
from domain.access import Acting, Permission
from domain.authorization import NOTHING, OWN, attributes, refusal
from domain.errors import Conflict, Forbidden, NotFound
from domain.events import Event, EventType
from domain.lifecycle import Stage
from domain.listing import Wanted
from domain.people import Actor, Channel, Person
from domain.ports import Integrations
from domain.registry import Integration, Version
from domain.vendors import Button, ChatMessage

APPROVE = "review.approve"
REQUEST_CHANGES = "review.request_changes"
LISTED = 20
_LOOKED_AT = 200


class Known(Protocol):
    """Who is known, and as whom they act."""

    async def find(self, channel: Channel, name: str) -> Person | None: ...

    async def acting(self, person_id: str, organization_id: str | None = None) -> Acting | None: ...


def stranger(user_id: str) -> str:
    """What somebody is told whom we do not know."""
    return (
        "I do not know who you are here. An operator can tell me: "
        f"`ccb people names NAME --slack {user_id}`, or `ccb people add NAME --slack {user_id}` for somebody new."
    )


class Desk:
    """All of it raises Forbidden for what somebody may not do, and NotFound for what is not in their organisation."""

    def __init__(self, people: Known, integrations: Integrations) -> None:
        self._people = people
        self._integrations = integrations

    async def caller(self, user_id: str) -> Acting | None:
        """Whose id this is in Slack."""
        person = await self._people.find(Channel.SLACK, user_id)
        return None if person is None else await self._people.acting(person.id, person.organization_id)

    async def by_email(self, email: str) -> Acting | None:
        """The person who has this address here and no name in Slack."""
        person = await self._people.find(Channel.API, email)
        fits = person is not None and person.kind == "person" and person.slack is None
        if person is None or not fits or (person.email or "").casefold() != email.casefold():
            return None
        return await self._people.acting(person.id, person.organization_id)

    async def answer(self, caller: Acting, asked: Asked) -> ChatMessage:
        """Of what changes nothing: help, list, status."""
        if asked.verb is Verb.LIST:
            newest = await self._page(caller, LISTED)
            return ChatMessage(title="Integrations", text=_lines(newest) or f"There are none yet: `{COMMAND} create`.")
        if asked.verb is Verb.STATUS and asked.name:
            return await self._standing(caller, asked.name)
        if asked.verb is Verb.STATUS:
            return await self._under_way(caller)
        return ChatMessage(title="Claude Code Bot", text=HELP)

    async def home(self, caller: Acting) -> ChatMessage:
        """The caller's own, what is under way first."""
        if (why_not := refusal(caller, Permission.INTEGRATIONS_READ, OWN)) is not None:
            return ChatMessage(title="Your integrations", text=why_not)
        mine = await self._integrations.page(
            organization_id=caller.organization_id, cursor=None, limit=_LOOKED_AT, wanted=Wanted(owner=caller.id)
        )
        living_first = sorted(mine.items, key=lambda one: one.stage.terminal)
        text = _lines(living_first[:LISTED]) or "You have no integration yet."
        return ChatMessage(title="Your integrations", text=f"{text}\n\n{HELP}")

    async def reviewable(self, caller: Acting, name: str, *, at: datetime) -> tuple[Integration, Reviewed]:
        """What waited for a review when somebody wrote of it, `at`: what they decide on, and nothing that came later.

        Raises Conflict if nothing waits.
        """
        found = await self.found(caller, name)
        self.may(caller, Permission.RUNS_REVIEW, found)
        if found.stage is not Stage.REVIEWING:
            raise Conflict(f"{name} does not wait for a review: it is {found.stage}.")
        content = _recorded(await self._integrations.events(found.id), before=at)
        if content is None:
            raise Conflict(f"Nothing of {name} was there to review when you wrote: see `{COMMAND} status {name}`.")
        return found, Reviewed(integration_id=found.id, content_hash=content)

    async def taken(self, caller: Acting, name: str) -> bool:
        """Whether an integration that lives has the name."""
        try:
            found = await self._integrations.find(name)
        except NotFound:
            return False
        living = found.name == name and found.stage not in {Stage.FAILED, Stage.RETIRED}
        return living and found.organization_id == caller.organization_id

    async def found(self, caller: Acting, name: str) -> Integration:
        found = await self._integrations.find(name)
        if found.organization_id != caller.organization_id:
            raise NotFound(f"There is no integration named {name}; `{COMMAND} list` shows the newest.", name=name)
        return found

    def may(self, caller: Acting, permission: Permission, found: Integration) -> None:
        self.require(caller, permission, attributes(found, caller))

    def require(self, caller: Acting, permission: Permission, about: Mapping[str, str]) -> None:
        """For what has these attributes."""
        if (why_not := refusal(caller, permission, about)) is not None:
            raise Forbidden(why_not, needed=permission, role=caller.role)

    async def _page(self, caller: Acting, limit: int) -> list[Integration]:
        self.require(caller, Permission.INTEGRATIONS_READ, NOTHING)
        page = await self._integrations.page(organization_id=caller.organization_id, cursor=None, limit=limit)
        return page.items

    async def _under_way(self, caller: Acting) -> ChatMessage:
        living = [one for one in await self._page(caller, _LOOKED_AT) if not one.stage.terminal]
        waiting = [one for one in living if one.stage is Stage.REVIEWING]
        others = [one for one in living if one.stage is not Stage.REVIEWING]
        parts = []
        if waiting:
            parts.append(f"**Waiting for a review**\n{_lines(waiting[:LISTED])}")
        if others:
            parts.append(f"**Under way**\n{_lines(others[:LISTED])}")
        return ChatMessage(title="What is under way", text="\n\n".join(parts) or "Nothing is under way.")

    async def _standing(self, caller: Acting, name: str) -> ChatMessage:
        found = await self.found(caller, name)
        self.may(caller, Permission.INTEGRATIONS_READ, found)
        versions = await self._integrations.versions(found.id)
        newest = versions[-1] if versions else None
        buttons = []
        if found.stage is Stage.REVIEWING and newest is not None:
            value = Reviewed(integration_id=found.id, content_hash=newest.content_hash).model_dump_json()
            buttons = [
                Button(text="Approve", action=APPROVE, value=value, style="primary"),
                Button(text="Request changes", action=REQUEST_CHANGES, value=value),
            ]
        title = f"{found.name or found.title} {found.version or ''} is {found.stage}".replace("  ", " ")
        return ChatMessage(title=title, text=_told(found, newest), buttons=buttons)


def actor(caller: Acting) -> Actor:
    return Actor(channel=Channel.SLACK, name=caller.name, person_id=caller.id, bot=caller.kind == "service")


def _recorded(events: list[Event], *, before: datetime) -> str | None:
    """The content of the last version that was recorded by then."""
    contents = [
        about.get("content_hash")
        for event in events
        if event.type is EventType.VERSION_RECORDED and event.time <= before
        for about in [event.data.get("metadata")]
        if isinstance(about, dict)
    ]
    last = contents[-1] if contents else None
    return last if isinstance(last, str) else None


def _lines(found: Iterable[Integration]) -> str:
    return "\n".join(f"- **{_plain(one.name or one.title)}** is {one.stage}{_where(one)}" for one in found)


def _where(one: Integration) -> str:
    return f", at {one.url}" if one.url else ""


def _told(found: Integration, newest: Version | None) -> str:
    asked = f"Asked for by {_plain(found.requester.name)}; last changed {found.updated_at:%Y-%m-%d %H:%M} UTC."
    lines = [_plain(found.title), asked]
    if newest is not None and newest.pull_request is not None:
        lines.append(f"Pull request: {newest.pull_request.url}")
    if newest is not None and found.stage is Stage.REVIEWING:
        lines.append(f"Under review: {newest.version}, content `{newest.content_hash}`.")
        lines.append(f"Tests: {newest.tests_passed} passed, {newest.tests_failed} failed.")
    if found.url:
        lines.append(f"Running at {found.url}")
    if found.failure:
        lines.append(f"It failed: {_plain(found.failure)}")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """What others wrote, on one line and short."""
    line = " ".join(text.split())
    return line if len(line) <= 500 else f"{line[:499]}…"
