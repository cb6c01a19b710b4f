"""Closing a connection without an answer, which ASGI has no word for."""

import asyncio

from starlette.types import Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT = "simulators.transport"


class HangUpProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with the connection's transport in each request's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own narrowing
        self.app_state = {**self.app_state, _TRANSPORT: transport}
        super().connection_made(transport)


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection at once and wait until it is closed, so that the server sends nothing more."""
    transport: asyncio.Transport = scope["state"][_TRANSPORT]
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
