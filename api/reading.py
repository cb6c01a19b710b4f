"""Reading a request's body: no more of it than is taken here, and no longer than it may take."""

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

MAX_BODY = 1_000_000
MAX_DOCUMENT = 25_000_000
MAX_GITHUB_DELIVERY = 25_000_000
"""GitHub sends nothing larger (docs.github.com/webhooks/webhook-events-and-payloads)."""
GITHUB_PATH = "/webhooks/github"
DOCUMENTS_PATH = "/api/v1/documents"
TOO_SLOW = "The request did not arrive in time. Send it again, without pauses."
CLOSE = {"Connection": "close"}

_LIMITS = {DOCUMENTS_PATH: MAX_DOCUMENT, GITHUB_PATH: MAX_GITHUB_DELIVERY}


def limit_of(path: str) -> int:
    """Bytes a body may have."""
    return _LIMITS.get(path, MAX_BODY)


def too_large(limit: int) -> str:
    return f"The body is larger than the {limit // 1_000_000} MB taken here. Send a smaller one."


def declared(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


class Reading:
    """`receive` that refuses a body that grows beyond `limit`, or that stands still for longer than `pause` seconds.

    Bodies need not say how long they are, so that they are counted as they come.
    """

    def __init__(self, scope: Scope, receive: Receive, *, limit: int, pause: float) -> None:
        self._receive = receive
        self._limit = limit
        self._pause = pause
        self._taken = 0
        headers = Headers(scope=scope)
        # Neither says that there is a body, so there is none (RFC 9112 §6.3).
        self.whole = "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"

    async def receive(self) -> Message:
        if self.whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._pause):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, detail=TOO_SLOW, headers=CLOSE) from error
        self._taken += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        if self._taken > self._limit:
            raise HTTPException(413, detail=too_large(self._limit))
        return message
