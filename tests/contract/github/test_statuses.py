"""Commit statuses: the newest of a context is as wanted, made once, and read back."""

from typing import Any

import pytest

from adapters.github.code_host import GitHubCodeHost
from domain.errors import VendorError, VendorRejected
from simulators.kit import Simulators
from tests.contract.github.conftest import World, until_done
from tests.contract.github.test_code_host import pushed


async def told(world: World, sha: str) -> list[tuple[str, str, str, str]]:
    """Newest first, as GitHub lists them."""
    found: list[dict[str, Any]] = await world.get(f"commits/{sha}/statuses")
    return [(one["context"], one["state"], one["description"], one["target_url"]) for one in found]


async def test_a_status_is_set_once_and_followed_by_another(host: GitHubCodeHost, repo, world: World):
    sha = (await pushed(host, repo)).head_sha
    for _ in range(2):
        await host.set_status(repo, sha, context="ccb/tests", state="pending", description="under way")
    url = "https://ccb.example.com/tests/1"
    await host.set_status(repo, sha, context="ccb/tests", state="success", description="x" * 200, target_url=url)
    assert await told(world, sha) == [
        ("ccb/tests", "success", "x" * 140, url),
        ("ccb/tests", "pending", "under way", None),
    ]
    assert (await world.get(f"commits/{sha}/status"))["state"] == "success"


async def test_other_contexts_are_left_alone(host: GitHubCodeHost, repo, world: World):
    sha = (await pushed(host, repo)).head_sha
    await host.set_status(repo, sha, context="ci", state="failure", description="theirs")
    await host.set_status(repo, sha, context="ccb/tests", state="success", description="ours")
    await host.set_status(repo, sha, context="ccb/tests", state="success", description="ours")
    assert [one[:2] for one in await told(world, sha)] == [("ccb/tests", "success"), ("ci", "failure")]


async def test_a_lost_answer_is_not_a_second_status(host: GitHubCodeHost, repo, world: World, simulators: Simulators):
    sha = (await pushed(host, repo)).head_sha
    await simulators.fault("github", "lose_reply", method="POST", path=f"statuses/{sha}", times=1)

    async def deed() -> None:
        await host.set_status(repo, sha, context="ccb/tests", state="error", description="it was stopped")

    with pytest.raises(VendorError):
        await deed()
    await until_done(deed)
    assert [one[:2] for one in await told(world, sha)] == [("ccb/tests", "error")]


async def test_a_commit_that_is_not_there_is_said(host: GitHubCodeHost, repo):
    with pytest.raises(VendorRejected):
        await host.set_status(repo, "0" * 40, context="ccb/tests", state="success", description="")
