"""The same system on PostgreSQL, Valkey and an S3 server: by configuration alone."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio

from adapters.bus.redis_streams import STREAM
from cli.stack import Stack, StackOptions
from tests import policies, servers
from tests.e2e.checks import check_made_once
from tests.e2e.outside import Outside
from tests.e2e.world import World, eventually, inhabited

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
async def on_servers(tmp_path: Path, outside_api: Outside) -> AsyncIterator[World]:
    options = StackOptions.on_free_ports(tmp_path, simulate=True, valkey=True, s3=True)
    options = options.model_copy(update={"start_timeout": 150.0})
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CCB_")}
    environ |= {"CCB_RUNNER_PRIVATE_HOSTS": outside_api.host, **policies.environments()}
    async with servers.postgres() as postgres:
        environ |= {"CCB_DOCUMENTS_ALLOW_PRIVATE": "true", "CCB_DATABASE_URL": await postgres.create_database()}
        async with Stack(options, environ=environ) as stack, inhabited(stack.addresses, outside_api) as world:
            yield world


async def test_from_a_request_to_a_live_integration(on_servers: World) -> None:
    world = on_servers
    integration_id = await world.ask("served")
    run = await world.reviewable("served")
    await world.approve("grace", "served", run["content_hash"])
    await world.until("served", "active")
    await check_made_once(world, "served")
    data_dir = world.addresses.data_dir
    assert not (data_dir / "ccb.db").exists()
    assert not (data_dir / "artifacts").exists()
    sequences = await eventually(lambda: _all_events(world, integration_id), "every event on the bus")
    assert sequences == list(range(1, len(sequences) + 1))


async def _all_events(world: World, integration_id: str) -> list[int] | None:
    """The sequence numbers of the integration's events on the stream, once all that were written have arrived."""
    written = (await world.get(f"/integrations/{integration_id}/events"))["items"]
    secret = json.loads((world.addresses.data_dir / "secrets.json").read_text())["valkey_password"]
    port = next(
        line.split()[1]
        for line in (world.addresses.data_dir / "valkey" / "valkey.conf").read_text().splitlines()
        if line.startswith("port ")
    )
    async with redis.asyncio.Redis(port=int(port), password=secret, decode_responses=True) as client:
        entries = await client.xrange(STREAM)
    events = [json.loads(fields["event"]) for _, fields in entries]
    mine = [int(event["sequence"]) for event in events if event["subject"] == integration_id]
    return mine if len(mine) >= len(written) else None
