"""Deliveries looked through and handled again, by the API and by `ccb webhooks`."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from api.intake import Intake
from api.settings import WebhookSettings
from domain import ids
from domain.people import Role
from domain.runs import DELIVERY_WORKFLOW, LIFECYCLE_QUEUE, Delivery, DeliveryOutcome
from tests.api.conftest import IDLE
from tests.api.test_webhooks import issue
from tests.api.world import World, github_delivery, served, until

PATH = "/api/v1/deliveries"


@workflow.defn(name=DELIVERY_WORKFLOW)
class Answering:
    """Handles a delivery as its id says: `…-failed` fails at its first attempt, `…-never` never ends."""

    @workflow.run
    async def run(self, delivery: Delivery) -> None:
        action = delivery.id.rpartition("-")[2]
        if action == "never":
            await workflow.wait_condition(lambda: False)
        if action not in {"failed", "started"}:
            action = "ignored"
        if action == "failed" and delivery.attempt > 1:
            action = "started"
        await workflow.execute_local_activity(
            "answer", args=[delivery, action], start_to_close_timeout=timedelta(seconds=10)
        )


@pytest.fixture(scope="module")
async def handling(temporal: str, idle: World) -> AsyncIterator[World]:
    """The idle API's deliveries handled, and the handling counted by the database."""

    @activity.defn(name="answer")
    async def answer(delivery: Delivery, action: str) -> None:
        outcome = DeliveryOutcome.model_validate({"action": action, "detail": f"attempt {delivery.attempt}"})
        await idle.services.deliveries.finish(delivery.source, delivery.id, outcome)

    client = await Client.connect(temporal, namespace=IDLE, data_converter=pydantic_data_converter)
    async with Worker(
        client,
        task_queue=LIFECYCLE_QUEUE,
        workflows=[Answering],
        activities=[answer],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield idle


async def delivered(world: World, action: str) -> str:
    """The id of a delivery that came, and was handled so."""
    number = f"{ids.new('delivery')}-{action}"
    body = issue()
    async with world.client(None) as api:
        answer = await api.post("/webhooks/github", content=body, headers=github_delivery(body, delivery=number))
        assert answer.status_code == 202, answer.text

    async def handled() -> bool:
        return (await world.services.deliveries.read("github", number)).outcome is not None

    await until(handled)
    return number


async def seen(world: World, **query: Any) -> list[str]:
    async with world.client(Role.OPERATOR) as api:
        answer = await api.get(PATH, params={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def test_they_are_listed_by_source_outcome_and_time(handling: World) -> None:
    failed, ignored = await delivered(handling, "failed"), await delivered(handling, "ignored")
    everything = await seen(handling, source="github")
    assert everything.index(ignored) < everything.index(failed)
    only = await seen(handling, outcome="failed")
    assert failed in only
    assert ignored not in only
    assert await seen(handling, since=datetime.now(UTC).isoformat()) == []
    assert failed not in await seen(handling, source="jira")
    async with handling.client(Role.OPERATOR) as api:
        first = (await api.get(PATH, params={"limit": 1})).json()
        second = (await api.get(PATH, params={"limit": 1, "cursor": first["next_cursor"]})).json()
        one = (await api.get(f"{PATH}/github/{failed}")).json()
        assert (await api.get(PATH, params={"cursor": "nonsense"})).status_code == 422
        assert (await api.get(f"{PATH}/github/nothing")).status_code == 404
        assert (await api.get(f"{PATH}/gitlab/{failed}")).status_code == 422
    assert first["items"][0]["id"] != second["items"][0]["id"]
    assert one["outcome"] == {"action": "failed", "detail": "attempt 1", "integration_id": None}
    assert (one["event"], one["attempts"], one["workflow_id"]) == ("issues", 1, f"webhook/github/{failed}")


async def test_one_that_failed_is_handled_again_once_however_many_ask(handling: World) -> None:
    failed = await delivered(handling, "failed")
    async with handling.client(Role.OPERATOR) as api:
        asked = [api.post(f"{PATH}/github/{failed}/replay") for _ in range(5)]
        answers = await asyncio.gather(*asked)
    assert [answer.status_code for answer in answers] == [202] * 5
    assert sorted(answer.json()["replayed"] for answer in answers) == [False] * 4 + [True]

    async def done() -> bool:
        found = await handling.services.deliveries.read("github", failed)
        return found.outcome is not None and found.outcome.detail == "attempt 2"

    await until(done)
    assert (await handling.services.deliveries.read("github", failed)).attempts == 2


async def test_one_that_did_something_does_nothing_twice(handling: World) -> None:
    started = await delivered(handling, "started")
    async with handling.client(Role.OPERATOR) as api:
        answer = await api.post(f"{PATH}/github/{started}/replay")
    assert answer.status_code == 202
    assert answer.json()["replayed"] is False
    assert answer.json()["delivery"]["outcome"]["detail"] == "attempt 1"
    # Sent again by GitHub, it is known too.
    body = issue()
    async with handling.client(None) as api:
        again = await api.post("/webhooks/github", content=body, headers=github_delivery(body, delivery=started))
    assert again.json()["duplicate"] is True


async def test_a_replay_whose_start_was_lost_is_started_by_the_sweep(handling: World) -> None:
    """The process died between the two."""
    failed = await delivered(handling, "failed")
    services = handling.services
    reopened = await services.deliveries.reopen("github", failed)
    assert reopened is not None
    alive = Intake(deliveries=services.deliveries, runs=services.runs, sweep_every=0.05)

    async def done() -> bool:
        found = await services.deliveries.read("github", failed)
        return found.outcome is not None and found.outcome.detail == "attempt 2"

    async with alive.running():
        await until(done)


async def test_one_whose_workflow_was_stopped_has_failed(temporal: str, idle: World) -> None:
    """An operator terminated it: nobody else would ever say what became of it."""
    services = idle.services
    client = await Client.connect(temporal, namespace=IDLE)
    delivery = f"{ids.new('delivery')}-never"
    intake = Intake(deliveries=services.deliveries, runs=services.runs, sweep_every=0.05)
    assert await intake.take("github", delivery, "issues", issue())
    (stored,) = [one for one in await services.deliveries.unfinished(older_than_seconds=0) if one.id == delivery]
    await services.runs.start_delivery(stored)
    await client.get_workflow_handle(ids.delivery_workflow("github", delivery)).terminate()

    async def told() -> bool:
        outcome = (await services.deliveries.read("github", delivery)).outcome
        return outcome is not None and outcome.action == "failed"

    async with intake.running():
        await until(told)


async def test_who_may_look_and_replay(handling: World) -> None:
    failed = await delivered(handling, "failed")
    for role in (Role.VIEWER, Role.DEVELOPER, Role.REVIEWER):
        async with handling.client(role) as api:
            assert (await api.get(PATH)).status_code == 403
            assert (await api.post(f"{PATH}/github/{failed}/replay")).status_code == 403
    async with handling.client(None) as api:
        assert (await api.get(PATH)).status_code == 401
    assert (await handling.services.deliveries.read("github", failed)).attempts == 1


async def test_ccb_lists_shows_and_replays(handling: World) -> None:
    failed, other = await delivered(handling, "failed"), await delivered(handling, "failed")
    key = await handling.key(Role.OPERATOR)

    async def ccb(*arguments: str) -> Any:
        ran = await handling.ccb("webhooks", *arguments, "--api-url", handling.url, key=key)
        assert ran.code == 0, ran.err
        return ran

    listed, shown = await asyncio.gather(
        ccb("list", "--outcome", "failed", "--hours", "1", "--json"), ccb("show", "github", failed)
    )
    assert {failed, other} <= {one["id"] for one in listed.json()}
    assert "failed attempt 1" in shown.out
    (replayed,) = (await ccb("replay", "github", failed, "--json")).json()
    assert replayed["replayed"] is True
    everything, wrong = await asyncio.gather(
        ccb("replay", "--failed", "--json"),
        handling.ccb("webhooks", "replay", "github", "--api-url", handling.url, key=key),
    )
    assert other in {one["delivery"]["id"] for one in everything.json()}
    assert wrong.code != 0
    assert "--failed" in wrong.err


async def test_each_of_several_secrets_is_taken_while_one_is_rotated(idle: World) -> None:
    services = dataclasses.replace(idle.services, webhooks=WebhookSettings(github=SecretStr("new, old")))
    body = issue()
    async with served(services) as url:
        world = World(url, services, idle.data_dir)
        async with world.client(None) as api:
            answers = [
                await api.post("/webhooks/github", content=body, headers=github_delivery(body, secret=secret))
                for secret in ("old", "new", "older")
            ]
    assert [answer.status_code for answer in answers] == [202, 202, 401]


async def test_the_largest_that_github_sends_is_taken_and_nothing_larger(idle: World) -> None:
    async with idle.client(None) as api:
        for size, status in ((2_000_000, 202), (25_000_001, 413)):
            body = issue(padding="x" * size)
            answer = await api.post("/webhooks/github", content=body, headers=github_delivery(body))
            assert answer.status_code == status, answer.text[:200]
