"""What Claude says in a real run is seen while it says it, and all of it."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from activities.store import load_conversation
from api.wiring import ProcessSettings, open_services
from cli.stream import Sent
from domain.conversation import Text, ToolUse
from domain.people import Role
from domain.runs import Abandon, CreateIntegration
from tests.api.watching import Watcher
from tests.api.world import served
from tests.workflows.world import World, settings_from

SLOWLY = " ".join(f"Word number {number} of a long thought." for number in range(40))


@pytest.fixture
async def api(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """The API over the same world, with a viewer's key."""
    with settings_from(world.environment):
        settings = ProcessSettings()
    services = await open_services(settings)
    key = await services.people.issue_key((await services.people.ensure("viewer", Role.VIEWER)).id, label="tests")
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"}
    async with (
        served(services) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as client,
    ):
        yield client
    await services.close()


def said(got: list[Sent], turn: int, kind: str) -> str:
    entries = [json.loads(sent.data) for sent in got if sent.event == kind]
    return "".join(entry["text"] for entry in entries if entry["turn"] == turn)


async def begun(world: World) -> tuple[CreateIntegration, str]:
    """A run whose first turn comes slowly; and what its turns are recorded under."""
    cmd = await world.request()
    content = [
        {"type": "text", "text": SLOWLY},
        {"type": "tool_use", "name": "read_operation", "input": {"method": "get", "path": "/cities"}},
    ]
    await world.simulators.act("claude", "script", content=content, match=cmd.request.name, pause_seconds=0.1)
    accepted = await world.runs.start_create(cmd)
    return cmd, f"{accepted.workflow_id}/{accepted.run_id}"


async def test_a_real_run_is_seen_while_it_speaks_and_whole(world: World, api: httpx.AsyncClient) -> None:
    async with world.workers():
        cmd, run = await begun(world)
        path = f"/api/v1/integrations/{cmd.integration_id}/stream"
        async with api.stream("GET", path, params={"since": "start"}) as answer:
            watcher = Watcher(answer)
            await watcher.until("text")
            assert await world.books.find(run, 1) is None, "the turn is over, so this was not live"
            await watcher.until("end")
            await watcher.until("stage", "testing")
            person = await world.person("ada")
            by = cmd.requester.model_copy(update={"person_id": person.id})
            await world.runs.abandon(cmd.integration_id, Abandon(by=by, reason="seen enough"))
            got = await watcher.rest()
    assert got[-1].event == "settled"
    turns = [json.loads(sent.data)["turn"] for sent in got if sent.event == "end"]
    assert turns == list(range(1, len(turns) + 1))
    assert said(got, 1, "text") == SLOWLY
    for number in turns:
        turn = await world.books.find(run, number)
        assert turn is not None
        answered = (await load_conversation(world.artifacts, turn.conversation)).messages[-1].content
        assert said(got, number, "text") == "".join(block.text for block in answered if isinstance(block, Text))
        inputs = "".join(json.dumps(block.input) for block in answered if isinstance(block, ToolUse))
        assert said(got, number, "tool").replace(" ", "") == inputs.replace(" ", "")
    results = [json.loads(sent.data) for sent in got if sent.event == "result"]
    assert results[0]["name"] == "read_operation"
    assert not results[0]["is_error"]
    last = [json.loads(sent.data) for sent in got if sent.event == "end"][-1]
    assert float(last["spent"]["usd"]) == float((await world.books.spent(run)).usd)
