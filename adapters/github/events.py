"""The events of GitHub's webhooks that mean something here, as GitHub publishes them.

Source: https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.vendors import CommitSha, RepoName


class Seen(BaseModel):
    """A part of a payload: what we use of it. GitHub adds fields as it likes, so others are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class User(Seen):
    login: Annotated[str, Field(min_length=1)]
    id: int
    type: str = "User"

    @property
    def bot(self) -> bool:
        return self.type == "Bot"


class Label(Seen):
    name: str


class Repository(Seen):
    full_name: RepoName
    default_branch: str = "main"


class Linked(Seen):
    """Present in an issue that is a pull request."""

    html_url: str = ""


class Issue(Seen):
    """`user` is None when the account is gone."""

    number: int
    title: str
    body: str | None = None
    html_url: str
    state: str
    created_at: AwareDatetime
    user: User | None = None
    labels: list[Label] = []
    pull_request: Linked | None = None


class Comment(Seen):
    id: int
    body: str
    html_url: str
    user: User | None = None


class ReviewComment(Comment):
    """A comment on lines of a diff. `line` is None where the lines are gone."""

    path: str
    line: int | None = None
    commit_id: CommitSha


class Side(Seen):
    ref: str
    sha: CommitSha


class PullRequest(Seen):
    """`merged` is only told in `pull_request` events. `body` is where our mark is, if it is ours."""

    number: int
    title: str
    html_url: str
    state: str
    body: str | None = None
    user: User | None = None
    head: Side
    base: Side
    merged: bool = False


class Review(Seen):
    """`commit_id` is the commit that was looked at; None if it is gone."""

    id: int
    state: Literal["approved", "changes_requested", "commented", "dismissed", "pending"]
    body: str | None = None
    commit_id: CommitSha | None = None
    html_url: str
    user: User | None = None


class Sent(Seen):
    sender: User

    @property
    def matters(self) -> bool:
        """Whether something may follow from it. What does not matter is acknowledged and forgotten."""
        return True


class OfRepository(Sent):
    repository: Repository


class IssueEvent(OfRepository):
    """`label` is the one that was added, with `labeled`."""

    action: Literal["opened", "labeled", "closed"]
    issue: Issue
    label: Label | None = None


class CommentEvent(OfRepository):
    action: Literal["created"]
    issue: Issue
    comment: Comment


class ReviewEvent(OfRepository):
    action: Literal["submitted"]
    review: Review
    pull_request: PullRequest


class ReviewCommentEvent(OfRepository):
    action: Literal["created"]
    comment: ReviewComment
    pull_request: PullRequest


class PullRequestEvent(OfRepository):
    action: Literal["opened", "synchronize", "closed", "reopened"]
    number: int
    pull_request: PullRequest


class PushedCommit(Seen):
    """Paths that it changed, from the repository's root."""

    message: str = ""
    added: list[str] = []
    modified: list[str] = []
    removed: list[str] = []


class PushEvent(OfRepository):
    """`after` is the branch's new head. GitHub lists at most 2,048 commits."""

    ref: str
    after: CommitSha
    deleted: bool = False
    commits: list[PushedCommit] = []


class NamedRepository(Seen):
    full_name: RepoName


class Account(Seen):
    login: str


class Installation(Seen):
    """`account` is an organisation or a person, or an enterprise, which has no login."""

    id: int
    account: Account | None = None


class InstallationEvent(Sent):
    action: Literal["created", "deleted", "suspend", "unsuspend"]
    installation: Installation
    repositories: list[NamedRepository] = []


class InstallationRepositoriesEvent(Sent):
    action: Literal["added", "removed"]
    installation: Installation
    repositories_added: list[NamedRepository] = []
    repositories_removed: list[NamedRepository] = []
