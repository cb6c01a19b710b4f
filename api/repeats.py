"""Requests that are safe to send again: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07).

The first sending of a request claims its key, does the work, keeps its answer and only then gives it; each further
sending is given that answer. Another request under the same key is refused with 422; the same one while the first is
worked on, with 409 and `Retry-After`. A key is its caller's, for one path: other people's, or other paths', are others.

Answers that say "not now" (408, 409, 425, 429 and 5xx) are not kept: the request may be sent again with its key. So
it is after a process was killed in the middle, once its claim has run out; claims are renewed while the work goes on.
In both cases the work is done under the same `Once.id`, from which whatever it makes has its own id, so that what was
made already is found and not made twice.
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from functools import wraps
from inspect import Parameter, iscoroutinefunction, signature
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.clients import host_of
from api.problems import documented, together
from api.services import Wired
from domain import ids
from domain.errors import CcbError, KeyReused, StillUnderWay
from domain.people import Person
from domain.ports import Repeats as Kept
from domain.repeats import Claim, GivenAnswer

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Repeat a request safely: the same key and request are done once and answered alike, whatever is "
        "lost on the way.",
        min_length=1,
        max_length=200,
    ),
]
Outcome = Callable[[str], None]

LEASE = timedelta(seconds=10)
_RENEWED_EVERY = 3.0
_PRUNED_EVERY = 600.0
_BELONGS = frozenset({b"content-type", b"location", b"etag", b"last-modified", b"content-language", b"link"})
_NOT_NOW = frozenset({408, 409, 425, 429})
_CLAIMED, _PERSON = "ccb.claimed", "ccb.person"
_PARAMETER = "idempotent_once"
_log = logging.getLogger("ccb.api.repeats")


class Once:
    """One sending of a request. `key` is empty if it was sent without one.

    `again`: an earlier sending was worked on, and what it did is not known; look before making anything.
    """

    def __init__(self, request: Request, services: Wired, idempotency_key: IdempotencyKey = None) -> None:
        self._request = request
        self._kept = services.repeats
        self.key = idempotency_key or ""
        self.again = False
        self._id: str | None = None

    @property
    def id(self) -> str:
        """The same for each sending with the same key, whichever process works on it."""
        if self._id is None:
            self._id = ids.new("req")
        return self._id

    @property
    def request_key(self) -> str:
        """`id`, or nothing for a request that was sent without a key."""
        return self.id if self.key else ""

    def made(self, prefix: str) -> str:
        """The id of what this request makes."""
        return f"{prefix}_{self.id.partition('_')[2]}"

    async def claimed(self) -> Response | None:
        """None for who has to do the work; the answer that was given before for everybody else.

        Raises KeyReused and StillUnderWay.
        """
        if not self.key:
            return None
        outcome: Outcome = self._request.app.state.metrics.repeated
        scope = self._scope()
        try:
            found = await self._kept.claim(scope, self.key, await _fingerprint(self._request, self.key), lease=LEASE)
        except (KeyReused, StillUnderWay) as error:
            outcome(error.code)
            raise
        if isinstance(found, GivenAnswer):
            outcome("replayed")
            return _again(found)
        outcome("worked_on")
        self._id, self.again = found.request_id, found.again
        self._request.scope[_CLAIMED].append(_Work(self._kept, scope, self.key, found))
        return None

    def _scope(self) -> str:
        """Who asks for what. Where nobody is known, whoever has the same address and sends the same."""
        request = self._request
        person = request.scope.get(_PERSON)
        who = f"{person.organization_id}/{person.id}" if isinstance(person, Person) else f"at/{host_of(request.scope)}"
        return f"{who} {request.method} {request.scope['path']}"


Repeated = Annotated[Once, Depends()]
"""What an endpoint takes that names what it makes after the request."""


def acted_by(request: Request, person: Person) -> None:
    """Note whose request this is, once they are known."""
    request.scope[_PERSON] = person


def person_of(scope: Scope) -> Person | None:
    """Whose request it is, if they are known."""
    found = scope.get(_PERSON)
    return found if isinstance(found, Person) else None


async def _fingerprint(request: Request, key: str) -> str:
    """What is the same if the request is. Under the key, which is not kept: the body may hold a password."""
    digest = hmac.new(key.encode(), digestmod=hashlib.sha256)
    cookies = request.headers.get("cookie", "").encode("latin-1")
    for part in (request.scope["query_string"], cookies, await request.body()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _again(given: GivenAnswer) -> Response:
    response = Response(given.body, status_code=given.status)
    response.raw_headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.headers]
    return response


class _Work:
    """A claim, renewed until it ends."""

    def __init__(self, kept: Kept, scope: str, key: str, claim: Claim) -> None:
        self._kept = kept
        self._which = (scope, key, claim)
        self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEWED_EVERY)
            try:
                await self._kept.renew(*self._which, lease=LEASE)
            except CcbError as error:
                _log.warning("claim not renewed", extra={"code": error.code, "error": error.message})

    async def ended(self, given: GivenAnswer | None) -> None:
        """Keep the answer, or let the next one try. What cannot be written runs out by itself."""
        self._renewing.cancel()
        await asyncio.gather(self._renewing, return_exceptions=True)
        try:
            await (self._kept.answer(*self._which, given) if given else self._kept.release(*self._which))
        except CcbError as error:
            _log.warning("answer not kept", extra={"code": error.code, "error": error.message})


def repeatable(router: APIRouter) -> APIRouter:
    """Make what can be asked of `router` safe to send again: every POST, and all that asks for `Once`."""
    for route in router.routes:
        if isinstance(route, APIRoute) and _concerned(route):
            route.endpoint = _once(route.endpoint)
            route.responses = together(route.responses, documented(StillUnderWay, KeyReused))
    return router


def _concerned(route: APIRoute) -> bool:
    """Webhooks are known by their deliveries, and what is not documented is not ours to define."""
    if not route.include_in_schema or route.path.startswith("/webhooks/"):
        return False
    if _PARAMETER in signature(route.endpoint).parameters:
        return False
    return "POST" in (route.methods or set()) or any(one.call is Once for one in _needed(route.dependant))


def _needed(dependant: Dependant) -> Iterable[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _needed(one)


def _once(endpoint: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """`endpoint`, behind the claim of its key: after everything that could refuse the request without doing it."""
    if not iscoroutinefunction(endpoint):
        raise TypeError(f"{endpoint.__name__} has to be a coroutine")

    @wraps(endpoint)
    async def once(**given: object) -> object:
        sending = given.pop(_PARAMETER)
        before = await sending.claimed() if isinstance(sending, Once) else None
        return await endpoint(**given) if before is None else before

    declared = signature(endpoint)
    own = Parameter(_PARAMETER, Parameter.KEYWORD_ONLY, annotation=Repeated)
    once.__signature__ = declared.replace(parameters=[*declared.parameters.values(), own])  # type: ignore[attr-defined]
    return once


class Answers:
    """Pure ASGI: keeps the answer to a request whose key was claimed, and only then gives it.

    The answers of such requests are small; no stream is among them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        claimed: list[_Work] = []
        scope[_CLAIMED] = claimed
        held: list[Message] = []

        async def sending(message: Message) -> None:
            if claimed:
                held.append(message)
            else:
                await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            if claimed:
                await asyncio.shield(claimed[0].ended(_kept(held)))
        for message in held:
            await send(message)


def _kept(held: list[Message]) -> GivenAnswer | None:
    """The answer, if it is one to keep."""
    if not held or held[-1].get("more_body", False) or held[0]["type"] != "http.response.start":
        return None
    status: int = held[0]["status"]
    if status >= 500 or status in _NOT_NOW:
        return None
    headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in held[0]["headers"] if n.lower() in _BELONGS]
    return GivenAnswer(status=status, headers=headers, body=b"".join(one.get("body", b"") for one in held[1:]))


async def prune(kept: Kept, *, older_than: timedelta) -> None:
    """Forget old keys, until cancelled."""
    while True:
        try:
            if gone := await kept.prune(kept=older_than):
                _log.info("keys forgotten", extra={"count": gone})
        except CcbError as error:
            _log.warning("keys not forgotten", extra={"code": error.code, "error": error.message})
        await asyncio.sleep(_PRUNED_EVERY)
