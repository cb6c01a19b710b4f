"""What people do through the API, in the audit: who, what, to what, from where, and with which status it was answered.

What runs and workers change is in the audit by itself, in the same transaction as the change.
"""

import logging
from datetime import UTC, datetime
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.clients import host_of
from api.repeats import person_of
from api.security import by_agent
from domain.audit import Deed
from domain.errors import CcbError
from domain.people import Actor, Person

PREFIX = ("/api/v1/", "/device/")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 §9.2.1
_LONGEST = 300

_log = logging.getLogger("ccb.api.audit")


class Deeds(Protocol):
    async def add(self, deed: Deed) -> None: ...


class Audited:
    """Pure ASGI. A request that changes something, by somebody who is known, is in the audit before it is answered.

    What is done is done: where the audit cannot be written then, the answer stays, and the deed is logged as an error.
    """

    def __init__(self, app: ASGIApp, deeds: Deeds) -> None:
        self._app = app
        self._deeds = deeds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and (person := person_of(scope)) is not None:
                await self._add(_deed(scope, person, message["status"]))
            await send(message)

        await self._app(scope, receive, sending)

    async def _add(self, deed: Deed) -> None:
        try:
            await self._deeds.add(deed)
        except CcbError as error:
            about = {"deed": deed.model_dump(mode="json"), "code": error.code, "error": error.message}
            _log.error("not in the audit", extra=about)


def _deed(scope: Scope, person: Person, status: int) -> Deed:
    route = scope.get("route")
    actor = Actor(channel=by_agent(scope), name=person.name, person_id=person.id, bot=person.kind == "service")
    return Deed(
        organization_id=person.organization_id,
        at=datetime.now(UTC),
        actor=actor,
        action=f"api.{getattr(route, 'name', scope['method'].lower())}"[:80],
        subject=scope["path"][:_LONGEST],
        result=str(status),
        client=host_of(scope),
    )
