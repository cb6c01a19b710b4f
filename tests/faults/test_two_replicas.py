"""Two replicas killed at random under load: what was acknowledged is there, and nothing is there twice."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from domain import ids
from domain.registry import Integration
from tests import servers
from tests.api.world import a_request, fresh_name, github_delivery, until
from tests.faults.replicas import Replica, World, standing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SEED, KILLS = 5, 3
SENDERS = {"deliveries": 6, "requests": 3}
PATIENCE = 60.0
"""Seconds for which somebody sends the same again: as long as a replica may take to start on a busy machine."""


@dataclass
class Told:
    """What clients were told: deliveries that were acknowledged, integrations by key; and where they were cut off."""

    deliveries: list[str] = field(default_factory=list)
    integrations: dict[str, str] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    async with servers.postgres() as postgres, standing(postgres) as world:
        yield world


@pytest.fixture(scope="module")
async def told(world: World) -> Told:
    """After a load during which replicas were killed and started again."""
    told, over = Told(), asyncio.Event()
    senders = [asyncio.create_task(_deliver(world, told, over)) for _ in range(SENDERS["deliveries"])]
    senders += [asyncio.create_task(_ask(world, told, over)) for _ in range(SENDERS["requests"])]
    try:
        await _killing(world.replicas, told, random.Random(SEED))
    finally:
        over.set()
        await asyncio.gather(*senders)
    return told


async def test_no_acknowledged_delivery_is_lost_or_handled_twice(world: World, told: Told) -> None:
    assert told.lost["/webhooks/github"], "no kill met a delivery on its way"
    assert len(told.deliveries) == len(set(told.deliveries)) > 20

    async def all_handled() -> bool:
        return world.handled.keys() >= set(told.deliveries)

    await until(all_handled, within=PATIENCE)
    assert set(world.handled.values()) == {1}
    found: list[str] = []

    async def visible() -> bool:
        found[:] = await world.workflows("Operation = 'delivery'")
        return len(found) >= len(told.deliveries)

    await until(visible, within=PATIENCE)
    assert sorted(found) == sorted(ids.delivery_workflow("github", one) for one in told.deliveries)
    for one in told.deliveries:
        assert (await world.deliveries.read("github", one)).finished_at is not None


async def test_every_request_that_was_accepted_has_one_run(world: World, told: Told) -> None:
    assert len(told.integrations) > 2
    there = [item.id for item in await _everything(world)]
    assert sorted(there) == sorted(told.integrations.values())
    runs: list[str] = []

    async def visible() -> bool:
        runs[:] = await world.workflows("WorkflowId STARTS_WITH 'integration/'")
        return len(runs) >= len(there)

    await until(visible, within=PATIENCE)
    assert sorted(runs) == sorted(ids.lifecycle_workflow(one) for one in told.integrations.values())


async def test_the_same_key_is_answered_alike_by_whoever_is_left(world: World, told: Told) -> None:
    key, integration_id = next(iter(told.integrations.items()))
    for replica in world.replicas:
        async with _client(world, f"http://127.0.0.1:{replica.port}") as client:
            again = await client.post("/api/v1/integrations", content=_body(key), headers=_headers(key))
        assert (again.status_code, again.json()["integration_id"]) == (202, integration_id)


async def _killing(replicas: list[Replica], told: Told, chance: random.Random) -> None:
    """Each kill comes at a random moment after some more was taken, so that it meets requests on their way."""
    for _ in range(KILLS):
        before, some = len(told.deliveries), chance.randint(10, 30)

        async def taken(goal: int = before + some) -> bool:
            return len(told.deliveries) >= goal

        await until(taken, within=PATIENCE)
        victim = chance.choice(replicas)
        await victim.kill()
        await victim.start()


async def _deliver(world: World, told: Told, over: asyncio.Event) -> None:
    """As a vendor: the same delivery again until it is acknowledged."""
    while not over.is_set():
        delivery = ids.new("delivery")
        body = json.dumps(_issue(delivery)).encode()
        await _sent(world, told, "/webhooks/github", body, github_delivery(body, delivery=delivery))
        told.deliveries.append(delivery)


async def _ask(world: World, told: Told, over: asyncio.Event) -> None:
    while not over.is_set():
        key = fresh_name("request")
        answer = await _sent(world, told, "/api/v1/integrations", _body(key), _headers(key))
        told.integrations[key] = answer.json()["integration_id"]


async def _sent(world: World, told: Told, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """By a new connection each time, until there is an answer that does not say "not now"."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                async with _client(world, world.url) as client:
                    answer = await client.post(path, content=body, headers=headers)
            except httpx.TransportError:
                told.lost[path] += 1
            else:
                if answer.status_code not in {409, 429, 502, 503}:
                    assert answer.status_code == 202, answer.text
                    return answer
            await asyncio.sleep(0.2)


def _client(world: World, url: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {world.key}"}
    return httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=20)


def _headers(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key, "Content-Type": "application/json"}


def _body(key: str) -> bytes:
    return json.dumps(a_request(title=f"Asked under {key}")).encode()


def _issue(delivery: str) -> dict[str, object]:
    user = {"login": "ada", "id": 1, "type": "User"}
    issue = {
        "number": 7,
        "title": f"An integration for {delivery}",
        "body": "Please.",
        "html_url": "https://github.com/acme/integrations/issues/7",
        "state": "open",
        "created_at": "2026-11-20T10:00:00Z",
        "user": user,
        "labels": [{"name": "integration"}],
    }
    repository = {"full_name": "acme/integrations", "default_branch": "main"}
    return {"action": "opened", "issue": issue, "repository": repository, "sender": user}


async def _everything(world: World) -> list[Integration]:
    found: list[Integration] = []
    cursor = None
    while True:
        page = await world.integrations.page(organization_id=ids.DEFAULT_ORGANIZATION, cursor=cursor, limit=200)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found
