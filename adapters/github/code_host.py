"""`CodeHost` on GitHub: what is asked is done in a thread, and errors come back in our words."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from github.Repository import Repository

from adapters.github import deeds, marks, statuses
from adapters.github.client import Clients
from adapters.github.errors import translated
from adapters.github.settings import GitHubSettings
from adapters.github.statuses import Wanted
from domain.errors import VendorRejected
from domain.ports import Installations
from domain.vendors import Branch, CommentRef, CommitState, IssueRef, Merge, PullRequest

T = TypeVar("T")

_SHUT_OUT = frozenset({401, 403, 404})


class GitHubCodeHost:
    """See the port `CodeHost`. Retries nothing by itself; each call to GitHub times out after 20 s.

    Raises InvalidInput if the settings hold no usable credentials.
    """

    def __init__(self, settings: GitHubSettings, installations: Installations | None = None) -> None:
        """`installations` says, where GitHub refuses, that the App was taken out of a repository."""
        self._clients = Clients(settings)
        self._installations = installations
        self._bot: str | None = None

    async def close(self) -> None:
        await asyncio.to_thread(self._clients.close)

    async def push(
        self, repo: str, branch: str, *, files: Mapping[str, str], folder: str, message: str, key: str
    ) -> Branch:
        return await self._in(
            repo,
            lambda remote: deeds.push(remote, branch, files=files, folder=folder, message=message, key=key),
            writes=True,
        )

    async def delete_branch(self, repo: str, branch: str) -> None:
        await self._in(repo, lambda remote: deeds.delete_branch(remote, branch), writes=True)

    async def open_pull_request(self, branch: Branch, *, title: str, body: str, key: str) -> PullRequest:
        return await self._in(
            branch.repo,
            lambda remote: deeds.open_pull_request(remote, branch, title=title, body=body, key=key),
            writes=True,
        )

    async def pull_request(self, repo: str, number: int) -> PullRequest:
        return await self._in(repo, lambda remote: deeds.shown(remote, remote.get_pull(number)), writes=False)

    async def close_pull_request(self, repo: str, branch: str, *, comment: str) -> None:
        bot = await self.bot_login()
        await self._in(
            repo, lambda remote: deeds.close_pull_request(remote, branch, comment=comment, bot=bot), writes=True
        )

    async def merge(self, pull: PullRequest, *, message: str) -> Merge:
        return await self._in(pull.repo, lambda remote: deeds.merge(remote, pull, message=message), writes=True)

    async def revert(
        self, repo: str, *, folder: str, branch: str, message: str, key: str, number: int | None = None
    ) -> None:
        await self._in(
            repo,
            lambda remote: deeds.revert(remote, folder=folder, branch=branch, message=message, key=key, number=number),
            writes=True,
        )

    async def remove_folder(self, repo: str, *, folder: str, message: str, key: str) -> None:
        await self._in(
            repo, lambda remote: deeds.remove_folder(remote, folder=folder, message=message, key=key), writes=True
        )

    async def files(self, repo: str, ref: str, folder: str) -> dict[str, str]:
        return await self._in(repo, lambda remote: deeds.files(remote, ref, folder), writes=False)

    async def upsert_comment(self, issue: IssueRef, *, key: str, body: str) -> CommentRef:
        bot = await self.bot_login()
        return await self._in(
            issue.repo,
            lambda remote: deeds.upsert_comment(remote, issue.number, key=key, body=body, bot=bot),
            writes=True,
        )

    async def set_status(
        self, repo: str, sha: str, *, context: str, state: CommitState, description: str, target_url: str = ""
    ) -> None:
        wanted = Wanted(context=context, state=state, description=description, target_url=target_url)
        await self._in(repo, lambda remote: statuses.set_status(remote, sha, wanted), writes=True)

    async def pulls_of(self, repo: str, sha: str) -> list[PullRequest]:
        return await self._in(repo, lambda remote: deeds.pulls_of(remote, sha), writes=False)

    async def wrote(self, repo: str, sha: str) -> bool:
        return await self._in(repo, lambda remote: marks.written(remote.get_git_commit(sha).message), writes=False)

    async def bot_login(self) -> str:
        if self._bot is None:
            self._bot = await self._call(self._clients.bot_login, writes=False)
        return self._bot

    async def _in(self, repo: str, work: Callable[[Repository], T], *, writes: bool) -> T:
        try:
            return await self._call(lambda: work(self._clients.github().get_repo(repo)), writes=writes)
        except VendorRejected as error:
            why = await self._installations.why_not(repo) if self._installations is not None else None
            if why is None or error.details.get("status") not in _SHUT_OUT:
                raise
            raise VendorRejected(
                f"{why} ({error.message})", vendor="github", status=error.details.get("status")
            ) from error

    async def _call(self, work: Callable[[], T], *, writes: bool) -> T:
        def inside() -> T:
            with translated(writes=writes):
                return work()

        return await asyncio.to_thread(inside)
