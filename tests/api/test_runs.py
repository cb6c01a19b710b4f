"""Following a run, and telling it something."""

import dataclasses

import httpx
import pytest

from adapters.temporal import TemporalRuns
from domain.artifacts import content_hash
from domain.people import Role
from tests.api.stand_in import CONTENT
from tests.api.world import World, a_request, fresh_name, served, until


async def a_run(world: World, stem: str, **changes: object) -> str:
    """A run that waits for review, asked for by the developer."""
    name = fresh_name(stem)
    async with world.client(Role.DEVELOPER) as api:
        answer = await api.post("/api/v1/integrations", json=a_request(name=name, **changes))
        assert answer.status_code == 202, answer.text
        await in_stage(api, name, "reviewing")
    return name


async def in_stage(api: httpx.AsyncClient, name: str, stage: str) -> None:
    async def there() -> bool:
        run = (await api.get(f"/api/v1/integrations/{name}/run")).json()
        return bool(run["status"]["stage"] == stage and run["source"] == "workflow")

    await until(there)


async def test_a_review_carries_it_to_active(world: World):
    name = await a_run(world, "approved")
    review = {"decision": "approve", "content_hash": CONTENT, "comment": "good"}
    async with world.client(Role.REVIEWER) as api:
        run = await api.post(f"/api/v1/integrations/{name}/reviews", json=review)
        assert run.status_code == 200, run.text
        given = run.json()["status"]["reviews"]
        assert [(one["reviewer"]["name"], one["comment"]) for one in given] == [("the reviewer", "good")]
        await in_stage(api, name, "active")
        late = await api.post(f"/api/v1/integrations/{name}/reviews", json=review)
    assert late.status_code == 409
    assert "active" in late.json()["detail"]


async def test_a_review_of_other_content_is_refused(world: World):
    name = await a_run(world, "changed")
    review = {"decision": "approve", "content_hash": content_hash(b"something else")}
    async with world.client(Role.REVIEWER) as api:
        answer = await api.post(f"/api/v1/integrations/{name}/reviews", json=review)
        stage = (await api.get(f"/api/v1/integrations/{name}")).json()["stage"]
    assert answer.status_code == 409
    assert answer.json()["code"] == "content_changed"
    assert answer.json()["details"]["current"] == CONTENT
    assert stage == "reviewing"


async def test_the_requester_does_not_count(world: World):
    name = fresh_name("own")
    async with world.client(Role.REVIEWER) as api:
        await api.post("/api/v1/integrations", json=a_request(name=name))
        await in_stage(api, name, "reviewing")
        review = {"decision": "approve", "content_hash": CONTENT}
        answer = await api.post(f"/api/v1/integrations/{name}/reviews", json=review)
    assert answer.status_code == 403
    assert answer.json()["code"] == "review_not_counted"


async def test_the_same_review_sent_twice_is_one(world: World):
    name = await a_run(world, "twice")
    review = {"decision": "request_changes", "content_hash": CONTENT, "comment": "no"}
    async with world.client(Role.REVIEWER) as api:
        for _ in range(3):
            answer = await api.post(
                f"/api/v1/integrations/{name}/reviews", json=review, headers={"Idempotency-Key": "one click"}
            )
        assert len(answer.json()["status"]["reviews"]) == 1
        other = await api.post(f"/api/v1/integrations/{name}/reviews", json=review)
    assert len(other.json()["status"]["reviews"]) == 2


async def test_an_abandoned_run_says_why(world: World):
    name = await a_run(world, "abandoned")
    async with world.client(Role.DEVELOPER) as api:
        answer = await api.post(f"/api/v1/integrations/{name}/abandon", json={"reason": "no longer wanted"})
        assert answer.status_code == 200
        await in_stage(api, name, "failed")
        run = (await api.get(f"/api/v1/integrations/{name}/run")).json()
        again = await api.post(f"/api/v1/integrations/{name}/abandon", json={"reason": "again"})
    assert run["status"]["failure"]["error"]["message"] == "no longer wanted"
    assert again.status_code == 409


async def test_a_budget_changes_only_what_is_named(world: World):
    name = await a_run(world, "budget", budget={"usd": "2", "turns": 7})
    async with world.client(Role.OPERATOR) as api:
        answer = await api.post(f"/api/v1/integrations/{name}/budget", json={"usd": "5.5"})
        wrong = await api.post(f"/api/v1/integrations/{name}/budget", json={"usd": 0})
    assert answer.json()["status"]["budget"] == {"tokens": 4_000_000, "usd": "5.5", "turns": 7}
    assert wrong.status_code == 422


async def test_a_run_that_nobody_answers_for_is_told_from_the_database(world: World, idle: World):
    """The other API asks Temporal in a namespace that never heard of the run."""
    name = await a_run(world, "forgotten")
    async with idle.client(Role.VIEWER) as api:
        run = (await api.get(f"/api/v1/integrations/{name}/run")).json()
    assert run["source"] == "database"
    status = run["status"]
    assert status["stage"] == "reviewing"
    assert status["version"] == "1.0.0"
    assert status["content_hash"] == CONTENT
    names = [one["name"] for one in status["stages"]]
    assert names == ["requested", "analyzing", "generating", "testing", "reviewing"]
    assert all(one["seconds"] >= 0 for one in status["stages"])
    assert 0 < status["progress"] < 1


async def test_a_run_that_cannot_answer_is_told_from_the_database_too(world: World):
    name = fresh_name("mute")
    async with world.client(Role.DEVELOPER) as api:
        await api.post("/api/v1/integrations", json=a_request(name=name))
        answer = await api.get(f"/api/v1/integrations/{name}/run")
    assert answer.status_code == 200, answer.text
    assert answer.json()["source"] == "database"


async def test_logs_of_what_was_never_deployed_and_of_a_runner_that_is_away(world: World, idle: World):
    async with idle.client(Role.DEVELOPER) as api:
        await api.post("/api/v1/integrations", json=a_request())
    name = await a_run(world, "logs")
    async with world.client(Role.VIEWER) as api:
        away = await api.get(f"/api/v1/integrations/{name}/logs")
        entry = await api.get(f"/api/v1/registry/{name}")
    assert away.status_code == 503
    assert away.headers["content-type"] == "application/problem+json"
    assert entry.status_code == 404
    assert "reviewing" in entry.json()["detail"]


async def test_health_says_what_is_away(world: World):
    async with world.client(None) as api:
        live = await api.get("/health/live")
        ready = await api.get("/health/ready")
        health = await api.get("/health")
        deps = (await api.get("/health/deps")).json()
    assert (live.status_code, ready.status_code, health.status_code) == (200, 200, 200)
    assert deps["status"] == "degraded"
    found = {one["name"]: (one["ok"], one["needed"]) for one in deps["dependencies"]}
    assert found == {
        "database": (True, True),
        "temporal": (True, True),
        "artifacts": (True, True),
        "runner": (False, False),
    }


async def test_without_what_is_needed_it_is_not_ready(world: World):
    async def down() -> None:
        await world.services.integrations.get("int_none")

    probes = {**world.services.probes, "database": down}
    async with (
        served(dataclasses.replace(world.services, probes=probes)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as api,
    ):
        ready = await api.get("/health/ready")
        live = await api.get("/health/live")
    assert ready.status_code == 503
    assert ready.json()["status"] == "unavailable"
    assert live.status_code == 200


@pytest.mark.parametrize("path", ["reviews", "abandon", "budget"])
async def test_nothing_can_be_told_to_a_run_that_does_not_answer(world: World, idle: World, path: str):
    assert isinstance(idle.services.runs, TemporalRuns)
    name = await a_run(world, "silent")
    bodies = {
        "reviews": {"decision": "approve", "content_hash": CONTENT},
        "abandon": {"reason": "x"},
        "budget": {"usd": 1},
    }
    async with idle.client(Role.ADMIN) as api:
        answer = await api.post(f"/api/v1/integrations/{name}/{path}", json=bodies[path])
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
