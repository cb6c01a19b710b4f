"""Webhooks as people's deeds send them, through `verify` and `parse`."""

import hashlib
import hmac
import json

import pytest
from pydantic import SecretStr

from adapters.github import webhooks
from adapters.github.code_host import GitHubCodeHost
from adapters.github.webhooks import CommentEvent, IssueEvent, PullRequestEvent, ReviewEvent
from adapters.trackers.signing import rotated
from domain.errors import InvalidInput, Unauthenticated
from simulators.kit import Simulators
from tests.contract.github.conftest import World
from tests.contract.github.test_code_host import opened, pushed
from tests.contract.receiver import Receiver


def events(receiver: Receiver, secret: str, repo: str) -> list[webhooks.Event]:
    """What came for this repository and means something, verified."""
    found = []
    for each in receiver.at("/github"):
        webhooks.verify([SecretStr(secret)], each.body, each.headers["x-hub-signature-256"])
        event = webhooks.parse(each.headers["x-github-event"], each.body)
        if event is not None and event.repository.full_name == repo:
            found.append(event)
    return found


@pytest.fixture
def secret(simulators: Simulators) -> str:
    return simulators.config["github"]["webhook_secret"]


async def test_an_issue_is_opened_labelled_commented_and_closed(repo, world: World, receiver: Receiver, secret):
    told = await world.act("issues", title="Weather", body="please", user="alice", labels=["integration"])
    number = told["result"]["number"]
    await world.act("comments", number=number, user="bob", body="+1")
    await world.act("issues/close", number=number, user="alice")
    one, two, three, four = events(receiver, secret, repo)
    assert isinstance(one, IssueEvent)
    assert (one.action, one.issue.title, one.issue.body, one.sender.login) == ("opened", "Weather", "please", "alice")
    assert [label.name for label in one.issue.labels] == ["integration"]
    assert isinstance(two, IssueEvent)
    assert (two.action, two.label.name) == ("labeled", "integration")
    assert isinstance(three, CommentEvent)
    assert (three.comment.body, three.sender.login, three.issue.pull_request) == ("+1", "bob", None)
    assert (four.action, four.issue.state) == ("closed", "closed")
    assert told["status"] == 202
    assert told["delivery_id"] == receiver.at("/github")[0].headers["x-github-delivery"]


async def test_a_pull_request_is_reviewed_pushed_to_and_closed(
    host: GitHubCodeHost, repo, world: World, receiver: Receiver, secret
):
    pull = await opened(host, repo)
    await world.act("reviews", number=pull.number, user="bob", decision="request_changes", body="Rename it")
    again = await pushed(host, repo, files={"a": "b"}, key="run/1/push-2")
    await world.act("reviews", number=pull.number, user="bob", decision="approve")
    await world.act("pulls/close", number=pull.number, user="bob")
    reviews = [event for event in events(receiver, secret, repo) if isinstance(event, ReviewEvent)]
    assert [(event.review.state, event.review.body, event.review.commit_id) for event in reviews] == [
        ("changes_requested", "Rename it", pull.head_sha),
        ("approved", None, again.head_sha),
    ]
    assert {event.pull_request.number for event in reviews} == {pull.number}
    changes = {event.action: event for event in events(receiver, secret, repo) if isinstance(event, PullRequestEvent)}
    assert changes["opened"].sender.bot
    assert changes["synchronize"].pull_request.head.sha == again.head_sha
    assert (changes["closed"].sender.login, changes["closed"].pull_request.merged) == ("bob", False)


async def test_the_author_cannot_approve(host: GitHubCodeHost, repo, world: World):
    pull = await opened(host, repo)
    with pytest.raises(RuntimeError, match="Can not approve your own pull request"):
        await world.act("reviews", number=pull.number, user="ccb-bot[bot]", decision="approve")


async def test_redelivery_is_the_same_delivery(repo, world: World, receiver: Receiver):
    told = await world.act("issues", title="Weather")
    receiver.status = 500
    again = await world.act("redeliver", delivery_id=told["delivery_id"])
    assert (again["delivery_id"], again["status"]) == (told["delivery_id"], 500)
    first, second = receiver.at("/github")
    assert first.body == second.body
    assert first.headers["x-hub-signature-256"] == second.headers["x-hub-signature-256"]


def signed(body: bytes, secret: str) -> str:

    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_verify_takes_each_secret_while_one_is_rotated():
    for secret in ("new", "old"):
        webhooks.verify(rotated(SecretStr("new, old")), b"{}", signed(b"{}", secret))


def test_verify_agrees_with_githubs_own_example():
    """https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries"""
    webhooks.verify(
        [SecretStr("It's a Secret to Everybody")],
        b"Hello, World!",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    )


@pytest.mark.parametrize(
    "header", [None, "", "sha256=", "sha256=ünicode", "sha1=" + "0" * 40, signed(b"{} ", "s"), signed(b"{}", "s")[7:]]
)
def test_verify_refuses(header):
    with pytest.raises(Unauthenticated):
        webhooks.verify([SecretStr("s")], b"{}", header)


def test_verify_refuses_everything_without_a_secret():
    for secrets in ([], [SecretStr("")]):
        with pytest.raises(Unauthenticated):
            webhooks.verify(secrets, b"{}", signed(b"{}", ""))


@pytest.mark.parametrize(
    ("event", "body", "field"),
    [
        ("issues", b"not json", "body"),
        ("issues", b"\xff", "body"),
        ("issues", b"[" * 100_000, "body"),
        ("issues", b"[]", "body"),
        ("issues", b"{}", "action"),
        ("issues", b'{"action": "opened"}', "sender"),
    ],
)
def test_parse_names_what_is_wrong(event, body, field):
    with pytest.raises(InvalidInput) as caught:
        webhooks.parse(event, body)
    assert caught.value.details["field"] == field


async def test_parse_names_a_missing_field_within(repo, world: World, receiver: Receiver):
    await world.act("issues", title="Weather")
    body = json.loads(receiver.at("/github")[0].body)
    del body["issue"]["title"]
    with pytest.raises(InvalidInput, match=r"issue\.title") as caught:
        webhooks.parse("issues", json.dumps(body).encode())
    assert caught.value.details["field"] == "issue.title"


def test_parse_passes_over_what_leads_to_nothing():
    assert webhooks.parse("ping", b"anything") is None
    assert webhooks.parse("issues", b'{"action": "pinned"}') is None
