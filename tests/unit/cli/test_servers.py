"""The real servers behind the standard layout: started, ready by a round trip, and as we want them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import psutil
import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.worker import Worker

from cli.stack import NotReady, PartState, Stack, StackOptions, probes, temporal
from cli.stack.layout import Layout, standard
from domain.runs import LIFECYCLE_QUEUE
from tests.unit.cli.conftest import Events
from tests.unit.cli.polling import Nothing, nothing


def only(*names: str) -> Callable[[StackOptions, Path, Mapping[str, str]], Layout]:
    def layout(options: StackOptions, data_dir: Path, environ: Mapping[str, str]) -> Layout:
        whole = standard(options, data_dir, environ)
        return Layout([part for part in whole.parts if part.name in names], whole.addresses)

    return layout


async def stack(tmp_path: Path, events: Events, *names: str, **options: bool) -> Stack:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CCB_")}
    return Stack(StackOptions.on_free_ports(tmp_path, **options), on_event=events, environ=environ, layout=only(*names))


async def facts(address: str) -> tuple[timedelta, set[str]]:
    client = await Client.connect(address)
    namespace = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    return namespace.config.workflow_execution_retention_ttl.ToTimedelta(), set(known.custom_attributes)


async def test_temporal_is_set_up_at_every_start(tmp_path: Path, events: Events) -> None:
    for count in (1, 2):
        async with await stack(tmp_path, events, "temporal") as running:
            retention, attributes = await facts(running.addresses.temporal_address)
            assert retention == timedelta(days=30)
            assert set(temporal.SEARCH_ATTRIBUTES) <= attributes
            async with httpx.AsyncClient(trust_env=False) as client:
                for url in (running.addresses.temporal_ui_url, running.addresses.temporal_metrics_url):
                    assert (await client.get(str(url), follow_redirects=True)).status_code == 200
                assert running.addresses.temporal_http_url
                document = await client.get(f"{running.addresses.temporal_http_url}/openapi.yaml")
            assert document.text.count("operationId") > 100
            assert (tmp_path / "stack.json").exists()
        assert len(events.of("temporal", PartState.READY)) == count
        assert len(events.of("temporal", PartState.STOPPED)) == count


@pytest.fixture
async def running(tmp_path: Path, events: Events) -> AsyncIterator[Stack]:
    async with await stack(tmp_path, events, "temporal") as found:
        yield found


async def test_workers_count_as_ready_when_they_poll(running: Stack) -> None:
    address = running.addresses.temporal_address
    polling = temporal.workers_polling(address, "default", ["lifecycle"])
    with pytest.raises(NotReady, match="no worker polls"):
        await polling(0.0)
    client = await Client.connect(address)
    async with Worker(client, task_queue=LIFECYCLE_QUEUE, workflows=[Nothing], activities=[nothing]):
        async with asyncio.timeout(10):
            while True:
                try:
                    await polling(0.0)
                    break
                except NotReady:
                    await asyncio.sleep(0.05)
        # A poller that is remembered from before the process began does not count.
        with pytest.raises(NotReady):
            await polling(2e9 * 2)


async def test_a_killed_temporal_comes_back_with_what_it_knew(running: Stack, events: Events) -> None:
    os.kill(events.of("temporal", PartState.READY)[0].pid or 0, signal.SIGKILL)
    await events.nth("temporal", PartState.READY, 2)
    retention, attributes = await facts(running.addresses.temporal_address)
    assert retention == timedelta(days=30)
    assert set(temporal.SEARCH_ATTRIBUTES) <= attributes


async def test_valkey_asks_for_its_password(tmp_path: Path, events: Events) -> None:
    async with await stack(tmp_path, events, "valkey", valkey=True):
        port = int((tmp_path / "valkey" / "valkey.conf").read_text().split("port ")[1].split()[0])
        with pytest.raises(NotReady):
            await probes.valkey(port, "wrong-password")(0.0)


async def test_s3_refuses_who_has_no_keys_and_keeps_its_bucket(tmp_path: Path, events: Events) -> None:
    for _ in range(2):
        async with await stack(tmp_path, events, "s3", s3=True) as running:
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.put(f"{running.addresses.s3_url}/ccb-artifacts/x", content=b"x")
            assert answer.status_code == 403
            assert "AccessDenied" in answer.text


async def test_the_database_is_migrated(tmp_path: Path, events: Events) -> None:
    async with await stack(tmp_path, events, "database"):
        assert (tmp_path / "ccb.db").read_bytes().startswith(b"SQLite format 3")
        assert events.of("database", PartState.DONE)


async def test_nothing_listens_beyond_loopback(tmp_path: Path, events: Events) -> None:
    names = ("temporal", "valkey", "s3")
    async with await stack(tmp_path, events, *names, valkey=True, s3=True):
        for name in names:
            process = psutil.Process(events.of(name, PartState.READY)[0].pid)
            listening = [c.laddr.ip for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN]
            assert listening
            assert set(listening) <= {"127.0.0.1", "::1"}, name
