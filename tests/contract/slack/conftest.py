"""The Slack adapter over the simulated workspace."""

import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.database import Database, DatabaseSettings, SqlIntegrations, SqlPeople
from adapters.database.migrate import migrate
from adapters.slack.client import SlackChat
from adapters.slack.desk import Desk
from adapters.slack.directory import SlackDirectory
from adapters.slack.inbox import SlackInbox
from adapters.slack.settings import SlackSettings
from adapters.slack.webhooks import Delivered, parse
from domain import ids
from domain.artifacts import ArtifactRef, content_hash
from domain.conversation import Budget
from domain.intents import Intent
from domain.people import Person, Role
from domain.review import ReviewPolicy
from domain.runs import Delivery
from domain.vendors import Button, ChatMessage
from simulators.kit import Simulators
from tests.contract.receiver import Received, Receiver

CHANNEL = "C0INTEGRATIONS"
REF = ArtifactRef(hash=content_hash(b"body"), size=4)
Last = Callable[[], Received]


@pytest.fixture(autouse=True)
async def clean(simulators: Simulators, receiver: Receiver) -> AsyncIterator[None]:
    """No fault and nothing received is left over from another test; Slack's callbacks are answered as it wants."""
    await simulators.reset_faults("slack")
    receiver.clear()
    receiver.status, receiver.body = 200, ""
    yield
    receiver.clear()


@pytest.fixture
def settings(simulators: Simulators) -> SlackSettings:
    config = simulators.config["slack"]
    return SlackSettings(
        token=config["token"],
        base_url=simulators.slack_url,
        channel=config["channel"],
    )


@pytest.fixture
def chat(settings: SlackSettings) -> SlackChat:
    return SlackChat(settings)


@pytest.fixture
def last(receiver: Receiver) -> Last:
    """The newest request that Slack made of us."""
    return lambda: receiver.at("/slack")[-1]


@pytest.fixture
def key() -> str:
    return f"integration/int_{secrets.token_hex(16)}/review"


@pytest.fixture
def message() -> Callable[..., ChatMessage]:
    def build(text: str = "Please review **temporal-namespaces** 1.0.0.", **changes: object) -> ChatMessage:
        buttons = [
            Button(text="Approve", action="approve", value='{"hash": "sha256:00"}', style="primary"),
            Button(text="Request changes", action="request_changes", value='{"hash": "sha256:00"}'),
        ]
        return ChatMessage(title="Review wanted", text=text, buttons=buttons).model_copy(update=changes)

    return build


@pytest.fixture(scope="session")
async def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "ccb.db"
    await migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture
async def database(migrated: Path, tmp_path: Path) -> AsyncIterator[Database]:
    shutil.copy(migrated, tmp_path / "ccb.db")
    database = await Database.open(DatabaseSettings(url=SecretStr(f"sqlite+aiosqlite:///{tmp_path}/ccb.db")))
    yield database
    await database.close()


@pytest.fixture
async def people(database: Database) -> SqlPeople:
    """Bob reviews, Carol develops, Dave looks; nobody knows Mallory."""
    people = SqlPeople(database)
    for name, role in (("bob", Role.REVIEWER), ("carol", Role.DEVELOPER), ("dave", Role.VIEWER)):
        await people.add(Person(id=ids.new("per"), name=name, role=role, slack=f"U0{name.upper()}"))
    return people


@pytest.fixture
def integrations(database: Database) -> SqlIntegrations:
    return SqlIntegrations(database)


@pytest.fixture
def desk(people: SqlPeople, integrations: SqlIntegrations) -> Desk:
    return Desk(people, integrations)


@pytest.fixture
def read(desk: Desk, settings: SlackSettings, last: Last) -> Callable[..., Awaitable[Intent]]:
    """What the newest delivery leads to, however often it is read."""
    inbox = SlackInbox(
        desk, SlackDirectory(settings), policy=ReviewPolicy(), budget=Budget(), repository="acme/integrations"
    )

    async def reading(*, at: datetime | None = None) -> Intent:
        body = last().body
        sent = parse(body)
        number, event = (sent.id, sent.event) if isinstance(sent, Delivered) else ("x", "x")
        delivery = Delivery(source="slack", id=number, event=event, received_at=at or datetime.now(UTC), body=REF)
        first = await inbox.interpret(delivery, body)
        assert await inbox.interpret(delivery, body) == first
        return first

    return reading
