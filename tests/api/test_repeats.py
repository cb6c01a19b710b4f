"""`Idempotency-Key`: one request, one deed, one answer, over two processes, kills and restarts."""

import asyncio
import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client

from adapters.database import Database, SqlRepeats
from api.wiring import ProcessSettings
from domain.ids import DEFAULT_ORGANIZATION
from domain.people import Role
from domain.repeats import Claim, GivenAnswer
from tests.api.conftest import IDLE
from tests.api.test_problems import is_problem
from tests.api.world import World, a_request, environment_of, fresh_name, served, until
from tests.servers import folder, free_ports, process, ready

PATH = "/api/v1/integrations"


@contextmanager
def starting(settings: ProcessSettings, log: Path, **environment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    (port,) = free_ports(1)
    told = {**environment_of(settings, port), **environment}
    with process([sys.executable, "-m", "api"], log=log, environment=told) as child:
        yield f"http://127.0.0.1:{port}", child


async def up(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    async def ask() -> None:
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
            (await api.get("/health/startup")).raise_for_status()

    await ready(ask, child, log, httpx.HTTPError)


@asynccontextmanager
async def two(
    settings: ProcessSettings, first: dict[str, str], second: dict[str, str]
) -> AsyncIterator[list[tuple[str, subprocess.Popen[bytes]]]]:
    """Two processes of the API over one database."""
    with (
        folder() as home,
        starting(settings, home / "one", **first) as one,
        starting(settings, home / "other", **second) as other,
    ):
        await asyncio.gather(up(*one, home / "one"), up(*other, home / "other"))
        yield [one, other]


@pytest.fixture(scope="module")
async def replicas(world: World, settings: ProcessSettings) -> AsyncIterator[list[str]]:
    async with two(settings, {}, {}) as both:
        yield [url for url, _ in both]


async def headers(world: World, key: str, role: Role = Role.DEVELOPER, name: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {await world.key(role, name)}", "Idempotency-Key": key}


async def post(url: str, path: str, body: object, sent: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=40) as api:
        return await api.post(path, json=body, headers=sent)


async def test_two_processes_asked_at_once_do_it_once(world: World, replicas: list[str]):
    name, sent = fresh_name("raced"), await headers(world, fresh_name("race"))
    body = a_request(name=name)
    answers = await asyncio.gather(*(post(replicas[n % 2], PATH, body, sent) for n in range(24)))
    done = [answer for answer in answers if answer.status_code == 202]
    waiting = [answer for answer in answers if answer.status_code != 202]
    assert done
    for answer in waiting:
        is_problem(answer, 409, "request_under_way")
        assert 1 <= int(answer.headers["retry-after"]) <= 10
    late = [await post(url, PATH, body, sent) for url in replicas]
    assert {(each.text, each.headers["location"]) for each in [*done, *late]} == {
        (done[0].text, done[0].headers["location"])
    }
    other = await post(replicas[1], PATH, a_request(name=name, title="another"), sent)
    assert "new key" in str(is_problem(other, 422, "idempotency_key_reused")["detail"])


async def test_a_key_that_is_shown_once_is_shown_to_its_caller_again_and_lies_encrypted(
    world: World, replicas: list[str], settings: ProcessSettings
):
    person = await world.person(fresh_name("keyed"), Role.VIEWER)
    path, sent = f"/api/v1/people/{person.id}/keys", await headers(world, "show it", Role.ADMIN)
    first = await post(replicas[0], path, {"label": "laptop"}, sent)
    again = await post(replicas[1], path, {"label": "laptop"}, sent)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    shown = first.json()["key"]
    assert shown.startswith("ccb_")
    stored = sqlite3.connect(settings.database.parsed().database or "").execute("SELECT * FROM repeats").fetchall()
    assert stored
    assert shown not in str(stored)
    assert "show it" not in str(stored)


async def test_keys_are_their_callers_and_their_paths(world: World, replicas: list[str]):
    key = fresh_name("shared")
    ada = await post(replicas[0], PATH, a_request(), await headers(world, key, name="ada"))
    bob = await post(replicas[1], PATH, a_request(), await headers(world, key, name="bob"))
    assert ada.json()["integration_id"] != bob.json()["integration_id"]
    elsewhere = await post(replicas[0], "/api/v1/documents", {}, await headers(world, key, name="ada"))
    assert elsewhere.json()["code"] == "invalid_document"


async def test_a_refusal_that_will_last_is_kept_and_one_of_this_moment_is_not(world: World, replicas: list[str]):
    name, sent = fresh_name("moment"), await headers(world, fresh_name("moment"))
    body = {"reason": "no longer needed"}
    await post(replicas[0], PATH, a_request(name=name), await headers(world, name))
    path = f"{PATH}/{name}/abandon"
    budget = await post(replicas[0], PATH, a_request(budget={"usd": 10_000}), sent)
    assert (budget.status_code, (await post(replicas[1], PATH, a_request(budget={"usd": 10_000}), sent)).content) == (
        403,
        budget.content,
    )
    refused = await post(replicas[0], f"{PATH}/{name}/retry", {}, sent)
    assert refused.status_code == 409
    assert (await post(replicas[0], path, body, await headers(world, "stop"))).status_code == 200

    async def no_longer() -> bool:
        return (await post(replicas[1], f"{PATH}/{name}/retry", {}, sent)).content != refused.content

    await until(no_longer)


async def test_what_does_not_fit_uses_no_key_up(world: World, replicas: list[str]):
    sent = await headers(world, fresh_name("mended"))
    wrong = await post(replicas[0], PATH, a_request(titel="x"), sent)
    mended = await post(replicas[1], PATH, a_request(), sent)
    assert (wrong.status_code, mended.status_code) == (422, 202)


@pytest.mark.parametrize("key", ["", "k" * 201])
async def test_a_key_that_is_none_is_refused(world: World, replicas: list[str], key: str):
    answer = await post(replicas[0], PATH, a_request(), await headers(world, key))
    assert is_problem(answer, 422, "invalid_input")["errors"][0]["field"] == "Idempotency-Key"  # type: ignore[index]


async def test_a_process_that_starts_later_gives_the_same_answer(
    world: World, replicas: list[str], settings: ProcessSettings
):
    sent = await headers(world, fresh_name("restarted"))
    before = await post(replicas[0], PATH, a_request(), sent)
    with folder() as home, starting(settings, home / "log") as (url, child):
        await up(url, child, home / "log")
        after = await post(url, PATH, a_request(), sent)
    assert before.status_code == 202
    assert (after.status_code, after.content) == (202, before.content)
    assert after.headers["location"] == before.headers["location"]


async def test_the_request_of_a_killed_process_is_done_by_the_next_and_once(
    world: World, idle: World, settings: ProcessSettings
):
    """No worker answers in this namespace, so that a request hangs until its process is killed."""
    key = fresh_name("killed")
    sent = await headers(world, key)
    patient, other_one = ({"CCB_TEMPORAL_NAMESPACE": IDLE, "CCB_API_PATIENCE": patience} for patience in ("60", "1"))
    async with two(settings, patient, other_one) as ((url, child), (other, ending)):
        hanging = asyncio.create_task(post(url, PATH, a_request(), sent))
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:

            async def claimed() -> bool:
                return 'outcome="worked_on"' in (await api.get("/metrics")).text

            await until(claimed)
        is_problem(await post(other, PATH, a_request(), sent), 409, "request_under_way")
        os.kill(child.pid, signal.SIGKILL)
        started = time.monotonic()
        while (taken := await post(other, PATH, a_request(), sent)).status_code == 409:
            assert time.monotonic() - started < 15
            await asyncio.sleep(0.2)
        again = await post(other, PATH, a_request(), sent)
        with pytest.raises(httpx.HTTPError):
            (await hanging).raise_for_status()
        last = asyncio.create_task(post(other, PATH, a_request(), await headers(world, fresh_name("last"))))
        await until(lambda: _begun(other))
        ending.send_signal(signal.SIGTERM)
        is_problem(await last, 503, "no_worker")  # it is given its time, and its answer
        assert await asyncio.to_thread(ending.wait, 15) == 0
    for answer in (taken, again):
        is_problem(answer, 503, "no_worker")
    ids = {answer.json()["details"]["integration_id"] for answer in (taken, again)}
    assert len(ids) == 1
    client = await Client.connect(settings.temporal.address, namespace=IDLE)
    started_runs = [one.id async for one in client.list_workflows(f"WorkflowId = 'integration/{ids.pop()}'")]
    assert len(started_runs) == 1


async def _begun(url: str) -> bool:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
        return "ccb_http_requests_in_flight 2.0" in (await api.get("/metrics")).text


class Losing(SqlRepeats):
    """The answer is lost on the way into the database: what the request made is there, and its claim is not held."""

    async def answer(self, scope: str, key: str, claim: Claim, given: GivenAnswer) -> None:
        await self.release(scope, key, claim)


@pytest.fixture
async def losing(world: World, settings: ProcessSettings) -> AsyncIterator[str]:
    """The URL of a process that ends, as it were, between what it did and its answer."""
    database = await Database.open(settings.database)
    async with served(dataclasses.replace(world.services, repeats=Losing(database, settings.secrets))) as url:
        yield url
    await database.close()


async def test_a_person_that_was_added_before_the_kill_is_found(world: World, losing: str):
    sent, body = await headers(world, fresh_name("lost"), Role.ADMIN), {"name": fresh_name("lost")}
    lost, found = await post(losing, "/api/v1/people", body, sent), await post(world.url, "/api/v1/people", body, sent)
    assert (lost.status_code, found.status_code) == (201, 201)
    assert found.json()["id"] == lost.json()["id"]


async def test_a_key_whose_answer_was_lost_is_replaced_by_the_next_sending(world: World, losing: str):
    """There is one key, not two, and of the two that were shown only the one that arrived opens anything."""
    sent, label = await headers(world, fresh_name("lost"), Role.ADMIN), fresh_name("key")
    lost, found = [await post(url, "/api/v1/keys", {"label": label}, sent) for url in (losing, world.url)]
    assert (lost.status_code, found.status_code, lost.json()["id"]) == (201, 201, found.json()["id"])
    async with httpx.AsyncClient(base_url=world.url, trust_env=False, timeout=30) as api:
        with_each = [{"Authorization": f"Bearer {one.json()['key']}"} for one in (lost, found)]
        opened = [await api.get("/api/v1/keys", headers=key) for key in with_each]
    assert [one.status_code for one in opened] == [401, 200]
    assert [one["label"] for one in opened[1].json()].count(label) == 1


async def test_a_key_whose_answer_was_lost_and_that_was_revoked_stays_revoked(world: World, losing: str):
    sent = await headers(world, fresh_name("lost"), Role.ADMIN)
    body = {"label": fresh_name("key")}
    lost = await post(losing, "/api/v1/keys", body, sent)
    async with httpx.AsyncClient(base_url=world.url, trust_env=False, timeout=30) as api:
        path, bearer = f"/api/v1/keys/{lost.json()['id']}", {"Authorization": sent["Authorization"]}
        assert (await api.delete(path, headers=bearer)).is_success
    is_problem(await post(world.url, "/api/v1/keys", body, sent), 409, "conflict")


async def test_an_invitation_whose_answer_was_lost_is_one_with_another_code(world: World, losing: str):
    sent = await headers(world, fresh_name("lost"), Role.ADMIN)
    path = f"/api/v1/organizations/{DEFAULT_ORGANIZATION}/invitations"
    lost, found = [await post(url, path, {"role": "viewer"}, sent) for url in (losing, world.url)]
    assert lost.json()["invitation"]["id"] == found.json()["invitation"]["id"]
    assert lost.json()["code"] != found.json()["code"]


async def test_every_post_says_that_it_takes_a_key(world: World):
    async with world.client(None) as api:
        document = (await api.get("/openapi.json")).json()
    without = [
        path
        for path, methods in document["paths"].items()
        if "post" in methods
        and "idempotency-key" not in [one["name"].lower() for one in methods["post"].get("parameters", [])]
    ]
    assert [path for path in without if not path.startswith("/webhooks/")] == []
    named = [one["name"] for one in document["paths"][PATH]["post"]["parameters"]]
    assert named.count("Idempotency-Key") == 1
    assert not any("Idempotency-Key" in json.dumps(methods.get("get", {})) for methods in document["paths"].values())
