"""A world to be tried with whatever the document admits: an API of its own, with something of everything in it."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from pydantic import SecretStr

from adapters.artifacts import ArtifactSettings
from adapters.attestation.envelopes import DsseVerifier
from adapters.database import DatabaseSettings
from adapters.database.migrate import migrate
from adapters.packages import Packages, PackageSettings
from adapters.process_target import Control, ProcessTargetSettings, Runner
from adapters.process_target.hosts import PrivateHosts
from api.wiring import ProcessSettings
from domain.people import Role
from domain.plan import Capability, OperationUse, Plan, SecretKey
from tests import proofs
from tests.api.staged import staged
from tests.api.world import World, a_request, until

KNOWN = "weather-reports"
"""The name that the document's examples of paths use."""


PLAN = Plan(
    name=KNOWN,
    summary="Reports the weather.",
    base_url="https://weather.example.com",
    capabilities=[
        Capability(
            name="cities.list",
            description="Lists cities.",
            method="get",
            route="/cities",
            operation=OperationUse(method="get", path="/cities", purpose="Read."),
        )
    ],
    hosts=["weather.example.com"],
    secrets=[SecretKey(name="API_TOKEN", description="Of the weather service.")],
    acceptance=["It lists cities."],
)


@asynccontextmanager
async def fuzzed(settings: ProcessSettings, data_dir: Path, namespace: str) -> AsyncIterator[World]:
    url = f"sqlite+aiosqlite:///{data_dir}/ccb.db"
    await migrate(url)
    own = dataclasses.replace(
        settings,
        api=settings.api.model_copy(update={"data_dir": data_dir, "patience": 5.0}),
        temporal=settings.temporal.model_copy(update={"namespace": namespace}),
        database=DatabaseSettings(url=SecretStr(url)),
        artifacts=ArtifactSettings(url=f"file://{data_dir}/artifacts"),
    )
    plan = PLAN.model_dump_json().encode()
    async with runner(data_dir, settings) as at, staged(_at(own, at), files=b"{}", plan=plan) as world:
        await _furnish(world)
        yield world


def _at(settings: ProcessSettings, runner: str) -> ProcessSettings:
    return dataclasses.replace(settings, target=settings.target.model_copy(update={"url": runner}))


@asynccontextmanager
async def runner(data_dir: Path, settings: ProcessSettings) -> AsyncIterator[str]:
    """A runner of which nothing is asked to run."""
    packages = Packages(data_dir / "packages", PackageSettings())
    verifier, private = DsseVerifier(proofs.public()), PrivateHosts.parse("")
    nothing = Runner(data_dir / "runner", "http://127.0.0.1", verifier, private, packages)
    assert isinstance(settings.target, ProcessTargetSettings)
    app = Control(nothing, settings.target.key).application()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    await until(lambda: _is(server.started or serving.done()))
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def _is(value: bool) -> bool:
    return value


async def _furnish(world: World) -> None:
    """One integration under way, by the name of the examples, and some others."""
    async with world.client(Role.ADMIN) as api:
        for name in (KNOWN, "project-issues", "cities"):
            answer = await api.post("/api/v1/integrations", json=a_request(name=name))
            assert answer.status_code == 202, answer.text
