"""The layers before the application, the outermost last: kept answers, rate limits, CORS, and the edge."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from adapters.counters import FallbackCounters
from api import repeats
from api.codec import PREFIX
from api.edge import Edge
from api.metrics import Metrics
from api.rates import Limiter, Rates
from api.repeats import Answers
from api.services import Services

_ALLOWED = [
    "Authorization",
    "CCB-Device",
    "CCB-Organization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
]
_EXPOSED = ["Deprecation", "ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "Sunset"]
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_REMEMBERED = 600


class Cors(CORSMiddleware):
    """What web pages of other origins may ask. The codec server, which another page asks, has its own answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/"):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def install(app: FastAPI, services: Services) -> None:
    counters = services.counters
    metrics = Metrics(services.connections, lambda: counters.shared if isinstance(counters, FallbackCounters) else True)
    app.state.metrics = metrics
    app.add_middleware(Answers)
    app.add_middleware(Rates, limiter=Limiter(services.rates, counters, metrics.limited))
    if services.edge.origins:
        app.add_middleware(
            Cors,
            allow_origins=services.edge.origins,
            allow_methods=_METHODS,
            allow_headers=_ALLOWED,
            expose_headers=_EXPOSED,
            max_age=_REMEMBERED,
        )
    app.add_middleware(Edge, settings=services.edge, metrics=metrics)


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """Old keys are forgotten while the block lasts."""
    pruning = asyncio.create_task(repeats.prune(services.repeats, older_than=services.edge.repeats_kept))
    try:
        yield
    finally:
        pruning.cancel()
        await asyncio.gather(pruning, return_exceptions=True)
