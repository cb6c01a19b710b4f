"""Repositories, branches, commits, contents and commit statuses."""

import base64
import binascii

from simulators.github import branches, render, render_git, webhooks
from simulators.github.context import ApiError, Context, Reply, RouteTable, invalid, not_found
from simulators.github.models import Json, Repo, Status, now
from simulators.github.objects import FILE, TreeEntry


def get_repo(ctx: Context) -> Reply:
    return Reply(render.full_repository(ctx, ctx.repo()))


def list_branches(ctx: Context) -> Reply:
    repo = ctx.repo()
    refs = ctx.store.refs(repo.key, "refs/heads/")
    return ctx.page([render_git.branch(ctx, repo, name.removeprefix("refs/heads/"), sha) for name, sha in refs.items()])


def get_branch(ctx: Context) -> Reply:
    repo, name = ctx.repo(), str(ctx.params["branch"])
    sha = ctx.store.ref(repo.key, f"refs/heads/{name}")
    if sha is None:
        raise ApiError(404, "Branch not found")
    return Reply(render_git.full_branch(ctx, repo, name, sha))


def _history(ctx: Context, repo: Repo, start: str, path: str) -> list[str]:
    """Newest first; with a path, only commits that changed something there."""
    git = ctx.git(repo)
    shas = git.ancestors(start)
    if not path:
        return shas
    kept = []
    for commit in map(git.commit, shas):
        before = git.at(git.commit(commit.parents[0]).tree, path) if commit.parents else None
        if git.at(commit.tree, path) != before:
            kept.append(commit.sha)
    return kept


def list_commits(ctx: Context) -> Reply:
    repo = ctx.repo()
    start = ctx.resolve(repo, ctx.query.get("sha") or repo.default_branch)
    git = ctx.git(repo)
    shas = _history(ctx, repo, start, ctx.query.get("path", ""))
    return ctx.page([render_git.commit(ctx, repo, git.commit(sha)) for sha in shas])


def get_commit(ctx: Context) -> Reply:
    repo, ref = ctx.repo(), str(ctx.params["ref"])
    try:
        sha = ctx.resolve(repo, ref)
    except ApiError:
        raise ApiError(422, f"No commit found for SHA: {ref}") from None
    git = ctx.git(repo)
    commit = git.commit(sha)
    changes = git.changes(commit.parents[0] if commit.parents else None, sha)
    additions, deletions = sum(each.additions for each in changes), sum(each.deletions for each in changes)
    stats = {"total": additions + deletions, "additions": additions, "deletions": deletions}
    files = [render_git.change(ctx, repo, change, sha) for change in changes]
    return Reply({**render_git.commit(ctx, repo, commit), "stats": stats, "files": files})


def compare(ctx: Context) -> Reply:
    repo = ctx.repo()
    base_name, dots, head_name = str(ctx.params["basehead"]).partition("...")
    if not dots:
        raise not_found()
    base, head = (ctx.resolve(repo, name.removeprefix(f"{repo.owner}:")) for name in (base_name, head_name))
    git = ctx.git(repo)
    common = git.merge_base(base, head)
    if common is None:
        raise ApiError(404, f"No common ancestor between {base_name} and {head_name}.")
    ahead, behind = git.ahead(base, head), git.ahead(head, base)
    status = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
    html = f"{render.html_url(ctx, repo)}/compare"
    return Reply(
        {
            "url": f"{render.repo_url(ctx, repo)}/compare/{base_name}...{head_name}",
            "html_url": f"{html}/{base_name}...{head_name}",
            "permalink_url": f"{html}/{repo.owner}:{base[:7]}...{repo.owner}:{head[:7]}",
            "diff_url": f"{html}/{base_name}...{head_name}.diff",
            "patch_url": f"{html}/{base_name}...{head_name}.patch",
            "base_commit": render_git.commit(ctx, repo, git.commit(base)),
            "merge_base_commit": render_git.commit(ctx, repo, git.commit(common)),
            "status": status,
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": [render_git.commit(ctx, repo, git.commit(sha)) for sha in ahead],
            "files": [render_git.change(ctx, repo, change, head) for change in git.changes(common, head)],
        }
    )


def _content(ctx: Context, repo: Repo, path: str, entry: TreeEntry, ref: str, *, whole: bool) -> Json:
    url, html = render.repo_url(ctx, repo), render.html_url(ctx, repo)
    is_file = entry.kind == "blob"
    data = ctx.git(repo).read(entry.sha, "blob") if is_file else b""
    shown_url = f"{url}/contents/{path}?ref={ref}"
    git_url = f"{url}/git/{entry.kind}s/{entry.sha}"
    page = f"{html}/{'blob' if is_file else 'tree'}/{ref}/{path}"
    body: Json = {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": entry.sha,
        "size": len(data),
        "url": shown_url,
        "html_url": page,
        "git_url": git_url,
        "download_url": f"{html}/raw/{ref}/{path}" if is_file else None,
        "type": "file" if is_file else "dir",
        "_links": {"self": shown_url, "git": git_url, "html": page},
    }
    if whole:
        body |= {"content": base64.encodebytes(data).decode(), "encoding": "base64"}
    return body


def get_contents(ctx: Context) -> Reply:
    repo, path = ctx.repo(), str(ctx.params["path"]).strip("/")
    ref = ctx.query.get("ref") or repo.default_branch
    git = ctx.git(repo)
    entry = git.at(git.commit(ctx.resolve(repo, ref)).tree, path)
    if entry is None:
        raise not_found()
    if entry.kind == "blob":
        return Reply(_content(ctx, repo, path, entry, ref, whole=True))
    prefix = f"{path}/" if path else ""
    return Reply(
        [
            _content(ctx, repo, prefix + child.name, child, ref, whole=False)
            for child in sorted(git.tree(entry.sha), key=lambda child: child.name)
        ]
    )


def put_contents(ctx: Context) -> Reply:
    """Create or replace one file; `sha` must be that of the file replaced."""
    return _write_contents(ctx, deleting=False)


def delete_contents(ctx: Context) -> Reply:
    return _write_contents(ctx, deleting=True)


def _write_contents(ctx: Context, *, deleting: bool) -> Reply:
    repo, path = ctx.repo(), str(ctx.params["path"]).strip("/")
    branch = ctx.body.get("branch") or repo.default_branch
    message = ctx.text("message", resource="Content")
    head = ctx.store.ref(repo.key, f"refs/heads/{branch}")
    if head is None:
        raise ApiError(404, f"Branch {branch} not found")
    git = ctx.git(repo)
    files = git.flat(git.commit(head).tree)
    old = files.pop(path, None)
    given = ctx.body.get("sha")
    if old is None and deleting:
        raise not_found()
    if old is not None and given is None:
        raise ApiError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if old is not None and given != old[1]:
        raise ApiError(409, f"{path} does not match {given}")
    if not deleting:
        try:
            data = base64.b64decode(ctx.body.get("content", ""), validate=False)
        except binascii.Error:
            raise ApiError(422, "content is not valid Base64") from None
        files[path] = (FILE, git.write("blob", data))
    sha = git.write_commit(git.unflat(files), [head], message, ctx.identity())
    branches.move(ctx, repo, f"refs/heads/{branch}", sha)
    commit = git.commit(sha)
    entry = git.at(commit.tree, path)
    shown = _content(ctx, repo, path, entry, branch, whole=False) if entry else None
    body = {"content": shown, "commit": render_git.git_commit(ctx, repo, commit)}
    return Reply(body, 201 if old is None else 200)


def create_status(ctx: Context) -> Reply:
    repo, sha = ctx.repo(), str(ctx.params["sha"])
    if not ctx.git(repo).has(sha, "commit"):
        raise ApiError(422, f"No commit found for SHA: {sha}")
    state = ctx.body.get("state")
    if state not in {"error", "failure", "pending", "success"}:
        raise invalid("Status", "state")
    status = Status(
        id=ctx.store.new_id(),
        sha=sha,
        state=state,
        context=ctx.body.get("context") or "default",
        description=ctx.body.get("description"),
        target_url=ctx.body.get("target_url"),
        creator=ctx.acting,
        created_at=now(),
    )
    ctx.store.put(status, repo.key)
    shown = render.status(ctx, repo, status)
    told = {name: shown[name] for name in ("id", "state", "context", "description", "target_url", "created_at")}
    about = {"sha": sha, "name": repo.full_name, "updated_at": status.created_at, "branches": []}
    commit = render_git.commit(ctx, repo, ctx.git(repo).commit(sha))
    webhooks.emit(ctx, repo, "status", {**told, **about, "commit": commit})
    return Reply(shown, 201)


def list_statuses(ctx: Context) -> Reply:
    repo = ctx.repo()
    sha = ctx.resolve(repo, str(ctx.params["ref"]))
    return ctx.page([render.status(ctx, repo, each) for each in reversed(ctx.store.all(Status, repo.key, sha))])


def combined_status(ctx: Context) -> Reply:
    repo = ctx.repo()
    sha = ctx.resolve(repo, str(ctx.params["ref"]))
    latest = {status.context: status for status in ctx.store.all(Status, repo.key, sha)}
    states = {status.state for status in latest.values()}
    good = "success" if states == {"success"} else "pending"
    state = "failure" if states & {"error", "failure"} else good
    url = render.repo_url(ctx, repo)
    return Reply(
        {
            "state": state,
            "statuses": [render.status(ctx, repo, status) for status in latest.values()],
            "sha": sha,
            "total_count": len(latest),
            "repository": render.repository(ctx, repo),
            "commit_url": f"{url}/commits/{sha}",
            "url": f"{url}/commits/{sha}/status",
        }
    )


_REPO = "/repos/{owner}/{repo}"
ROUTES: RouteTable = [
    ("GET", _REPO, get_repo),
    ("GET", f"{_REPO}/branches", list_branches),
    ("GET", f"{_REPO}/branches/{{branch:path}}", get_branch),
    ("GET", f"{_REPO}/commits", list_commits),
    ("GET", f"{_REPO}/commits/{{ref:path}}/status", combined_status),
    ("GET", f"{_REPO}/commits/{{ref:path}}/statuses", list_statuses),
    ("GET", f"{_REPO}/commits/{{ref:path}}", get_commit),
    ("GET", f"{_REPO}/compare/{{basehead:path}}", compare),
    ("GET", f"{_REPO}/contents/{{path:path}}", get_contents),
    ("PUT", f"{_REPO}/contents/{{path:path}}", put_contents),
    ("DELETE", f"{_REPO}/contents/{{path:path}}", delete_contents),
    ("POST", f"{_REPO}/statuses/{{sha}}", create_status),
    # GitHub's older address of the list, which PyGithub still asks.
    ("GET", f"{_REPO}/statuses/{{ref:path}}", list_statuses),
]
