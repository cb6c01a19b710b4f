"""What somebody pushes is tested: the default branch for what serves, a branch of ours for what waits."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.database import Database, DatabaseSettings, SqlIntegrations, SqlPeople
from adapters.database.migrate import migrate
from adapters.github.code_host import GitHubCodeHost
from adapters.github.inbox import GitHubInbox
from adapters.github.settings import GitHubSettings
from domain import ids
from domain.artifacts import ArtifactRef, content_hash
from domain.conversation import Budget
from domain.intents import Intent, NoIntent, PushIntent, TestIntent
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.registry import Integration, Version
from domain.review import ReviewPolicy
from domain.runs import CreateIntegration, Delivery, DocumentSource, IntegrationRequest
from domain.testing import Commit, Trigger
from domain.vendors import PullRequest
from tests.contract.github.conftest import World
from tests.contract.github.test_code_host import FOLDER, opened
from tests.contract.receiver import Receiver

WALK = (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING)
BODY = ArtifactRef(hash=content_hash(b"body"), size=4)


@pytest.fixture
async def integrations(tmp_path: Path) -> AsyncIterator[SqlIntegrations]:
    url = f"sqlite+aiosqlite:///{tmp_path}/ccb.db"
    await migrate(url)
    database = await Database.open(DatabaseSettings(url=SecretStr(url)))
    yield SqlIntegrations(database)
    await database.close()


@pytest.fixture
def inbox(settings: GitHubSettings, integrations: SqlIntegrations) -> GitHubInbox:
    people = SqlPeople(integrations._db)
    return GitHubInbox(settings, integrations, people, policy=ReviewPolicy(), budget=Budget())


async def weather(integrations: SqlIntegrations, repo: str, pull: PullRequest | None = None) -> Integration:
    """In review, with a version."""
    cmd = CreateIntegration(
        integration_id=ids.new("int"),
        organization_id=ids.DEFAULT_ORGANIZATION,
        request=IntegrationRequest(title="x", name="weather", document=DocumentSource(url="https://example.com/x")),
        requester=Actor(channel=Channel.API, name="ada"),
        repository=repo,
    )
    await integrations.accept(cmd, workflow_id="w", run_id="r")
    for stage in WALK:
        await integrations.enter(cmd.integration_id, stage, key=stage)
    version = Version(
        integration_id=cmd.integration_id,
        version="1.0.0",
        content_hash=BODY.hash,
        files=BODY,
        plan=BODY,
        pull_request=pull,
    )
    await integrations.record_version(version, key="version")
    return await integrations.get(cmd.integration_id)


async def activated(integrations: SqlIntegrations, found: Integration) -> None:
    await integrations.enter(found.id, Stage.DEPLOYING, key="deploying")
    await integrations.enter(found.id, Stage.ACTIVE, key="active", version="1.0.0", url="http://127.0.0.1/i/weather")


async def told(inbox: GitHubInbox, receiver: Receiver, event: str) -> Intent:
    """What the newest delivery of this event leads to, however often it is read."""
    last = [each for each in receiver.at("/github") if each.headers["x-github-event"] == event][-1]
    delivery = Delivery(
        source="github",
        id=last.headers["x-github-delivery"],
        event=event,
        received_at=datetime.now(UTC),
        body=BODY,
    )
    first = await inbox.interpret(delivery, last.body)
    assert await inbox.interpret(delivery, last.body) == first
    return first


async def test_a_push_to_the_default_branch_tests_what_it_touches(
    repo, world: World, receiver: Receiver, inbox: GitHubInbox, integrations: SqlIntegrations
):
    found = await weather(integrations, repo)
    await activated(integrations, found)
    files = {f"{FOLDER}/weather/app.py": "app = 2\n", "integrations/unknown/x.py": "", "integrations/README.md": ""}
    sha = (await world.act("push", user="lin", files=files))["result"]["sha"]
    intent = await told(inbox, receiver, "push")
    assert isinstance(intent, TestIntent)
    [test] = intent.tests
    assert test.commit == Commit(repo=repo, sha=sha, folder=FOLDER)
    assert (test.integration_id, test.trigger, test.requester.name) == (found.id, Trigger.PUSH, "lin")


async def test_other_pushes_lead_to_nothing(
    repo, world: World, receiver: Receiver, inbox: GitHubInbox, integrations: SqlIntegrations
):
    found = await weather(integrations, repo)
    touching = {f"{FOLDER}/x.py": "x"}
    await world.act("push", user="lin", files=touching)
    assert isinstance(await told(inbox, receiver, "push"), NoIntent), "it does not serve yet"
    await activated(integrations, found)
    await world.act("push", user="lin", files={"README.md": "x"})
    assert isinstance(await told(inbox, receiver, "push"), NoIntent)
    await world.act("push", user="lin", branch="other", files=touching)
    assert isinstance(await told(inbox, receiver, "push"), NoIntent)
    await world.act("push", user="ccb-bot[bot]", files={f"{FOLDER}/x.py": "y"})
    assert await told(inbox, receiver, "push") == NoIntent(why="done by a bot")


async def test_a_push_to_a_pull_request_of_ours_is_tested_and_told_to_its_run(
    host: GitHubCodeHost, repo, world: World, receiver: Receiver, inbox: GitHubInbox, integrations: SqlIntegrations
):
    found = await weather(integrations, repo, await opened(host, repo))
    sha = (await world.act("push", user="lin", branch="ccb/weather", files={f"{FOLDER}/x.py": "x"}))["result"]["sha"]
    under_way = await told(inbox, receiver, "pull_request")
    assert isinstance(under_way, PushIntent)
    assert under_way.moved.head_sha == sha
    assert under_way.test is not None
    assert (under_way.test.commit, under_way.test.version) == (Commit(repo=repo, sha=sha, folder=FOLDER), "1.0.0")
    await activated(integrations, found)
    over = await told(inbox, receiver, "pull_request")
    assert isinstance(over, TestIntent)
    assert over.tests[0].commit == under_way.test.commit
