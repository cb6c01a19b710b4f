"""What every request passes: who sends it, limits of size and time, security headers, one log line, its figures.

FastAPI could limit the body itself, but it answers in plain text; here it is a problem like all others.
"""

import asyncio
import logging
import re
import time
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.clients import host_of, seen_through
from api.codec import PREFIX
from api.metrics import Metrics
from api.problems import TOO_LARGE, problem
from api.protocol import MAX_HEAD
from api.reading import CLOSE, TOO_SLOW, Reading, declared, limit_of, too_large
from api.settings import EdgeSettings

MAX_TARGET = 8_000
"""Bytes of a path and its query (RFC 9110 §4.1 wants 8,000 at least)."""
_TRY_AGAIN = 5
_ABSOLUTE = re.compile(rb"https?://([^/?#]+)(/.*)?", re.IGNORECASE | re.DOTALL)

_log = logging.getLogger("ccb.api.access")

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
_STRICT = b"default-src 'none'; frame-ancestors 'none'"
# The documentation page is Swagger UI, which FastAPI loads from this CDN and starts with an inline script.
_DOCS = (
    b"default-src 'none'; connect-src 'self'; frame-ancestors 'none'; img-src 'self' data: https://fastapi.tiangolo.com;"
    b" script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src 'unsafe-inline' https://cdn.jsdelivr.net"
)
_ONE_YEAR = b"max-age=31536000"


class Edge:
    """Pure ASGI, so that streamed answers stay streamed."""

    def __init__(self, app: ASGIApp, settings: EdgeSettings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._proxies = settings.proxies
        self._metrics = metrics
        secured = (settings.public_url or "").startswith("https://")
        self._headers = [*_HEADERS, *([(b"strict-transport-security", _ONE_YEAR)] if secured else [])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = seen_through(_in_origin_form(scope), self._proxies)
        answer = _Answer(send, self._headers, _DOCS if scope["path"] in {"/docs", "/redoc"} else _STRICT)
        self._metrics.in_flight.inc()
        try:
            await self._answered(scope, receive, answer)
        finally:
            self._metrics.in_flight.dec()
            self._noted(scope, answer)

    async def _answered(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        path: str = scope["path"]
        limit = limit_of(path)
        if (refusal := _refused(scope, limit)) is not None:
            await refusal(scope, receive, answer.send)
            return
        reading = Reading(scope, receive, limit=limit, pause=self._settings.read_timeout)
        deadline = answer.deadline = asyncio.timeout(self._settings.request_timeout)
        try:
            async with deadline:
                await self._app(scope, reading.receive, answer.send)
        except TimeoutError:
            if answer.status or not deadline.expired():
                raise
            late = _late(path) if reading.whole else _slow(path)
            await late(scope, receive, answer.send)

    def _noted(self, scope: Scope, answer: "_Answer") -> None:
        """A request that ends without an answer is answered with 500 further out."""
        status = answer.status or 500
        self._metrics.answered(scope, status, answer.began - answer.asked if answer.status else answer.taken)
        about = {"method": scope["method"], "path": _shown(scope["path"]), "client": host_of(scope)}
        _log.info("request", extra={**about, "status": status, "seconds": round(answer.taken, 4)})


class _Answer:
    """`send`, with security headers; a deadline that ends when the answer begins, for answers may be streams."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]], policy: bytes) -> None:
        self._send = send
        self._headers = [*headers, (b"content-security-policy", policy)]
        self.deadline: asyncio.Timeout | None = None
        self.asked = time.perf_counter()
        self.began = 0.0
        self.status = 0

    @property
    def taken(self) -> float:
        """Seconds until now."""
        return time.perf_counter() - self.asked

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.began = time.perf_counter()
            self.status = message["status"]
            there = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(one for one in self._headers if one[0] not in there)]
            if self.deadline is not None and not self.deadline.expired():
                self.deadline.reschedule(None)
        await self._send(message)


def _in_origin_form(scope: Scope) -> Scope:
    """Without scheme and authority, which a target may have; the authority takes the place of Host (RFC 9112 §3.2)."""
    if scope["path"].startswith("/"):
        return scope
    found = _ABSOLUTE.fullmatch(scope.get("raw_path") or b"")
    if found is None:
        return scope
    raw_path = found[2] or b"/"
    headers = [(b"host", found[1]), *(one for one in scope["headers"] if one[0] != b"host")]
    return {**scope, "path": unquote(raw_path.decode("ascii")), "raw_path": raw_path, "headers": headers}


def _refused(scope: Scope, limit: int) -> ASGIApp | None:
    path: str = scope["path"]
    # The server looks only at heads that are not whole yet; one that comes in one piece it takes.
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEAD:
        detail = f"The headers are longer than {MAX_HEAD // 1024} KB. Send fewer, or shorter ones."
        return problem(path, status=431, code="request_header_fields_too_large", detail=detail, headers=CLOSE)
    names = {name for name, _ in scope["headers"]}
    if {b"content-length", b"transfer-encoding"} <= names:
        # Who stands between may see another end of it than we do (RFC 9112 §6.1).
        detail = "A body is either chunked or has a Content-Length: send one of the two headers."
        return problem(path, status=400, code="bad_request", detail=detail, headers=CLOSE)
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET:
        detail = f"The path and its query are longer than {MAX_TARGET:,} bytes. Send what is long in a body."
        return problem(path[:200], status=414, code="uri_too_long", detail=detail)
    if declared(scope) > limit:
        return problem(path, status=413, code=TOO_LARGE, detail=too_large(limit))
    return None


def _slow(path: str) -> ASGIApp:
    return problem(path, status=408, code="request_timeout", detail=TOO_SLOW, headers=CLOSE)


def _late(path: str) -> ASGIApp:
    return problem(
        path,
        status=503,
        code="timeout",
        detail="This took longer than is waited for here. What was begun may still be done: look, or ask again with "
        "the same Idempotency-Key.",
        headers={"Retry-After": str(_TRY_AGAIN)},
    )


def _shown(path: str) -> str:
    """The path for the log: the codec server's holds a token."""
    return f"{PREFIX}/…" if path.startswith(f"{PREFIX}/") else path
