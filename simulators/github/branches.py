"""Moving branches, and what follows from it: open pull requests follow, close, and people are told."""

from simulators.github import render, render_pulls, webhooks
from simulators.github.context import Context
from simulators.github.models import Issue, Json, Pull, Repo, now
from simulators.github.objects import Commit

_NOTHING = "0" * 40


def open_pulls(ctx: Context, repo: Repo) -> list[tuple[Issue, Pull]]:
    issues = ctx.store.all(Issue, repo.key, "pull")
    return [(issue, issue.pull) for issue in issues if issue.pull and issue.state == "open"]


def move(ctx: Context, repo: Repo, name: str, sha: str | None, *, forced: bool = False) -> None:
    """Set the ref `name`, or delete it with None: its pull requests follow, and a `push` webhook says so."""
    before = ctx.store.ref(repo.key, name)
    ctx.store.set_ref(repo.key, name, sha)
    repo.pushed_at = now()
    ctx.store.put(repo)
    webhooks.emit(ctx, repo, "push", _push(ctx, repo, name, before, sha, forced=forced))
    branch = name.removeprefix("refs/heads/")
    for issue, pull in open_pulls(ctx, repo):
        if pull.base_ref == branch and sha is not None:
            pull.base_sha = sha
            ctx.store.put(issue, repo.key)
        if pull.head_ref == branch or (pull.base_ref == branch and sha is None):
            _follow(ctx, repo, issue, pull, before, sha)


def _follow(ctx: Context, repo: Repo, issue: Issue, pull: Pull, before: str | None, sha: str | None) -> None:
    issue.updated_at = now()
    if sha is None:
        issue.state, issue.closed_at, issue.closed_by = "closed", issue.updated_at, ctx.acting
        ctx.store.put(issue, repo.key)
        emit_pull(ctx, repo, issue, pull, "closed")
    elif sha != pull.head_sha:
        pull.head_sha = sha
        ctx.store.put(issue, repo.key)
        emit_pull(ctx, repo, issue, pull, "synchronize", before=before, after=sha)


def emit_pull(ctx: Context, repo: Repo, issue: Issue, pull: Pull, action: str, **more: object) -> None:
    payload: Json = {"number": issue.number, "pull_request": render_pulls.full_pull(ctx, repo, issue, pull), **more}
    webhooks.emit(ctx, repo, "pull_request", payload, action=action)


def _push(ctx: Context, repo: Repo, name: str, before: str | None, after: str | None, *, forced: bool) -> Json:
    git = ctx.git(repo)
    new = git.ahead(before, after) if before and after else [after] if after else []
    commits = [_pushed(ctx, repo, git.commit(sha)) for sha in new]
    pusher = ctx.identity()
    return {
        "ref": name,
        "before": before or _NOTHING,
        "after": after or _NOTHING,
        "created": before is None,
        "deleted": after is None,
        "forced": forced,
        "base_ref": None,
        "compare": f"{render.html_url(ctx, repo)}/compare/{(before or _NOTHING)[:12]}...{(after or _NOTHING)[:12]}",
        "commits": commits,
        "head_commit": commits[-1] if commits else None,
        "pusher": {"name": pusher.name, "email": pusher.email},
    }


def _pushed(ctx: Context, repo: Repo, commit: Commit) -> Json:
    changes = ctx.git(repo).changes(commit.parents[0] if commit.parents else None, commit.sha)
    people = {"author": commit.author, "committer": commit.committer}
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": commit.committer.date,
        "url": f"{render.html_url(ctx, repo)}/commit/{commit.sha}",
        **{role: {"name": who.name, "email": who.email, "username": who.name} for role, who in people.items()},
        **{
            name: [change.path for change in changes if change.status == name]
            for name in ("added", "removed", "modified")
        },
    }
