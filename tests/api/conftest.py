"""The fixtures of the API's tests: one Temporal server, one API with a run behind it, one without a worker."""

import base64
import dataclasses
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.service import RPCError

from adapters.artifacts import ArtifactSettings
from adapters.database import DatabaseSettings, SecretsSettings
from adapters.database.migrate import migrate
from adapters.openapi import OpenApiSettings
from adapters.policy import ReviewSettings
from adapters.process_target import ProcessTargetSettings
from adapters.temporal import TemporalSettings
from adapters.tokens import PasswordSettings, TokenSettings
from api.logins import DoorSettings
from api.settings import AccountSettings, ApiSettings, RateSettings, WebhookSettings
from api.wiring import ProcessSettings, open_services
from domain.accounts import Registration
from tests.api.doors import Door, open_the_door
from tests.api.staged import staged
from tests.api.world import (
    REPOSITORY,
    RETIRED_SECRET,
    SIGNING_SECRET,
    TRACKER_SECRET,
    WEBHOOK_SECRET,
    World,
    served,
)
from tests.servers import folder, free_ports, process, ready

IDLE = "idle"
"""A namespace in which no worker runs."""
FUZZED = "fuzzed"
"""That of the API which is tried with whatever its document admits."""


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[str]:
    """The address of a Temporal server with our search attributes."""
    binary = Path(sys.executable).parent / "temporal"
    port, http, metrics = free_ports(3)
    attributes = ("IntegrationId", "IntegrationName", "Operation", "Stage", "OrganizationId")
    command = [binary, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--http-port", str(http), "--metrics-port", str(metrics), "--namespace", IDLE, "--log-level", "warn"]
    command += ["--namespace", FUZZED]
    command += [part for name in attributes for part in ("--search-attribute", f"{name}=Keyword")]
    address = f"127.0.0.1:{port}"
    with folder() as home, process(command, log=home / "log") as child:

        async def ask() -> None:
            for namespace in ("default", IDLE, FUZZED):
                client = await Client.connect(address, namespace=namespace)
                await client.count_workflows("Stage = 'active'")

        await ready(ask, child, home / "log", RPCError, RuntimeError)
        yield address


@pytest.fixture(scope="session")
async def settings(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> ProcessSettings:
    data_dir = tmp_path_factory.mktemp("data")
    key = "ccb_" + secrets.token_urlsafe(32)
    (data_dir / "operator.key").write_text(key + "\n")
    url = f"sqlite+aiosqlite:///{data_dir}/ccb.db"
    await migrate(url)
    (nothing,) = free_ports(1)
    return ProcessSettings(
        api=ApiSettings(data_dir=data_dir, repository=REPOSITORY),
        review=ReviewSettings(),
        temporal=TemporalSettings(address=temporal),
        database=DatabaseSettings(url=SecretStr(url)),
        secrets=SecretsSettings(key=SecretStr(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())),
        artifacts=ArtifactSettings(url=f"file://{data_dir}/artifacts"),
        documents=OpenApiSettings(),
        target=ProcessTargetSettings(url=f"http://127.0.0.1:{nothing}", key=SecretStr(key), timeout=2),
        door=DoorSettings(
            accounts=AccountSettings(registration=Registration.OPEN),
            tokens=TokenSettings(keys=SecretStr(base64.b64encode(secrets.token_bytes(32)).decode())),
            passwords=PasswordSettings(memory_kib=64),
        ),
        rates=RateSettings.unlimited(),
        webhooks=WebhookSettings(
            github=SecretStr(WEBHOOK_SECRET),
            slack=SecretStr(SIGNING_SECRET),
            linear=SecretStr(f"{RETIRED_SECRET}, {TRACKER_SECRET}"),
            jira=SecretStr(f"{RETIRED_SECRET}, {TRACKER_SECRET}"),
        ),
    )


@pytest.fixture(scope="session")
async def world(settings: ProcessSettings) -> AsyncIterator[World]:
    """The API, with runs that answer."""
    async with staged(settings) as world:
        yield world


@pytest.fixture(scope="session")
async def idle(settings: ProcessSettings) -> AsyncIterator[World]:
    """The same API, but no worker takes its runs, and it does not wait long for one."""
    temporal = settings.temporal.model_copy(update={"namespace": IDLE})
    api = settings.api.model_copy(update={"patience": 0.5})
    services = await open_services(dataclasses.replace(settings, temporal=temporal, api=api))
    async with served(services) as url:
        yield World(url, services, settings.api.data_dir)
    await services.close()


@pytest.fixture(scope="session")
async def door(settings: ProcessSettings, world: World) -> AsyncIterator[Door]:
    """The API with a clock that tests set, and mail that they read."""
    async with open_the_door(settings, world.services) as door:
        yield door
