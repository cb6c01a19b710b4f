"""What is measured, in processes of its own: the API and the floor, over one PostgreSQL that writes to the disk."""

import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx

from adapters.database.migrate import migrate
from benchmarks.front_door import bare
from benchmarks.front_door.registered import registered
from tests import api_process, servers

SECRET = "a webhook secret to measure with"
_DURABLE = ("-c", "fsync=on")
"""What a server for tests leaves out: an acknowledged delivery outlives a power cut, on both sides."""


@dataclass(frozen=True)
class World:
    """`product` and `floor` are ports, `api`, `bare` and `temporal` process ids; `paths` are integrations to read."""

    product: int
    floor: int
    api: int
    bare: int
    temporal: int
    key: str
    paths: list[str]
    environment: dict[str, str]

    def peak_rss_mb(self) -> float:
        """The most memory that the API's process has had resident (VmHWM of proc(5))."""
        status = Path(f"/proc/{self.api}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def processor_seconds(self, port: int) -> float:
        """Of the process that serves there, its own and the kernel's for it (utime and stime of proc(5))."""
        served = self.api if port == self.product else self.bare
        after_name = Path(f"/proc/{served}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    @contextmanager
    def nothing_handled(self) -> Iterator[None]:
        """Temporal stands still: deliveries are taken, and wait for their handling."""
        os.kill(self.temporal, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.temporal, signal.SIGCONT)


@asynccontextmanager
async def standing(integrations: int) -> AsyncIterator[World]:
    """With so many integrations registered. Raises RuntimeError for a process that does not start."""
    async with AsyncExitStack() as stack:
        home = stack.enter_context(servers.folder())
        url = await _database(stack)
        # No worker works there: what a delivery leads to is the saga's to measure.
        temporal = await stack.enter_async_context(servers.temporal())
        await migrate(url)
        paths = await _filled(url, integrations)
        product, floor = servers.free_ports(2)
        key = f"ccb_{secrets.token_urlsafe(32)}"
        (home / "operator.key").write_text(f"{key}\n")
        environment = api_process.environment(home, url, temporal.address, webhook_secret=SECRET) | {
            "CCB_API_PORT": str(product),
            bare.PORT: str(floor),
            bare.SECRET: SECRET,
        }
        child = await _served(stack, home, "api", product, environment)
        least = await _served(stack, home, "benchmarks.front_door.bare", floor, environment)
        yield World(product, floor, child, least, temporal.pid, key, paths, environment)


async def _database(stack: AsyncExitStack) -> str:
    home = stack.enter_context(servers.folder())
    made = await servers.cluster(home)
    (port,) = servers.free_ports(1)
    server, log = servers.Postgres(port), home / "log"
    command = [*servers.postgres_command(home, made, port), *_DURABLE]
    child = stack.enter_context(servers.process(command, log=log, unprivileged=True, stop=signal.SIGQUIT))
    await servers.ready(lambda: server.execute("SELECT 1"), child, log, OSError, asyncpg.PostgresError)
    return await server.create_database()


async def _served(stack: AsyncExitStack, home: Path, module: str, port: int, environment: dict[str, str]) -> int:
    """The process id of `python -m module`, once it answers."""
    log = home / f"{module}.log"
    command = [sys.executable, "-m", module]
    child = stack.enter_context(servers.process(command, log=log, environment=environment))

    async def ask() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            (await client.get(f"http://127.0.0.1:{port}/health/ready")).raise_for_status()

    await servers.ready(ask, child, log, httpx.HTTPError)
    return child.pid


async def _filled(url: str, integrations: int) -> list[str]:
    """Paths of a hundred of them."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=10)
    try:
        await connection.execute(bare.TABLE)
        ids = await registered(connection, integrations)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return [f"/api/v1/integrations/{one}" for one in ids[:: max(1, len(ids) // 100)]]
