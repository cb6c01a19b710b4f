"""An issue that names an integration which serves asks for its next version."""

import json
from datetime import UTC, datetime
from typing import Any

from domain import ids
from domain.lifecycle import Operation, Stage
from domain.people import Actor, Channel
from domain.runs import Abandon, Delivery, DeliveryOutcome
from domain.vendors import IssueRef
from tests.workflows.updating import Serving, active
from tests.workflows.world import REPOSITORY, World


async def _delivered(world: World, action: str, issue: IssueRef, name: str) -> DeliveryOutcome:
    """What comes of a webhook about an issue of ada's, as GitHub sends it."""
    ada = {"login": "ada", "id": 1}
    body = f"Name: {name}\n\nSet the timeout to 5 seconds.\n\n[simulate: one-turn]"
    payload: dict[str, Any] = {
        "action": action,
        "issue": {
            "number": issue.number,
            "title": "Faster please",
            "body": body,
            "html_url": f"https://github.example/{REPOSITORY}/issues/{issue.number}",
            "state": "open",
            "created_at": "2026-11-23T09:00:00Z",
            "user": ada,
            "labels": [{"name": "integration"}],
        },
        "label": {"name": "integration"},
        "repository": {"full_name": REPOSITORY},
        "sender": ada,
    }
    stored = await world.artifacts.put(json.dumps(payload).encode(), "application/octet-stream")
    delivery = Delivery(source="github", id=ids.new("del"), event="issues", received_at=datetime.now(UTC), body=stored)
    await world.runs.start_delivery(delivery)
    handle = world.client.get_workflow_handle(ids.delivery_workflow("github", delivery.id), result_type=DeliveryOutcome)
    outcome: DeliveryOutcome = await handle.result()
    return outcome


async def test_an_issue_that_names_an_integration_updates_it(world: World) -> None:
    async with world.workers():
        made = await active(world)
        name = made.request.name or ""
        before = await Serving.read(world, made)
        first, second = await world.issue(), await world.issue()
        assert (await _delivered(world, "opened", first, name)).action == "ignored"
        started = await _delivered(world, "labeled", first, name)
        assert (started.action, started.integration_id) == ("started", made.integration_id)
        status = await world.reaches(made, Stage.REVIEWING, waiting=True)
        assert (status.operation, status.version) == (Operation.UPDATE, "1.0.1")
        refused = await _delivered(world, "labeled", second, name)
        assert refused.action == "refused"
        [comment] = await world.github(f"issues/{second.number}/comments")
        assert "under way" in comment["body"]
        # The issue that asked for the integration is done with: that it is closed stops nothing.
        assert made.issue is not None
        assert (await _delivered(world, "closed", made.issue, name)).action == "ignored"
        by = Actor(channel=Channel.CLI, name="operator")
        await world.runs.abandon(made.integration_id, Abandon(by=by, reason="test over"))
        await world.ended(made)
        [comment] = await world.github(f"issues/{first.number}/comments")
        assert "1.0.0 serves on, untouched" in comment["body"]
        assert await Serving.read(world, made) == before
