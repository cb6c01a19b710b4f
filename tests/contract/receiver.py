"""A small HTTP server that takes what the simulators send: webhooks and callbacks."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.servers import free_ports


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, in order. `status` and `body` are what the next ones are answered with."""

    url: str
    received: list[Received] = field(default_factory=list)
    status: int = 202
    body: str = "ok"

    def at(self, path: str) -> list[Received]:
        return [each for each in self.received if each.path == path]

    def clear(self) -> None:
        self.received.clear()
        self.status, self.body = 202, "ok"


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    (port,) = free_ports(1)
    receiver = Receiver(f"http://127.0.0.1:{port}")

    async def take(request: Request) -> Response:
        body = await request.body()
        receiver.received.append(Received(request.url.path, dict(request.headers), body))
        kind = "application/json" if receiver.body.startswith("{") else "text/plain"
        return Response(receiver.body, receiver.status, media_type=kind)

    app = Starlette(routes=[Route("/{rest:path}", take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", access_log=False, log_level="warning"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.01)
    try:
        yield receiver
    finally:
        server.should_exit = True
        await task
