"""What the adapter does on GitHub, each deed safe to repeat. Synchronous: it runs in a thread."""

import contextlib
from collections.abc import Mapping

from github import GithubException, UnknownObjectException
from github.File import File
from github.Issue import Issue
from github.IssueComment import IssueComment
from github.PullRequest import PullRequest as RemotePull
from github.Repository import Repository

from adapters.github import folders, marks
from adapters.github.errors import message_of
from domain.errors import Conflict, ContentChanged, Corrupted, VendorOutcomeUnknown, VendorUnavailable
from domain.vendors import Branch, CommentRef, Merge, PullRequest

# Somebody who moves a branch three times while we write one commit will do so again; Temporal tries later.
_TRIES = 3


def push(repo: Repository, name: str, *, files: Mapping[str, str], folder: str, message: str, key: str) -> Branch:
    base = repo.default_branch
    for _ in range(_TRIES):
        base_sha, head = folders.head_of(repo, base), folders.head_of(repo, name)
        if base_sha is None:
            raise Conflict(f"{repo.full_name} has no commit on {base} yet; push a first one, such as a README.")
        parent = rest = repo.get_git_commit(head or base_sha)
        if head is not None:
            ahead = repo.compare(base, head)
            if not any(marks.key_of(commit.commit.message) for commit in ahead.commits):
                raise Conflict(f"The branch {name} of {repo.full_name} exists and is not ours.", branch=name)
            base_sha = ahead.merge_base_commit.sha
            mine = marks.key_of(parent.message) == marks.one_word(key)
            if not all(_inside(folder, file) for file in ahead.files):
                # Somebody's change outside the folder is nothing that people are asked to approve.
                rest = repo.get_git_commit(base_sha)
            elif mine or folders.texts(repo, folders.entries(repo, head, folder)) == dict(files):
                return Branch(repo=repo.full_name, name=name, base=base, base_sha=base_sha, head_sha=head)
        commit = folders.commit_files(
            repo, parent, rest=rest, folder=folder, files=files, message=marks.with_trailer(message, marks.KEY, key)
        )
        if folders.point(repo, name, commit.sha, new=head is None):
            return Branch(repo=repo.full_name, name=name, base=base, base_sha=base_sha, head_sha=commit.sha)
    raise _moving(name)


def _inside(folder: str, file: File) -> bool:
    return all(path.startswith(f"{folder}/") for path in (file.filename, file.previous_filename) if path)


def delete_branch(repo: Repository, name: str) -> None:
    try:
        repo.get_git_ref(f"heads/{name}").delete()
    except UnknownObjectException:
        return
    except GithubException as error:
        # It went between the look and the deed.
        if error.status != 422 or "does not exist" not in message_of(error):
            raise


def open_pull_request(repo: Repository, branch: Branch, *, title: str, body: str, key: str) -> PullRequest:
    text = marks.marked(body, key)
    found = _open_pull(repo, branch.name)
    if found is None:
        try:
            found = repo.create_pull(base=branch.base, head=branch.name, title=title, body=text)
        except GithubException as error:
            # A try before this one may have made it after we looked.
            found = _open_pull(repo, branch.name) if "already exists" in message_of(error) else None
            if found is None:
                raise
    if (found.title, found.body) != (title, text):
        found.edit(title=title, body=text)
    return shown(repo, found)


def close_pull_request(repo: Repository, branch: str, *, comment: str, bot: str) -> None:
    found = _open_pull(repo, branch)
    if found is not None:
        upsert_comment(repo, found.number, key=f"closed/{branch}", body=comment, bot=bot)
        found.edit(state="closed")


def merge(repo: Repository, pull: PullRequest, *, message: str) -> Merge:
    found = repo.get_pull(pull.number)
    if found.head.sha != pull.head_sha:
        raise ContentChanged(
            f"Pull request {pull.number} holds other content than the one that was approved.",
            approved=pull.head_sha,
            current=found.head.sha,
        )
    if not found.merged:
        _merge(repo, found, pull, message)
        found.update()
    if not found.merged or found.merge_commit_sha is None:
        raise VendorOutcomeUnknown(f"Pull request {pull.number} does not show as merged yet.", vendor="github")
    commit = repo.get_git_commit(found.merge_commit_sha)
    if not commit.parents:
        raise Corrupted(f"The merge {commit.sha} of pull request {pull.number} has no parent.")
    return Merge(sha=commit.sha, before_sha=commit.parents[0].sha)


def _merge(repo: Repository, found: RemotePull, pull: PullRequest, message: str) -> None:
    if found.state == "closed":
        raise Conflict(f"Pull request {pull.number} was closed without being merged.", pull_request=pull.number)
    # Absent for some tokens, which does not mean that it is forbidden.
    method = "squash" if repo.allow_merge_commit is False else "merge"
    title, _, text = message.partition("\n")
    body = marks.with_trailer(text, marks.KEY, f"merge/{pull.number}").strip()
    try:
        found.merge(commit_title=title, commit_message=body, merge_method=method, sha=pull.head_sha)
    except GithubException as error:
        why = message_of(error)
        if error.status == 409:
            raise ContentChanged(
                f"Pull request {pull.number} was changed while it was merged: {why}.", approved=pull.head_sha
            ) from error
        if error.status == 405 and "base branch was modified" in why.lower():
            raise VendorUnavailable(f"GitHub could not merge just now: {why}.", vendor="github") from error
        if error.status == 405:
            raise Conflict(
                f"Pull request {pull.number} cannot be merged: {why}. Resolve conflicts and required checks.",
                pull_request=pull.number,
            ) from error
        raise


def revert(repo: Repository, *, folder: str, branch: str, message: str, key: str, number: int | None = None) -> None:
    closed = repo.get_pulls(state="closed", head=_head(repo, branch), sort="created", direction="desc")
    asked = (pull for pull in closed if number is None or pull.number == number)
    merged = next((pull for pull in asked if pull.merged_at is not None), None)
    if merged is None or merged.merge_commit_sha is None:
        return
    parents = repo.get_git_commit(merged.merge_commit_sha).parents
    wanted = folders.entries(repo, parents[0].sha, folder) if parents else {}
    for _ in range(_TRIES):
        head = folders.head_of(repo, merged.base.ref)
        if head is None:
            return
        parent = repo.get_git_commit(head)
        now = folders.entries(repo, parent.tree.sha, folder)
        if now == wanted:
            return
        text = marks.with_trailer(message, marks.UNDO, key)
        commit = folders.commit_entries(repo, parent, folder=folder, now=now, wanted=wanted, message=text)
        if folders.point(repo, merged.base.ref, commit.sha, new=False):
            return
    raise _moving(merged.base.ref)


def remove_folder(repo: Repository, *, folder: str, message: str, key: str) -> None:
    base = repo.default_branch
    text = marks.with_trailer(message, marks.KEY, key)
    for _ in range(_TRIES):
        head = folders.head_of(repo, base)
        if head is None:
            return
        parent = repo.get_git_commit(head)
        now = folders.entries(repo, parent.tree.sha, folder)
        if not now:
            return
        commit = folders.commit_entries(repo, parent, folder=folder, now=now, wanted={}, message=text)
        if folders.point(repo, base, commit.sha, new=False) and not folders.entries(repo, commit.tree.sha, folder):
            return
    raise _moving(base)


def files(repo: Repository, ref: str, folder: str) -> dict[str, str]:
    return folders.texts(repo, folders.entries(repo, ref, folder))


def upsert_comment(repo: Repository, number: int, *, key: str, body: str, bot: str) -> CommentRef:
    """Two that write one at once leave the older: whoever comes second takes the other away."""
    text, issue = marks.marked(body, key), repo.get_issue(number)
    there = _ours(issue, key, bot)
    if not there:
        made = issue.create_comment(text)
        there = _ours(issue, key, bot) or [made]
    first, *crossed = there
    for other in crossed:
        _delete(other)
    if first.body != text:
        first.edit(text)
    return CommentRef(id=first.id, url=first.html_url)


def _ours(issue: Issue, key: str, bot: str) -> list[IssueComment]:
    """Oldest first. The account behind a comment may be gone."""
    mark = marks.marker(key)
    by_us = (one for one in issue.get_comments() if one.user and one.user.login == bot)
    return sorted((one for one in by_us if (one.body or "").startswith(mark)), key=lambda one: one.id)


def _delete(comment: IssueComment) -> None:
    with contextlib.suppress(UnknownObjectException):  # whoever wrote the other one took it away
        comment.delete()


def pulls_of(repo: Repository, sha: str) -> list[PullRequest]:
    try:
        return [shown(repo, found) for found in repo.get_commit(sha).get_pulls()]
    except GithubException as error:
        # "No commit found for SHA", of one that was pushed away meanwhile.
        if error.status in {404, 422}:
            return []
        raise


def shown(repo: Repository, found: RemotePull) -> PullRequest:
    state = "merged" if found.merged_at is not None else "open" if found.state == "open" else "closed"
    return PullRequest.model_validate(
        {
            "repo": repo.full_name,
            "number": found.number,
            "url": found.html_url,
            "head_sha": found.head.sha,
            "state": state,
        }
    )


def _open_pull(repo: Repository, branch: str) -> RemotePull | None:
    return next(iter(repo.get_pulls(state="open", head=_head(repo, branch))), None)


def _head(repo: Repository, branch: str) -> str:
    return f"{repo.owner.login}:{branch}"


def _moving(branch: str) -> VendorUnavailable:
    return VendorUnavailable(f"The branch {branch} moved each time we wrote to it.", vendor="github")
