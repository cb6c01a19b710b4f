"""Who calls, and what they may do. An API key or an access token is sent as `Authorization: Bearer …`.

Every route says what it needs: a permission by `may`, or only somebody who is known (`Caller`, `Account`), or nothing
(`PUBLIC`). `docs/permissions.md` is made of that, and a test calls them all.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Annotated

from fastapi import Depends, Header, Request, params
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import Scope

from adapters.telemetry import user_id
from api.attributes import Attributes
from api.rates import counted
from api.repeats import acted_by
from api.services import Services, services_of
from domain.access import RIGHTS, Acting, Permission
from domain.authorization import attributes
from domain.errors import Forbidden, Unauthenticated
from domain.ids import DEFAULT_ORGANIZATION
from domain.people import Actor, Channel, Person
from domain.registry import Integration

CLI_AGENT = "ccb-cli/"
_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="Bearer",
    description="An API key (`ccb_` and 43 characters), or the access token of a session.",
)

PUBLIC = frozenset(
    {
        ("GET", "/docs"),
        ("GET", "/docs/oauth2-redirect"),
        ("GET", "/openapi.json"),
        ("GET", "/health"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("GET", "/health/deps"),
        ("GET", "/health/startup"),
        ("GET", "/metrics"),
        ("POST", "/api/v1/auth/register"),
        ("POST", "/api/v1/auth/verify"),
        ("POST", "/api/v1/auth/invitations/accept"),
        ("POST", "/api/v1/auth/login"),
        ("POST", "/api/v1/auth/second-factor"),
        ("POST", "/api/v1/auth/refresh"),
        ("POST", "/api/v1/auth/password/forgot"),
        ("POST", "/api/v1/auth/password/reset"),
        ("POST", "/api/v1/auth/email/confirm"),
        ("POST", "/webhooks/github"),
        ("POST", "/webhooks/slack"),
        ("POST", "/webhooks/linear"),
        ("POST", "/webhooks/jira"),
        ("GET", "/api/v1/auth/providers"),
        ("GET", "/api/v1/auth/oauth/{provider}/start"),
        ("GET", "/api/v1/auth/oauth/{provider}/callback"),
        ("POST", "/api/v1/auth/oauth/exchange"),
        ("POST", "/api/v1/auth/passkeys/authentication"),
        ("POST", "/api/v1/auth/passkeys/login"),
        ("POST", "/api/v1/auth/device"),
        ("POST", "/api/v1/auth/device/token"),
        ("GET", "/device"),
        ("POST", "/device/login"),
        ("POST", "/device/decide"),
        ("POST", "/temporal/codec/{token}/{direction}"),
        ("OPTIONS", "/temporal/codec/{token}/{direction}"),
    }
)
"""Routes for anybody: they check a signature or a token of their own, or tell nothing of anybody's."""

PERSONAL = frozenset(
    {
        ("GET", "/api/v1/me"),
        ("POST", "/api/v1/auth/logout"),
        ("GET", "/api/v1/organizations"),
        ("GET", "/api/v1/permissions"),
    }
)
"""Routes for whoever is known, by any credential; those of an `Account` or a `Keyholder` say so themselves."""

Chosen = Annotated[
    str | None,
    Header(
        alias="CCB-Organization",
        description="In which organisation to act; without it, the caller's home.",
        max_length=100,
        examples=[DEFAULT_ORGANIZATION],
    ),
]
About = Callable[[Request], Awaitable[Attributes]]


Credential = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def _caller(request: Request, given: Credential, acting_in: Chosen = None) -> Acting:
    if given is None:
        raise Unauthenticated("Say who you are: send an API key or an access token as `Authorization: Bearer …`.")
    person = await _known(SecretStr(given.credentials), acting_in, services_of(request))
    user_id.set(person.id)
    acted_by(request, person)
    await counted(request, person)
    return person


async def _known(credential: SecretStr, acting_in: str | None, services: Services) -> Acting:
    """Raises Unauthenticated; Forbidden where they do not act in that organisation."""
    # A JWT has three parts (RFC 7515 §3.1); no key has a dot.
    if credential.get_secret_value().count(".") == 2:
        bearer = await services.sessions.person_of(credential)
        person = await services.people.acting(bearer.person_id, acting_in, session_id=bearer.session_id)
    else:
        person = await services.people.by_key(credential, acting_in)
    if person is None:
        raise Unauthenticated(
            "This API key is not known, it is over, or it was revoked. Ask an operator for a new one."
        )
    return person


async def again(caller: Acting, given: Credential, acting_in: str | None, services: Services) -> Acting:
    """The same caller a while later, with what they may do by then. Raises Unauthenticated, Forbidden."""
    if caller.session_id is None:
        credential = "" if given is None else given.credentials
        person = await services.people.by_key(SecretStr(credential), acting_in)
    elif await services.sessions.lives(caller.session_id):
        person = await services.people.acting(caller.id, acting_in, session_id=caller.session_id)
    else:
        person = None
    if person is None:
        raise Unauthenticated("What you logged in with has ended: log in again.")
    return person


Caller = Annotated[Acting, Depends(_caller)]
"""Somebody who is known, whatever they may do."""


async def _account(caller: Caller) -> Acting:
    if caller.limited:
        raise Forbidden(
            "This is about your own account, and this key is limited: sign in, or use a key without limits."
        )
    return caller


Account = Annotated[Acting, Depends(_account)]
"""Somebody with all that is theirs: by a session, or by a key of their own without scopes, end or organisation."""


async def _keyholder(caller: Caller) -> Acting:
    if caller.narrow:
        raise Forbidden("A key with scopes or an end says nothing about keys: sign in, or use one without.")
    return caller


Keyholder = Annotated[Acting, Depends(_keyholder)]
"""Somebody with all that is theirs, perhaps in one organisation alone."""


def of_anybody(call: object) -> bool:
    """Whether a dependency asks for somebody who is known."""
    return call is _caller


def of_account(call: object) -> bool:
    """Whether a dependency asks for somebody with all that is theirs."""
    return call in (_account, _keyholder)


class May:
    """The dependency of a route that needs `permission`; the caller, if they have it.

    `about` says of a request what conditions ask for and the integration in the path does not say. `house`: the whole
    installation is concerned, so it can be had in the first organisation alone.
    """

    def __init__(self, permission: Permission, *, about: About | None = None, house: bool = False) -> None:
        self.permission = permission
        self.house = house
        self._about = about

    async def __call__(self, request: Request, caller: Caller) -> Acting:
        if not caller.rights.has(self.permission):
            raise self._refused(caller)
        if self.house and caller.organization_id != DEFAULT_ORGANIZATION:
            raise Forbidden(
                f"This concerns the whole installation: {self.permission} in its first organisation is needed.",
                needed=self.permission,
                organization_id=DEFAULT_ORGANIZATION,
            )
        if caller.rights.depends(self.permission):
            about = await self._attributes(request, caller, services_of(request))
            if not caller.rights.allow(self.permission, about):
                raise self._refused(caller, conditions=True)
        return caller

    async def _attributes(self, request: Request, caller: Acting, services: Services) -> Attributes:
        named = request.path_params.get("integration")
        found = {} if named is None else attributes(await found_by(named, caller, services), caller)
        return found | (dict(await self._about(request)) if self._about is not None else {})

    def _refused(self, caller: Acting, *, conditions: bool = False) -> Forbidden:
        roles = ", ".join(name for name, rights in RIGHTS.items() if rights.has(self.permission))
        if conditions:
            has = f"{caller.name} has it only under conditions that this does not meet"
        elif caller.narrow:
            has = f"this key of {caller.name} does not have it"
        else:
            has = f"{caller.name} is {caller.role}"
        return Forbidden(
            f"This needs the permission {self.permission}, which {roles} have; {has}. "
            "Whoever has people:update can give another role.",
            needed=self.permission,
            role=caller.role,
            has=list(caller.rights.names),
        )


@cache
def may(permission: Permission, *, about: About | None = None, house: bool = False) -> May:
    """For `Annotated[Person, Depends(may(Permission.X))]`, or `dependencies=[needs(Permission.X)]`."""
    return May(permission, about=about, house=house)


def needs(permission: Permission, *, about: About | None = None, house: bool = False) -> params.Depends:
    """The same for the `dependencies=` of a route, which then has its `Caller`, or need not know who calls."""
    return params.Depends(may(permission, about=about, house=house))


async def found_by(named: str, caller: Person, services: Services) -> Integration:
    """Of the acting organisation. Raises NotFound, for one of another organisation too."""
    return await services.integrations.find(named, organization_id=caller.organization_id)


Reader = Annotated[Acting, Depends(may(Permission.INTEGRATIONS_READ))]


def by_agent(scope: Scope) -> Channel:
    """The CLI names itself."""
    return Channel.CLI if Headers(scope=scope).get("user-agent", "").startswith(CLI_AGENT) else Channel.API


async def _way_in(request: Request) -> Channel:
    """By what the caller came. It is only recorded: the rules are the same for all."""
    return by_agent(request.scope)


WayIn = Annotated[Channel, Depends(_way_in)]


def actor(person: Person, channel: Channel) -> Actor:
    return Actor(channel=channel, name=person.name, person_id=person.id, bot=person.kind == "service")
