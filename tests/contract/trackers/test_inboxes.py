"""What deliveries of Linear and Jira ask for: people's, each once; never a machine's, never our own."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.database import Database, DatabaseSettings, SqlIntegrations, SqlPeople
from adapters.database.migrate import migrate
from adapters.jira.inbox import JiraInbox
from adapters.jira.settings import JiraSettings
from adapters.jira.tracker import JiraTracker
from adapters.linear.inbox import LinearInbox
from adapters.linear.settings import LinearSettings
from adapters.linear.tracker import LinearTracker
from adapters.trackers.requests import Requests
from adapters.trackers.unused import UnusedInbox
from domain import ids
from domain.access import Permission
from domain.artifacts import ArtifactRef, content_hash
from domain.conversation import Budget
from domain.intents import AbandonIntent, AnswerIntent, CreateIntent, Intent, NoIntent, RefuseIntent, UpdateIntent
from domain.lifecycle import Stage
from domain.listing import About
from domain.people import Actor, Channel, Person, Role
from domain.ports import Inbox
from domain.review import ReviewPolicy
from domain.runs import Delivery
from simulators.kit import Simulators
from tests.contract.granting import granting
from tests.contract.receiver import Receiver
from tests.until import until

BODY = "We want to list the cities.\n\nAPI document: https://api.example.com/openapi.json\n"


@dataclass
class World:
    simulators: Simulators
    receiver: Receiver
    integrations: SqlIntegrations
    people: SqlPeople
    inboxes: dict[str, Inbox]

    async def read(self, source: str, payload: bytes) -> Intent:
        ref = ArtifactRef(hash=content_hash(payload), size=len(payload), media_type="application/json")
        at = datetime.now(UTC)
        delivery = Delivery.model_validate(
            {"source": source, "id": ids.new("del"), "event": "?", "received_at": at, "body": ref}
        )
        return await self.inboxes[source].interpret(delivery, payload)

    async def done(self, source: str, deed: str, **about: Any) -> Intent:
        """What follows from something that somebody does there."""
        self.receiver.clear()
        await self.simulators.act(source, deed, **about)
        return await self.read(source, self.receiver.at(f"/{source}")[-1].body)

    async def told(self, source: str) -> list[Intent]:
        """What follows from what was told there since the last deed of a person."""

        async def came() -> list[bytes] | None:
            return [one.body for one in self.receiver.at(f"/{source}")] or None

        return [await self.read(source, body) for body in await until(came)]


@pytest.fixture(scope="module")
async def database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('trackers')}/ccb.db"
    await migrate(url)
    found = await Database.open(DatabaseSettings(url=SecretStr(url)))
    yield found
    await found.close()


@pytest.fixture
async def world(simulators: Simulators, receiver: Receiver, database: Database) -> World:
    await simulators.reset_faults()
    integrations, people = SqlIntegrations(database), SqlPeople(database)
    requests = Requests(integrations, people, repository="acme/integrations", policy=ReviewPolicy(), budget=Budget())
    config = simulators.config
    linear = LinearSettings(token=config["linear"]["token"], base_url=simulators.linear_url)
    jira = JiraSettings(
        base_url=simulators.jira_url, email=config["jira"]["email"], token=config["jira"]["token"], status="Requested"
    )
    inboxes: dict[str, Inbox] = {
        "linear": LinearInbox(linear, requests, LinearTracker(linear)),
        "jira": JiraInbox(jira, requests, JiraTracker(jira)),
    }
    return World(simulators, receiver, integrations, people, inboxes)


async def asked(world: World, source: str, **changes: Any) -> Intent:
    """Somebody opens a ticket with the label."""
    words = {"linear": ("title", "description"), "jira": ("summary", "description")}[source]
    about = {
        words[0]: "List the cities",
        words[1]: f"{BODY}Name: city-{ids.new('x')[-8:]}",
        "labels": ["integration"],
        "user": "ada",
    }
    return await world.done(source, "issues", **(about | changes))


SOURCES = pytest.mark.parametrize("source", ["linear", "jira"])


@SOURCES
async def test_a_ticket_with_the_label_asks_once(world: World, source: str) -> None:
    intent = await asked(world, source)
    assert isinstance(intent, CreateIntent)
    create = intent.create
    assert create.ticket is not None
    assert (create.ticket.tracker, create.repository) == (source, "acme/integrations")
    assert (create.request.name or "").startswith("city-")
    assert create.request.document.url == "https://api.example.com/openapi.json"
    assert (create.requester.channel, create.requester.person_id) == (Channel(source), None)
    # Taken off and given again, it is the same integration.
    key = create.ticket.key
    assert isinstance(await world.done(source, "edit", user="ada", issue=key, labels=["bug"]), NoIntent)
    again = await world.done(source, "edit", user="grace", issue=key, labels=["bug", "integration"])
    assert isinstance(again, CreateIntent)
    assert again.create.integration_id == create.integration_id
    other = await world.done(source, "edit", user="ada", issue=key, labels=["integration"])
    assert isinstance(other, NoIntent)


@SOURCES
async def test_a_ticket_without_the_label_asks_nothing(world: World, source: str) -> None:
    assert isinstance(await asked(world, source, labels=["bug"]), NoIntent)


@SOURCES
async def test_a_ticket_that_names_no_document_is_told_so(world: World, source: str) -> None:
    intent = await asked(world, source, description="Cities please.")
    assert isinstance(intent, RefuseIntent)
    assert intent.origin.ticket is not None
    assert "API document:" in intent.reason


@SOURCES
async def test_a_ticket_that_names_what_serves_asks_for_its_next_version(world: World, source: str) -> None:
    created = await asked(world, source)
    assert isinstance(created, CreateIntent)
    made, name = created.create.integration_id, created.create.request.name
    await world.integrations.accept(created.create, workflow_id="w", run_id="r", api_host=None)
    for stage in Stage:
        await world.integrations.enter(made, stage, key=stage)
        if stage is Stage.ACTIVE:
            break
    intent = await asked(world, source, description=f"Name: {name}\n\nWith a timeout, please.")
    assert isinstance(intent, UpdateIntent)
    assert (intent.update.integration_id, intent.update.document) == (made, None)
    assert intent.update.request_key.startswith(f"{source}/")
    assert intent.update.ticket == intent.origin.ticket != created.create.ticket


async def test_a_status_asks_in_jira_too(world: World) -> None:
    await asked(world, "jira", labels=[])
    key = (await world.simulators.look("jira", "state"))["issues"][-1]["key"]
    assert isinstance(await world.done("jira", "edit", user="ada", issue=key, status="In Progress"), NoIntent)
    assert isinstance(await world.done("jira", "edit", user="ada", issue=key, status="Requested"), CreateIntent)


@SOURCES
async def test_our_own_deeds_ask_nothing(world: World, source: str) -> None:
    """Whatever we do, and whoever's account we do it with."""
    assert isinstance(await asked(world, source, user="ccb"), NoIntent)
    assert isinstance(await asked(world, source, labels=[]), NoIntent)
    issue = (await world.simulators.look(source, "state"))["issues"][-1]
    name = issue["id"]
    labelled = await world.done(source, "edit", user="ccb", issue=name, labels=["integration"])
    assert isinstance(labelled, NoIntent)
    ours = await world.done(source, "comments", user="ccb", issue=name, body="/ccb status")
    assert isinstance(ours, NoIntent)
    marked = "/ccb help\u2063\u2061\u2064\u2062\u2063"
    assert isinstance(await world.done(source, "comments", user="ada", issue=name, body=marked), NoIntent)


async def test_a_jira_app_is_a_machine(world: World) -> None:
    assert isinstance(await asked(world, "jira", user="robot-app"), NoIntent)


async def test_what_is_no_user_in_linear_is_a_machine(world: World) -> None:
    await asked(world, "linear")
    payload = json.loads(world.receiver.at("/linear")[-1].body)
    for actor in (None, {"id": "x", "type": "integration", "service": "slack"}, {"id": "x", "type": "OauthClient"}):
        assert isinstance(await world.read("linear", json.dumps({**payload, "actor": actor}).encode()), NoIntent)


@SOURCES
async def test_what_we_tell_a_ticket_asks_nothing(world: World, source: str) -> None:
    intent = await asked(world, source, description="Nothing.")
    assert isinstance(intent, RefuseIntent)
    assert intent.origin.ticket is not None
    tracker = world.inboxes[source]._tracker  # type: ignore[attr-defined]
    world.receiver.clear()
    await tracker.comment(intent.origin.ticket, key="k", body="/ccb help\n\nAPI document: https://a.example/x.json")
    await tracker.finish(intent.origin.ticket)
    assert {type(one) for one in await world.told(source)} == {NoIntent}


@SOURCES
async def test_commands_are_answered_to_who_is_known(world: World, source: str) -> None:
    created = await asked(world, source)
    assert isinstance(created, CreateIntent)
    ticket = created.create.ticket
    assert ticket is not None
    about = {"user": "grace", "issue": ticket.key}
    helped = await world.done(source, "comments", body="/ccb help", **about)
    assert isinstance(helped, AnswerIntent)
    assert helped.origin.ticket is not None
    assert helped.origin.ticket.id == ticket.id
    refused = await world.done(source, "comments", body="/ccb status", **about)
    assert isinstance(refused, RefuseIntent)
    assert "ccb people add" in refused.reason
    await world.people.add(await grace(world, source))
    answered = await world.done(source, "comments", body="/ccb status", **about)
    assert isinstance(answered, AnswerIntent)
    assert "has not asked" in answered.text
    await world.integrations.accept(created.create, workflow_id="w", run_id="r", api_host=None)
    answered = await world.done(source, "comments", body="/ccb status", **about)
    assert isinstance(answered, AnswerIntent)
    assert "**requested**" in answered.text
    assert isinstance(await world.done(source, "comments", body="Nice!", **about), NoIntent)


@SOURCES
async def test_a_right_under_conditions_is_had_where_they_are_met(
    world: World, database: Database, source: str
) -> None:
    created = await asked(world, source, user="dan")
    assert isinstance(created, CreateIntent)
    assert created.create.ticket is not None
    await world.integrations.accept(created.create, workflow_id="w", run_id="r", api_host=None)
    role = await granting(database, f"owners-in-{source}", Permission.RUNS_READ, owner="self")
    dan = await somebody(world, source, "dan", role)
    await world.people.add(dan)
    about = {"user": "dan", "issue": created.create.ticket.key, "body": "/ccb status"}
    refused = await world.done(source, "comments", **about)
    assert isinstance(refused, RefuseIntent)
    assert "under conditions" in refused.reason
    theirs = Actor(channel=Channel.API, name="dan", person_id=dan.id)
    mine = About(title="Cities", owner=theirs)
    await world.integrations.describe(created.create.integration_id, mine, revision=None, by=theirs)
    assert isinstance(await world.done(source, "comments", **about), AnswerIntent)


async def grace(world: World, source: str) -> Person:
    return await somebody(world, source, "grace", Role.VIEWER)


async def somebody(world: World, source: str, name: str, role: str) -> Person:
    """Known by the name that the tracker has for them."""
    names = {"linear": {"linear": f"{name}@example.com"}}
    if source == "jira":
        issue = await world.simulators.act("jira", "issues", user=name, summary="x")
        names["jira"] = {"jira": issue["result"]["fields"]["creator"]["accountId"]}
    about = {"id": ids.new("per"), "name": f"{name} of {source}", "role": role, **names[source]}
    return Person.model_validate(about)


@pytest.mark.parametrize(
    ("source", "deed"),
    [
        ("linear", {"deed": "edit", "state": "Canceled"}),
        ("linear", {"deed": "edit", "state": "Done"}),
        ("linear", {"deed": "edit", "trashed": True}),
        ("jira", {"deed": "edit", "status": "Cancelled"}),
        ("jira", {"deed": "delete"}),
    ],
    ids=["linear cancelled", "linear completed", "linear deleted", "jira cancelled", "jira deleted"],
)
async def test_a_ticket_that_is_over_stops_its_run(world: World, source: str, deed: dict[str, Any]) -> None:
    for stage in (Stage.REQUESTED, None):
        created = await asked(world, source)
        assert isinstance(created, CreateIntent)
        ticket = created.create.ticket
        assert ticket is not None
        if stage is not None:
            await world.integrations.accept(created.create, workflow_id="w", run_id="r", api_host=None)
        intent = await world.done(source, user="ada", issue=ticket.key, **deed)
        if stage is None:
            assert isinstance(intent, NoIntent)
        else:
            assert isinstance(intent, AbandonIntent)
            assert (intent.integration_id, intent.by.channel) == (created.create.integration_id, Channel(source))


@SOURCES
async def test_what_comes_too_late_starts_nothing(world: World, source: str) -> None:
    """The ticket was cancelled before the delivery of its label arrived."""
    created = await asked(world, source)
    assert isinstance(created, CreateIntent)
    assert created.create.ticket is not None
    late = world.receiver.at(f"/{source}")[-1].body
    over = {"linear": {"state": "Canceled"}, "jira": {"status": "Cancelled"}}[source]
    assert isinstance(await world.done(source, "edit", user="ada", issue=created.create.ticket.key, **over), NoIntent)
    assert isinstance(await world.read(source, late), NoIntent)


async def test_a_project_of_its_own(world: World, simulators: Simulators) -> None:
    """With a project configured, an issue asks by being in it, and no longer once it is moved out."""
    settings = LinearSettings(
        token=simulators.config["linear"]["token"], base_url=simulators.linear_url, project="Integrations"
    )
    inbox = world.inboxes["linear"]
    world.inboxes["linear"] = LinearInbox(settings, inbox._requests, LinearTracker(settings))  # type: ignore[attr-defined]
    assert isinstance(await asked(world, "linear", project="Elsewhere"), NoIntent)
    key = (await simulators.look("linear", "state"))["issues"][-1]["identifier"]
    assert isinstance(await world.done("linear", "edit", user="ada", issue=key, project=None), NoIntent)
    created = await world.done("linear", "edit", user="ada", issue=key, project="Integrations")
    assert isinstance(created, CreateIntent)
    await world.integrations.accept(created.create, workflow_id="w", run_id="r", api_host=None)
    assert isinstance(await world.done("linear", "edit", user="ada", issue=key, project=None), AbandonIntent)
    changed = await world.done("linear", "projects", user="ada", name="Integrations", canceled=True)
    assert isinstance(changed, NoIntent)


async def test_a_tracker_that_is_not_set_up_is_said_to_be(world: World) -> None:
    await asked(world, "linear")
    world.inboxes["linear"] = UnusedInbox("CCB_LINEAR_TOKEN")
    intent = await world.read("linear", world.receiver.at("/linear")[-1].body)
    assert isinstance(intent, NoIntent)
    assert "CCB_LINEAR_TOKEN" in intent.why
