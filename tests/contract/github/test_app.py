"""The adapter as a GitHub App, and settings that cannot work."""

import asyncio

import pytest

from adapters.github.code_host import GitHubCodeHost
from adapters.github.settings import GitHubSettings
from domain.errors import InvalidInput, VendorRejected
from domain.vendors import IssueRef
from simulators.kit import Simulators
from tests.contract.conftest import rsa_keys
from tests.contract.github.conftest import World
from tests.contract.github.test_code_host import opened, pushed


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
