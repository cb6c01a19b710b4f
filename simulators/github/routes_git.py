"""Git data: refs, commits, trees and blobs (docs.github.com/rest/git)."""

import base64
import binascii
from typing import Any

from simulators.github import branches, render_git
from simulators.github.context import Context, Missing, Reply, RouteTable, not_found, refuse
from simulators.github.git import Flat, Git
from simulators.github.models import Json, Repo
from simulators.github.objects import DIRECTORY, FILE, Identity, TreeEntry
from simulators.github.render import node_id, repo_url

_MODES = {FILE: "blob", "100755": "blob", "120000": "blob", DIRECTORY: "tree"}


def get_ref(ctx: Context) -> Reply:
    repo, name = ctx.repo(), f"refs/{ctx.params['ref']}"
    sha = ctx.store.ref(repo.key, name)
    if sha is None:
        raise not_found()
    return Reply(render_git.ref(ctx, repo, name, sha))


def matching_refs(ctx: Context) -> Reply:
    repo = ctx.repo()
    refs = ctx.store.refs(repo.key, f"refs/{ctx.params['ref']}")
    return ctx.page([render_git.ref(ctx, repo, name, sha) for name, sha in refs.items()])


def create_ref(ctx: Context) -> Reply:
    repo = ctx.repo()
    name, sha = ctx.text("ref", resource="Reference"), ctx.text("sha", resource="Reference")
    if not name.startswith("refs/") or name.count("/") < 2 or ".." in name or name.endswith(("/", ".lock")):
        refuse(f"{name} is not a valid ref name.")
    if ctx.store.ref(repo.key, name) is not None:
        refuse("Reference already exists")
    if not ctx.git(repo).has(sha, "commit"):
        refuse("Object does not exist")
    branches.move(ctx, repo, name, sha)
    shown = render_git.ref(ctx, repo, name, sha)
    return Reply(shown, 201, {"Location": shown["url"]})


def update_ref(ctx: Context) -> Reply:
    repo, name = ctx.repo(), f"refs/{ctx.params['ref']}"
    sha = ctx.text("sha", resource="Reference")
    before, git = ctx.store.ref(repo.key, name), ctx.git(repo)
    if before is None:
        refuse("Reference does not exist")
    if not git.has(sha, "commit"):
        refuse("Object does not exist")
    forward = before in git.ancestors(sha)
    if not forward and ctx.body.get("force") is not True:
        refuse("Update is not a fast forward")
    if before != sha:
        branches.move(ctx, repo, name, sha, forced=not forward)
    return Reply(render_git.ref(ctx, repo, name, sha))


def delete_ref(ctx: Context) -> Reply:
    repo, name = ctx.repo(), f"refs/{ctx.params['ref']}"
    if ctx.store.ref(repo.key, name) is None:
        refuse("Reference does not exist")
    branches.move(ctx, repo, name, None)
    return Reply(None, 204)


def get_commit(ctx: Context) -> Reply:
    repo = ctx.repo()
    try:
        return Reply(render_git.git_commit(ctx, repo, ctx.git(repo).commit(str(ctx.params["sha"]))))
    except Missing:
        raise not_found() from None


def create_commit(ctx: Context) -> Reply:
    repo = ctx.repo()
    git = ctx.git(repo)
    message, tree = ctx.text("message", resource="Commit"), ctx.text("tree", resource="Commit")
    parents = ctx.body.get("parents") or []
    if not git.has(tree, "tree"):
        refuse("Tree SHA does not exist")
    if not all(git.has(str(parent), "commit") for parent in parents):
        refuse("Parent SHA does not exist or is not a commit object")
    author = _identity(ctx, "author", ctx.identity())
    sha = git.write_commit(tree, parents, message, author, _identity(ctx, "committer", author))
    shown = render_git.git_commit(ctx, repo, git.commit(sha))
    return Reply(shown, 201, {"Location": shown["url"]})


def _identity(ctx: Context, field: str, default: Identity) -> Identity:
    given = ctx.body.get(field)
    if not isinstance(given, dict) or not given.get("name") or not given.get("email"):
        return default
    return Identity(given["name"], given["email"], given.get("date") or default.date)


def _shown_tree(ctx: Context, repo: Repo, sha: str, *, recursive: bool) -> Json:
    git, url = ctx.git(repo), repo_url(ctx, repo)
    entries = list(git.walk(sha)) if recursive else [(entry.name, entry) for entry in git.tree(sha)]
    return {
        "sha": sha,
        "url": f"{url}/git/trees/{sha}",
        "tree": [_shown_entry(git, url, path, entry) for path, entry in entries],
        "truncated": False,
    }


def _shown_entry(git: Git, url: str, path: str, entry: TreeEntry) -> Json:
    size = {"size": len(git.read(entry.sha, "blob"))} if entry.kind == "blob" else {}
    link = f"{url}/git/{entry.kind}s/{entry.sha}"
    return {"path": path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha, **size, "url": link}


def get_tree(ctx: Context) -> Reply:
    repo = ctx.repo()
    name = str(ctx.params["sha"])
    git = ctx.git(repo)
    sha = name if git.has(name, "tree") else git.commit(ctx.resolve(repo, name)).tree
    return Reply(_shown_tree(ctx, repo, sha, recursive="recursive" in ctx.query))


def create_tree(ctx: Context) -> Reply:
    repo = ctx.repo()
    git = ctx.git(repo)
    base, entries = ctx.body.get("base_tree"), ctx.body.get("tree")
    if not isinstance(entries, list):
        refuse("Invalid tree info")
    files: Flat = {}
    if base is not None:
        if git.has(str(base), "commit"):
            base = git.commit(str(base)).tree
        if not git.has(str(base), "tree"):
            raise not_found()
        files = git.flat(str(base))
    for entry in entries:
        _apply(git, files, entry)
    return Reply(_shown_tree(ctx, repo, git.unflat(files), recursive=False), 201)


def _place(entry: dict[str, Any]) -> tuple[str, str]:
    """Path and mode of a new tree's entry, checked."""
    path, mode = entry.get("path"), entry.get("mode", FILE)
    if not isinstance(path, str) or not path:
        refuse("tree.path is missing")
    if path.startswith("/"):
        refuse("tree.path cannot start with a slash")
    if any(part in {"", ".", "..", ".git"} for part in path.split("/")):
        refuse("tree.path contains a malformed path component")
    if mode not in _MODES:
        refuse("Must supply a valid tree.mode")
    return path, mode


def _apply(git: Git, files: Flat, entry: dict[str, Any]) -> None:
    """Change `files` as one entry of a new tree says."""
    path, mode = _place(entry)
    gone = [known for known in files if known == path or known.startswith(f"{path}/")]
    if "content" not in entry and entry.get("sha") is None:
        if "sha" not in entry:
            refuse("Must supply either tree.sha or tree.content")
        if not gone:
            refuse("GitRPC::BadObjectState")
    for known in gone:
        del files[known]
    if "content" in entry:
        files[path] = (mode, git.write("blob", str(entry["content"]).encode()))
    elif (sha := entry.get("sha")) is not None:
        if not git.has(str(sha), _MODES[mode]):
            refuse(f"tree.sha {sha} is not a valid {_MODES[mode]}")
        if mode == DIRECTORY:
            files |= {f"{path}/{inside}": found for inside, found in git.flat(str(sha)).items()}
        else:
            files[path] = (mode, str(sha))


def get_blob(ctx: Context) -> Reply:
    repo, sha = ctx.repo(), str(ctx.params["sha"])
    try:
        data = ctx.git(repo).read(sha, "blob")
    except Missing:
        raise not_found() from None
    # GitHub breaks base64 into lines of 60 characters.
    text = base64.b64encode(data).decode()
    lines = "".join(f"{text[start : start + 60]}\n" for start in range(0, len(text), 60))
    return Reply(
        {
            "sha": sha,
            "node_id": node_id("Blob", sha),
            "size": len(data),
            "url": f"{repo_url(ctx, repo)}/git/blobs/{sha}",
            "content": lines,
            "encoding": "base64",
        }
    )


def create_blob(ctx: Context) -> Reply:
    repo = ctx.repo()
    content, encoding = ctx.body.get("content"), ctx.body.get("encoding", "utf-8")
    if not isinstance(content, str):
        refuse("content is missing")
    try:
        data = base64.b64decode(content) if encoding == "base64" else content.encode()
    except binascii.Error:
        refuse("content is not valid Base64")
    sha = ctx.git(repo).write("blob", data)
    return Reply({"sha": sha, "url": f"{repo_url(ctx, repo)}/git/blobs/{sha}"}, 201)


_GIT = "/repos/{owner}/{repo}/git"
ROUTES: RouteTable = [
    ("GET", f"{_GIT}/ref/{{ref:path}}", get_ref),
    ("GET", f"{_GIT}/refs/{{ref:path}}", get_ref),
    ("GET", f"{_GIT}/matching-refs/{{ref:path}}", matching_refs),
    ("POST", f"{_GIT}/refs", create_ref),
    ("PATCH", f"{_GIT}/refs/{{ref:path}}", update_ref),
    ("DELETE", f"{_GIT}/refs/{{ref:path}}", delete_ref),
    ("GET", f"{_GIT}/commits/{{sha}}", get_commit),
    ("POST", f"{_GIT}/commits", create_commit),
    ("GET", f"{_GIT}/trees/{{sha:path}}", get_tree),
    ("POST", f"{_GIT}/trees", create_tree),
    ("GET", f"{_GIT}/blobs/{{sha}}", get_blob),
    ("POST", f"{_GIT}/blobs", create_blob),
]
