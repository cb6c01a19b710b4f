"""Server-sent events, with the faults a script asks for, billed for what was streamed."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulators.claude import rendering
from simulators.claude.accounting import Ledger
from simulators.claude.errors import ApiError
from simulators.claude.limits import Limits

LONGEST_STALL = 600.0
PING_SECONDS = 0.05


def scripted_error(error: Mapping[str, Any]) -> ApiError:
    return ApiError(
        error["type"],
        error.get("message", error["type"]),
        status=error.get("status"),
        retry_after=error.get("retry_after"),
    )


class EventStream(Response):
    """A stream that ends as its `faults` say.

    `drop_after_events` closes the connection there; `drop_after_blocks` does after so many whole blocks and the
    beginning of the next; `error` with `error_after_events` sends an error event instead of the rest;
    `pause_seconds` waits before each event from the second on; `stall_after_events` falls silent there, and
    `ping_after_events` sends nothing but pings from there on. A client that goes ends the answer.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        reply: rendering.Reply,
        faults: Mapping[str, Any],
        *,
        ledger: Ledger,
        limits: Limits,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(headers={**headers, "cache-control": "no-cache"})
        del self.headers["content-length"]
        self._reply = reply
        self._faults = faults
        self._ledger = ledger
        self._limits = limits
        self._streamed = 1
        self._whole = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if await self._stream(send, gone):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            # Else it ends without a last chunk, and the server closes the connection, as a fallen peer would.
        finally:
            gone.cancel()
            self._ledger.end(self._reply.id, self._streamed, cut=not self._whole)
            self._limits.generated(self._streamed)

    async def _stream(self, send: Send, gone: asyncio.Future[None]) -> bool:
        """Whether the connection ends as it should."""
        faults = self._faults
        last: rendering.Event | None = None
        for number, event in enumerate(self._reply.events()):
            if number and "pause_seconds" in faults:
                await asyncio.wait({gone}, timeout=faults["pause_seconds"])
            if number == faults.get("stall_after_events"):
                await asyncio.wait({gone}, timeout=LONGEST_STALL)
            if number == faults.get("ping_after_events"):
                await _ping(send, gone)
            if gone.done() or number == faults.get("drop_after_events") or self._broken(last, event):
                return False
            if number == faults.get("error_after_events"):
                error = scripted_error(faults["error"])
                await send(_chunk(rendering.event("error", error.body(self.headers["request-id"]))))
                return True
            await send(_chunk(event.encoded()))
            self._streamed, self._whole, last = event.streamed, event.name == "message_stop", event
        return True

    def _broken(self, last: rendering.Event | None, event: rendering.Event) -> bool:
        wanted = self._faults.get("drop_after_blocks")
        if wanted is None or last is None or last.blocks != wanted:
            return False
        return last.name == "content_block_delta" or event.name == "message_delta"


async def _ping(send: Send, gone: asyncio.Future[None]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_STALL):
            while not gone.done():
                await send(_chunk(rendering.event("ping", {})))
                await asyncio.wait({gone}, timeout=PING_SECONDS)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _chunk(data: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": True}
