"""Git's objects, as GitHub's API shows them."""

from simulators.github.context import Context
from simulators.github.git import Change
from simulators.github.models import Json, Repo
from simulators.github.objects import Commit, Identity
from simulators.github.render import html_url, node_id, repo_url, user


def identity(who: Identity) -> Json:
    return {"name": who.name, "email": who.email, "date": who.date}


def verification() -> Json:
    return {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def _parents(ctx: Context, repo: Repo, found: Commit, folder: str) -> list[Json]:
    url, html = repo_url(ctx, repo), html_url(ctx, repo)
    return [{"sha": sha, "url": f"{url}/{folder}/{sha}", "html_url": f"{html}/commit/{sha}"} for sha in found.parents]


def git_commit(ctx: Context, repo: Repo, found: Commit) -> Json:
    url = repo_url(ctx, repo)
    return {
        "sha": found.sha,
        "node_id": node_id("Commit", found.sha),
        "url": f"{url}/git/commits/{found.sha}",
        "html_url": f"{html_url(ctx, repo)}/commit/{found.sha}",
        "author": identity(found.author),
        "committer": identity(found.committer),
        "tree": {"sha": found.tree, "url": f"{url}/git/trees/{found.tree}"},
        "message": found.message,
        "parents": _parents(ctx, repo, found, "git/commits"),
        "verification": verification(),
    }


def commit(ctx: Context, repo: Repo, found: Commit) -> Json:
    url = repo_url(ctx, repo)
    inner = git_commit(ctx, repo, found)
    kept = ["author", "committer", "message", "tree", "url", "verification"]
    return {
        "sha": found.sha,
        "node_id": inner["node_id"],
        "commit": {**{name: inner[name] for name in kept}, "comment_count": 0},
        "url": f"{url}/commits/{found.sha}",
        "html_url": inner["html_url"],
        "comments_url": f"{url}/commits/{found.sha}/comments",
        "author": _account(ctx, found.author),
        "committer": _account(ctx, found.committer),
        "parents": _parents(ctx, repo, found, "commits"),
    }


def _account(ctx: Context, who: Identity) -> Json | None:
    return user(ctx, who.name) if who.email.endswith("users.noreply.github.com") else None


def ref(ctx: Context, repo: Repo, name: str, sha: str) -> Json:
    url = repo_url(ctx, repo)
    target = {"sha": sha, "type": "commit", "url": f"{url}/git/commits/{sha}"}
    return {"ref": name, "node_id": node_id("Ref", name), "url": f"{url}/git/{name}", "object": target}


def change(ctx: Context, repo: Repo, found: Change, at: str) -> Json:
    url, html = repo_url(ctx, repo), html_url(ctx, repo)
    return {
        "sha": found.sha,
        "filename": found.path,
        "status": found.status,
        "additions": found.additions,
        "deletions": found.deletions,
        "changes": found.additions + found.deletions,
        "blob_url": f"{html}/blob/{at}/{found.path}",
        "raw_url": f"{html}/raw/{at}/{found.path}",
        "contents_url": f"{url}/contents/{found.path}?ref={at}",
        "patch": found.patch,
    }


def branch(ctx: Context, repo: Repo, name: str, sha: str) -> Json:
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{repo_url(ctx, repo)}/commits/{sha}"},
        "protected": False,
    }


def full_branch(ctx: Context, repo: Repo, name: str, sha: str) -> Json:
    url = f"{repo_url(ctx, repo)}/branches/{name}"
    checks = {"enforcement_level": "off", "contexts": [], "checks": []}
    return {
        "name": name,
        "commit": commit(ctx, repo, ctx.git(repo).commit(sha)),
        "_links": {"self": url, "html": f"{html_url(ctx, repo)}/tree/{name}"},
        "protected": False,
        "protection": {"enabled": False, "required_status_checks": checks},
        "protection_url": f"{url}/protection",
    }
