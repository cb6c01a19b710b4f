"""A ticket in Linear or Jira asks, is told, and shows what came of it; what we did there ourselves asks nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from adapters.trackers import marks
from domain import ids
from domain.lifecycle import Stage
from domain.review import Decision
from domain.runs import CreateIntegration, Delivery, DeliveryOutcome, RunOutcome, RunStatus
from tests.until import until
from tests.workflows.world import DOCUMENT, World


class Documents(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(DOCUMENT).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def document() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Documents) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/openapi.json"
        server.shutdown()
        thread.join()


def words(document: str) -> str:
    return f"API document: {document}\n\nName: cities-{ids.new('x')[-10:]}\n\n[simulate: one-turn]"


async def payloads(world: World, source: str) -> list[dict[str, Any]]:
    """What was done there, by people and by us, as webhooks tell it."""
    sent = (await world.simulators.look(source, "deliveries"))["deliveries"]
    return [{**one["payload"], "webhookTimestamp": datetime.now(UTC).timestamp() * 1000} for one in sent]


async def delivered(world: World, source: str, payload: dict[str, Any], delivery: str = "") -> DeliveryOutcome:
    stored = await world.artifacts.put(json.dumps(payload).encode(), "application/octet-stream")
    values = {"source": source, "id": delivery or ids.new("del"), "event": "?", "received_at": datetime.now(UTC)}
    await world.runs.start_delivery(Delivery.model_validate({**values, "body": stored}))
    workflow = ids.delivery_workflow(source, str(values["id"]))
    handle = world.client.get_workflow_handle(workflow, result_type=DeliveryOutcome)
    outcome: DeliveryOutcome = await handle.result()
    return outcome


async def ticket(world: World, source: str, key: str) -> dict[str, Any]:
    issues = (await world.simulators.look(source, "state"))["issues"]
    found: dict[str, Any] = next(one for one in issues if key in {one.get("identifier"), one.get("key")})
    return found


async def reviewing(world: World, integration_id: str) -> RunStatus:
    async def there() -> RunStatus | None:
        status = await world.runs.status(integration_id)
        assert status.failure is None, status.failure
        return status if status.stage is Stage.REVIEWING and status.waiting is not None else None

    return await until(there)


async def ended(world: World, integration_id: str) -> RunOutcome:
    return await world.ended(CreateIntegration.model_construct(integration_id=integration_id))


async def test_a_ticket_in_linear_becomes_an_integration(world: World, document: str) -> None:
    issue = {"title": "List the cities", "description": words(document), "labels": ["integration"]}
    opened = (await world.simulators.act("linear", "issues", user="ada", **issue))["result"]
    [asked] = await payloads(world, "linear")
    async with world.workers():
        delivery = ids.new("del")
        started = [await delivered(world, "linear", asked, delivery) for _ in range(2)]
        # Under another id, as when two webhooks are registered.
        started.append(await delivered(world, "linear", asked))
        assert [outcome.action for outcome in started] == ["started"] * 3
        [integration_id] = {outcome.integration_id for outcome in started}
        assert integration_id is not None
        status = await reviewing(world, integration_id)
        assert status.pull_request is not None
        shown = await ticket(world, "linear", opened["identifier"])
        assert [link["url"] for link in shown["attachments"]] == [status.pull_request.url]
        assert shown["state"]["name"] == "Todo"
        assert status.content_hash is not None
        review = await world.review("grace", status.content_hash, Decision.APPROVE)
        await world.runs.submit_review(integration_id, review)
        outcome = await ended(world, integration_id)
        assert (outcome.stage, outcome.failure) == (Stage.ACTIVE, None)
        shown = await ticket(world, "linear", opened["identifier"])
        [comment] = shown["comments"]
        assert "**active**" in comment["body"]
        assert marks.ours(comment["body"])
        assert shown["state"]["name"] == "Done"
        assert [link["url"] for link in shown["attachments"]] == [status.pull_request.url, outcome.url]
        # Everything that was ever delivered comes again, what we did ourselves too.
        everything = await payloads(world, "linear")
        assert len(everything) > 5
        again = [await delivered(world, "linear", payload) for payload in everything]
        assert {one.action for one in again} == {"ignored"}
    found = await world.integrations.get(integration_id)
    assert (found.stage, found.ticket) == (Stage.ACTIVE, found.ticket)
    assert found.ticket is not None
    assert found.ticket.key == opened["identifier"]
    runs = await world.client.count_workflows(f'WorkflowId = "{ids.lifecycle_workflow(integration_id)}"')
    assert runs.count == 1


async def test_a_ticket_in_jira_that_is_cancelled_stops_its_run(world: World, document: str) -> None:
    issue = {"summary": "List the cities", "description": words(document), "labels": ["integration"]}
    key = (await world.simulators.act("jira", "issues", user="ada", **issue))["result"]["key"]
    [asked] = await payloads(world, "jira")
    async with world.workers():
        started = await delivered(world, "jira", asked)
        assert started.action == "started"
        assert started.integration_id is not None
        status = await reviewing(world, started.integration_id)
        assert status.pull_request is not None
        shown = await ticket(world, "jira", key)
        assert [link["object"]["url"] for link in shown["links"]] == [status.pull_request.url]
        await world.simulators.act("jira", "edit", user="ada", issue=key, status="Cancelled")
        stopped = await delivered(world, "jira", (await payloads(world, "jira"))[-1])
        assert stopped.action == "abandoned"
        outcome = await ended(world, started.integration_id)
        assert outcome.stage is Stage.FAILED
        shown = await ticket(world, "jira", key)
        [comment] = shown["comments"]
        assert "Failed while reviewing" in json.dumps(comment["body"])
        assert shown["fields"]["status"]["name"] == "Cancelled"


async def test_a_ticket_that_names_no_document_is_told_once(world: World) -> None:
    issue = {"title": "Cities", "description": "Please.", "labels": ["integration"]}
    opened = (await world.simulators.act("linear", "issues", user="ada", **issue))["result"]
    asked = (await payloads(world, "linear"))[-1]
    async with world.workers():
        outcomes = [await delivered(world, "linear", asked) for _ in range(2)]
    assert [outcome.action for outcome in outcomes] == ["refused", "refused"]
    [comment] = (await ticket(world, "linear", opened["identifier"]))["comments"]
    assert "API document:" in comment["body"]


async def test_a_ticket_that_cannot_be_told_holds_up_no_run(world: World, document: str) -> None:
    issue = {"title": "Cities", "description": words(document), "labels": ["integration"]}
    key = (await world.simulators.act("linear", "issues", user="ada", **issue))["result"]["identifier"]
    asked = (await payloads(world, "linear"))[-1]
    gone = {"errors": [{"message": "Entity not found: Issue", "extensions": {"code": "INPUT_ERROR"}}]}
    async with world.workers():
        # What is read before anything is told: who we are, and whether the ticket is open.
        await world.simulators.fault("linear", "error", status=400, body=gone, times=None, skip=2)
        try:
            started = await delivered(world, "linear", asked)
            assert started.integration_id is not None
            status = await reviewing(world, started.integration_id)
        finally:
            await world.simulators.reset_faults("linear")
        assert {one.step for one in status.untold} == {f"comment on {key}"}
        assert "Entity not found" in status.untold[0].error
        await world.simulators.act("linear", "edit", user="ada", issue=key, state="Canceled")
        assert (await delivered(world, "linear", (await payloads(world, "linear"))[-1])).action == "abandoned"
        assert (await ended(world, started.integration_id)).stage is Stage.FAILED
        [comment] = (await ticket(world, "linear", key))["comments"]
        assert "Failed while reviewing" in comment["body"]
