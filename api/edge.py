"""What every request passes: limits on the body, security headers, one log line.

FastAPI could limit the body itself, but it answers in plain text; here it is a problem like all others.
"""

import logging
import time

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.codec import PREFIX
from api.problems import TOO_LARGE, problem

MAX_BODY = 1_000_000
MAX_DOCUMENT = 25_000_000
DOCUMENTS_PATH = "/api/v1/documents"

_log = logging.getLogger("ccb.api.access")

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
_STRICT = b"default-src 'none'; frame-ancestors 'none'"
# The documentation page is Swagger UI, which FastAPI loads from this CDN and starts with an inline script.
_DOCS = (
    b"default-src 'none'; connect-src 'self'; frame-ancestors 'none'; img-src 'self' data: https://fastapi.tiangolo.com;"
    b" script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src 'unsafe-inline' https://cdn.jsdelivr.net"
)


def limit_of(path: str) -> int:
    """Bytes a body may have."""
    return MAX_DOCUMENT if path == DOCUMENTS_PATH else MAX_BODY


def _too_large(limit: int) -> str:
    return f"The body is larger than the {limit // 1_000_000} MB taken here. Send a smaller one."


class Edge:
    """Pure ASGI, so that streamed answers stay streamed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        limit = limit_of(path)
        started = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                policy = _DOCS if path in {"/docs", "/redoc"} else _STRICT
                message["headers"] = [*message["headers"], *_HEADERS, (b"content-security-policy", policy)]
            await send(message)

        try:
            if _declared(scope) > limit:
                refusal = problem(path, status=413, code=TOO_LARGE, detail=_too_large(limit))
                await refusal(scope, receive, sending)
            else:
                await self._app(scope, _bounded(receive, limit), sending)
        finally:
            seconds = round(time.perf_counter() - started, 4)
            about = {"method": scope["method"], "path": _shown(path), "status": status, "seconds": seconds}
            _log.info("request", extra=about)


def _shown(path: str) -> str:
    """The path for the log: the codec server's holds a token."""
    return f"{PREFIX}/…" if path.startswith(f"{PREFIX}/") else path


def _declared(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _bounded(receive: Receive, limit: int) -> Receive:
    """`receive` that refuses a body that grows beyond `limit`, for bodies that do not say how long they are."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise HTTPException(413, detail=_too_large(limit))
        return message

    return bounded
