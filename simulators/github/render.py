"""GitHub's objects, whole, as its published OpenAPI description demands them."""

import base64

from simulators.github.context import Context
from simulators.github.models import Comment, Issue, Json, Label, Repo, Review, Status, User

_USER_LINKS = {
    "followers_url": "followers",
    "following_url": "following{/other_user}",
    "gists_url": "gists{/gist_id}",
    "starred_url": "starred{/owner}{/repo}",
    "subscriptions_url": "subscriptions",
    "organizations_url": "orgs",
    "repos_url": "repos",
    "events_url": "events{/privacy}",
    "received_events_url": "received_events",
}
_REPO_LINKS = [
    "forks",
    "keys{/key_id}",
    "collaborators{/collaborator}",
    "teams",
    "hooks",
    "events",
    "assignees{/user}",
    "branches{/branch}",
    "tags",
    "languages",
    "stargazers",
    "contributors",
    "subscribers",
    "subscription",
    "comments{/number}",
    "merges",
    "downloads",
    "deployments",
    "labels{/name}",
    "releases{/id}",
    "milestones{/number}",
    "issues{/number}",
    "pulls{/number}",
]
_REPO_OTHER_LINKS = {
    "issue_events_url": "issues/events{/number}",
    "issue_comment_url": "issues/comments{/number}",
    "archive_url": "{archive_format}{/ref}",
    "blobs_url": "git/blobs{/sha}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "notifications_url": "notifications{?since,all,participating}",
    "statuses_url": "statuses/{sha}",
    "trees_url": "git/trees{/sha}",
}


def node_id(kind: str, number: int | str) -> str:
    return base64.b64encode(f"0:{kind}{number}".encode()).decode()


def repo_url(ctx: Context, repo: Repo) -> str:
    return f"{ctx.api}/repos/{repo.full_name}"


def html_url(ctx: Context, repo: Repo) -> str:
    return f"{ctx.html}/{repo.full_name}"


def user(ctx: Context, login: str) -> Json:
    found = ctx.user(login)
    url = f"{ctx.api}/users/{found.login}"
    return {
        "login": found.login,
        "id": found.id,
        "node_id": node_id("User", found.id),
        "avatar_url": f"{ctx.html}/avatars/u/{found.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{ctx.html}/{found.login}",
        **{name: f"{url}/{path}" for name, path in _USER_LINKS.items()},
        "type": found.type,
        "user_view_type": "public",
        "site_admin": False,
    }


def full_user(ctx: Context, found: User) -> Json:
    absent = dict.fromkeys(["name", "company", "blog", "location", "email", "hireable", "bio", "twitter_username"])
    counts = dict.fromkeys(["public_repos", "public_gists", "followers", "following"], 0)
    times = {"created_at": found.created_at, "updated_at": found.created_at}
    return {**user(ctx, found.login), **absent, "blog": "", **counts, **times}


def private_user(ctx: Context, found: User) -> Json:
    counts = ["private_gists", "total_private_repos", "owned_private_repos", "disk_usage", "collaborators"]
    return {**full_user(ctx, found), **dict.fromkeys(counts, 0), "two_factor_authentication": True}


def repository(ctx: Context, repo: Repo) -> Json:
    url, html = repo_url(ctx, repo), html_url(ctx, repo)
    open_issues = sum(issue.state == "open" for issue in ctx.store.all(Issue, repo.key))
    links = {f"{link.split('{')[0]}_url": f"{url}/{link}" for link in _REPO_LINKS}
    links |= {name: f"{url}/{path}" for name, path in _REPO_OTHER_LINKS.items()}
    flags = {"has_issues": True, "has_projects": True, "has_downloads": True, "has_wiki": True, "has_pages": False}
    counts = dict.fromkeys(["forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size"], 0)
    return {
        "id": repo.id,
        "node_id": node_id("Repository", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": user(ctx, repo.owner),
        "html_url": html,
        "description": repo.description,
        "fork": False,
        "url": url,
        **links,
        "git_url": f"git://{html.split('//')[1]}.git",
        "ssh_url": f"git@github.com:{repo.full_name}.git",
        "clone_url": f"{html}.git",
        "svn_url": html,
        "homepage": None,
        "language": None,
        "mirror_url": None,
        "license": None,
        "topics": [],
        "visibility": "private" if repo.private else "public",
        "archived": False,
        "disabled": False,
        **flags,
        "has_discussions": False,
        **counts,
        "open_issues": open_issues,
        "open_issues_count": open_issues,
        "default_branch": repo.default_branch,
        "is_template": False,
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "custom_properties": {},
        "permissions": {"admin": False, "maintain": False, "push": True, "triage": True, "pull": True},
        "created_at": repo.created_at,
        "updated_at": repo.updated_at,
        "pushed_at": repo.pushed_at,
    }


def full_repository(ctx: Context, repo: Repo) -> Json:
    merging = dict.fromkeys(["allow_merge_commit", "allow_squash_merge", "allow_rebase_merge"], True)
    return {**repository(ctx, repo), **merging, "network_count": 0, "subscribers_count": 0}


def label(ctx: Context, repo: Repo, found: Label) -> Json:
    return {
        "id": found.id,
        "node_id": node_id("Label", found.id),
        "url": f"{repo_url(ctx, repo)}/labels/{found.name}",
        "name": found.name,
        "color": found.color,
        "default": False,
        "description": found.description,
    }


def labels(ctx: Context, repo: Repo, names: list[str]) -> list[Json]:
    found = [ctx.store.get(Label, name.lower(), repo.key) for name in names]
    return [label(ctx, repo, each) for each in found if each]


def association(repo: Repo, login: str, bot: str) -> str:
    if login.lower() == repo.owner.lower():
        return "OWNER"
    return "NONE" if login == bot else "MEMBER"


def reactions(url: str) -> Json:
    kinds = ["total_count", "+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"]
    return {"url": f"{url}/reactions", **dict.fromkeys(kinds, 0)}


def issue(ctx: Context, repo: Repo, found: Issue) -> Json:
    url = f"{repo_url(ctx, repo)}/issues/{found.number}"
    kind = "pull" if found.pull else "issues"
    html = f"{html_url(ctx, repo)}/{kind}/{found.number}"
    body: Json = {
        "url": url,
        "repository_url": repo_url(ctx, repo),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": html,
        "id": found.id,
        "node_id": node_id("Issue", found.id),
        "number": found.number,
        "title": found.title,
        "user": user(ctx, found.user),
        "labels": labels(ctx, repo, found.labels),
        "state": found.state,
        "state_reason": found.state_reason,
        "locked": False,
        "active_lock_reason": None,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": ctx.store.count(Comment, repo.key, str(found.number)),
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "closed_at": found.closed_at,
        "author_association": association(repo, found.user, ctx.config.bot),
        "body": found.body,
        "reactions": reactions(url),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": None,
    }
    if found.pull:
        body["draft"] = found.pull.draft
        body["pull_request"] = {
            "url": f"{repo_url(ctx, repo)}/pulls/{found.number}",
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "merged_at": found.pull.merged_at,
        }
    return body


def full_issue(ctx: Context, repo: Repo, found: Issue) -> Json:
    return {**issue(ctx, repo, found), "closed_by": user(ctx, found.closed_by) if found.closed_by else None}


def comment(ctx: Context, repo: Repo, issue_: Issue, found: Comment) -> Json:
    url = f"{repo_url(ctx, repo)}/issues/comments/{found.id}"
    kind = "pull" if issue_.pull else "issues"
    return {
        "url": url,
        "html_url": f"{html_url(ctx, repo)}/{kind}/{found.number}#issuecomment-{found.id}",
        "issue_url": f"{repo_url(ctx, repo)}/issues/{found.number}",
        "id": found.id,
        "node_id": node_id("IssueComment", found.id),
        "user": user(ctx, found.user),
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "author_association": association(repo, found.user, ctx.config.bot),
        "body": found.body,
        "reactions": reactions(url),
        "performed_via_github_app": None,
    }


def review(ctx: Context, repo: Repo, found: Review) -> Json:
    html = f"{html_url(ctx, repo)}/pull/{found.number}#pullrequestreview-{found.id}"
    pull_url = f"{repo_url(ctx, repo)}/pulls/{found.number}"
    return {
        "id": found.id,
        "node_id": node_id("PullRequestReview", found.id),
        "user": user(ctx, found.user),
        "body": found.body,
        "state": found.state,
        "html_url": html,
        "pull_request_url": pull_url,
        "author_association": association(repo, found.user, ctx.config.bot),
        "_links": {"html": {"href": html}, "pull_request": {"href": pull_url}},
        "submitted_at": found.submitted_at,
        "commit_id": found.commit_id,
    }


def status(ctx: Context, repo: Repo, found: Status) -> Json:
    creator = user(ctx, found.creator)
    return {
        "url": f"{repo_url(ctx, repo)}/statuses/{found.sha}",
        "avatar_url": creator["avatar_url"],
        "id": found.id,
        "node_id": node_id("StatusContext", found.id),
        "state": found.state,
        "description": found.description,
        "target_url": found.target_url,
        "context": found.context,
        "created_at": found.created_at,
        "updated_at": found.created_at,
        "creator": creator,
    }
