"""Following a run live: nothing lost, nothing twice, whoever goes away meanwhile."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator

import pytest

from api.standing import while_allowed
from cli.stream import Sent
from domain import ids
from domain.people import Actor, Channel, Role
from domain.runs import CreateIntegration, DocumentSource, IntegrationRequest
from tests.api.test_runs import a_run
from tests.api.watching import Watcher, approve, say, watching
from tests.api.world import World, fresh_name, until


def lasting(got: list[Sent]) -> list[Sent]:
    """Without what only says how things are."""
    return [sent for sent in got if sent.event not in {"step", "waiting"}]


async def test_what_is_said_arrives_while_the_run_goes_on_and_the_stream_ends_with_it(world: World):
    name = await a_run(world, "streamed")
    async with watching(world, name) as watcher:
        await watcher.until("version")
        assert watcher.headers["content-type"].startswith("text/event-stream")
        stages = [json.loads(s.data)["data"]["metadata"]["stage"] for s in watcher.got if s.event == "stage"]
        assert stages == ["requested", "analyzing", "generating", "testing", "reviewing"]
        for number in range(3):
            await say(world, name, "text", text=f"piece {number}\n\u2028")
            sent = await watcher.until("text", f"piece {number}")
            assert json.loads(sent.data)["text"] == f"piece {number}\n\u2028"
        waits = json.loads((await watcher.until("waiting")).data)
        assert waits["waiting"]["what"] == "a review"
        await approve(world, name)
        await watcher.rest()
    assert [sent.event for sent in watcher.got].count("settled") == 1
    assert watcher.got[-1].event == "settled"
    assert json.loads(watcher.got[-1].data)["stage"] == "active"


async def test_a_run_that_failed_settles_as_failed(world: World):
    name = await a_run(world, "unwanted")
    async with watching(world, name) as watcher:
        async with world.client() as api:
            await api.post(f"/api/v1/integrations/{name}/abandon", json={"reason": "not wanted"})
        await watcher.rest()
    assert json.loads(watcher.got[-1].data)["stage"] == "failed"


async def test_from_every_place_it_goes_on_exactly_behind_it(world: World):
    name = await a_run(world, "resumed")
    for turn in range(1, 4):
        await say(world, name, "turn", "text", "tool", "result", "end", turn=turn)
    await approve(world, name)
    async with watching(world, name) as watcher:
        whole = await watcher.rest()
    assert len(whole) == 8 + 1 + 15, whole
    for number in range(len(whole) - 1):
        async with watching(world, name, last=whole[number].id) as again:
            assert await again.rest() == whole[number + 1 :]


async def test_connections_that_are_cut_lose_and_double_nothing(world: World):
    name = await a_run(world, "cut")
    texts = [f"piece {number}" for number in range(60)]

    async def speak() -> None:
        for text in texts:
            await say(world, name, "text", text=text)
        await approve(world, name)

    speaking = asyncio.create_task(speak())
    got: list[Sent] = []
    while not got or got[-1].event != "settled":
        async with watching(world, name, last=got[-1].id if got else None) as watcher:
            with contextlib.suppress(AssertionError):
                # Cut somewhere behind the next piece, in the middle of whatever is on its way.
                await watcher.until("text")
            got += watcher.got
    await speaking
    assert [json.loads(sent.data)["text"] for sent in got if sent.event == "text"] == texts
    sequences = [json.loads(sent.data)["sequence"] for sent in got if sent.event in {"stage", "version", "review"}]
    assert sequences == sorted(set(sequences))


async def test_two_watchers_see_the_same(world: World):
    name = await a_run(world, "two")
    async with watching(world, name) as one, watching(world, name) as other:
        await one.until("version")
        await say(world, name, "turn", "text", "end")
        await approve(world, name)
        assert lasting(await one.rest()) == lasting(await other.rest())
    assert [sent.event for sent in one.got if sent.event in {"turn", "text", "end"}] == ["turn", "text", "end"]


async def test_more_than_a_page_at_once_comes_in_order(world: World):
    name = await a_run(world, "long")
    await say(world, name, *["text"] * 1200)
    await approve(world, name)
    async with watching(world, name) as watcher:
        got = await watcher.rest()
    positions = [json.loads(sent.data)["position"] for sent in got if sent.event == "text"]
    assert len(positions) == 1200
    assert positions == sorted(positions)
    assert [sent.event for sent in got][-3:] == ["stage", "stage", "settled"]


async def test_usually_it_begins_with_the_turn_under_way(world: World):
    name = await a_run(world, "joined")
    await say(world, name, "turn", "text", "end", turn=1)
    await say(world, name, "turn", "text", turn=2)
    await approve(world, name)
    async with watching(world, name, since="turn") as watcher:
        got = await watcher.rest()
    assert {json.loads(sent.data)["turn"] for sent in got if sent.event in {"turn", "text", "end"}} == {2}
    assert sum(sent.event == "stage" for sent in got) == 7


async def test_a_watcher_that_goes_is_noticed(world: World, caplog: pytest.LogCaptureFixture):
    name = await a_run(world, "gone")
    caplog.set_level(logging.INFO, "ccb.api.access")
    async with watching(world, name) as watcher:
        await watcher.until("version")

    async def ended() -> bool:
        return any(getattr(record, "path", "").endswith(f"/{name}/stream") for record in caplog.records)

    await until(ended, within=5)


async def test_who_may_see_it_no_more_is_told_no_more(world: World):
    """The run goes on, and so does the stream of somebody else."""
    name = await a_run(world, "revoked")
    person = await world.person(fresh_name("watcher"), Role.VIEWER)
    made, key = await world.services.keys.issue(person.id, label="watches")
    bearer = {"Authorization": f"Bearer {key.get_secret_value()}"}
    async with world.client(None) as api, watching(world, name) as other:
        async with api.stream("GET", f"/api/v1/integrations/{name}/stream", headers=bearer) as answer:
            watcher = Watcher(answer)
            await watcher.until("version")
            await world.services.keys.revoke(made.id, person_id=person.id)
            assert "settled" not in {sent.event for sent in await watcher.rest()}
        await approve(world, name)
        await other.until("settled")


async def test_lines_that_do_not_come_hold_nobody_who_may_not_see_them():
    closed = asyncio.Event()

    async def lines() -> AsyncGenerator[str]:
        try:
            yield "first"
            await asyncio.Event().wait()
        finally:
            closed.set()

    answers = iter([True, True, False])

    async def allowed() -> bool:
        return next(answers)

    assert [line async for line in while_allowed(lines(), allowed)] == ["first"]
    assert closed.is_set()


@pytest.mark.parametrize("key", [None, "ccb_wrong"])
async def test_without_a_key_nothing_is_streamed(world: World, key: str | None):
    name = await a_run(world, "closed")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with world.client(None) as api:
        answer = await api.get(f"/api/v1/integrations/{name}/stream", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_is_not_there_or_anothers_is_not_streamed(world: World):
    other = CreateIntegration(
        integration_id=ids.new("int"),
        organization_id="org_other",
        request=IntegrationRequest(title="x", document=DocumentSource(url="https://example.com/openapi.json")),
        requester=Actor(channel=Channel.API, name="eve"),
        repository="acme/integrations",
    )
    await world.services.integrations.accept(other, workflow_id="w", run_id="r")
    async with world.client() as api:
        for name in ("no-such-thing", other.integration_id):
            answer = await api.get(f"/api/v1/integrations/{name}/stream")
            assert answer.status_code == 404
            assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("last", ["x", "1", "1.2.3", "-1.2", "1." + "9" * 30])
async def test_a_place_that_is_none_is_refused(world: World, last: str):
    name = await a_run(world, "lost")
    async with world.client() as api:
        answer = await api.get(f"/api/v1/integrations/{name}/stream", headers={"Last-Event-ID": last})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_input"


async def test_the_document_says_what_is_sent(world: World):
    async with world.client() as api:
        document = (await api.get("/openapi.json")).json()
    answer = document["paths"]["/api/v1/integrations/{integration}/stream"]["get"]["responses"]["200"]
    assert "text/event-stream" in answer["content"]
    for name in ("stage", "turn", "text", "tool", "result", "end", "waiting", "settled", "Last-Event-ID"):
        assert f"`{name}`" in answer["description"]
    assert {"LiveEntry", "Event", "Standing", "Integration"} <= set(document["components"]["schemas"])
