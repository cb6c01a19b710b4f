"""The API as it runs: uvicorn on a free port, SQLite and artifacts as files, a real Temporal server."""

import asyncio
import hashlib
import hmac
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import httpx
import uvicorn

from api.app import create_app
from api.protocol import configured
from api.services import Services
from api.wiring import ProcessSettings
from domain import ids
from domain.people import Person, Role

WEBHOOK_SECRET = "a webhook secret for tests"
SIGNING_SECRET = "a signing secret for tests"
TRACKER_SECRET = "a secret of trackers for tests"
RETIRED_SECRET = "a secret that is being rotated out"
REPOSITORY = "acme/integrations"

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Weather", "version": "1"},
    "servers": [{"url": "https://weather.example.com/v1"}],
    "paths": {"/cities": {"get": {"operationId": "listCities", "responses": {"200": {"description": "ok"}}}}},
}


def environment_of(settings: ProcessSettings, port: int) -> dict[str, str]:
    """What an API process of its own is given, over the same database and Temporal."""
    return {
        "CCB_DATA_DIR": str(settings.api.data_dir),
        "CCB_API_PORT": str(port),
        "CCB_TEMPORAL_ADDRESS": settings.temporal.address,
        "CCB_DATABASE_URL": settings.database.url.get_secret_value(),
        "CCB_SECRETS_KEY": settings.secrets.key.get_secret_value(),
        "CCB_TOKENS_KEYS": settings.door.tokens.keys.get_secret_value(),
        "CCB_ARTIFACTS_URL": settings.artifacts.url,
        "CCB_RUNNER_KEY": settings.target.key.get_secret_value(),
        "CCB_GITHUB_REPOSITORY": REPOSITORY,
        **{f"CCB_RATE_{name}": "none" for name in ("PER_USER", "PER_IP", "GLOBAL", "BURST", "WEBHOOKS")},
    }


@dataclass
class World:
    """A running API. `key(role)` is the key of a person with that role; the operator's is in `data_dir`."""

    url: str
    services: Services
    data_dir: Path
    _keys: dict[str, str] = field(default_factory=dict)

    async def person(self, name: str, role: Role) -> Person:
        return await self.services.people.ensure(name, role)

    async def key(self, role: Role, name: str | None = None) -> str:
        name = name or f"the {role}"
        if name not in self._keys:
            person = await self.person(name, role)
            issued = await self.services.people.issue_key(person.id, label="tests")
            self._keys[name] = issued.get_secret_value()
        return self._keys[name]

    @asynccontextmanager
    async def client(self, role: Role | None = Role.ADMIN, name: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Authorization": f"Bearer {await self.key(role, name)}"} if role else {}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30, trust_env=False) as client:
            yield client

    async def ccb(self, *arguments: str, key: str | None = None) -> "Ran":
        """`ccb` as a process of its own. Without a key it finds the operator's, as `ccb up` leaves it."""
        environment = {"PATH": "/usr/bin:/bin", "CCB_DATA_DIR": str(self.data_dir), "COLUMNS": "200"}
        if key is not None:
            environment["CCB_API_KEY"] = key
        return await run_ccb(*arguments, environment=environment, folder=self.data_dir)


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> object:
        return json.loads(self.out)


async def run_ccb(*arguments: str, environment: dict[str, str], folder: Path) -> Ran:
    child = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "ccb",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        cwd=folder,
    )
    async with asyncio.timeout(60):
        out, err = await child.communicate()
    assert child.returncode is not None
    return Ran(child.returncode, out.decode(), err.decode())


@asynccontextmanager
async def served(services: Services) -> AsyncIterator[str]:
    """The URL of the API over `services`, while it runs."""
    config = configured(create_app(services), patience=services.edge.read_timeout)
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: _answer(server.started or serving.done()))
    if serving.done():
        await serving
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def _answer(value: bool) -> bool:
    return value


async def until(true: Callable[[], Awaitable[bool]], *, within: float = 20.0) -> None:
    """Wait for what is to become true; TimeoutError if it does not."""
    async with asyncio.timeout(within):
        while True:
            if await true():
                return
            await asyncio.sleep(0.02)


def a_request(**changes: object) -> dict[str, object]:
    """A request for an integration, as JSON."""
    document = {"url": "https://weather.example.com/openapi.json"}
    return {"title": "List the cities", "document": document, **changes}


def fresh_name(stem: str) -> str:
    return f"{stem}-{ids.new('x')[-8:]}"


def github_delivery(
    body: bytes, *, event: str = "issues", delivery: str | None = None, secret: str = WEBHOOK_SECRET
) -> dict[str, str]:
    """The headers that GitHub sends with `body`."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery or ids.new("delivery"),
        "X-Hub-Signature-256": f"sha256={digest}",
    }


def slack_interaction(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def slack_headers(body: bytes, *, at: float | None = None, secret: str = SIGNING_SECRET) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }
