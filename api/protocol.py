"""How connections are served: uvicorn, with no patience for clients that cost more than they ask.

uvicorn waits without end for a request's head, and for a client to read its answer; both are bounded here. A head, with
the path, may have 16 KB.
"""

import asyncio
from functools import partial
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from api.problems import problem

MAX_HEAD = 16 * 1024
KEEP_ALIVE = 5
_UNREAD = 3
"""For how many times as long as it may pause in sending a client may leave what it is sent unread."""
GRACE = 5
"""Seconds that requests under way are given to end when the server does."""


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1. The head of a request has to be whole `patience` seconds after its first byte."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        patience: float,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._patience = patience
        self._head: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(_UNREAD * self._patience, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def _watch(self) -> None:
        """The timer runs from a request's first byte until its head is whole, whatever trickles in meanwhile.

        Between two requests uvicorn's own timer runs, until the first byte of the next.
        """
        at_work = self.cycle is not None and not self.cycle.response_complete
        if at_work or self.transport.is_closing():
            if self._head is not None:
                self._head.cancel()
                self._head = None
        elif self._head is None:
            self._head = self.loop.call_later(self._patience, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """As a problem, like all that is refused."""
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.close()
            return
        detail = f"This is not HTTP/1.1, or its head is longer than {MAX_HEAD // 1024} KB."
        answer = problem("", status=400, code="bad_request", detail=detail, headers={"Connection": "close"})
        for event in (
            h11.Response(status_code=400, headers=answer.raw_headers, reason=b"Bad Request"),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def configured(app: ASGIApp, *, patience: float) -> uvicorn.Config:
    """What uvicorn serves `app` with. Proxies are the application's to believe or not."""
    return uvicorn.Config(
        app,
        port=0,
        http=partial(ImpatientProtocol, patience=patience),  # type: ignore[arg-type]  # it is only called
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
