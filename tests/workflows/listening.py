"""GitHub's webhooks on their way: the simulator sends them to API processes, and what became of them is waited for."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import httpx

from adapters.database import SqlDeliveries
from domain import ids
from domain.deliveries import Looked, StoredDelivery
from domain.people import Person, Role
from tests.servers import folder, free_ports, process, ready
from tests.until import until
from tests.workflows.world import World

COMMAND = [sys.executable, "-m", "api"]


@asynccontextmanager
async def apis(world: World, count: int = 1) -> AsyncIterator[list[str]]:
    """The addresses of so many API processes over the same database; GitHub sends to the first."""
    urls: list[str] = []
    async with AsyncExitStack() as running:
        home = running.enter_context(folder())
        children = []
        for port in free_ports(count):
            environment = {**world.environment, "CCB_API_PORT": str(port), "CCB_RATE_WEBHOOKS": "none"}
            log = home / f"api-{port}"
            children.append((running.enter_context(process(COMMAND, log=log, environment=environment)), log))
            urls.append(f"http://127.0.0.1:{port}")
        async with httpx.AsyncClient(trust_env=False) as http:
            for url, (child, log) in zip(urls, children, strict=True):

                async def up(url: str = url) -> None:
                    (await http.get(f"{url}/health/ready")).raise_for_status()

                await ready(up, child, log, httpx.HTTPError)
        await world.simulators.act("github", "configure", webhook_url=f"{urls[0]}/webhooks/github")
        try:
            yield urls
        finally:
            await world.simulators.act("github", "configure", webhook_url=None)


async def reviewer(world: World) -> str:
    """The GitHub name of somebody who may review."""
    name = f"grace-{ids.new('x')[-6:]}"
    await world.people.add(Person(id=ids.new("per"), name=name, role=Role.REVIEWER, github=name))
    return name


class Deliveries:
    """What came since this was made, and what became of it."""

    def __init__(self, world: World) -> None:
        self._store = SqlDeliveries(world.database)
        self._since = datetime.now(UTC)

    async def handled(self) -> list[StoredDelivery]:
        """All of them, once none waits any more."""

        async def done() -> list[StoredDelivery] | None:
            found = await self.all()
            return found if all(one.outcome is not None for one in found) else None

        return await until(done)

    async def all(self) -> list[StoredDelivery]:
        found: list[StoredDelivery] = []
        cursor: str | None = None
        while True:
            page = await self._store.page(Looked(since=self._since, cursor=cursor, limit=200))
            found += page.items
            if (cursor := page.next_cursor) is None:
                return found

    async def of(self, *numbers: str) -> list[str]:
        """What became of these, in order: each action and its detail."""
        found = {one.id: one for one in await self.handled()}
        outcomes = [found[number].outcome for number in numbers]
        return [f"{one.action}: {one.detail}" for one in outcomes if one is not None]
