"""Review: who counts, how many approvals, and that an approval binds to content. One rule for every way in."""

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from domain.base import Data
from domain.errors import ContentChanged, ReviewNotCounted
from domain.ids import ContentHash
from domain.people import Actor


class Decision(StrEnum):
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"


class ReviewPolicy(Data):
    """What a version needs before it is deployed.

    `allow_requester` is for someone alone on a laptop; `automatic` deploys without people. Both are off by default.
    """

    approvals: int = Field(default=1, ge=1, le=10)
    allow_requester: bool = False
    automatic: bool = False
    remind_every: timedelta = timedelta(days=1)
    deadline: timedelta = timedelta(days=14)


class Review(Data):
    """A person's decision on one content hash. `id` is unique per way in, so that a repeated delivery is one review."""

    id: str = Field(min_length=1, max_length=200)
    reviewer: Actor
    decision: Decision
    content_hash: ContentHash
    comment: str = Field(default="", max_length=10_000)
    at: AwareDatetime
    kind: Literal["person", "check"] = Field(default="person", description="`check`: a check outside that failed.")


def check(review: Review, *, policy: ReviewPolicy, requester: Actor, content_hash: str) -> None:
    """Refuse a review that does not count.

    Raises:
        ContentChanged: it names another content hash than the one under review.
        ReviewNotCounted: the reviewer is a bot, unknown to us, or the requester; or a check that does not ask for
            changes.
    """
    if review.content_hash != content_hash:
        raise ContentChanged(
            "This review is for another version of the code. Review what the pull request holds now.",
            reviewed=review.content_hash,
            current=content_hash,
        )
    reviewer = review.reviewer
    if review.kind == "check":
        if review.decision is not Decision.REQUEST_CHANGES:
            raise ReviewNotCounted("A check never approves: people do.")
        return
    if reviewer.bot:
        raise ReviewNotCounted(f"{reviewer.name} is a bot, and bots never count as reviewers.")
    if reviewer.person_id is None:
        raise ReviewNotCounted(
            f"{reviewer.name} ({reviewer.channel}) is not known here. An operator can add them with `ccb people add`."
        )
    same = reviewer.person_id == requester.person_id or (
        reviewer.channel == requester.channel and reviewer.name.lower() == requester.name.lower()
    )
    if same and not policy.allow_requester:
        raise ReviewNotCounted(
            f"{reviewer.name} asked for this integration, so another person has to review it "
            "(CCB_REVIEW_ALLOW_REQUESTER=true permits it, for someone working alone)."
        )


def outcome(reviews: list[Review], *, policy: ReviewPolicy, content_hash: str) -> Decision | None:
    """The decision so far on `content_hash`: each person's last word counts, and one request for changes is enough."""
    last = {review.reviewer.person_id: review for review in reviews if review.content_hash == content_hash}
    decisions = [review.decision for review in last.values()]
    if Decision.REQUEST_CHANGES in decisions:
        return Decision.REQUEST_CHANGES
    return Decision.APPROVE if len(decisions) >= policy.approvals else None
