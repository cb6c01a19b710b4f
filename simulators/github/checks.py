"""What others do beside issues and pull requests: checks that end, comments on a diff, the App installed and taken out.

Payloads hold what GitHub's documentation lists as always there, as far as anybody here reads it.
"""

from simulators.github import render, webhooks
from simulators.github.context import Context, Reply, RouteTable
from simulators.github.models import Json, Repo, now
from simulators.github.render_pulls import simple_pull
from simulators.github.routes_issues import find
from simulators.github.routes_pulls import pulls_with
from simulators.github.routes_repo import create_status


def complete_check(ctx: Context) -> Reply:
    """`{"sha", "name"?, "conclusion"?, "summary"?}`: a check run ends, and then its suite."""
    repo, body = ctx.repo(), ctx.body
    sha, conclusion = ctx.resolve(repo, str(body["sha"])), str(body.get("conclusion", "failure"))
    number, url = ctx.store.new_id(), render.repo_url(ctx, repo)
    pulls = [
        _linked(ctx, repo, issue.number, pull.head_ref, pull.head_sha) for issue, pull in pulls_with(ctx, repo, sha)
    ]
    app = {"id": 15368, "slug": "github-actions", "name": "GitHub Actions"}
    suite: Json = {
        "id": number + 1,
        "head_branch": None,
        "head_sha": sha,
        "status": "completed",
        "conclusion": conclusion,
        "url": f"{url}/check-suites/{number + 1}",
        "pull_requests": pulls,
        "latest_check_runs_count": 1,
        "app": app,
        "created_at": now(),
        "updated_at": now(),
    }
    run: Json = {
        "id": number,
        "name": str(body.get("name", "ci")),
        "head_sha": sha,
        "status": "completed",
        "conclusion": conclusion,
        "html_url": f"{render.html_url(ctx, repo)}/runs/{number}",
        "details_url": f"{render.html_url(ctx, repo)}/runs/{number}",
        "started_at": now(),
        "completed_at": now(),
        "output": {"title": body.get("title"), "summary": body.get("summary"), "text": None, "annotations_count": 0},
        "check_suite": suite,
        "app": app,
        "pull_requests": pulls,
    }
    webhooks.emit(ctx, repo, "check_run", {"check_run": run}, action="completed")
    webhooks.emit(ctx, repo, "check_suite", {"check_suite": suite}, action="completed")
    return Reply({"id": number, "sha": sha})


def _linked(ctx: Context, repo: Repo, number: int, branch: str, sha: str) -> Json:
    return {
        "number": number,
        "url": f"{render.repo_url(ctx, repo)}/pulls/{number}",
        "head": {"ref": branch, "sha": sha},
        "base": {"ref": repo.default_branch, "sha": sha},
    }


def review_comment(ctx: Context) -> Reply:
    """`{"number", "body", "path", "line"?}`: a comment on a line of a pull request's diff."""
    repo = ctx.repo()
    issue = find(ctx, repo, int(ctx.body["number"]))
    pull = issue.pull
    if pull is None:
        raise ValueError("not a pull request")
    number = ctx.store.new_id()
    comment: Json = {
        "id": number,
        "url": f"{render.repo_url(ctx, repo)}/pulls/comments/{number}",
        "html_url": f"{render.html_url(ctx, repo)}/pull/{issue.number}#discussion_r{number}",
        "body": str(ctx.body["body"]),
        "path": str(ctx.body["path"]),
        "line": ctx.body.get("line", 1),
        "diff_hunk": "@@ -0,0 +1 @@",
        "commit_id": pull.head_sha,
        "original_commit_id": pull.head_sha,
        "user": render.user(ctx, ctx.acting),
        "created_at": now(),
        "updated_at": now(),
        "author_association": render.association(repo, ctx.acting, ctx.config.bot),
    }
    payload = {"comment": comment, "pull_request": simple_pull(ctx, repo, issue, pull)}
    webhooks.emit(ctx, repo, "pull_request_review_comment", payload, action="created")
    return Reply({"id": number})


def post_status(ctx: Context) -> Reply:
    """`{"sha", "state", "context"?, "description"?}`: somebody else's CI sets a commit status."""
    repo = ctx.repo()
    ctx.params = {"owner": repo.owner, "repo": repo.name, "sha": ctx.resolve(repo, str(ctx.body["sha"]))}
    return create_status(ctx)


def change_installation(ctx: Context) -> Reply:
    """`{"action": "created"|"deleted"|"suspend"|"unsuspend"|"added"|"removed"}`: of the App, in the repository."""
    repo, action = ctx.repo(), str(ctx.body["action"])
    named = {"id": repo.id, "name": repo.name, "full_name": repo.full_name, "private": repo.private}
    installation = {
        "id": ctx.config.installation_id,
        "account": render.user(ctx, repo.owner),
        "app_id": ctx.config.app_id,
    }
    if action in {"added", "removed"}:
        lists = {f"repositories_{each}": [named] if each == action else [] for each in ("added", "removed")}
        payload: Json = {"installation": installation, "repository_selection": "selected", **lists}
        webhooks.emit(ctx, None, "installation_repositories", payload, action=action)
    else:
        payload = {"installation": installation, "repositories": [named]}
        webhooks.emit(ctx, None, "installation", payload, action=action)
    return Reply({"action": action})


_SIM = "/_sim/github"
ROUTES: RouteTable = [
    ("POST", f"{_SIM}/checks", complete_check),
    ("POST", f"{_SIM}/review_comments", review_comment),
    ("POST", f"{_SIM}/statuses", post_status),
    ("POST", f"{_SIM}/installations", change_installation),
]
