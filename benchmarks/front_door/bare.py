"""The floor: `python -m benchmarks.front_door.bare` serves the least that does the same, over the same database.

The signature and one insert; the same queries as the product's reads, their rows as JSON. Starlette on the product's
uvicorn settings, and asyncpg without SQLAlchemy, on as many connections as the product has.
"""

import asyncio
import hashlib
import hmac
import os
import sys
from datetime import UTC, datetime
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import uvicorn
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.database import DatabaseSettings
from api.protocol import configured
from domain.ids import DEFAULT_ORGANIZATION

PORT, SECRET = "FRONT_DOOR_PORT", "FRONT_DOOR_SECRET"
TABLE: Final = "CREATE TABLE bare (source text, id text, stored_at timestamptz, body bytea, PRIMARY KEY (source, id))"

_STORE = "INSERT INTO bare (source, id, stored_at, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
_ONE = """SELECT * FROM integrations WHERE (id = $1 OR name = $1) AND organization_id = $2
ORDER BY stage IN ('failed', 'retired'), created_at DESC, id DESC LIMIT 1"""
_VERSIONS = "SELECT document, created_at FROM versions WHERE integration_id = $1 ORDER BY created_at, version"
_ENTRY = "SELECT document, registered_at FROM registry WHERE integration_id = $1 AND is_current"
_LIST = "SELECT * FROM integrations WHERE organization_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2"


class Bare:
    def __init__(self, pool: asyncpg.Pool, secret: str) -> None:
        self._pool = pool
        self._secret = secret.encode()

    async def take(self, request: Request) -> Response:
        body = await request.body()
        expected = f"sha256={hmac.new(self._secret, body, hashlib.sha256).hexdigest()}"
        if not hmac.compare_digest(expected, request.headers.get("x-hub-signature-256", "")):
            return Response(status_code=401)
        delivery = request.headers["x-github-delivery"]
        async with self._pool.acquire() as connection:
            await connection.execute(_STORE, "github", delivery, datetime.now(UTC), body)
        return _json({"delivery": delivery}, status=202)

    async def one(self, request: Request) -> Response:
        async with self._pool.acquire() as connection:
            found = await connection.fetchrow(_ONE, request.path_params["integration"], DEFAULT_ORGANIZATION)
            versions = await connection.fetch(_VERSIONS, found["id"])
            entry = await connection.fetchrow(_ENTRY, found["id"])
        return _json({**found, "versions": [dict(one) for one in versions], "registry": dict(entry) if entry else None})

    async def many(self, _request: Request) -> Response:
        async with self._pool.acquire() as connection:
            found = await connection.fetch(_LIST, DEFAULT_ORGANIZATION, 51)
        return _json({"items": [dict(one) for one in found[:50]]})


def _json(value: object, *, status: int = 200) -> Response:
    return Response(to_json(value), status_code=status, media_type="application/json")


async def serve() -> None:
    settings = DatabaseSettings()
    url = settings.parsed()
    pool = await asyncpg.create_pool(
        host=url.host,
        port=url.port,
        user=url.username,
        password=url.password,
        database=url.database,
        min_size=settings.pool_size,
        max_size=settings.pool_size,
    )
    bare = Bare(pool, os.environ[SECRET])
    routes = [
        Route("/webhooks/github", bare.take, methods=["POST"]),
        Route("/api/v1/integrations/{integration}", bare.one),
        Route("/api/v1/integrations", bare.many),
        Route("/health/ready", lambda _request: Response()),
    ]
    config = configured(Starlette(routes=routes), patience=10)
    config.port = int(os.environ[PORT])
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    sys.exit(asyncio.run(serve()))
