"""The adapter as a GitHub App, and settings that cannot work."""

import asyncio

import pytest

from adapters.database import SqlInstallations
from adapters.github.code_host import GitHubCodeHost
from adapters.github.settings import GitHubSettings
from domain.errors import InvalidInput, VendorRejected
from domain.intents import InstallationIntent
from domain.vendors import IssueRef
from simulators.kit import Simulators
from tests.contract.conftest import rsa_keys
from tests.contract.github.conftest import World
from tests.contract.github.standing import Standing
from tests.contract.github.test_code_host import opened, pushed
from tests.contract.receiver import Receiver


@pytest.fixture
def app_settings(simulators: Simulators) -> GitHubSettings:
    config = simulators.config["github"]
    one_line = config["private_key"].replace("\n", "\\n")
    return GitHubSettings(
        base_url=simulators.github_url,
        app_id=config["app_id"],
        private_key=one_line,
        installation_id=config["installation_id"],
    )


async def test_the_app_does_it_all(app_settings, repo, world: World):
    host = GitHubCodeHost(app_settings)
    assert await host.bot_login() == "ccb-bot[bot]"
    pull = await opened(host, repo)
    issue = IssueRef(repo=repo, number=pull.number)
    assert await host.upsert_comment(issue, key="k", body="a") == await host.upsert_comment(issue, key="k", body="b")
    await host.merge(pull, message="Merge")
    assert (await world.pulls())[0]["user"]["login"] == "ccb-bot[bot]"
    await host.close()


async def test_many_at_once_are_not_mixed_up(app_settings, repo, world: World):
    host = GitHubCodeHost(app_settings)
    names = [f"ccb/{number}" for number in range(12)]
    made = await asyncio.gather(
        *(host.push(repo, name, files={"n": name}, folder=name, message=name, key=name) for name in names)
    )
    read = await asyncio.gather(*(host.files(repo, branch.head_sha, branch.name) for branch in made))
    assert read == [{"n": name} for name in names]
    assert len(await world.branches()) == 13
    await host.close()


async def test_a_key_of_somebody_else_is_refused(app_settings, repo):
    private, _ = rsa_keys()
    host = GitHubCodeHost(app_settings.model_copy(update={"private_key": type(app_settings.private_key)(private)}))
    with pytest.raises(VendorRejected, match="could not be decoded"):
        await pushed(host, repo)
    await host.close()


async def test_work_for_a_removed_installation_says_why_it_cannot_go_on(
    app_settings, repo, world: World, simulators: Simulators, standing: Standing, receiver: Receiver
):
    """GitHub itself says no more than "Not Found"; why, its webhook had told."""
    installations = SqlInstallations(standing.db)
    gone = app_settings.model_copy(update={"installation_id": 43})
    host = GitHubCodeHost(gone, installations)
    with pytest.raises(VendorRejected, match="Not Found") as caught:
        await pushed(host, repo)
    assert "uninstalled" not in caught.value.message
    for action in ("created", "deleted"):
        await world.act("installations", action=action)
        told = receiver.at("/github")[-1]
        intent = await standing.interpret(told.headers["x-github-event"], told.body)
        assert isinstance(intent, InstallationIntent)
        await installations.record(intent.change)
    with pytest.raises(VendorRejected, match="uninstalled where"):
        await pushed(host, repo)
    await host.close()


async def test_the_pull_requests_of_a_commit(app_settings, repo, world: World):
    host = GitHubCodeHost(app_settings)
    pull = await opened(host, repo)
    assert await host.pulls_of(repo, pull.head_sha) == [pull]
    assert await host.wrote(repo, pull.head_sha)
    merge = await host.merge(pull, message="Merge")
    assert [(one.number, one.state) for one in await host.pulls_of(repo, merge.sha)] == [(pull.number, "merged")]
    assert await host.wrote(repo, merge.sha)
    theirs = (await world.act("push", files={"a": "b"}))["result"]["sha"]
    assert await host.pulls_of(repo, theirs) == []
    assert not await host.wrote(repo, theirs)
    assert await host.pulls_of(repo, "0" * 40) == []
    await host.close()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"token": ""},
        {"app_id": 1},
        {"app_id": 1, "private_key": "no key", "installation_id": 1},
        {"app_id": 1, "private_key": "", "installation_id": 1},
    ],
)
def test_settings_that_cannot_work(given, monkeypatch):
    for name in ("TOKEN", "APP_ID", "PRIVATE_KEY", "INSTALLATION_ID"):
        monkeypatch.delenv(f"CCB_GITHUB_{name}", raising=False)
    with pytest.raises(InvalidInput, match="CCB_GITHUB_"):
        GitHubCodeHost(GitHubSettings(**given))
