"""The gateway: stable URLs `/i/NAME/…` and each deployment's own `/d/ID/…`, passed on to its unix socket.

It asks for no key: it is the service. The way of a request is chosen when it comes in, so that a switch is atomic and
what is under way ends where it began. One of which nothing could be delivered is given to the other deployment, if the
name has one.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractContextManager
from typing import Protocol

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from adapters.process_target.figures import Timing
from adapters.process_target.problems import problem
from adapters.workloads.notices import announcing
from domain.errors import NotFound, VendorOutcomeUnknown, VendorUnavailable
from domain.vendors import Notice

RETRY_AFTER_SECONDS = 1
ANSWER_TIMEOUT = httpx.Timeout(None, connect=5.0, read=300.0)
# RFC 9110 §7.6.1
_HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
_FORWARDED = {b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix"}

Headers = list[tuple[bytes, bytes]]

_logger = logging.getLogger(__name__)


class Ways(Protocol):
    """Who knows where requests go. A key is what follows the prefix."""

    def notice(self, key: str) -> Notice | None:
        """What the answers announce."""

    def choose(self, key: str) -> str:
        """The deployment for the next request. Raises NotFound."""

    def other(self, key: str, than: str) -> str | None:
        """Where a request may go that `than` could not be given."""

    def request(self, deployment_id: str, path: str) -> AbstractContextManager[tuple[httpx.AsyncClient, Timing]]:
        """A client for one request, and its clock. Raises VendorUnavailable if the deployment takes none now."""


class Gateway:
    """Passes requests below `/PREFIX/KEY/` on to where the ways lead."""

    def __init__(self, prefix: str, ways: Ways) -> None:
        self.prefix = prefix
        self._ways = ways

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        key = request.path_params["key"]
        send = announcing(send, self._ways.notice(key))
        try:
            await self._deliver(request, key, send)
        except (NotFound, VendorUnavailable, VendorOutcomeUnknown) as error:
            await problem(error)(scope, receive, send)
        except ClientDisconnect:
            _logger.debug("gateway.client_gone", extra={"key": key})

    async def _deliver(self, request: Request, key: str, send: Send) -> None:
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        gone = _Gone(request, has_body=has_body)
        chosen = self._ways.choose(key)
        try:
            await self._forward(request, gone, key, chosen, send)
        except VendorUnavailable:
            other = self._ways.other(key, chosen)
            if other is None or gone.body_begun:
                raise
            _logger.info("gateway.given_to_another", extra={"key": key, "deployment": chosen, "other": other})
            await self._forward(request, gone, key, other, send)

    async def _forward(self, request: Request, gone: "_Gone", key: str, deployment_id: str, send: Send) -> None:
        """Raises VendorUnavailable if not a byte was delivered, VendorOutcomeUnknown if one may have been."""
        target = httpx.URL("http://integration").copy_with(raw_path=_target(request))
        with self._ways.request(deployment_id, target.path) as (client, timing):
            outgoing = client.build_request(
                request.method,
                target,
                headers=_onward(request, f"/{self.prefix}/{key}"),
                content=gone.body() if gone.has_body else None,
                timeout=ANSWER_TIMEOUT,
            )
            try:
                incoming = await _unless_gone(client.send(outgoing, stream=True), gone)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise VendorUnavailable("The integration does not answer.", retry_after=RETRY_AFTER_SECONDS) from error
            except httpx.TransportError as error:
                raise VendorOutcomeUnknown("The integration broke off before it answered.") from error
            timing.answered(incoming.status_code)
            try:
                answer = StreamingResponse(_content(incoming, timing), status_code=incoming.status_code)
                answer.raw_headers = _end_to_end(incoming.headers.raw)
                await answer(request.scope, request.receive, send)
            finally:
                await incoming.aclose()


class _Gone:
    """Knows when the client has gone away, which ASGI tells only after the whole body has been read."""

    def __init__(self, request: Request, *, has_body: bool) -> None:
        self.has_body = has_body
        self.body_begun = False
        self._request = request
        self._body_read = asyncio.Event()
        if not has_body:
            self._body_read.set()

    async def body(self) -> AsyncIterator[bytes]:
        self.body_begun = True
        async for chunk in self._request.stream():
            yield chunk
        self._body_read.set()

    async def wait(self) -> None:
        await self._body_read.wait()
        while (await self._request.receive())["type"] != "http.disconnect":
            pass


async def _unless_gone(answer: Coroutine[None, None, httpx.Response], gone: _Gone) -> httpx.Response:
    """The answer, or ClientDisconnect if nobody waits for it any more; the integration then sees the request end."""
    tasks = asyncio.create_task(answer), asyncio.create_task(gone.wait())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not tasks[0].done():
            raise ClientDisconnect
        return await tasks[0]
    finally:
        for task in tasks:
            task.cancel()


async def _content(incoming: httpx.Response, timing: Timing) -> AsyncIterator[bytes]:
    try:
        async for chunk in incoming.aiter_raw():
            yield chunk
    except httpx.TransportError:
        timing.broke_off()
        raise


def _target(request: Request) -> bytes:
    """What follows the key, as it was sent, for a path decoded and encoded again may be another path."""
    rest = request.scope["raw_path"].split(b"/", 3)[3:] or [b""]
    query = b"?" + request.scope["query_string"] if request.scope["query_string"] else b""
    return bytes(b"/" + rest[0] + query)


def _end_to_end(headers: Headers) -> Headers:
    lower = [(name.lower(), value) for name, value in headers]
    named = {token.strip().lower() for name, value in lower if name == b"connection" for token in value.split(b",")}
    return [(name, value) for name, value in lower if name not in _HOP_BY_HOP | (named - {b"content-length"})]


def _onward(request: Request, prefix: str) -> Headers:
    headers = [(name, value) for name, value in _end_to_end(request.headers.raw) if name not in _FORWARDED]
    before = [value for name, value in headers if name == b"x-forwarded-for"]
    client = request.client.host.encode() if request.client else b"unknown"
    return [
        *((name, value) for name, value in headers if name != b"x-forwarded-for"),
        (b"x-forwarded-for", b", ".join([*before, client])),
        (b"x-forwarded-proto", request.url.scheme.encode()),
        (b"x-forwarded-host", request.headers.get("host", "").encode("latin-1")),
        (b"x-forwarded-prefix", prefix.encode()),
    ]
