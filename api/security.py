"""Who calls, and what they may do. A key is sent as `Authorization: Bearer ccb_…`."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from adapters.telemetry import user_id
from api.services import Wired
from domain.errors import Forbidden, Unauthenticated
from domain.people import Actor, Channel, Person, Role

CLI_AGENT = "ccb-cli/"
_bearer = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="An API key: `ccb_` and 43 characters.")
_RANKS = list(Role)


async def _caller(services: Wired, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Person:
    if given is None:
        raise Unauthenticated("An API key is needed: send it as `Authorization: Bearer KEY`.")
    person = await services.people.by_key(SecretStr(given.credentials))
    if person is None:
        raise Unauthenticated("This API key is not known, or it was revoked. Ask an operator for a new one.")
    user_id.set(person.id)
    return person


def rank(role: Role) -> int:
    """A higher rank may do all that a lower one may."""
    return _RANKS.index(role)


def _at_least(role: Role) -> Callable[[Person], Awaitable[Person]]:
    async def allowed(caller: Annotated[Person, Depends(_caller)]) -> Person:
        if rank(caller.role) < rank(role):
            raise Forbidden(
                f"This needs the role {role}; {caller.name} has {caller.role}. An operator can change that.",
                needed=role,
                role=caller.role,
            )
        return caller

    return allowed


Reader = Annotated[Person, Depends(_at_least(Role.VIEWER))]
Writer = Annotated[Person, Depends(_at_least(Role.DEVELOPER))]
Reviewer = Annotated[Person, Depends(_at_least(Role.REVIEWER))]
Operator = Annotated[Person, Depends(_at_least(Role.OPERATOR))]


def _way_in(request: Request) -> Channel:
    """By what the caller came. It is only recorded: the rules are the same for all."""
    agent = request.headers.get("user-agent", "")
    return Channel.CLI if agent.startswith(CLI_AGENT) else Channel.API


WayIn = Annotated[Channel, Depends(_way_in)]


def actor(person: Person, channel: Channel) -> Actor:
    return Actor(channel=channel, name=person.name, person_id=person.id, bot=person.kind == "service")
