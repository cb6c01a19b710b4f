"""Two replicas of the API behind a balancer, over one PostgreSQL and one Temporal; each can be killed at any moment."""

import asyncio
import contextlib
import itertools
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
from pydantic import SecretStr
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from adapters.database import Database, DatabaseSettings, SqlDeliveries, SqlIntegrations
from adapters.database.migrate import migrate
from domain.runs import DELIVERY_WORKFLOW, LIFECYCLE_QUEUE, Delivery, DeliveryOutcome
from tests import api_process, servers
from tests.api.stand_in import StandIn, StandInActivities
from tests.api.world import WEBHOOK_SECRET

_CHUNK = 65_536


class Replica:
    """`python -m api` as a process, on a port that stays."""

    def __init__(self, port: int, environment: dict[str, str], log: Path) -> None:
        self.port = port
        self._environment = environment | {"CCB_API_PORT": str(port)}
        self._log = log
        self._running: contextlib.ExitStack | None = None

    async def start(self) -> None:
        """Until it is ready for requests."""
        self._running = contextlib.ExitStack()
        child = self._running.enter_context(
            servers.process([sys.executable, "-m", "api"], log=self._log, environment=self._environment)
        )
        self._kill = child.kill

        async def up() -> None:
            async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
                (await client.get(f"http://127.0.0.1:{self.port}/health/ready")).raise_for_status()

        await servers.ready(up, child, self._log, httpx.HTTPError)

    async def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is written down."""
        self._kill()
        await self.stop()

    async def stop(self) -> None:
        if self._running is not None:
            await asyncio.to_thread(self._running.close)
            self._running = None


class Balancer:
    """TCP, in turns. A replica that does not answer is passed over; without any, the client's connection is closed."""

    def __init__(self, ports: list[int]) -> None:
        self._turns = itertools.cycle(range(len(ports)))
        self._ports = ports
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = next(self._turns)
        for port in self._ports[first:] + self._ports[:first]:
            try:
                their_reader, their_writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            await asyncio.gather(_pipe(reader, their_writer), _pipe(their_reader, writer))
            return
        writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


@workflow.defn(name=DELIVERY_WORKFLOW)
class Handling:
    @workflow.run
    async def run(self, delivery: Delivery) -> None:
        await workflow.execute_local_activity("handle", delivery, start_to_close_timeout=timedelta(seconds=20))


@dataclass
class World:
    """`handled`: how often each delivery was. `client` is of the Temporal that both replicas start runs on."""

    url: str
    key: str
    replicas: list[Replica]
    deliveries: SqlDeliveries
    integrations: SqlIntegrations
    client: Client
    handled: Counter[str] = field(default_factory=Counter)

    async def workflows(self, query: str) -> list[str]:
        """The ids of all the runs there are or were, one entry for each."""
        return [each.id async for each in self.client.list_workflows(query)]


@asynccontextmanager
async def standing(postgres: servers.Postgres) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        home = stack.enter_context(servers.folder())
        temporal = await stack.enter_async_context(servers.temporal())
        url = await postgres.create_database()
        await migrate(url)
        key = f"ccb_{secrets.token_urlsafe(32)}"
        (home / "operator.key").write_text(key)
        environment = api_process.environment(home, url, temporal.address, webhook_secret=WEBHOOK_SECRET)
        replicas = [Replica(port, environment, home / f"{port}.log") for port in servers.free_ports(2)]
        for replica in replicas:
            stack.push_async_callback(replica.stop)
        await asyncio.gather(*(replica.start() for replica in replicas))
        balancer = Balancer([replica.port for replica in replicas])
        await stack.enter_async_context(balancer.running())
        database = await Database.open(DatabaseSettings(url=SecretStr(url)))
        stack.push_async_callback(database.close)
        client = await Client.connect(temporal.address, data_converter=pydantic_data_converter)
        world = World(balancer.url, key, replicas, SqlDeliveries(database), SqlIntegrations(database), client)
        await stack.enter_async_context(_worker(world))
        yield world


def _worker(world: World) -> Worker:
    @activity.defn(name="handle")
    async def handle(delivery: Delivery) -> None:
        world.handled[delivery.id] += 1
        await world.deliveries.finish(delivery.source, delivery.id, DeliveryOutcome(action="ignored"))

    runs = StandInActivities(world.integrations)
    return Worker(
        world.client,
        task_queue=LIFECYCLE_QUEUE,
        workflows=[Handling, StandIn],
        activities=[handle, runs.accept, runs.walk, runs.enter],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
