"""Folders of a repository by the git data API: read them, and write them whole in one commit."""

import base64
from collections.abc import Mapping
from typing import NamedTuple

from github import GithubException, UnknownObjectException
from github.GitCommit import GitCommit
from github.GitTree import GitTree
from github.InputGitTreeElement import InputGitTreeElement
from github.Repository import Repository

from domain.errors import VendorRejected

_FILE = "100644"
_TEXT_MODES = {_FILE, "100755"}


class Entry(NamedTuple):
    mode: str
    type: str
    sha: str


def head_of(repo: Repository, branch: str) -> str | None:
    """The commit that `branch` points at; None if there is no such branch."""
    try:
        return repo.get_git_ref(f"heads/{branch}").object.sha
    except UnknownObjectException:
        return None


def entries(repo: Repository, ref: str, folder: str) -> dict[str, Entry]:
    """What is in `folder` at `ref` (a branch, commit or tree), by path below it; empty if there is no such folder."""
    tree = repo.get_git_tree(ref)
    for name in folder.split("/"):
        child = next((each for each in tree.tree if each.path == name and each.type == "tree"), None)
        if child is None:
            return {}
        tree = repo.get_git_tree(child.sha)
    whole = repo.get_git_tree(tree.sha, recursive=True)
    if whole.raw_data.get("truncated"):
        raise VendorRejected(f"The folder {folder} is too large for GitHub's API to list.", vendor="github")
    return {each.path: Entry(each.mode, each.type, each.sha) for each in whole.tree if each.type != "tree"}


def texts(repo: Repository, found: Mapping[str, Entry]) -> dict[str, str]:
    """The contents of those that are regular files in UTF-8."""
    read: dict[str, str] = {}
    for path, entry in found.items():
        if entry.mode in _TEXT_MODES:
            data = base64.b64decode(repo.get_git_blob(entry.sha).content)
            try:
                read[path] = data.decode()
            except UnicodeDecodeError:
                continue
    return read


def commit_files(
    repo: Repository, parent: GitCommit, *, rest: GitCommit, folder: str, files: Mapping[str, str], message: str
) -> GitCommit:
    """A commit on `parent` in which `folder` holds exactly `files`, and all else is as in `rest`.

    No branch points at it yet.
    """
    written = [
        InputGitTreeElement(f"{folder}/{path}", _FILE, "blob", content=content) for path, content in files.items()
    ]
    gone = {path: entry for path, entry in entries(repo, rest.tree.sha, folder).items() if path not in files}
    return _commit(repo, parent, rest, [*written, *_removed(folder, gone)], message)


def commit_entries(
    repo: Repository,
    parent: GitCommit,
    *,
    folder: str,
    now: Mapping[str, Entry],
    wanted: Mapping[str, Entry],
    message: str,
) -> GitCommit:
    """A commit on `parent`, where `folder` holds `now`, in which it holds `wanted`, whose objects are there already."""
    restored = [
        InputGitTreeElement(f"{folder}/{path}", entry.mode, entry.type, sha=entry.sha)
        for path, entry in wanted.items()
        if now.get(path) != entry
    ]
    gone = {path: entry for path, entry in now.items() if path not in wanted}
    return _commit(repo, parent, parent, [*restored, *_removed(folder, gone)], message)


def point(repo: Repository, branch: str, commit: str, *, new: bool) -> bool:
    """Make `branch`, or move it forward, to `commit`; False if somebody else made or moved it meanwhile."""
    try:
        if new:
            repo.create_git_ref(f"refs/heads/{branch}", commit)
        else:
            repo.get_git_ref(f"heads/{branch}").edit(commit, force=False)
    except GithubException as error:
        message = str(error.message or "").lower()
        if error.status == 422 and ("already exists" in message or "fast forward" in message):
            return False
        raise
    return True


def _removed(folder: str, gone: Mapping[str, Entry]) -> list[InputGitTreeElement]:
    return [InputGitTreeElement(f"{folder}/{path}", entry.mode, entry.type, sha=None) for path, entry in gone.items()]


def _commit(
    repo: Repository, parent: GitCommit, rest: GitCommit, changes: list[InputGitTreeElement], message: str
) -> GitCommit:
    base: GitTree = repo.get_git_tree(rest.tree.sha)
    tree = repo.create_git_tree(changes, base) if changes else base
    return repo.create_git_commit(message, tree, [parent])
