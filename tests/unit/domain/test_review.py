"""The rule of review is one rule for every way in."""

from datetime import UTC, datetime

import pytest

from domain import ids
from domain.errors import ContentChanged, ReviewNotCounted
from domain.failing import CHECK
from domain.people import Actor, Channel
from domain.review import Decision, Review, ReviewPolicy, check, outcome

HASH = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
ADA = Actor(channel=Channel.GITHUB, name="ada", person_id=ids.new("per"))
GRACE = Actor(channel=Channel.SLACK, name="Grace", person_id=ids.new("per"))
LIN = Actor(channel=Channel.API, name="Lin", person_id=ids.new("per"))
POLICY = ReviewPolicy()


def review(by: Actor, decision: Decision = Decision.APPROVE, content: str = HASH) -> Review:
    return Review(id=ids.new("rev"), reviewer=by, decision=decision, content_hash=content, at=datetime.now(UTC))


@pytest.mark.parametrize("channel", list(Channel))
def test_the_requester_never_counts_whatever_the_way_in(channel: Channel) -> None:
    again = ADA.model_copy(update={"channel": channel, "name": "Ada L."})
    with pytest.raises(ReviewNotCounted, match="asked for this"):
        check(review(again), policy=POLICY, requester=ADA, content_hash=HASH)


def test_a_check_may_ask_for_changes_and_never_approves() -> None:
    said = review(CHECK, Decision.REQUEST_CHANGES).model_copy(update={"kind": "check"})
    check(said, policy=POLICY, requester=ADA, content_hash=HASH)
    assert outcome([said], policy=POLICY, content_hash=HASH) is Decision.REQUEST_CHANGES
    with pytest.raises(ReviewNotCounted, match="never approves"):
        check(said.model_copy(update={"decision": Decision.APPROVE}), policy=POLICY, requester=ADA, content_hash=HASH)
    with pytest.raises(ContentChanged):
        check(said, policy=POLICY, requester=ADA, content_hash=OTHER)


def test_the_requester_counts_where_the_policy_says_so() -> None:
    alone = ReviewPolicy(allow_requester=True)
    check(review(ADA), policy=alone, requester=ADA, content_hash=HASH)


def test_an_unknown_requester_is_known_by_the_name_there() -> None:
    stranger = Actor(channel=Channel.GITHUB, name="Mallory")
    as_person = Actor(channel=Channel.GITHUB, name="mallory", person_id=ids.new("per"))
    with pytest.raises(ReviewNotCounted):
        check(review(as_person), policy=POLICY, requester=stranger, content_hash=HASH)


def test_bots_and_strangers_never_count() -> None:
    bot = GRACE.model_copy(update={"bot": True})
    stranger = Actor(channel=Channel.SLACK, name="someone")
    with pytest.raises(ReviewNotCounted, match="bot"):
        check(review(bot), policy=POLICY, requester=ADA, content_hash=HASH)
    with pytest.raises(ReviewNotCounted, match="ccb people add"):
        check(review(stranger), policy=POLICY, requester=ADA, content_hash=HASH)


def test_an_approval_of_other_content_is_refused_and_never_counted() -> None:
    with pytest.raises(ContentChanged) as refused:
        check(review(GRACE, content=OTHER), policy=POLICY, requester=ADA, content_hash=HASH)
    assert refused.value.details == {"reviewed": OTHER, "current": HASH}
    assert outcome([review(GRACE, content=OTHER)], policy=POLICY, content_hash=HASH) is None


def test_two_approvals_of_one_person_are_one() -> None:
    two = ReviewPolicy(approvals=2)
    assert outcome([review(GRACE), review(GRACE)], policy=two, content_hash=HASH) is None
    assert outcome([review(GRACE), review(LIN)], policy=two, content_hash=HASH) is Decision.APPROVE


def test_a_request_for_changes_outweighs_approvals_until_it_is_taken_back() -> None:
    wants = review(LIN, Decision.REQUEST_CHANGES)
    assert outcome([review(GRACE), wants], policy=POLICY, content_hash=HASH) is Decision.REQUEST_CHANGES
    assert outcome([review(GRACE), wants, review(LIN)], policy=POLICY, content_hash=HASH) is Decision.APPROVE
