"""What Slack sends to its one address: verified, stored once, answered as Slack wants it within three seconds."""

import dataclasses
import json
import time
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import JsonValue, SecretStr
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from api.settings import WebhookSettings
from domain import ids
from domain.people import Person, Role
from tests.api.conftest import IDLE
from tests.api.test_webhooks import delivered, runs_of, started
from tests.api.world import SIGNING_SECRET, World, served, slack_headers, slack_interaction, until

PATH = "/webhooks/slack"
TEAM = {"id": "T1", "domain": "acme"}
FORM = {"title": "List the cities", "document": "https://example.com/openapi.json", "repository": "acme/integrations"}


@pytest.fixture(scope="module")
async def client(temporal: str) -> Client:
    return await Client.connect(temporal, namespace=IDLE, data_converter=pydantic_data_converter)


@pytest.fixture(scope="module")
async def reviewer(idle: World) -> str:
    """The id in Slack of somebody who reviews."""
    slack = f"U{ids.new('x')[-10:].upper()}"
    await idle.services.people.add(Person(id=ids.new("per"), name=f"slack {slack}", role=Role.REVIEWER, slack=slack))
    return slack


def trigger() -> str:
    return f"1.2.{ids.new('x')[2:]}"


def click(user: str = "U1", **changes: object) -> bytes:
    action = {"action_id": "review.approve", "value": "x", "action_ts": "3.4"}
    whole = {"type": "block_actions", "user": {"id": user}, "team": TEAM, "channel": {"id": "C1"}, "actions": [action]}
    return slack_interaction({**whole, "trigger_id": trigger(), **changes})


def typed(text: str, user: str, **changes: str) -> bytes:
    form = {"command": "/ccb", "text": text, "team_id": "T1", "channel_id": "C1", "user_id": user}
    return urlencode({**form, "trigger_id": trigger(), **changes}).encode()


def filled(user: str, values: dict[str, str], view: str | None = None) -> bytes:
    state = {"values": {name: {name: {"type": "plain_text_input", "value": text}} for name, text in values.items()}}
    shown = {"id": view or f"V{ids.new('x')[-10:].upper()}", "callback_id": "ccb.create", "state": state}
    return slack_interaction(
        {"type": "view_submission", "user": {"id": user}, "team": TEAM, "trigger_id": trigger(), "view": shown}
    )


def event(kind: str, event_id: str, **fields: object) -> bytes:
    inner = {"type": kind, "user": "U1", "channel": "C1", "text": "help", **fields}
    return json.dumps({"type": "event_callback", "team_id": "T1", "event_id": event_id, "event": inner}).encode()


async def send(world: World, body: bytes, **more: str) -> httpx.Response:
    async with world.client(None) as api:
        return await api.post(PATH, content=body, headers=slack_headers(body) | more)


async def waiting(world: World) -> set[str]:
    return {one.id for one in await world.services.deliveries.unfinished(older_than_seconds=0)}


def shown(answer: httpx.Response) -> str:
    """What somebody sees who typed."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["response_type"] == "ephemeral"
    assert {block["type"] for block in body["blocks"]} <= {"header", "section", "actions"}
    return json.dumps(body)


async def test_a_click_is_stored_and_handed_to_its_workflow_once(idle: World, client: Client):
    body = click()
    answers = [await send(idle, body) for _ in range(3)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 3
    number = json.loads(dict(httpx.QueryParams(body.decode()))["payload"])["trigger_id"]
    delivery = await delivered(await started(client, "slack", number))
    assert delivery.event == "block_actions"
    assert await idle.services.deliveries.body(delivery) == body

    async def once() -> bool:
        return await runs_of(client, "slack", number) == 1

    await until(once)


async def test_an_event_that_slack_sends_again_is_one_delivery(idle: World, client: Client):
    number = f"Ev{ids.new('x')[-10:].upper()}"
    body = event("app_mention", number)
    for retry in ({}, {"X-Slack-Retry-Num": "1"}, {"X-Slack-Retry-Num": "2", "X-Slack-Retry-Reason": "http_timeout"}):
        answer = await send(idle, body, **retry)
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await delivered(await started(client, "slack", number))).event == "app_mention"


async def test_the_challenge_is_answered_to_slack_alone(idle: World):
    body = json.dumps({"type": "url_verification", "challenge": "a word", "token": "x"}).encode()
    assert (await send(idle, body)).json() == {"challenge": "a word"}
    async with idle.client(None) as api:
        answer = await api.post(PATH, content=body)
    assert answer.status_code == 401
    assert "a word" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        event("member_joined_channel", "Ev0MEMBER"),
        event("team_join", "Ev0JOIN", user={"id": "U2"}),
        slack_interaction({"type": "shortcut"}),
        b"ssl_check=1&token=x",
    ],
    ids=["member", "join", "shortcut", "ssl check"],
)
async def test_what_leads_to_nothing_is_acknowledged_and_forgotten(idle: World, body: bytes):
    before = await waiting(idle)
    answer = await send(idle, body)
    assert (answer.status_code, answer.content) == (200, b"")
    assert await waiting(idle) == before


async def test_old_unsigned_or_changed_is_refused(idle: World):
    body = click()
    async with idle.client(None) as api:
        for headers in (
            slack_headers(body, at=time.time() - 301),
            slack_headers(body, at=time.time() + 301),
            slack_headers(body, secret="another"),
            slack_headers(body + b"x"),
            {"Content-Type": "application/x-www-form-urlencoded"},
        ):
            answer = await api.post(PATH, content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "body", [b"", b"payload=", b"payload=nonsense", b"payload=[]", b"\xff\xfe", b"{"], ids=range(6)
)
async def test_what_is_not_slacks_is_refused(idle: World, body: bytes):
    answer = await send(idle, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_what_is_not_as_published_is_refused(idle: World):
    answer = await send(idle, click(actions=[]))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert answer.json()["errors"][0]["field"] == "actions"


async def test_too_much_is_refused(idle: World):
    assert (await send(idle, b"text=" + b"x" * 1_100_000)).status_code == 413


async def test_what_only_reads_is_answered_at_once_and_not_kept(idle: World, reviewer: str):
    before = await waiting(idle)
    for text, words in (
        ("", "/ccb create"),
        ("help", "/ccb approve"),
        ("list", "Integrations"),
        ("status", "under way"),
    ):
        began = time.monotonic()
        assert words in shown(await send(idle, typed(text, reviewer)))
        assert time.monotonic() - began < 3
    assert "There is no integration named nowhere" in shown(await send(idle, typed("status nowhere", reviewer)))
    assert "I do not know `explode`" in shown(await send(idle, typed("explode", reviewer)))
    assert "Say which integration" in shown(await send(idle, typed("approve", reviewer)))
    assert await waiting(idle) == before


async def test_a_stranger_is_told_how_to_be_known(idle: World):
    before = await waiting(idle)
    for text in ("list", "create", "approve weather"):
        assert "ccb people names NAME --slack U0STRANGER" in shown(await send(idle, typed(text, "U0STRANGER")))
    assert await waiting(idle) == before


async def test_what_changes_something_is_kept(idle: World, client: Client, reviewer: str):
    number = trigger()
    answer = await send(idle, typed("approve weather", reviewer, trigger_id=number))
    assert "you are told here what came of it" in shown(answer)
    assert (await delivered(await started(client, "slack", number))).event == "command"
    number = trigger()
    answer = await send(idle, typed("create", reviewer, trigger_id=number))
    assert (answer.status_code, answer.content) == (200, b"")  # the form is the answer
    await started(client, "slack", number)


async def test_a_form_is_taken_once_or_says_what_is_wrong(idle: World, client: Client, reviewer: str):
    view = f"V{ids.new('x')[-10:].upper()}"
    before = await waiting(idle)
    wrong: dict[str, JsonValue] = {**FORM, "document": "nowhere", "name": "No Name"}
    answer = await send(idle, filled(reviewer, {name: str(text) for name, text in wrong.items()}, view))
    assert answer.json()["response_action"] == "errors"
    assert set(answer.json()["errors"]) == {"document", "name"}
    assert await waiting(idle) == before
    for _ in range(2):  # with another trigger each time, as when the first answer was lost
        answer = await send(idle, filled(reviewer, FORM, view))
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await delivered(await started(client, "slack", view))).event == "view_submission"


async def test_only_the_workspaces_named_are_served(idle: World, reviewer: str):
    only = idle.services.webhooks.model_copy(update={"slack_teams": "T0OURS, T2"})
    before = await waiting(idle)
    async with served(dataclasses.replace(idle.services, webhooks=only)) as url:
        other = World(url, idle.services, idle.data_dir)
        assert "does not serve this workspace" in shown(await send(other, typed("list", reviewer)))
        for body in (click(reviewer), event("app_mention", "Ev0ELSEWHERE"), typed("approve x", reviewer)):
            assert (await send(other, body)).status_code == 200
        assert await waiting(idle) == before
        assert "Integrations" in shown(await send(other, typed("list", reviewer, team_id="T0OURS")))


async def test_secrets_are_rotated(idle: World):
    both = WebhookSettings(slack=SecretStr(f"the next one, {SIGNING_SECRET}"), github=None)
    services = dataclasses.replace(idle.services, webhooks=both)
    async with served(services) as url, httpx.AsyncClient(base_url=url, trust_env=False) as api:
        for secret, status in ((SIGNING_SECRET, 200), ("the next one", 200), ("another", 401)):
            body = click()
            answer = await api.post(PATH, content=body, headers=slack_headers(body, secret=secret))
            assert answer.status_code == status, secret


async def test_an_address_of_slack_may_tell_who_it_is(idle: World, client: Client):
    """Only the workers can ask Slack, so the API keeps what it cannot answer."""
    matching = idle.services.webhooks.model_copy(update={"slack_match_email": True})
    async with served(dataclasses.replace(idle.services, webhooks=matching)) as url:
        number = trigger()
        body = typed("list", "U0STRANGER", trigger_id=number)
        answer = await send(World(url, idle.services, idle.data_dir), body)
    assert (answer.status_code, answer.content) == (200, b"")
    await started(client, "slack", number)


async def test_an_operator_says_who_somebody_is_in_slack(idle: World, world: World):
    name, slack = ids.new("x")[-12:], f"U{ids.new('x')[-10:].upper()}"
    person = await idle.person(name, Role.DEVELOPER)
    async with idle.client(Role.DEVELOPER) as api:
        assert (await api.patch(f"/api/v1/people/{person.id}", json={"slack": slack})).status_code == 403
    ran = await world.ccb("people", "names", name, "--slack", slack)
    assert ran.code == 0, ran.err
    assert "Integrations" in shown(await send(idle, typed("list", slack)))
    other = await idle.person(f"{name}-other", Role.DEVELOPER)
    async with idle.client() as api:
        answer = await api.patch(f"/api/v1/people/{other.id}", json={"slack": slack})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert (await api.patch(f"/api/v1/people/{person.id}", json={"slack": None})).json()["slack"] is None
    assert "I do not know who you are here" in shown(await send(idle, typed("list", slack)))
