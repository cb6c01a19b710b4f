"""The one-off steps of the compose file, run as it runs them, against real servers."""

import asyncio
import os
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.worker import Worker

from activities.documents import DocumentActivities
from adapters.database import Database, DatabaseSettings, SqlIntegrations
from cli.stack.temporal import RETENTION, SEARCH_ATTRIBUTES
from tests import servers

ROOT = Path(__file__).parents[3]
STEPS = ROOT / "deploy" / "steps"
NAMESPACE = "ours"


def step(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CCB_")}
    return subprocess.run(
        [sys.executable, str(STEPS / name), *arguments],
        env={**plain, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
async def temporal(tmp_path: Path) -> AsyncIterator[str]:
    """A Temporal server with a namespace of ours, made as the compose file makes it; its address."""
    scripts = sysconfig.get_path("scripts")
    port, http, metrics = servers.free_ports(3)
    command = [f"{scripts}/temporal", "server", "start-dev", "--headless", "--log-level", "error", "--port", str(port)]
    command += ["--http-port", str(http), "--metrics-port", str(metrics), "--ip", "127.0.0.1"]
    address, log = f"127.0.0.1:{port}", tmp_path / "log"
    with servers.process(command, log=log) as child:

        async def ask() -> None:
            await Client.connect(address)

        await servers.ready(ask, child, log, RuntimeError)
        made = await asyncio.create_subprocess_exec(
            ROOT / "deploy" / "compose" / "temporal-namespace.sh",
            env={
                "PATH": f"{scripts}:/usr/bin:/bin",
                "HOME": str(tmp_path),
                "TEMPORAL_ADDRESS": address,
                "TEMPORAL_NAMESPACE": NAMESPACE,
            },
        )
        assert await made.wait() == 0
        yield address


async def until_done(name: str, *arguments: str, **environment: str) -> None:
    """As compose does: again, until it succeeds. A namespace takes seconds to be known to all of Temporal."""
    async with asyncio.timeout(60):
        while (await asyncio.to_thread(step, name, *arguments, **environment)).returncode != 0:
            pass


async def test_temporal_gets_the_retention_and_the_search_attributes_of_ccb_up(temporal: str) -> None:
    settings = {"CCB_TEMPORAL_ADDRESS": temporal, "CCB_TEMPORAL_NAMESPACE": NAMESPACE}
    await until_done("prepare_temporal.py", **settings)
    await until_done("prepare_temporal.py", **settings)
    client = await Client.connect(temporal, namespace=NAMESPACE)
    known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=NAMESPACE))
    assert set(SEARCH_ATTRIBUTES) <= set(known.custom_attributes)
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta() >= RETENTION


async def test_a_worker_is_healthy_while_it_polls(temporal: str) -> None:
    settings = {"CCB_TEMPORAL_ADDRESS": temporal, "CCB_TEMPORAL_NAMESPACE": "default"}
    silent = await asyncio.to_thread(step, "worker_health.py", "build", **settings)
    assert (silent.returncode, silent.stderr) == (1, "Nobody here polls build.\n")
    client = await Client.connect(temporal)
    async with Worker(client, task_queue="build", activities=[DocumentActivities(None, None).examine]):  # type: ignore[arg-type]  # only polls
        await until_done("worker_health.py", "build", **settings)
        both = await asyncio.to_thread(step, "worker_health.py", "build", "deploy", **settings)
        assert (both.returncode, both.stderr) == (1, "Nobody here polls deploy.\n")


async def test_the_database_is_migrated_and_migrated_again(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/ccb.db"
    for _ in range(2):
        done = await asyncio.to_thread(step, "migrate.py", CCB_DATABASE_URL=url)
        assert (done.returncode, done.stderr) == (0, "")
    database = await Database.open(DatabaseSettings.model_validate({"url": url}))
    try:
        page = await SqlIntegrations(database).page(organization_id="org", cursor=None, limit=1)
    finally:
        await database.close()
    assert page.items == []


@pytest.mark.parametrize(
    ("name", "environment", "sentence"),
    [
        ("migrate.py", {"CCB_DATABASE_URL": "mysql://x"}, "must begin with sqlite:// or postgresql://"),
        ("prepare_temporal.py", {"CCB_TEMPORAL_ADDRESS": "127.0.0.1:1"}, "Temporal does not answer at 127.0.0.1:1"),
        ("worker_health.py", {"CCB_TEMPORAL_ADDRESS": "127.0.0.1:1"}, "Temporal does not answer at 127.0.0.1:1"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(name: str, environment: dict[str, str], sentence: str) -> None:
    done = step(name, **environment)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
