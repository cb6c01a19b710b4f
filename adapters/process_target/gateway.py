"""The gateway: stable URLs `/i/NAME/…` and each deployment's own `/d/ID/…`, passed on to its unix socket.

It asks for no key: it is the service. The way of a request is chosen once, when it comes in, so that a switch is
atomic and what is under way ends where it began.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from adapters.process_target.deployment import Deployment
from adapters.process_target.problems import problem
from domain.errors import NotFound, VendorOutcomeUnknown, VendorUnavailable

RETRY_AFTER_SECONDS = 1
ANSWER_TIMEOUT = httpx.Timeout(None, connect=5.0, read=300.0)
# RFC 9110 §7.6.1
_HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
_FORWARDED = {b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix"}

Headers = list[tuple[bytes, bytes]]

_logger = logging.getLogger(__name__)


class Gateway:
    """Passes requests below `/PREFIX/KEY/` on to what `find(key)` returns."""

    def __init__(self, prefix: str, find: Callable[[str], Deployment]) -> None:
        self._prefix = prefix
        self._find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        key = request.path_params["key"]
        try:
            deployment = self._find(key)
            with deployment.request() as client:
                await self._forward(request, client, send, prefix=f"/{self._prefix}/{key}")
        except (NotFound, VendorUnavailable, VendorOutcomeUnknown) as error:
            await problem(error)(scope, receive, send)
        except ClientDisconnect:
            _logger.debug("gateway.client_gone", extra={"key": key})

    async def _forward(self, request: Request, client: httpx.AsyncClient, send: Send, *, prefix: str) -> None:
        # As it was sent, for a path decoded and encoded again may be another path.
        rest = request.scope["raw_path"].split(b"/", 3)[3:] or [b""]
        query = b"?" + request.scope["query_string"] if request.scope["query_string"] else b""
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        gone = _Gone(request, has_body=has_body)
        outgoing = client.build_request(
            request.method,
            httpx.URL("http://integration").copy_with(raw_path=b"/" + rest[0] + query),
            headers=_onward(request, prefix),
            content=gone.body() if has_body else None,
            timeout=ANSWER_TIMEOUT,
        )
        try:
            incoming = await _unless_gone(client.send(outgoing, stream=True), gone)
        except httpx.ConnectError as error:
            raise VendorUnavailable("The integration does not answer.", retry_after=RETRY_AFTER_SECONDS) from error
        except httpx.TransportError as error:
            raise VendorOutcomeUnknown("The integration broke off before it answered.") from error
        try:
            answer = StreamingResponse(incoming.aiter_raw(), status_code=incoming.status_code)
            answer.raw_headers = _end_to_end(incoming.headers.raw)
            await answer(request.scope, request.receive, send)
        finally:
            await incoming.aclose()


class _Gone:
    """Knows when the client has gone away, which ASGI tells only after the whole body has been read."""

    def __init__(self, request: Request, *, has_body: bool) -> None:
        self._request = request
        self._body_read = asyncio.Event()
        if not has_body:
            self._body_read.set()

    async def body(self) -> AsyncIterator[bytes]:
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
