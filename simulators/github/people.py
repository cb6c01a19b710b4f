"""People who act: what a person would do on the site, with the webhooks that follow.

All are `POST /_sim/github/…` with a JSON body. `user` acts (default `alice`), `repository` is the configured one unless
given. They answer `{"result", "deliveries": [{"id", "event", "action", "status"}], "delivery_id", "status"}` once the
receiver has answered; `delivery_id` and `status` are those of the first delivery, `status` 0 if nobody answered.
"""

from collections.abc import Callable

from simulators.github import branches, checks, routes_issues, routes_pulls
from simulators.github.context import ApiError, Context, Reply, RouteTable, not_found
from simulators.github.models import Delivery, Issue, Json, Repo, now
from simulators.github.objects import FILE


def _numbered(act: Callable[[Context], Reply], **body: object) -> Callable[[Context], Reply]:
    """The API's own handler, with the body's `number` for the path's, and `body` on top."""

    def handler(ctx: Context) -> Reply:
        repo = ctx.repo()
        ctx.params = {"owner": repo.owner, "repo": repo.name, "number": int(ctx.body["number"])}
        ctx.body = {**ctx.body, **body}
        return act(ctx)

    return handler


def review(ctx: Context) -> Reply:
    """`{"number", "decision": "approve"|"request_changes"|"comment", "body"?, "commit_id"?}`."""
    decision = str(ctx.body.get("decision", "approve"))
    return _numbered(routes_pulls.create_review, event=decision.upper())(ctx)


def push(ctx: Context) -> Reply:
    """`{"branch", "files": {path: content or null}, "message"?}`: one commit on top; null deletes."""
    repo = ctx.repo()
    ref = f"refs/heads/{ctx.body.get('branch') or repo.default_branch}"
    head = ctx.store.ref(repo.key, ref) or ctx.store.ref(repo.key, f"refs/heads/{repo.default_branch}")
    git = ctx.git(repo)
    files = git.flat(git.commit(head).tree) if head else {}
    for path, content in ctx.body["files"].items():
        if content is None:
            files.pop(path, None)
        else:
            files[path] = (FILE, git.write("blob", content.encode()))
    message = ctx.body.get("message") or "Change files"
    sha = git.write_commit(git.unflat(files), [head] if head else [], message, ctx.identity())
    branches.move(ctx, repo, ref, sha)
    return Reply({"sha": sha, "ref": ref})


def create_repository(ctx: Context) -> Reply:
    """`{"repository": "owner/name"}`: with one commit, so that it has a branch `main`."""
    found = ensure_repository(ctx, str(ctx.body["repository"]))
    return Reply({"full_name": found.full_name})


def ensure_repository(ctx: Context, full_name: str) -> Repo:
    found = ctx.store.get(Repo, full_name.lower())
    if found is not None:
        return found
    at = now()
    repo = Repo(id=ctx.store.new_id(), full_name=full_name, created_at=at, updated_at=at, pushed_at=at)
    ctx.store.put(repo)
    owner = ctx.user(repo.owner)
    ctx.store.put(owner.model_copy(update={"type": "Organization"}))
    git = ctx.git(repo)
    readme = git.write("blob", f"# {repo.name}\n".encode())
    tree = git.unflat({"README.md": (FILE, readme)})
    sha = git.write_commit(tree, [], "Initial commit", ctx.identity(repo.owner))
    ctx.store.set_ref(repo.key, f"refs/heads/{repo.default_branch}", sha)
    return repo


def redeliver(ctx: Context) -> Reply:
    """`{"delivery_id"}`: the same delivery again, byte for byte, under the same id."""
    delivery = ctx.store.get(Delivery, str(ctx.body["delivery_id"]))
    if delivery is None:
        raise not_found()
    ctx.deliveries.append(delivery)
    return Reply({"redelivered": delivery.guid})


def deliveries(ctx: Context) -> Reply:
    """`GET`: every delivery so far, with its payload."""
    shown = [{**summary(each), "payload": each.payload} for each in ctx.store.all(Delivery)]
    return Reply({"deliveries": shown})


def state(ctx: Context) -> Reply:
    """`GET ?repository=…`: what exists, for tests: branches, issues, pull requests, comments."""
    if name := ctx.query.get("repository"):
        ctx.body = {"repository": name}
    repo = ctx.repo()
    issues = ctx.store.all(Issue, repo.key)
    return Reply(
        {
            "refs": ctx.store.refs(repo.key),
            "issues": [each.model_dump() for each in issues if each.pull is None],
            "pulls": [each.model_dump() for each in issues if each.pull is not None],
        }
    )


def configure(ctx: Context) -> Reply:
    """`{"webhook_url"?, "webhook_secret"?, "rate_limit"?}`: change the configuration until the next start."""
    for field, value in ctx.body.items():
        if field not in {"webhook_url", "webhook_secret", "rate_limit"}:
            raise ApiError(422, f"{field} cannot be changed")
        setattr(ctx.config, field, value)
    return Reply({"configured": sorted(ctx.body)})


def summary(delivery: Delivery) -> Json:
    return {"id": delivery.guid, "event": delivery.event, "action": delivery.action, "status": delivery.status}


_SIM = "/_sim/github"
ROUTES: RouteTable = [
    *checks.ROUTES,
    ("POST", f"{_SIM}/issues", routes_issues.create_issue),
    ("POST", f"{_SIM}/issues/close", _numbered(routes_issues.edit_issue, state="closed")),
    ("POST", f"{_SIM}/issues/edit", _numbered(routes_issues.edit_issue)),
    ("POST", f"{_SIM}/comments", _numbered(routes_issues.create_comment)),
    ("POST", f"{_SIM}/reviews", review),
    ("POST", f"{_SIM}/pulls/close", _numbered(routes_pulls.edit_pull, state="closed")),
    ("POST", f"{_SIM}/pulls/merge", _numbered(routes_pulls.merge)),
    ("POST", f"{_SIM}/push", push),
    ("POST", f"{_SIM}/repositories", create_repository),
    ("POST", f"{_SIM}/redeliver", redeliver),
    ("POST", f"{_SIM}/configure", configure),
    ("GET", f"{_SIM}/deliveries", deliveries),
    ("GET", f"{_SIM}/state", state),
]
