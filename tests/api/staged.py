"""The API with a worker behind it, over whatever settings it is given."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.testing import TestRunActivities
from adapters.database import Database, SqlIntegrations
from adapters.temporal import ActivityInterceptor
from api.wiring import ProcessSettings, open_services
from domain.runs import LIFECYCLE_QUEUE
from tests.api.stand_in import REF, Deaf, StandIn, StandInActivities, StandInUpdate
from tests.api.stand_in_deploying import DeployingActivities, StandInDeploying
from tests.api.stand_in_ending import EndingActivities, StandInDeprecating, StandInRetiring, StandInUndeprecating
from tests.api.stand_in_testing import StandInTesting
from tests.api.world import World, served


@asynccontextmanager
async def staged(
    settings: ProcessSettings, files: bytes | None = None, plan: bytes | None = None
) -> AsyncIterator[World]:
    """`files` and `plan` are what every version has, as they are stored."""
    client = await Client.connect(
        settings.temporal.address, namespace=settings.temporal.namespace, data_converter=pydantic_data_converter
    )
    database = await Database.open(settings.database)
    services = await open_services(settings)
    stored = [REF if one is None else await services.artifacts.put(one, "application/json") for one in (files, plan)]
    activities = StandInActivities(SqlIntegrations(database), *stored)
    deploying = DeployingActivities(SqlIntegrations(database))
    ending = EndingActivities(SqlIntegrations(database))
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
