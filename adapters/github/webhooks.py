"""GitHub's webhooks: verified, then read into typed events. Pure functions.

Source: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from adapters.github.check_events import CheckEvent, CheckRunEvent, CheckSuiteEvent, StatusEvent, WorkflowRunEvent
from adapters.github.events import (
    CommentEvent,
    InstallationEvent,
    InstallationRepositoriesEvent,
    IssueEvent,
    PullRequestEvent,
    PushEvent,
    ReviewCommentEvent,
    ReviewEvent,
)
from domain.errors import InvalidInput, Unauthenticated

Event = (
    IssueEvent
    | CommentEvent
    | ReviewEvent
    | ReviewCommentEvent
    | PullRequestEvent
    | PushEvent
    | CheckEvent
    | InstallationEvent
    | InstallationRepositoriesEvent
)

_EVENTS: dict[str, tuple[type[Event], frozenset[str]]] = {
    "issues": (IssueEvent, frozenset({"opened", "labeled", "closed"})),
    "issue_comment": (CommentEvent, frozenset({"created"})),
    "pull_request_review": (ReviewEvent, frozenset({"submitted"})),
    "pull_request_review_comment": (ReviewCommentEvent, frozenset({"created"})),
    "pull_request": (PullRequestEvent, frozenset({"opened", "synchronize", "closed", "reopened"})),
    "push": (PushEvent, frozenset()),
    "check_run": (CheckRunEvent, frozenset({"completed"})),
    "check_suite": (CheckSuiteEvent, frozenset({"completed"})),
    "workflow_run": (WorkflowRunEvent, frozenset({"completed"})),
    "status": (StatusEvent, frozenset()),
    "installation": (InstallationEvent, frozenset({"created", "deleted", "suspend", "unsuspend"})),
    "installation_repositories": (InstallationRepositoriesEvent, frozenset({"added", "removed"})),
}
"""With the actions that mean something; an event without any has no actions."""


class _Action(BaseModel):
    model_config = ConfigDict(extra="ignore")

    action: str


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

    Raises InvalidInput, with the place in `field`, for a body that is not what GitHub publishes; `body` if it is not a
    JSON object at all.
    """
    if event not in _EVENTS:
        return None
    model, actions = _EVENTS[event]
    try:
        if actions and _Action.model_validate_json(body).action not in actions:
            return None
        found = model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        if not place:
            raise InvalidInput(
                "The webhook's body is not a JSON object. Set its content type to application/json.", field="body"
            ) from error
        raise InvalidInput(f"The webhook's {place} is not as GitHub sends it: {first['msg']}.", field=place) from error
    return found if found.matters else None
