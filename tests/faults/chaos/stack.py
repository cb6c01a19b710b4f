"""The whole product on real servers, each a process of its own: PostgreSQL, Valkey, S3, two workers of each kind.

There are two APIs: one whose policy wants a person's approval, and one (`automatic`) whose policy wants none.
"""

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import asyncpg  # type: ignore[import-untyped]

from cli.stack import Addresses, NotReady, Part, Stack, StackOptions
from cli.stack.layout import Layout, standard
from cli.stack.probes import http
from tests import policies, servers
from tests.faults.chaos.collector import collector

PATIENCE: Final = 240.0
"""Seconds until everything is up, on a machine that has other things to do."""

AUTOMATIC: Final = "api-automatic"
_DROP = Path(__file__).with_name("unprivileged.py")


@dataclass(frozen=True)
class Standing:
    """A running stack. `dsn` is PostgreSQL's address for those who read it themselves."""

    stack: Stack
    addresses: Addresses
    automatic_url: str
    dsn: str

    def pid(self, part: str) -> int | None:
        """The process that is this part now; None while there is none."""
        recorded = json.loads((self.addresses.data_dir / "processes.json").read_text())
        return int(recorded[part][0]) if part in recorded else None


@asynccontextmanager
async def stack_at(folder: Path, private_hosts: str) -> AsyncIterator[Standing]:
    """All of it in `folder` and on free ports of loopback, until the end."""
    postgres_port, automatic_port = servers.free_ports(2)
    with servers.folder() as home, collector(folder / "traces") as traces:
        cluster = await servers.cluster(home)
        server = servers.Postgres(postgres_port)
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("CCB_", "OTEL_"))}
        environ |= {
            "CCB_DOCUMENTS_ALLOW_PRIVATE": "true",
            "CCB_DATABASE_URL": server.url(),
            "CCB_RUNNER_PRIVATE_HOSTS": private_hosts,
            "OTEL_EXPORTER_OTLP_ENDPOINT": traces,
            **policies.brief(folder),
        }
        options = StackOptions.on_free_ports(folder / "stack", simulate=True, valkey=True, s3=True)
        options = options.model_copy(update={"start_timeout": PATIENCE})

        def layout(options: StackOptions, data_dir: Path, environ: Mapping[str, str]) -> Layout:
            made = standard(options, data_dir, environ)
            parts = [_postgres(home, cluster, server), *(each for part in made.parts for each in _more(part))]
            return replace(made, parts=[*parts, _automatic(made, automatic_port)])

        async with Stack(options, environ=environ, layout=layout) as stack:
            url = f"http://127.0.0.1:{automatic_port}"
            yield Standing(stack, stack.addresses, url, server.url().replace("+asyncpg", ""))


def _postgres(home: Path, cluster: servers.Cluster, server: servers.Postgres) -> Part:
    async def ready(_: float) -> None:
        try:
            await server.execute("SELECT 1")
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            raise NotReady("PostgreSQL does not answer") from error

    return Part(
        name="postgres",
        command=[sys.executable, "-I", "-S", str(_DROP), *servers.postgres_command(home, cluster, server.port)],
        environment={"PATH": os.environ.get("PATH", "")},
        ready=ready,
    )


def _more(part: Part) -> list[Part]:
    """Two of each worker; whoever migrates the database waits for it."""
    if part.name in {"workers", "builders"}:
        return [replace(part, name=f"{part.name}-{number}") for number in (1, 2)]
    if part.name == "database":
        return [replace(part, after=part.after | {"postgres"})]
    return [part]


def _automatic(made: Layout, port: int) -> Part:
    (api,) = (part for part in made.parts if part.name == "api")
    told = {**api.environment, "CCB_API_PORT": str(port), "CCB_REVIEW_AUTOMATIC": "true"}
    url = f"http://127.0.0.1:{port}"
    return replace(api, name=AUTOMATIC, environment=told, ready=http(f"{url}/health/ready"), url=url)
