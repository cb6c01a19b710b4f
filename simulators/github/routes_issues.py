"""Issues, their comments and labels (docs.github.com/rest/issues)."""

from simulators.github import render, webhooks
from simulators.github.context import ApiError, Context, Reply, RouteTable, invalid, not_found
from simulators.github.models import Comment, Issue, Json, Label, Repo, now


def find(ctx: Context, repo: Repo, number: int) -> Issue:
    issue = ctx.store.get(Issue, number, repo.key)
    if issue is None:
        raise not_found()
    return issue


def next_number(ctx: Context, repo: Repo) -> int:
    number = repo.next_number
    repo.next_number += 1
    ctx.store.put(repo)
    return number


def touch(ctx: Context, repo: Repo, issue: Issue) -> None:
    issue.updated_at = now()
    ctx.store.put(issue, repo.key)


def _emit(ctx: Context, repo: Repo, issue: Issue, action: str, **more: Json) -> None:
    if issue.pull is None:
        payload = {"issue": render.issue(ctx, repo, issue), **more}
        webhooks.emit(ctx, repo, "issues", payload, action=action)


def _named_labels(ctx: Context, repo: Repo, value: object) -> list[str]:
    """The names in a request's `labels`, each made if need be, as GitHub does."""
    if not isinstance(value, list):
        raise invalid("Issue", "labels")
    names = [each["name"] if isinstance(each, dict) and "name" in each else each for each in value]
    for name in names:
        if not isinstance(name, str) or not name:
            raise invalid("Label", "name")
        if ctx.store.get(Label, name.lower(), repo.key) is None:
            ctx.store.put(Label(id=ctx.store.new_id(), name=name), repo.key)
    return list(dict.fromkeys(names))


def _label(ctx: Context, repo: Repo, issue: Issue, names: list[str]) -> None:
    """Set the labels, with a `labeled` or `unlabeled` event for each difference."""
    before, issue.labels = issue.labels, names
    touch(ctx, repo, issue)
    for action, changed in (("labeled", names), ("unlabeled", before)):
        for name in changed:
            if (name in before) != (name in names):
                found = ctx.store.get(Label, name.lower(), repo.key)
                if found is not None:
                    _emit(ctx, repo, issue, action, label=render.label(ctx, repo, found))


def create_issue(ctx: Context) -> Reply:
    repo = ctx.repo()
    title = ctx.text("title", resource="Issue", limit=256)
    body = ctx.optional("body", resource="Issue")
    labels = _named_labels(ctx, repo, ctx.body.get("labels") or [])
    at = now()
    issue = Issue(
        id=ctx.store.new_id(),
        number=next_number(ctx, repo),
        title=title,
        body=body,
        user=ctx.acting,
        labels=labels,
        created_at=at,
        updated_at=at,
    )
    ctx.store.put(issue, repo.key)
    _emit(ctx, repo, issue, "opened")
    for name in labels:
        found = ctx.store.get(Label, name.lower(), repo.key)
        if found is not None:
            _emit(ctx, repo, issue, "labeled", label=render.label(ctx, repo, found))
    return Reply(render.full_issue(ctx, repo, issue), 201)


def get_issue(ctx: Context) -> Reply:
    repo = ctx.repo()
    return Reply(render.full_issue(ctx, repo, find(ctx, repo, ctx.number())))


def list_issues(ctx: Context) -> Reply:
    repo = ctx.repo()
    state = ctx.query.get("state", "open")
    wanted = {name.lower() for name in ctx.query.get("labels", "").split(",") if name}
    issues = [
        issue
        for issue in reversed(ctx.store.all(Issue, repo.key))
        if state in {"all", issue.state} and wanted <= {name.lower() for name in issue.labels}
    ]
    return ctx.page([render.issue(ctx, repo, issue) for issue in issues])


def set_state(ctx: Context, repo: Repo, issue: Issue, state: str) -> bool:
    """Open or close; whether that changed anything."""
    if state not in {"open", "closed"}:
        raise invalid("Issue", "state")
    if state == issue.state:
        return False
    closing = state == "closed"
    issue.state = "closed" if closing else "open"
    issue.closed_at = now() if closing else None
    issue.closed_by = ctx.acting if closing else None
    if issue.pull is None:
        issue.state_reason = (ctx.body.get("state_reason") or "completed") if closing else "reopened"
    touch(ctx, repo, issue)
    return True


def edit_issue(ctx: Context) -> Reply:
    repo = ctx.repo()
    issue = find(ctx, repo, ctx.number())
    changes: Json = {}
    for field in ("title", "body"):
        if field in ctx.body and ctx.body[field] != getattr(issue, field):
            changes[field] = {"from": getattr(issue, field)}
            value = ctx.text("title", resource="Issue", limit=256) if field == "title" else None
            setattr(issue, field, value or ctx.optional("body", resource="Issue"))
    touch(ctx, repo, issue)
    if changes:
        _emit(ctx, repo, issue, "edited", changes=changes)
    if ctx.body.get("labels") is not None:
        _label(ctx, repo, issue, _named_labels(ctx, repo, ctx.body["labels"]))
    if ctx.body.get("state") is not None and set_state(ctx, repo, issue, ctx.body["state"]):
        _emit(ctx, repo, issue, "closed" if issue.state == "closed" else "reopened")
    return Reply(render.full_issue(ctx, repo, issue))


def list_labels(ctx: Context) -> Reply:
    repo = ctx.repo()
    return ctx.page([render.label(ctx, repo, label) for label in ctx.store.all(Label, repo.key)])


def create_label(ctx: Context) -> Reply:
    repo = ctx.repo()
    name = ctx.text("name", resource="Label", limit=50)
    if ctx.store.get(Label, name.lower(), repo.key) is not None:
        raise invalid("Label", "name", "already_exists")
    color = ctx.body.get("color") or "ededed"
    label = Label(id=ctx.store.new_id(), name=name, color=color, description=ctx.body.get("description"))
    ctx.store.put(label, repo.key)
    return Reply(render.label(ctx, repo, label), 201)


def issue_labels(ctx: Context) -> Reply:
    repo = ctx.repo()
    return ctx.page(render.labels(ctx, repo, find(ctx, repo, ctx.number()).labels))


def add_labels(ctx: Context) -> Reply:
    repo = ctx.repo()
    issue = find(ctx, repo, ctx.number())
    added = _named_labels(ctx, repo, ctx.body.get("labels"))
    _label(ctx, repo, issue, list(dict.fromkeys([*issue.labels, *added])))
    return Reply(render.labels(ctx, repo, issue.labels))


def remove_label(ctx: Context) -> Reply:
    repo = ctx.repo()
    issue = find(ctx, repo, ctx.number())
    name = str(ctx.params["name"]).lower()
    left = [label for label in issue.labels if label.lower() != name]
    if len(left) == len(issue.labels):
        raise ApiError(404, "Label does not exist")
    _label(ctx, repo, issue, left)
    return Reply(render.labels(ctx, repo, left))


def list_comments(ctx: Context) -> Reply:
    repo = ctx.repo()
    issue = find(ctx, repo, ctx.number())
    comments = ctx.store.all(Comment, repo.key, issue.key)
    return ctx.page([render.comment(ctx, repo, issue, comment) for comment in comments])


def create_comment(ctx: Context) -> Reply:
    repo = ctx.repo()
    issue = find(ctx, repo, ctx.number())
    body, at = ctx.text("body", resource="IssueComment"), now()
    comment = Comment(
        id=ctx.store.new_id(), number=issue.number, user=ctx.acting, body=body, created_at=at, updated_at=at
    )
    ctx.store.put(comment, repo.key)
    touch(ctx, repo, issue)
    shown = render.comment(ctx, repo, issue, comment)
    payload = {"issue": render.issue(ctx, repo, issue), "comment": shown}
    webhooks.emit(ctx, repo, "issue_comment", payload, action="created")
    return Reply(shown, 201, {"Location": shown["url"]})


def _comment(ctx: Context, repo: Repo) -> Comment:
    found = ctx.store.get(Comment, ctx.number("id"), repo.key)
    if found is None:
        raise not_found()
    return found


def get_comment(ctx: Context) -> Reply:
    repo = ctx.repo()
    comment = _comment(ctx, repo)
    return Reply(render.comment(ctx, repo, find(ctx, repo, comment.number), comment))


def edit_comment(ctx: Context) -> Reply:
    repo = ctx.repo()
    comment = _comment(ctx, repo)
    issue = find(ctx, repo, comment.number)
    before, comment.body = comment.body, ctx.text("body", resource="IssueComment")
    comment.updated_at = now()
    ctx.store.put(comment, repo.key)
    shown = render.comment(ctx, repo, issue, comment)
    payload = {"issue": render.issue(ctx, repo, issue), "comment": shown, "changes": {"body": {"from": before}}}
    webhooks.emit(ctx, repo, "issue_comment", payload, action="edited")
    return Reply(shown)


def delete_comment(ctx: Context) -> Reply:
    repo = ctx.repo()
    ctx.store.delete(_comment(ctx, repo), repo.key)
    return Reply(None, 204)


_REPO = "/repos/{owner}/{repo}"
ROUTES: RouteTable = [
    ("GET", f"{_REPO}/issues", list_issues),
    ("POST", f"{_REPO}/issues", create_issue),
    ("GET", f"{_REPO}/issues/comments/{{id:int}}", get_comment),
    ("PATCH", f"{_REPO}/issues/comments/{{id:int}}", edit_comment),
    ("DELETE", f"{_REPO}/issues/comments/{{id:int}}", delete_comment),
    ("GET", f"{_REPO}/issues/{{number:int}}", get_issue),
    ("PATCH", f"{_REPO}/issues/{{number:int}}", edit_issue),
    ("GET", f"{_REPO}/issues/{{number:int}}/comments", list_comments),
    ("POST", f"{_REPO}/issues/{{number:int}}/comments", create_comment),
    ("GET", f"{_REPO}/issues/{{number:int}}/labels", issue_labels),
    ("POST", f"{_REPO}/issues/{{number:int}}/labels", add_labels),
    ("DELETE", f"{_REPO}/issues/{{number:int}}/labels/{{name:path}}", remove_label),
    ("GET", f"{_REPO}/labels", list_labels),
    ("POST", f"{_REPO}/labels", create_label),
]
