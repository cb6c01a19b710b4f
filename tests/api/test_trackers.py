"""Deliveries of Linear and Jira at the API: verified, stored before they are acknowledged, handled once."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from api.reading import MAX_BODY
from domain import ids
from tests.api.conftest import IDLE
from tests.api.test_webhooks import delivered, runs_of, started
from tests.api.world import RETIRED_SECRET, TRACKER_SECRET, World, until

STATE = {"id": "s1", "name": "Todo", "type": "unstarted"}
LINEAR = {
    "type": "Issue",
    "action": "create",
    "actor": {"id": "u1", "type": "user", "name": "ada", "email": "ada@example.com"},
    "data": {
        "id": "i1",
        "identifier": "ENG-1",
        "title": "The weather",
        "description": "Please.",
        "createdAt": "2026-11-20T10:00:00.000Z",
        "labels": [{"id": "l1", "name": "integration"}],
        "state": STATE,
        "url": "https://linear.example/acme/issue/ENG-1",
    },
}
JIRA = {
    "webhookEvent": "jira:issue_created",
    "user": {"accountId": "a1", "displayName": "Ada", "accountType": "atlassian"},
    "issue": {
        "id": "10001",
        "key": "ENG-1",
        "self": "https://acme.atlassian.example/rest/api/2/issue/10001",
        "fields": {
            "summary": "The weather",
            "description": "Please.",
            "created": "2026-11-20T10:00:00.000+0000",
            "labels": ["integration"],
            "status": {"name": "To Do", "statusCategory": {"key": "new"}},
        },
    },
}
Sent = tuple[bytes, dict[str, str]]


def digest(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def linear(
    payload: dict[str, Any] | None = None, *, secret: str = TRACKER_SECRET, delivery: str = "", at: float | None = None
) -> Sent:
    stamp = int((time.time() if at is None else at) * 1000)
    body = json.dumps({**(LINEAR if payload is None else payload), "webhookTimestamp": stamp}).encode()
    delivery = delivery or ids.new("linear")
    kind = {"Linear-Event": "Issue", "Linear-Delivery": delivery, "Linear-Signature": digest(body, secret)}
    return body, {"Content-Type": "application/json; charset=utf-8", **kind}


def jira(payload: dict[str, Any] | None = None, *, secret: str = TRACKER_SECRET, delivery: str = "") -> Sent:
    body = json.dumps(JIRA if payload is None else payload).encode()
    delivery = delivery or ids.new("jira")
    kind = {"X-Atlassian-Webhook-Identifier": delivery, "X-Hub-Signature": f"sha256={digest(body, secret)}"}
    return body, {"Content-Type": "application/json", **kind}


Make = Callable[..., Sent]
BOTH = pytest.mark.parametrize(("source", "make"), [("linear", linear), ("jira", jira)], ids=["linear", "jira"])


@pytest.fixture(scope="module")
async def client(temporal: str) -> Client:
    return await Client.connect(temporal, namespace=IDLE, data_converter=pydantic_data_converter)


async def unfinished(world: World, source: str) -> set[str]:
    return {one.id for one in await world.services.deliveries.unfinished(older_than_seconds=0) if one.source == source}


@BOTH
async def test_a_signed_delivery_is_stored_and_handed_to_its_workflow(
    idle: World, client: Client, source: str, make: Make
) -> None:
    delivery = ids.new(source)
    body, headers = make(delivery=delivery)
    async with idle.client(None) as api:
        answer = await api.post(f"/webhooks/{source}", content=body, headers=headers)
        assert delivery in await unfinished(idle, source)
    assert answer.status_code == (200 if source == "linear" else 202), answer.text
    assert answer.json() == {"delivery": delivery, "duplicate": False, "ignored": False}
    found = await delivered(await started(client, source, delivery))
    assert (found.source, found.id) == (source, delivery)
    assert found.event == ("Issue" if source == "linear" else "jira:issue_created")
    assert await idle.services.deliveries.body(found) == body


@BOTH
async def test_a_delivery_that_comes_often_and_at_once_is_handled_once(
    idle: World, client: Client, source: str, make: Make
) -> None:
    delivery = ids.new(source)

    async def send(number: int) -> bool:
        body, headers = make(delivery=delivery, secret=(TRACKER_SECRET, RETIRED_SECRET)[number % 2])
        async with idle.client(None) as api:
            answer = await api.post(f"/webhooks/{source}", content=body, headers=headers)
        assert answer.is_success, answer.text
        return bool(answer.json()["duplicate"])

    duplicates = await asyncio.gather(*(send(number) for number in range(8)))
    assert sorted(duplicates) == [False, *[True] * 7]
    await started(client, source, delivery)

    async def one() -> bool:
        return await runs_of(client, source, delivery) == 1

    await until(one)


@BOTH
async def test_a_wrong_signature_is_refused_and_nothing_is_stored(idle: World, source: str, make: Make) -> None:
    delivery = ids.new(source)
    body, headers = make(delivery=delivery)
    signature = "Linear-Signature" if source == "linear" else "X-Hub-Signature"
    wrong = ["", "sha256=", "0" * 64, headers[signature][:-1], make(secret="another")[1][signature]]
    async with idle.client(None) as api:
        for given in wrong:
            answer = await api.post(f"/webhooks/{source}", content=body, headers={**headers, signature: given})
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        headers.pop(signature)
        assert (await api.post(f"/webhooks/{source}", content=body, headers=headers)).status_code == 401
    assert delivery not in await unfinished(idle, source)


async def test_an_old_delivery_of_linear_is_refused(idle: World) -> None:
    async with idle.client(None) as api:
        for seconds in (-90, 90):
            body, headers = linear(at=time.time() + seconds)
            answer = await api.post("/webhooks/linear", content=body, headers=headers)
            assert (answer.status_code, "clock" in answer.json()["detail"]) == (401, True)


@BOTH
async def test_what_is_unknown_is_accepted_and_ignored(idle: World, source: str, make: Make) -> None:
    unknown = {"type": "Reaction", "action": "create"} if source == "linear" else {"webhookEvent": "sprint_started"}
    delivery = ids.new(source)
    body, headers = make(unknown, delivery=delivery)
    async with idle.client(None) as api:
        answer = await api.post(f"/webhooks/{source}", content=body, headers=headers)
    assert answer.is_success
    assert answer.json()["ignored"]
    assert delivery not in await unfinished(idle, source)


@BOTH
async def test_what_is_not_as_published_is_refused_with_its_place(idle: World, source: str, make: Make) -> None:
    wrong = {**LINEAR, "data": {}} if source == "linear" else {**JIRA, "issue": {}}
    body, headers = make(wrong)
    async with idle.client(None) as api:
        answer = await api.post(f"/webhooks/{source}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert answer.json()["errors"][0]["field"].startswith(("Issue.data", "issue"))


@BOTH
async def test_a_delivery_must_be_named_and_no_longer_than_it_may(idle: World, source: str, make: Make) -> None:
    name = "Linear-Delivery" if source == "linear" else "X-Atlassian-Webhook-Identifier"
    body, headers = make()
    async with idle.client(None) as api:
        for given in ("", "x" * 500):
            answer = await api.post(f"/webhooks/{source}", content=body, headers={**headers, name: given})
            assert answer.status_code == 422
        huge = b" " * (MAX_BODY + 1)
        assert (await api.post(f"/webhooks/{source}", content=huge, headers=headers)).status_code == 413
