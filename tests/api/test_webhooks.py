"""Deliveries from outside: verified, stored once, handled once, whatever is lost on the way."""

import dataclasses
import json

import httpx
import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

from api.intake import Intake
from api.settings import WebhookSettings
from domain import ids
from domain.runs import Delivery
from tests.api.conftest import IDLE
from tests.api.world import (
    World,
    github_delivery,
    served,
    slack_headers,
    until,
)
from tests.contract.github.published import read

SHA = "0" * 40
USER = {"login": "ada", "id": 1, "type": "User"}
ISSUE = {
    "action": "opened",
    "issue": {
        "number": 7,
        "title": "An integration with the weather",
        "body": "Please.",
        "html_url": "https://github.com/acme/integrations/issues/7",
        "state": "open",
        "created_at": "2026-11-20T10:00:00Z",
        "user": USER,
        "labels": [{"name": "integration"}],
    },
    "repository": {"full_name": "acme/integrations", "default_branch": "main"},
    "sender": USER,
}


@pytest.fixture(scope="module")
async def client(temporal: str) -> Client:
    return await Client.connect(temporal, namespace=IDLE, data_converter=pydantic_data_converter)


def issue(**changes: object) -> bytes:
    return json.dumps({**ISSUE, **changes}).encode()


async def started(client: Client, source: str, delivery: str) -> WorkflowHandle:
    handle = client.get_workflow_handle(ids.delivery_workflow(source, delivery))

    async def there() -> bool:
        try:
            await handle.describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    await until(there)
    return handle


async def delivered(handle: WorkflowHandle) -> Delivery:
    """What the workflow was started with."""
    history = await handle.fetch_history()
    (payload,) = history.events[0].workflow_execution_started_event_attributes.input.payloads
    (delivery,) = await pydantic_data_converter.decode([payload], [Delivery])
    return delivery


async def runs_of(client: Client, source: str, delivery: str) -> int:
    query = f'WorkflowId = "{ids.delivery_workflow(source, delivery)}"'
    return (await client.count_workflows(query)).count


async def test_a_signed_issue_is_stored_and_handed_to_its_workflow(idle: World, client: Client):
    body = issue()
    headers = github_delivery(body)
    async with idle.client(None) as api:
        answer = await api.post("/webhooks/github", content=body, headers=headers)
    assert answer.status_code == 202, answer.text
    number = headers["X-GitHub-Delivery"]
    assert answer.json() == {"delivery": number, "duplicate": False, "ignored": False}
    delivery = await delivered(await started(client, "github", number))
    assert (delivery.source, delivery.id, delivery.event) == ("github", number, "issues")
    assert await idle.services.deliveries.body(delivery) == body


async def test_the_same_delivery_twice_is_handled_once(idle: World, client: Client):
    body = issue()
    headers = github_delivery(body)
    async with idle.client(None) as api:
        answers = [await api.post("/webhooks/github", content=body, headers=headers) for _ in range(3)]
    assert [answer.json()["duplicate"] for answer in answers] == [False, True, True]
    await started(client, "github", headers["X-GitHub-Delivery"])

    async def seen() -> bool:
        return await runs_of(client, "github", headers["X-GitHub-Delivery"]) == 1

    await until(seen)


@pytest.mark.parametrize("signature", [None, "", "sha256=" + "0" * 64, "sha1=abc", "é"])
async def test_a_wrong_signature_is_refused_and_nothing_is_stored(idle: World, signature: str | None):
    body = issue()
    headers = {name: value.encode() for name, value in github_delivery(body).items()}
    del headers["X-Hub-Signature-256"]
    if signature is not None:
        headers["X-Hub-Signature-256"] = signature.encode()
    async with idle.client(None) as api:
        answer = await api.post("/webhooks/github", content=body, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    waiting = await idle.services.deliveries.unfinished(older_than_seconds=0)
    assert headers["X-GitHub-Delivery"].decode() not in [one.id for one in waiting]


async def test_a_body_changed_on_the_way_is_refused(idle: World):
    async with idle.client(None) as api:
        answer = await api.post("/webhooks/github", content=issue() + b" ", headers=github_delivery(issue()))
    assert answer.status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"payload=%7B%7D", b"\xff"])
async def test_a_signed_body_that_is_not_json_is_refused(idle: World, body: bytes):
    async with idle.client(None) as api:
        answer = await api.post("/webhooks/github", content=body, headers=github_delivery(body))
    assert answer.status_code == 400
    assert answer.json()["code"] == "not_json"


async def test_an_event_not_as_github_publishes_it_is_refused(idle: World):
    body = issue(issue={"number": "seven"})
    async with idle.client(None) as api:
        answer = await api.post("/webhooks/github", content=body, headers=github_delivery(body))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("issue.")


async def test_a_delivery_without_its_number_is_refused(idle: World):
    body = issue()
    headers = github_delivery(body)
    del headers["X-GitHub-Delivery"]
    async with idle.client(None) as api:
        answer = await api.post("/webhooks/github", content=body, headers=headers)
    assert answer.status_code == 422


@pytest.mark.parametrize(("event", "action"), [("ping", "x"), ("star", "created"), ("issues", "milestoned")])
async def test_what_leads_to_nothing_is_acknowledged_and_forgotten(idle: World, event: str, action: str):
    body = issue(action=action)
    headers = github_delivery(body, event=event)
    async with idle.client(None) as api:
        answer = await api.post("/webhooks/github", content=body, headers=headers)
    assert answer.status_code == 202
    assert answer.json()["ignored"] is True
    waiting = await idle.services.deliveries.unfinished(older_than_seconds=0)
    assert headers["X-GitHub-Delivery"] not in [one.id for one in waiting]


async def test_without_a_secret_nothing_is_taken(idle: World):
    body = issue()
    click = b"ssl_check=1"
    services = dataclasses.replace(idle.services, webhooks=WebhookSettings(github=None, slack=None))
    async with served(services) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
        github = await api.post("/webhooks/github", content=body, headers=github_delivery(body))
        slack = await api.post("/webhooks/slack", content=click, headers=slack_headers(click))
    assert (github.status_code, slack.status_code) == (401, 401)
    assert "CCB_GITHUB_WEBHOOK_SECRET" in github.json()["detail"]
    assert "CCB_SLACK_SIGNING_SECRET" in slack.json()["detail"]


async def test_a_delivery_whose_start_was_lost_is_started_by_the_sweep(idle: World, client: Client):
    """Stored by a process that died before it could start the workflow."""
    delivery = ids.new("delivery")
    services = idle.services
    dead = Intake(deliveries=services.deliveries, runs=services.runs)
    assert await dead.take("github", delivery, "issues", issue())
    assert await runs_of(client, "github", delivery) == 0
    alive = Intake(deliveries=services.deliveries, runs=services.runs, sweep_every=0.05)
    async with alive.running():
        await started(client, "github", delivery)


async def test_each_example_that_github_publishes_is_answered(idle: World):
    """All events, those that we know nothing of too: none is refused, and what means nothing is not kept."""
    kept: dict[str, int] = {}
    async with idle.client(None) as api:
        for one in read("webhooks.json.gz"):
            for payload in one["examples"]:
                body = json.dumps(payload).encode()
                answer = await api.post(
                    "/webhooks/github", content=body, headers=github_delivery(body, event=one["name"])
                )
                assert answer.status_code == 202, (one["name"], answer.text)
                if not answer.json()["ignored"]:
                    kept[one["name"]] = kept.get(one["name"], 0) + 1
    assert kept == {
        "check_run": 1,
        "installation": 6,
        "installation_repositories": 3,
        "issue_comment": 5,
        "issues": 6,
        "pull_request": 9,
        "pull_request_review": 3,
        "pull_request_review_comment": 3,
        "push": 7,
    }
