"""The GitHub adapter over the simulated GitHub, each test in a repository of its own."""

import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.database import Database, DatabaseSettings
from adapters.database.migrate import migrate
from adapters.github.code_host import GitHubCodeHost
from adapters.github.settings import GitHubSettings
from domain.errors import CcbError
from simulators.kit import Simulators
from tests.contract.github import published
from tests.contract.github.standing import Standing
from tests.contract.receiver import Receiver


@pytest.fixture(autouse=True)
async def clean(simulators: Simulators, receiver: Receiver) -> AsyncIterator[None]:
    """No fault, limit or webhook is left over for another test; and what the adapter asked for was as published."""
    before = await simulators.last("github")
    yield
    asked = [one for one in await simulators.journal("github", since=before) if one.agent == published.AGENT]
    assert [problem for one in asked for problem in published.problems(one)] == []
    await simulators.reset_faults("github")
    await simulators.act("github", "configure", rate_limit=15_000)
    receiver.clear()


@pytest.fixture(scope="session")
async def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("github") / "ccb.db"
    await migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture
async def standing(migrated: Path, tmp_path: Path) -> AsyncIterator[Standing]:
    """An integration that waits for review, in a database of its own."""
    shutil.copy(migrated, tmp_path / "ccb.db")
    db = await Database.open(DatabaseSettings(url=SecretStr(f"sqlite+aiosqlite:///{tmp_path}/ccb.db")))
    standing = Standing(db)
    await standing.begin()
    yield standing
    await db.close()


@pytest.fixture
def settings(simulators: Simulators) -> GitHubSettings:
    return GitHubSettings(base_url=simulators.github_url, token=simulators.config["github"]["token"])


@pytest.fixture
async def host(settings: GitHubSettings) -> AsyncIterator[GitHubCodeHost]:
    adapter = GitHubCodeHost(settings)
    yield adapter
    await adapter.close()


@pytest.fixture
async def repo(simulators: Simulators) -> str:
    """A repository with a README on `main`."""
    name = f"acme/r{secrets.token_hex(6)}"
    await simulators.act("github", "repositories", repository=name)
    return name


class World:
    """What is really there, read past the adapter."""

    def __init__(self, simulators: Simulators, repo: str, token: str) -> None:
        self._simulators = simulators
        self.repo = repo
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(base_url=f"{simulators.github_url}/", headers=headers, trust_env=False)

    async def get(self, path: str, **query: str) -> Any:
        """`GET /repos/{repo}/{path}` as the bot."""
        answer = await self.http.get(f"repos/{self.repo}/{path}", params=query)
        answer.raise_for_status()
        return answer.json()

    async def branches(self) -> list[str]:
        return [branch["name"] for branch in await self.get("branches")]

    async def pulls(self) -> list[dict[str, Any]]:
        return await self.get("pulls", state="all")

    async def comments(self, number: int) -> list[dict[str, Any]]:
        return await self.get(f"issues/{number}/comments", per_page="100")

    async def commits(self, branch: str) -> list[str]:
        return [commit["commit"]["message"] for commit in await self.get("commits", sha=branch)]

    async def act(self, route: str, **body: Any) -> dict[str, Any]:
        return await self._simulators.act("github", route, repository=self.repo, **body)


@pytest.fixture
async def world(simulators: Simulators, repo: str) -> AsyncIterator[World]:
    found = World(simulators, repo, simulators.config["github"]["token"])
    yield found
    await found.http.aclose()


async def until_done(call: Any, *, tries: int = 5) -> Any:
    """Call again while it fails with an error that may be retried, as Temporal would."""
    for _ in range(tries):
        try:
            return await call()
        except CcbError as error:
            if not error.retryable:
                raise
            last = error
    raise last
