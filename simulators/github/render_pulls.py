"""Pull requests, as GitHub's API shows them."""

from simulators.github.context import Context
from simulators.github.models import Comment, Issue, Json, Pull, Repo
from simulators.github.render import association, html_url, labels, node_id, repo_url, repository, user


def simple_pull(ctx: Context, repo: Repo, found: Issue, pull: Pull) -> Json:
    """A pull request in a list, or in the webhook of a review."""
    url = f"{repo_url(ctx, repo)}/pulls/{found.number}"
    issue_url = f"{repo_url(ctx, repo)}/issues/{found.number}"
    html = f"{html_url(ctx, repo)}/pull/{found.number}"
    statuses = f"{repo_url(ctx, repo)}/statuses/{pull.head_sha}"
    links = {
        "self": url,
        "html": html,
        "issue": issue_url,
        "comments": f"{issue_url}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{repo_url(ctx, repo)}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": statuses,
    }
    return {
        "url": url,
        "id": found.id,
        "node_id": node_id("PullRequest", found.id),
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "issue_url": issue_url,
        "number": found.number,
        "state": found.state,
        "locked": False,
        "title": found.title,
        "user": user(ctx, found.user),
        "body": found.body,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "closed_at": found.closed_at,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": labels(ctx, repo, found.labels),
        "milestone": None,
        "draft": pull.draft,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": statuses,
        "head": _side(ctx, repo, pull.head_ref, pull.head_sha),
        "base": _side(ctx, repo, pull.base_ref, pull.base_sha),
        "_links": {name: {"href": link} for name, link in links.items()},
        "author_association": association(repo, found.user, ctx.config.bot),
        "auto_merge": None,
        "active_lock_reason": None,
    }


def full_pull(ctx: Context, repo: Repo, found: Issue, pull: Pull) -> Json:
    """A pull request asked for by its number, or in a `pull_request` webhook."""
    git = ctx.git(repo)
    base = git.merge_base(pull.base_sha, pull.head_sha)
    changes = git.changes(base, pull.head_sha)
    clean = found.state == "open" and git.merged_tree(pull.base_sha, pull.head_sha) is not None
    state = "clean" if clean else "dirty" if found.state == "open" else "unknown"
    return {
        **simple_pull(ctx, repo, found, pull),
        "merged": pull.merged_at is not None,
        "mergeable": clean if found.state == "open" else None,
        "rebaseable": clean if found.state == "open" else None,
        "mergeable_state": state,
        "merged_by": user(ctx, pull.merged_by) if pull.merged_by else None,
        "comments": ctx.store.count(Comment, repo.key, str(found.number)),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(git.ahead(pull.base_sha, pull.head_sha)),
        "additions": sum(change.additions for change in changes),
        "deletions": sum(change.deletions for change in changes),
        "changed_files": len(changes),
    }


def _side(ctx: Context, repo: Repo, ref: str, sha: str) -> Json:
    return {
        "label": f"{repo.owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user(ctx, repo.owner),
        "repo": repository(ctx, repo),
    }
