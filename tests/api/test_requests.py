"""Asking for an integration, and finding it again."""

import asyncio

from domain import ids
from domain.people import Role
from tests.api.world import DOCUMENT, World, a_request, fresh_name


async def test_a_request_is_readable_as_soon_as_it_is_accepted(world: World):
    name = fresh_name("cities")
    async with world.client(Role.DEVELOPER) as api:
        answer = await api.post("/api/v1/integrations", json=a_request(name=name))
        assert answer.status_code == 202, answer.text
        started = answer.json()
        assert answer.headers["location"] == started["status_url"]
        assert started["workflow_id"] == f"integration/{started['integration_id']}"

        found = (await api.get(f"/api/v1/integrations/{name}")).json()
        assert found["id"] == started["integration_id"]
        assert found["run_id"] == started["run_id"]
        assert found["requester"]["name"] == "the developer"
        assert found["requester"]["channel"] == "api"
        assert found["registry"] is None

        run = (await api.get(started["status_url"])).json()
        assert run["source"] == "workflow"
        assert run["run_id"] == started["run_id"]
        assert started["run_id"] in run["temporal_url"]

        events = (await api.get(f"/api/v1/integrations/{name}/events")).json()["items"]
        assert events[0]["type"] == "integration.created"
        later = (await api.get(f"/api/v1/integrations/{name}/events?after=1")).json()["items"]
        assert [event["sequence"] for event in later] == list(range(2, len(later) + 2))


async def test_a_taken_name_is_refused_and_leaves_nothing(world: World):
    name = fresh_name("taken")
    async with world.client(Role.DEVELOPER) as api:
        first = (await api.post("/api/v1/integrations", json=a_request(name=name))).json()
        before = (await api.get("/api/v1/integrations?limit=200")).json()["items"]
        second = await api.post("/api/v1/integrations", json=a_request(name=name))
        after = (await api.get("/api/v1/integrations?limit=200")).json()["items"]
    assert second.status_code == 409
    problem = second.json()
    assert problem["code"] == "name_taken"
    assert problem["details"]["integration_id"] == first["integration_id"]
    assert len(after) == len(before)


async def test_the_same_key_is_one_run_however_often_it_is_sent(world: World):
    async with world.client(Role.DEVELOPER) as api:
        send = [
            api.post("/api/v1/integrations", json=a_request(), headers={"Idempotency-Key": "once"}) for _ in range(5)
        ]
        answers = await asyncio.gather(*send)
        again = await api.post("/api/v1/integrations", json=a_request(), headers={"Idempotency-Key": "once"})
        other = await api.post("/api/v1/integrations", json=a_request(title="x"), headers={"Idempotency-Key": "once"})
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert {answer.json()["code"] for answer in waiting} <= {"request_under_way"}
    answered = [answer for answer in [*answers, again] if answer not in waiting]
    assert {answer.status_code for answer in answered} == {202}
    assert len({answer.json()["run_id"] for answer in answered}) == 1
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert "Idempotency-Key" in other.json()["detail"]


async def test_the_same_key_of_two_people_is_two_runs(world: World):
    keys = {"Idempotency-Key": "shared"}
    async with world.client(Role.DEVELOPER, "ada") as ada, world.client(Role.DEVELOPER, "bob") as bob:
        hers = (await ada.post("/api/v1/integrations", json=a_request(), headers=keys)).json()
        his = (await bob.post("/api/v1/integrations", json=a_request(), headers=keys)).json()
    assert hers["integration_id"] != his["integration_id"]


async def test_a_refused_request_stays_refused_when_its_key_is_sent_again(world: World):
    name = fresh_name("refused")
    async with world.client(Role.DEVELOPER) as api:
        await api.post("/api/v1/integrations", json=a_request(name=name))
        keys = {"Idempotency-Key": f"refused {name}"}
        first = await api.post("/api/v1/integrations", json=a_request(name=name), headers=keys)
        second = await api.post("/api/v1/integrations", json=a_request(name=name), headers=keys)
    assert first.status_code == 409
    assert second.status_code == 409


async def test_pages_hold_everything_once(world: World):
    async with world.client() as api:
        for _ in range(3):
            await api.post("/api/v1/integrations", json=a_request())
        everything = (await api.get("/api/v1/integrations?limit=200")).json()["items"]
        seen, cursor = [], None
        while True:
            query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = (await api.get("/api/v1/integrations", params=query)).json()
            seen += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        wrong = await api.get("/api/v1/integrations?cursor=nonsense")
        none = (await api.get("/api/v1/integrations?stage=retired")).json()["items"]
    assert seen == [one["id"] for one in everything]
    assert wrong.status_code == 422
    assert none == []


async def test_an_uploaded_document_can_be_asked_with(world: World):
    async with world.client(Role.DEVELOPER) as api:
        stored = await api.post("/api/v1/documents", json=DOCUMENT)
        again = await api.post("/api/v1/documents", json=DOCUMENT)
        document = {"artifact": stored.json()["artifact"]}
        answer = await api.post("/api/v1/integrations", json=a_request(document=document))
    assert stored.status_code == 201, stored.text
    assert "Weather" in stored.json()["summary"]
    assert again.json() == stored.json()
    assert answer.status_code == 202


async def test_another_organisation_sees_nothing(world: World):
    name = fresh_name("private")
    async with world.client(Role.DEVELOPER) as api:
        await api.post("/api/v1/integrations", json=a_request(name=name))
    other = await world.person("the developer", Role.DEVELOPER)
    stranger = other.model_copy(update={"id": ids.new("per"), "name": "a stranger", "organization_id": ids.new("org")})
    await world.services.people.add(stranger)
    key = (await world.services.people.issue_key(stranger.id, label="test")).get_secret_value()
    async with world.client(None) as api:
        api.headers["Authorization"] = f"Bearer {key}"
        listed = (await api.get("/api/v1/integrations")).json()["items"]
        found = await api.get(f"/api/v1/integrations/{name}")
    assert listed == []
    assert found.status_code == 404


async def test_without_a_worker_the_answer_says_so_and_the_request_is_kept(idle: World):
    keys = {"Idempotency-Key": "patient"}
    async with idle.client(Role.DEVELOPER) as api:
        answer = await api.post("/api/v1/integrations", json=a_request(), headers=keys)
        again = await api.post("/api/v1/integrations", json=a_request(), headers=keys)
    assert answer.status_code == 503
    assert answer.json()["code"] == "no_worker"
    assert int(answer.headers["retry-after"]) > 0
    assert again.json()["details"]["integration_id"] == answer.json()["details"]["integration_id"]
