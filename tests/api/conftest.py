"""The fixtures of the API's tests: one Temporal server, one API with a run behind it, one without a worker."""

import base64
import dataclasses
import gc
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.testing import TestRunActivities
from adapters.artifacts import ArtifactSettings
from adapters.database import Database, DatabaseSettings, SecretsSettings, SqlIntegrations
from adapters.database.migrate import migrate
from adapters.openapi import OpenApiSettings
from adapters.policy import ReviewSettings
from adapters.process_target import ProcessTargetSettings
from adapters.temporal import ActivityInterceptor, TemporalSettings
from api.settings import ApiSettings, WebhookSettings
from api.wiring import ProcessSettings, open_services
from domain.runs import LIFECYCLE_QUEUE
from tests.api.stand_in import Deaf, StandIn, StandInActivities, StandInUpdate
from tests.api.stand_in_deploying import DeployingActivities, StandInDeploying
from tests.api.stand_in_ending import EndingActivities, StandInDeprecating, StandInRetiring, StandInUndeprecating
from tests.api.stand_in_testing import StandInTesting
from tests.api.world import REPOSITORY, SIGNING_SECRET, WEBHOOK_SECRET, World, served
from tests.servers import folder, free_ports, process, ready

IDLE = "idle"
"""A namespace in which no worker runs."""


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[str]:
    """The address of a Temporal server with our search attributes."""
    binary = Path(sys.executable).parent / "temporal"
    port, http, metrics = free_ports(3)
    attributes = ("IntegrationId", "IntegrationName", "Operation", "Stage", "OrganizationId")
    command = [binary, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--http-port", str(http), "--metrics-port", str(metrics), "--namespace", IDLE, "--log-level", "warn"]
    command += [part for name in attributes for part in ("--search-attribute", f"{name}=Keyword")]
    address = f"127.0.0.1:{port}"
    with folder() as home, process(command, log=home / "log") as child:

        async def ask() -> None:
            for namespace in ("default", IDLE):
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
        webhooks=WebhookSettings(github=SecretStr(WEBHOOK_SECRET), slack=SecretStr(SIGNING_SECRET)),
    )


@pytest.fixture(scope="session")
async def world(settings: ProcessSettings) -> AsyncIterator[World]:
    """The API, with runs that answer."""
    client = await Client.connect(settings.temporal.address, data_converter=pydantic_data_converter)
    database = await Database.open(settings.database)
    activities = StandInActivities(SqlIntegrations(database))
    deploying = DeployingActivities(SqlIntegrations(database))
    ending = EndingActivities(SqlIntegrations(database))
    services = await open_services(settings)
    testing = TestRunActivities(services.test_runs, services.integrations, services.artifacts)
    worker = Worker(
        client,
        task_queue=LIFECYCLE_QUEUE,
        workflows=[
            StandIn,
            StandInTesting,
            StandInUpdate,
            StandInDeploying,
            StandInDeprecating,
            StandInUndeprecating,
            StandInRetiring,
            Deaf,
        ],
        activities=[
            activities.accept,
            activities.begin,
            activities.walk,
            activities.enter,
            deploying.begin,
            ending.begin,
            testing.begin,
            testing.finish,
        ],
        interceptors=[ActivityInterceptor()],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker, served(services) as url:
        (settings.api.data_dir / "stack.json").write_text(f'{{"api_url": "{url}"}}')
        yield World(url, services, settings.api.data_dir)
    await services.close()
    await database.close()
    # SQLAlchemy's dead greenlets, collected while Python 3.11 compiles a module, upset its count of the stack's depth.
    gc.collect()


@pytest.fixture(scope="session")
async def idle(settings: ProcessSettings) -> AsyncIterator[World]:
    """The same API, but no worker takes its runs, and it does not wait long for one."""
    temporal = settings.temporal.model_copy(update={"namespace": IDLE})
    api = settings.api.model_copy(update={"patience": 0.5})
    services = await open_services(dataclasses.replace(settings, temporal=temporal, api=api))
    async with served(services) as url:
        yield World(url, services, settings.api.data_dir)
    await services.close()
