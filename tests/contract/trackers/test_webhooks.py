"""What Linear and Jira deliver: verified, then read; whatever else comes is refused or ignored, and breaks nothing."""

import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.jira import webhooks as jira
from adapters.linear import webhooks as linear
from adapters.trackers import commands, marks
from adapters.trackers.signing import rotated
from domain.errors import InvalidInput, Unauthenticated

OLD, NEW = SecretStr("the secret before"), SecretStr("the secret now")
NOW = 1_800_000_000.0


def signed(body: bytes, secret: SecretStr = NEW) -> str:
    return hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()


def stamped(at: float) -> bytes:
    return json.dumps({"type": "Issue", "action": "create", "webhookTimestamp": at * 1000}).encode()


def test_linear_takes_any_of_its_secrets_within_a_minute() -> None:
    body = stamped(NOW)
    for secret in (OLD, NEW):
        linear.verify([OLD, NEW], body, signed(body, secret), NOW + 59)
    for seconds in (61, -61):
        with pytest.raises(Unauthenticated, match="too old or too new"):
            linear.verify([NEW], body, signed(body), NOW + seconds)


@pytest.mark.parametrize("stamp", ["null", '"now"', "NaN", "1e999", "[]"])
def test_linear_must_say_when(stamp: str) -> None:
    body = f'{{"webhookTimestamp": {stamp}}}'.encode()
    with pytest.raises(Unauthenticated):
        linear.verify([NEW], body, signed(body), NOW)


Verify = Callable[[list[SecretStr], bytes, str], None]


def of_linear(secrets: list[SecretStr], body: bytes, signature: str) -> None:
    linear.verify(secrets, body, signature, NOW)


def of_jira(secrets: list[SecretStr], body: bytes, signature: str) -> None:
    jira.verify(secrets, body, f"sha256={signature}" if signature else "")


@pytest.mark.parametrize("verify", [of_linear, of_jira], ids=["linear", "jira"])
def test_a_wrong_signature_is_refused(verify: Verify) -> None:
    body = stamped(NOW)
    verify([NEW], body, signed(body))
    wrong = [signed(body + b" "), signed(body, OLD), "", "é", "0" * 64, signed(body).upper(), signed(body)[:-1]]
    for signature in wrong:
        with pytest.raises(Unauthenticated):
            verify([NEW], body, signature)
    for secrets in ([], [SecretStr("")]):
        with pytest.raises(Unauthenticated):
            verify(secrets, body, signed(body, SecretStr("")))


def test_jira_names_its_method() -> None:
    body = b"{}"
    for given_as in (signed(body), f"sha1={signed(body)}", f"SHA256={signed(body)}"):
        with pytest.raises(Unauthenticated):
            jira.verify([NEW], body, given_as)


def test_secrets_are_rotated_with_commas() -> None:
    assert [one.get_secret_value() for one in rotated(SecretStr(" a, b ,,"))] == ["a", "b"]
    assert rotated(None) == rotated(SecretStr(" , ")) == ()


@pytest.mark.parametrize(
    ("parse", "body"),
    [
        (linear.parse, {"type": "Reaction", "action": "create"}),
        (linear.parse, {"type": "Comment", "action": "update"}),
        (linear.parse, {"type": "Something new", "action": "create"}),
        (jira.parse, {"webhookEvent": "sprint_started"}),
        (jira.parse, {"webhookEvent": "comment_updated"}),
    ],
)
def test_what_is_unknown_is_ignored(parse: Callable[[bytes], object], body: dict[str, Any]) -> None:
    assert parse(json.dumps(body).encode()) is None


@pytest.mark.parametrize(
    ("parse", "body", "place"),
    [
        (linear.parse, {"type": "Issue", "action": "create", "webhookTimestamp": 1, "data": {}}, "data"),
        (linear.parse, {"action": "create"}, "type"),
        (jira.parse, {"webhookEvent": "jira:issue_created", "issue": {"id": "1"}}, "issue"),
        (jira.parse, {"webhookEvent": 7}, "webhookEvent"),
    ],
)
def test_what_is_not_as_published_is_refused_with_its_place(
    parse: Callable[[bytes], object], body: dict[str, Any], place: str
) -> None:
    with pytest.raises(InvalidInput, match=place):
        parse(json.dumps(body).encode())


pieces = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
linear_bodies = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Issue", "Comment", "Project"]),
        "action": st.sampled_from(["create", "update", "remove"]),
    },
    optional={
        "data": st.dictionaries(
            st.sampled_from(["id", "title", "labels", "state", "createdAt", "issue", "body"]), pieces
        ),
        "actor": pieces,
        "updatedFrom": pieces,
        "webhookTimestamp": pieces,
    },
)
jira_bodies = st.fixed_dictionaries(
    {"webhookEvent": st.sampled_from(["jira:issue_created", "jira:issue_updated", "comment_created"])},
    optional={
        "issue": st.dictionaries(st.sampled_from(["id", "key", "self", "fields"]), pieces),
        "changelog": pieces,
        "user": pieces,
        "comment": pieces,
    },
)


@given(linear_bodies.map(json.dumps).map(str.encode) | st.binary(max_size=200))
def test_linears_parser_takes_anything(body: bytes) -> None:
    _taken(linear.parse, body)


@given(jira_bodies.map(json.dumps).map(str.encode) | st.binary(max_size=200))
def test_jiras_parser_takes_anything(body: bytes) -> None:
    _taken(jira.parse, body)


def _taken(parse: Callable[[bytes], object], body: bytes) -> None:
    with contextlib.suppress(InvalidInput):
        parse(body)


@given(st.binary(max_size=300), st.text(max_size=80))
def test_nothing_unsigned_is_taken(body: bytes, signature: str) -> None:
    with pytest.raises(Unauthenticated):
        linear.verify([NEW], body, signature, time.time())
    with pytest.raises(Unauthenticated):
        jira.verify([NEW], body, signature)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/ccb status", "status"),
        ("Hello,\n  /ccb Help", "help"),
        ("/ccb", "help"),
        ("/ccb dance", "help"),
        ("say /ccb status", None),
        ("> /ccb status", None),
        ("```\n/ccb status\n```", None),
        ("{code:sh}\n/ccb status\n{code}", None),
        ("/ccbx status", None),
        ("", None),
    ],
)
def test_a_command_is_at_the_beginning_of_a_line(text: str, command: str | None) -> None:
    assert commands.read(text) == command


def test_a_quote_of_ours_is_not_ours() -> None:
    ours = marks.marked("**active**\n\nIt runs.")
    assert marks.ours(ours)
    assert not marks.ours(f"> {ours.splitlines()[0]}\n\n/ccb status")
    assert marks.ours(marks.marked("x" * 100_000))
    assert len(marks.marked("x" * 100_000)) < 32_767
