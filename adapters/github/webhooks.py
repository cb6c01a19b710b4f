"""GitHub's webhooks: verified, then read into typed events. Pure functions.

Source: https://docs.github.com/webhooks/webhook-events-and-payloads
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from domain.errors import InvalidInput, Unauthenticated
from domain.vendors import CommitSha, RepoName


class _Seen(BaseModel):
    """A part of a payload: what we use of it. GitHub adds fields as it likes, so others are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class User(_Seen):
    login: Annotated[str, Field(min_length=1)]
    id: int
    type: str = "User"

    @property
    def bot(self) -> bool:
        return self.type == "Bot"


class Label(_Seen):
    name: str


class Repository(_Seen):
    full_name: RepoName
    default_branch: str = "main"


class Linked(_Seen):
    """Present in an issue that is a pull request."""

    html_url: str = ""


class Issue(_Seen):
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


class Comment(_Seen):
    id: int
    body: str
    html_url: str
    user: User | None = None


class Side(_Seen):
    ref: str
    sha: CommitSha


class PullRequest(_Seen):
    """`merged` is only told in `pull_request` events."""

    number: int
    title: str
    html_url: str
    state: str
    user: User | None = None
    head: Side
    base: Side
    merged: bool = False


class Review(_Seen):
    """`commit_id` is the commit that was looked at; None if it is gone."""

    id: int
    state: Literal["approved", "changes_requested", "commented", "dismissed", "pending"]
    body: str | None = None
    commit_id: CommitSha | None = None
    html_url: str
    user: User | None = None


class _Event(_Seen):
    repository: Repository
    sender: User


class IssueEvent(_Event):
    """`label` is the one that was added, with `labeled`."""

    action: Literal["opened", "labeled", "closed"]
    issue: Issue
    label: Label | None = None


class CommentEvent(_Event):
    action: Literal["created"]
    issue: Issue
    comment: Comment


class ReviewEvent(_Event):
    action: Literal["submitted"]
    review: Review
    pull_request: PullRequest


class PullRequestEvent(_Event):
    action: Literal["opened", "synchronize", "closed", "reopened"]
    number: int
    pull_request: PullRequest


class PushedCommit(_Seen):
    """Paths that it changed, from the repository's root."""

    added: list[str] = []
    modified: list[str] = []
    removed: list[str] = []


class PushEvent(_Event):
    """`after` is the branch's new head. GitHub lists at most 2,048 commits."""

    ref: str
    after: CommitSha
    deleted: bool = False
    commits: list[PushedCommit] = []


Event = IssueEvent | CommentEvent | ReviewEvent | PullRequestEvent | PushEvent

_EVENTS: dict[str, tuple[type[Event], frozenset[str]]] = {
    "issues": (IssueEvent, frozenset({"opened", "labeled", "closed"})),
    "issue_comment": (CommentEvent, frozenset({"created"})),
    "pull_request_review": (ReviewEvent, frozenset({"submitted"})),
    "pull_request": (PullRequestEvent, frozenset({"opened", "synchronize", "closed", "reopened"})),
    "push": (PushEvent, frozenset()),
}
"""With the actions that mean something; an event without any has no actions."""


def verify(secrets: Sequence[SecretStr], body: bytes, signature_header: str | None) -> None:
    """Check `X-Hub-Signature-256` over the raw body with each of `secrets`, in constant time.

    Raises Unauthenticated if it is missing, malformed or made with another secret, or if there is no secret.
    """
    if not secrets:
        raise Unauthenticated("GitHub webhooks are not accepted here: set CCB_GITHUB_WEBHOOK_SECRET.")
    given = (signature_header or "").encode()
    matches = [
        hmac.compare_digest(
            b"sha256=" + hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest().encode(), given
        )
        for secret in secrets
        if secret.get_secret_value()
    ]
    if not any(matches):
        raise Unauthenticated("The webhook's X-Hub-Signature-256 does not match the secret configured here.")


def parse(event: str, body: bytes) -> Event | None:
    """The typed event; None for events and actions that lead to nothing here. Call `verify` first.

    Raises InvalidInput, with the place in `field`, for a body that is not what GitHub publishes.
    """
    if event not in _EVENTS:
        return None
    model, actions = _EVENTS[event]
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            "The webhook's body is not JSON. Set its content type to application/json.", field="body"
        ) from error
    action = data.get("action") if isinstance(data, dict) else None
    if actions and not isinstance(action, str):
        raise InvalidInput("The webhook's body has no action.", field="action")
    if actions and action not in actions:
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"The webhook's {place} is not as GitHub sends it: {first['msg']}.", field=place) from error
