"""Steps at the code host. Each finds what an earlier try left and returns it."""

import asyncio

from temporalio import activity

from activities.store import load_files, save_files
from activities.wording import pull_request_body
from domain.artifacts import files_hash
from domain.comparison import VersionComparison, compare
from domain.errors import Corrupted
from domain.manifest import GIVEN
from domain.plan import Plan
from domain.ports import Artifacts, CodeHost
from domain.steps import (
    BranchName,
    ClosePullRequest,
    CommentOnIssue,
    CommitOf,
    Head,
    MergePullRequest,
    OpenPullRequest,
    Push,
    ReadHead,
    RevertMerge,
    Succeeding,
)
from domain.steps.retirement import RemoveFolder
from domain.vendors import Branch, CommentRef, Merge, PullRequest


class RepositoryActivities:
    def __init__(self, host: CodeHost, artifacts: Artifacts) -> None:
        self._host = host
        self._artifacts = artifacts

    @activity.defn(name="repository.push_branch")
    async def push_branch(self, cmd: Push) -> Branch:
        """Push, and read back that the branch holds exactly these files."""
        files = await load_files(self._artifacts, cmd.workspace)
        branch = await self._host.push(
            cmd.repo, cmd.branch, files=files, folder=cmd.folder, message=cmd.message, key=cmd.key
        )
        found = await self._host.files(cmd.repo, branch.head_sha, cmd.folder)
        if files_hash(found) != files_hash(files):
            raise Corrupted(f"Branch {cmd.branch} does not hold the files that were pushed to it.", branch=cmd.branch)
        return branch

    @activity.defn(name="repository.delete_branch")
    async def delete_branch(self, cmd: BranchName) -> None:
        await self._host.delete_branch(cmd.repo, cmd.branch)

    @activity.defn(name="repository.open_pull_request")
    async def open_pull_request(self, cmd: OpenPullRequest) -> PullRequest:
        plan = Plan.model_validate_json(await self._artifacts.get(cmd.plan))
        body = pull_request_body(cmd, plan, await self._compared(cmd.succeeding))
        opened = await self._host.open_pull_request(cmd.branch, title=cmd.title, body=body, key=cmd.key)
        return await self._host.pull_request(opened.repo, opened.number)

    async def _compared(self, new: Succeeding | None) -> VersionComparison | None:
        if new is None:
            return None
        before = await load_files(self._artifacts, new.files_before)
        after = await load_files(self._artifacts, new.files)
        return await asyncio.to_thread(compare, before, after, versions=(new.before, new.version), characters=0)

    @activity.defn(name="repository.read_head")
    async def read_head(self, cmd: ReadHead) -> Head:
        """The pull request's files as they are now, whoever wrote them; but what the plan gives stays as given."""
        pull = await self._host.pull_request(cmd.pull_request.repo, cmd.pull_request.number)
        files = await self._host.files(pull.repo, pull.head_sha, cmd.folder)
        given = await load_files(self._artifacts, cmd.proven)
        files |= {path: given[path] for path in GIVEN}
        return Head(head_sha=pull.head_sha, workspace=await save_files(self._artifacts, files))

    @activity.defn(name="repository.close_pull_request")
    async def close_pull_request(self, cmd: ClosePullRequest) -> None:
        await self._host.close_pull_request(cmd.repo, cmd.branch, comment=cmd.comment)

    @activity.defn(name="repository.merge")
    async def merge(self, cmd: MergePullRequest) -> Merge:
        return await self._host.merge(cmd.pull_request, message=cmd.message)

    @activity.defn(name="repository.revert")
    async def revert(self, cmd: RevertMerge) -> None:
        await self._host.revert(
            cmd.repo, folder=cmd.folder, branch=cmd.branch, message=cmd.message, key=cmd.key, number=cmd.number
        )

    @activity.defn(name="repository.remove_folder")
    async def remove_folder(self, cmd: RemoveFolder) -> None:
        await self._host.remove_folder(cmd.repo, folder=cmd.folder, message=cmd.message, key=cmd.key)

    @activity.defn(name="repository.wrote")
    async def wrote(self, cmd: CommitOf) -> bool:
        """Whether a commit says that it is ours."""
        return await self._host.wrote(cmd.repo, cmd.sha)

    @activity.defn(name="repository.comment_on_issue")
    async def comment_on_issue(self, cmd: CommentOnIssue) -> CommentRef:
        return await self._host.upsert_comment(cmd.issue, key=cmd.key, body=cmd.body)
