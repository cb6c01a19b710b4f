"""Pull requests and their reviews (docs.github.com/rest/pulls)."""

from simulators.github import branches, render, render_git, webhooks
from simulators.github.context import ApiError, Context, Reply, RouteTable, invalid, not_found
from simulators.github.models import Issue, Json, Pull, Repo, Review, now
from simulators.github.render_pulls import full_pull, simple_pull
from simulators.github.routes_issues import find, next_number, set_state, touch

_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def find_pull(ctx: Context, repo: Repo) -> tuple[Issue, Pull]:
    issue = find(ctx, repo, ctx.number())
    if issue.pull is None:
        raise not_found()
    return issue, issue.pull


def list_pulls(ctx: Context) -> Reply:
    repo, query = ctx.repo(), ctx.query
    state, head, base = query.get("state", "open"), query.get("head", ""), query.get("base", "")
    found = [
        simple_pull(ctx, repo, issue, issue.pull)
        for issue in ctx.store.all(Issue, repo.key, "pull")
        if issue.pull
        and state in {"all", issue.state}
        # A head without "owner:" is ignored by GitHub.
        and (":" not in head or head == f"{repo.owner}:{issue.pull.head_ref}")
        and base in {"", issue.pull.base_ref}
    ]
    newest_first = query.get("direction", "desc" if query.get("sort", "created") == "created" else "asc") == "desc"
    return ctx.page(list(reversed(found)) if newest_first else found)


def create_pull(ctx: Context) -> Reply:
    repo = ctx.repo()
    title = ctx.text("title", resource="PullRequest", limit=256)
    head = ctx.text("head", resource="PullRequest").removeprefix(f"{repo.owner}:")
    base = ctx.text("base", resource="PullRequest")
    shas: dict[str, str] = {}
    for field, branch in (("head", head), ("base", base)):
        sha = ctx.store.ref(repo.key, f"refs/heads/{branch}")
        if sha is None:
            raise invalid("PullRequest", field)
        shas[field] = sha
    if any(pull.head_ref == head and pull.base_ref == base for _, pull in branches.open_pulls(ctx, repo)):
        raise _custom(f"A pull request already exists for {repo.owner}:{head}.")
    if not ctx.git(repo).ahead(shas["base"], shas["head"]):
        raise _custom(f"No commits between {base} and {head}")
    at = now()
    pull = Pull(
        head_ref=head,
        base_ref=base,
        head_sha=shas["head"],
        base_sha=shas["base"],
        draft=bool(ctx.body.get("draft")),
    )
    issue = Issue(
        id=ctx.store.new_id(),
        number=next_number(ctx, repo),
        title=title,
        body=ctx.optional("body", resource="PullRequest"),
        user=ctx.acting,
        created_at=at,
        updated_at=at,
        pull=pull,
    )
    ctx.store.put(issue, repo.key)
    branches.emit_pull(ctx, repo, issue, pull, "opened")
    shown = full_pull(ctx, repo, issue, pull)
    return Reply(shown, 201, {"Location": shown["url"]})


def _custom(message: str) -> ApiError:
    return ApiError(
        422, "Validation Failed", errors=[{"resource": "PullRequest", "code": "custom", "message": message}]
    )


def get_pull(ctx: Context) -> Reply:
    repo = ctx.repo()
    return Reply(full_pull(ctx, repo, *find_pull(ctx, repo)))


def edit_pull(ctx: Context) -> Reply:
    repo = ctx.repo()
    issue, pull = find_pull(ctx, repo)
    changes: Json = {}
    for field in ("title", "body"):
        if field in ctx.body and ctx.body[field] != getattr(issue, field):
            changes[field] = {"from": getattr(issue, field)}
            limit = 256 if field == "title" else 65_536
            setattr(issue, field, ctx.optional(field, resource="PullRequest", limit=limit))
    touch(ctx, repo, issue)
    if changes:
        branches.emit_pull(ctx, repo, issue, pull, "edited", changes=changes)
    if (state := ctx.body.get("state")) is not None and state != issue.state:
        head, base = (ctx.store.ref(repo.key, f"refs/heads/{branch}") for branch in (pull.head_ref, pull.base_ref))
        if state == "open" and (pull.merged_at or head is None or base is None):
            raise _custom("state cannot be changed. The pull request cannot be reopened.")
        # A closed one follows neither of its branches.
        pull.head_sha, pull.base_sha = head or pull.head_sha, base or pull.base_sha
        if set_state(ctx, repo, issue, state):
            branches.emit_pull(ctx, repo, issue, pull, "closed" if state == "closed" else "reopened")
    return Reply(full_pull(ctx, repo, issue, pull))


def pull_files(ctx: Context) -> Reply:
    repo = ctx.repo()
    _, pull = find_pull(ctx, repo)
    git = ctx.git(repo)
    changes = git.changes(git.merge_base(pull.base_sha, pull.head_sha), pull.head_sha)
    return ctx.page([render_git.change(ctx, repo, change, pull.head_sha) for change in changes])


def pull_commits(ctx: Context) -> Reply:
    repo = ctx.repo()
    _, pull = find_pull(ctx, repo)
    git = ctx.git(repo)
    shas = git.ahead(pull.base_sha, pull.head_sha)
    return ctx.page([render_git.commit(ctx, repo, git.commit(sha)) for sha in shas])


def pulls_with(ctx: Context, repo: Repo, sha: str) -> list[tuple[Issue, Pull]]:
    """The pull requests that brought a commit in, or would."""
    git = ctx.git(repo)
    found = [(issue, issue.pull) for issue in ctx.store.all(Issue, repo.key, "pull") if issue.pull]
    return [
        (issue, pull)
        for issue, pull in found
        if sha in {pull.head_sha, pull.merge_commit_sha} or sha in git.ahead(pull.base_sha, pull.head_sha)
    ]


def pulls_of_commit(ctx: Context) -> Reply:
    repo, sha = ctx.repo(), str(ctx.params["sha"])
    if not ctx.git(repo).has(sha, "commit"):
        raise ApiError(422, f"No commit found for SHA: {sha}")
    return ctx.page([simple_pull(ctx, repo, issue, pull) for issue, pull in pulls_with(ctx, repo, sha)])


def is_merged(ctx: Context) -> Reply:
    _, pull = find_pull(ctx, ctx.repo())
    if pull.merged_at is None:
        raise not_found()
    return Reply(None, 204)


def merge(ctx: Context) -> Reply:
    repo = ctx.repo()
    issue, pull = find_pull(ctx, repo)
    git = ctx.git(repo)
    wanted = ctx.body.get("sha")
    if issue.state != "open" or pull.draft:
        raise ApiError(405, "Pull Request is not mergeable")
    if wanted is not None and wanted != pull.head_sha:
        raise ApiError(409, "Head branch was modified. Review and try the merge again.")
    tree = git.merged_tree(pull.base_sha, pull.head_sha)
    if tree is None:
        raise ApiError(405, "Pull Request is not mergeable")
    sha = _merged_commit(ctx, repo, issue, pull, tree)
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = now(), ctx.acting, sha
    issue.state, issue.closed_at, issue.closed_by = "closed", pull.merged_at, ctx.acting
    touch(ctx, repo, issue)
    branches.move(ctx, repo, f"refs/heads/{pull.base_ref}", sha)
    branches.emit_pull(ctx, repo, issue, pull, "closed")
    return Reply({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def _merged_commit(ctx: Context, repo: Repo, issue: Issue, pull: Pull, tree: str) -> str:
    git = ctx.git(repo)
    method = ctx.body.get("merge_method") or "merge"
    if method == "rebase":
        sha = pull.base_sha
        for original in map(git.commit, git.ahead(pull.base_sha, pull.head_sha)):
            replayed = git.merged_tree(sha, original.sha)
            sha = git.write_commit(replayed or tree, [sha], original.message, original.author, ctx.identity())
        return sha
    squash = method == "squash"
    default = f"{issue.title} (#{issue.number})" if squash else _merge_title(repo, issue, pull)
    title = ctx.body.get("commit_title") or default
    message = ctx.body.get("commit_message")
    text = "\n\n".join(filter(None, [title, ("" if squash else issue.title) if message is None else message]))
    parents = [pull.base_sha] if squash else [pull.base_sha, pull.head_sha]
    return git.write_commit(tree, parents, text, ctx.identity())


def _merge_title(repo: Repo, issue: Issue, pull: Pull) -> str:
    return f"Merge pull request #{issue.number} from {repo.owner}/{pull.head_ref}"


def list_reviews(ctx: Context) -> Reply:
    repo = ctx.repo()
    issue, _ = find_pull(ctx, repo)
    return ctx.page([render.review(ctx, repo, each) for each in ctx.store.all(Review, repo.key, issue.key)])


def get_review(ctx: Context) -> Reply:
    repo = ctx.repo()
    found = ctx.store.get(Review, ctx.number("id"), repo.key)
    if found is None or found.number != ctx.number():
        raise not_found()
    return Reply(render.review(ctx, repo, found))


def create_review(ctx: Context) -> Reply:
    repo = ctx.repo()
    issue, pull = find_pull(ctx, repo)
    event, body = str(ctx.body.get("event", "")), ctx.optional("body", resource="PullRequestReview") or ""
    if event not in _STATES:
        raise invalid("PullRequestReview", "event")
    if issue.user == ctx.acting and event != "COMMENT":
        deed = "approve" if event == "APPROVE" else "request changes on"
        raise ApiError(422, "Unprocessable Entity", errors=[{"message": f"Can not {deed} your own pull request"}])
    if event != "APPROVE" and not body:
        raise ApiError(422, "Unprocessable Entity", errors=[{"message": "Body can't be blank"}])
    review = Review(
        id=ctx.store.new_id(),
        number=issue.number,
        user=ctx.acting,
        body=body,
        state=_STATES[event],
        commit_id=ctx.body.get("commit_id") or pull.head_sha,
        submitted_at=now(),
    )
    ctx.store.put(review, repo.key)
    touch(ctx, repo, issue)
    shown = render.review(ctx, repo, review)
    # The webhook writes the state in lower case, and no text as null.
    told = {**shown, "state": review.state.lower(), "body": body or None}
    payload = {"review": told, "pull_request": simple_pull(ctx, repo, issue, pull)}
    webhooks.emit(ctx, repo, "pull_request_review", payload, action="submitted")
    return Reply(shown)


_COMMITS = "/repos/{owner}/{repo}/commits"
_PULLS = "/repos/{owner}/{repo}/pulls"
_PULL = f"{_PULLS}/{{number:int}}"
ROUTES: RouteTable = [
    ("GET", _PULLS, list_pulls),
    ("POST", _PULLS, create_pull),
    ("GET", f"{_COMMITS}/{{sha}}/pulls", pulls_of_commit),
    ("GET", _PULL, get_pull),
    ("PATCH", _PULL, edit_pull),
    ("GET", f"{_PULL}/files", pull_files),
    ("GET", f"{_PULL}/commits", pull_commits),
    ("GET", f"{_PULL}/merge", is_merged),
    ("PUT", f"{_PULL}/merge", merge),
    ("GET", f"{_PULL}/reviews", list_reviews),
    ("POST", f"{_PULL}/reviews", create_review),
    ("GET", f"{_PULL}/reviews/{{id:int}}", get_review),
]
