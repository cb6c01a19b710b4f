"""What deliveries of Slack lead to: who may do what, bound to which content, and nothing by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.database import Database, SqlIntegrations, SqlPeople
from adapters.slack.acknowledging import Acknowledging
from adapters.slack.client import SlackChat
from adapters.slack.desk import APPROVE, REQUEST_CHANGES, Desk
from adapters.slack.directory import SlackDirectory
from adapters.slack.inbox import SlackInbox
from adapters.slack.settings import SlackSettings
from adapters.slack.webhooks import Delivered, parse
from domain import ids
from domain.access import Permission
from domain.conversation import Budget
from domain.intents import (
    AnswerIntent,
    CreateIntent,
    FormIntent,
    HomeIntent,
    NoIntent,
    RefuseIntent,
    ReviewIntent,
)
from domain.lifecycle import Stage
from domain.listing import About
from domain.people import Actor, Channel, Person, Role
from domain.review import Decision, ReviewPolicy
from domain.runs import Delivery
from domain.vendors import ChatMessage
from simulators.kit import Simulators
from tests.contract.granting import granting
from tests.contract.slack.acting import FILLED, LATER, Read, click, record, reviewing, type_
from tests.contract.slack.conftest import CHANNEL, REF, Last


async def test_a_click_approves_what_the_button_names(
    simulators: Simulators, chat: SlackChat, integrations: SqlIntegrations, read: Read
) -> None:
    found = await reviewing(integrations)
    await record(integrations, found, LATER)  # the button is of what was there before
    await click(simulators, chat, APPROVE, found)
    intent = await read()
    assert isinstance(intent, ReviewIntent)
    assert (intent.integration_id, intent.review.decision) == (found, Decision.APPROVE)
    assert intent.review.content_hash == REF.hash
    assert (intent.review.reviewer.name, intent.review.reviewer.channel) == ("bob", Channel.SLACK)
    assert intent.origin.reply is not None
    assert intent.origin.reply.user == "U0BOB"


async def test_changes_are_asked_for_in_a_form(
    simulators: Simulators, chat: SlackChat, integrations: SqlIntegrations, read: Read
) -> None:
    found = await reviewing(integrations)
    await click(simulators, chat, REQUEST_CHANGES, found)
    asked = await read()
    assert isinstance(asked, FormIntent)
    await chat.open_form(asked.trigger, asked.form)
    await simulators.act("slack", "submit", user="bob", values={"words": " Say units "})
    intent = await read()
    assert isinstance(intent, ReviewIntent)
    assert (intent.review.decision, intent.review.comment) == (Decision.REQUEST_CHANGES, "Say units")
    assert intent.review.content_hash == REF.hash
    assert intent.origin == asked.origin  # answered where it was clicked


@pytest.mark.parametrize(("user", "why"), [("carol", "runs:review"), ("dave", "runs:review"), ("mallory", "--slack")])
@pytest.mark.parametrize("text", ["approve weather", "changes weather Say units", "reject weather", "click"])
async def test_only_reviewers_review(
    simulators: Simulators, chat: SlackChat, integrations: SqlIntegrations, read: Read, user: str, why: str, text: str
) -> None:
    found = await reviewing(integrations)
    if text == "click":
        await click(simulators, chat, APPROVE, found, user)
    else:
        await type_(simulators, text, user)
    intent = await read()
    assert isinstance(intent, RefuseIntent)
    assert why in intent.reason
    assert intent.origin.reply is not None
    assert intent.origin.message is None  # nobody else sees it


async def test_what_is_typed_is_about_what_was_there_then(
    simulators: Simulators, integrations: SqlIntegrations, read: Read
) -> None:
    found = await reviewing(integrations)
    then = datetime.now(UTC)
    await record(integrations, found, LATER)
    await type_(simulators, "approve weather looks good")
    intent = await read(at=then)
    assert isinstance(intent, ReviewIntent)
    assert (intent.review.content_hash, intent.review.comment) == (REF.hash, "looks good")
    now = await read()
    assert isinstance(now, ReviewIntent)
    assert now.review.content_hash == LATER.hash
    before = await read(at=then - timedelta(days=1))
    assert isinstance(before, RefuseIntent)


async def test_nothing_waits(simulators: Simulators, integrations: SqlIntegrations, read: Read) -> None:
    found = await reviewing(integrations)
    await integrations.enter(found, Stage.DEPLOYING, key="deploying")
    await type_(simulators, "approve weather")
    intent = await read()
    assert isinstance(intent, RefuseIntent)
    assert "does not wait for a review" in intent.reason


async def test_another_organisations_is_not_there(
    simulators: Simulators, chat: SlackChat, integrations: SqlIntegrations, read: Read
) -> None:
    found = await reviewing(integrations, "theirs", f"org_{'1' * 32}")
    for text in ("approve theirs", "status theirs", f"status {found}"):
        await type_(simulators, text)
        intent = await read()
        assert isinstance(intent, RefuseIntent), text
        assert "There is no integration" in intent.reason
    await click(simulators, chat, APPROVE, found)
    assert isinstance(await read(), RefuseIntent)


async def test_a_request_is_filled_in(simulators: Simulators, chat: SlackChat, read: Read) -> None:
    await type_(simulators, "create List them", "carol")
    asked = await read()
    assert isinstance(asked, FormIntent)
    assert [field.initial for field in asked.form.fields if field.initial] == ["List them", "acme/integrations"]
    await chat.open_form(asked.trigger, asked.form)
    await simulators.act("slack", "submit", user="carol", values=FILLED)
    at = datetime.now(UTC)
    intent = await read(at=at)
    assert isinstance(intent, CreateIntent)
    create = intent.create
    assert (create.request.title, create.request.name) == ("List the cities", "cities")
    assert create.request.document.url == "https://example.com/openapi.json"
    assert (create.repository, create.requester.name) == ("acme/integrations", "carol")
    assert create.requester.person_id is not None
    assert intent.origin == asked.origin
    again = await read(at=at)
    assert isinstance(again, CreateIntent)
    assert again.create.integration_id == create.integration_id


async def test_a_form_that_came_too_late_is_opened_by_its_button(
    simulators: Simulators, chat: SlackChat, integrations: SqlIntegrations, read: Read
) -> None:
    await reviewing(integrations)
    for text, user in (("create List them", "carol"), ("changes weather", "bob")):
        await type_(simulators, text, user)
        asked = await read()
        assert isinstance(asked, FormIntent)
        assert asked.origin.reply is not None
        await chat.answer(asked.origin.reply, ChatMessage(title="Too late", text="…", buttons=[asked.again]))
        await simulators.act("slack", "click", user=user, action=asked.again.action)
        again = await read()
        assert isinstance(again, FormIntent)
        assert again.form.fields == asked.form.fields
        assert again.trigger != asked.trigger


async def test_a_right_under_conditions_is_had_where_they_are_met(
    simulators: Simulators,
    chat: SlackChat,
    database: Database,
    people: SqlPeople,
    integrations: SqlIntegrations,
    read: Read,
) -> None:
    rights = (Permission.INTEGRATIONS_READ, Permission.INTEGRATIONS_CREATE, Permission.RUNS_REVIEW)
    role = await granting(database, "owners", *rights, owner="self")
    heir = await people.add(Person(id=ids.new("per"), name="heir", role=role, slack="U0HEIR"))
    await simulators.act("slack", "users", name="heir", id="U0HEIR")
    theirs = Actor(channel=Channel.SLACK, name="heir", person_id=heir.id)
    found = await reviewing(integrations)
    await click(simulators, chat, APPROVE, found, "heir")
    refused = await read()
    assert isinstance(refused, RefuseIntent)
    assert "under conditions" in refused.reason
    await integrations.describe(found, About(title="Weather", owner=theirs), revision=None, by=theirs)
    assert isinstance(await read(), ReviewIntent)
    await simulators.act("slack", "home", user="heir")
    home = await read()
    assert isinstance(home, HomeIntent)
    assert "weather" in home.message.text
    await type_(simulators, "create", "heir")
    assert isinstance(await read(), FormIntent)


@pytest.mark.parametrize("user", ["dave", "mallory"])
async def test_who_may_not_ask_gets_no_form(simulators: Simulators, read: Read, user: str) -> None:
    await type_(simulators, "create", user)
    assert isinstance(await read(), RefuseIntent)


async def test_a_mention_is_answered_to_whoever_asked(
    simulators: Simulators, integrations: SqlIntegrations, read: Read
) -> None:
    await reviewing(integrations)
    await simulators.act("slack", "mention", user="dave", channel=CHANNEL, text="status weather", thread_ts=None)
    intent = await read()
    assert isinstance(intent, AnswerIntent)
    assert "is reviewing" in intent.text
    assert intent.origin.reply is not None
    assert (intent.origin.reply.user, intent.origin.reply.channel) == ("U0DAVE", CHANNEL)
    await simulators.act("slack", "mention", user="bob", channel=CHANNEL, text="approve weather")
    told = await read()
    assert isinstance(told, AnswerIntent)  # nothing is decided in passing
    assert "/ccb approve" in told.text
    await simulators.act("slack", "mention", user="dave", channel=CHANNEL, text="what is this?")
    assert isinstance(await read(), RefuseIntent)


async def test_the_home_shows_what_is_the_callers(simulators: Simulators, read: Read) -> None:
    await simulators.act("slack", "home", user="dave")
    intent = await read()
    assert isinstance(intent, HomeIntent)
    assert "no integration yet" in intent.message.text
    await simulators.act("slack", "home", user="mallory")
    stranger = await read()
    assert isinstance(stranger, HomeIntent)
    assert "ccb people add" in stranger.message.text


@pytest.mark.parametrize("by", [{"bot_id": "B0OTHER"}, {"app_id": "A0CCB"}], ids=["a bot", "ourselves"])
async def test_bots_lead_to_nothing(simulators: Simulators, read: Read, by: dict[str, str]) -> None:
    await simulators.act("slack", "mention", user="bob", channel=CHANNEL, text="help", **by)
    assert await read() == NoIntent(why="done by a bot")


async def test_other_workspaces_lead_to_nothing(
    simulators: Simulators, integrations: SqlIntegrations, read: Read
) -> None:
    await reviewing(integrations)
    await type_(simulators, "approve weather", team="T0OTHER")
    intent = await read()
    assert isinstance(intent, NoIntent)
    assert "T0OTHER" in intent.why


async def test_that_access_was_taken_back_is_seen(simulators: Simulators, read: Read) -> None:
    await simulators.act("slack", "event", event={"type": "app_uninstalled"})
    intent = await read()
    assert isinstance(intent, RefuseIntent)
    assert "CCB_SLACK_TOKEN" in intent.reason


async def test_somebody_is_known_by_the_address_that_slack_confirmed(
    simulators: Simulators, people: SqlPeople, desk: Desk, settings: SlackSettings, last: Last
) -> None:
    user = await simulators.act("slack", "users", name="frank", email="frank@example.com", is_email_confirmed=True)
    await people.add(Person(id=ids.new("per"), name="Frank", role=Role.REVIEWER, email="Frank@example.com"))
    await type_(simulators, "help", user["id"])
    for wanted, kind in ((False, RefuseIntent), (True, AnswerIntent)):
        directory = SlackDirectory(settings.model_copy(update={"match_email": wanted}))
        inbox = SlackInbox(desk, directory, policy=ReviewPolicy(), budget=Budget(), repository=None)
        delivery = Delivery(source="slack", id="x", event="command", received_at=datetime.now(UTC), body=REF)
        assert isinstance(await inbox.interpret(delivery, last().body), kind)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({**FILLED, "name": "Not A Name"}, {"name"}),
        ({**FILLED, "name": "taken"}, {"name"}),
        ({**FILLED, "document": "example.com/openapi.json"}, {"document"}),
        ({**FILLED, "document": "file:///etc/passwd"}, {"document"}),
        ({**FILLED, "title": " ", "repository": "acme"}, {"title", "repository"}),
        (FILLED, set()),
    ],
    ids=["name", "taken", "no address", "file", "two", "good"],
)
async def test_a_form_says_which_field_is_wrong(
    simulators: Simulators,
    chat: SlackChat,
    integrations: SqlIntegrations,
    desk: Desk,
    read: Read,
    last: Last,
    values: dict[str, str],
    wrong: set[str],
) -> None:
    await reviewing(integrations, "taken")
    await type_(simulators, "create", "carol")
    asked = await read()
    assert isinstance(asked, FormIntent)
    await chat.open_form(asked.trigger, asked.form)
    await simulators.act("slack", "submit", user="carol", values=values)
    sent = parse(last().body)
    assert isinstance(sent, Delivered)
    done = await Acknowledging(desk, teams=frozenset(), match_email=False).acknowledge(sent)
    assert done.kept is (not wrong)
    errors = (done.answer or {"errors": {}})["errors"]
    assert isinstance(errors, dict)
    assert set(errors) == wrong
