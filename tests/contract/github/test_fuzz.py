"""Whatever comes from outside: read, or refused in our words; never anything else."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.database import cursors
from adapters.github import commands, marks, webhooks
from adapters.trackers.signing import rotated
from api.deliveries import NotJson, json_object
from domain import asking
from domain.errors import InvalidInput, Unauthenticated
from tests.contract.github.published import read

EVENTS = sorted(webhooks._EVENTS)
EXAMPLES = [
    (one["name"], payload) for one in read("webhooks.json.gz") if one["name"] in EVENTS for payload in one["examples"]
]
CHEAP = settings(max_examples=150, deadline=None)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def parsed(event: str, body: bytes) -> None:
    try:
        webhooks.parse(event, body)
    except InvalidInput:
        return


@CHEAP
@given(
    st.sampled_from([*EVENTS, "ping", ""]), st.binary(max_size=200) | ANYTHING.map(lambda one: json.dumps(one).encode())
)
def test_any_body_is_read_or_refused(event: str, body: bytes) -> None:
    parsed(event, body)


@CHEAP
@given(st.data())
def test_an_example_with_something_else_in_a_place_is_read_or_refused(data: st.DataObject) -> None:
    event, payload = data.draw(st.sampled_from(EXAMPLES))
    changed = json.loads(json.dumps(payload))
    within: Any = changed
    for _ in range(data.draw(st.integers(1, 4))):
        if not isinstance(within, dict) or not within:
            break
        key = data.draw(st.sampled_from(sorted(within)))
        if isinstance(within[key], dict) and within[key] and data.draw(st.booleans()):
            within = within[key]
            continue
        within[key] = data.draw(ANYTHING)
        break
    parsed(event, json.dumps(changed).encode())


@CHEAP
@given(st.binary(max_size=50), st.none() | st.text(max_size=80))
def test_no_signature_is_made_up(body: bytes, header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        webhooks.verify([SecretStr("a"), SecretStr("b")], body, header)


LINES = st.sampled_from(
    ["/ccb", "@ccb", "/ccb approve", "> ", "```", "~~~", "<!-- ccb:x -->", "a", "\r\n", " ", "\n", "\u2028"]
)


@CHEAP
@given(st.lists(LINES | st.text(max_size=5), max_size=12).map("".join))
def test_any_comment_is_a_command_or_talk(text: str) -> None:
    found = commands.find(text, "ccb")
    quoted = "\n".join(f"> {line}" for line in text.replace("\r\n", "\n").split("\n"))
    assert commands.find(quoted, "ccb") is None
    assert commands.find(marks.marked(text, "key"), "ccb") is None
    assert found is None or len(found.words) <= len(text)


@CHEAP
@given(st.text(max_size=300))
def test_any_issue_is_read(body: str) -> None:
    asked = asking.read(body)
    assert asked.document is None or asked.document.startswith(("http", "HTTP"))
    marks.key_of(body)
    marks.written(body)


@CHEAP
@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")))
def test_any_cursor_is_ours_or_refused(cursor: str) -> None:
    try:
        cursors.opened(cursor, parts=2)
    except InvalidInput:
        return


@CHEAP
@given(st.binary(max_size=100) | ANYTHING.map(lambda one: json.dumps(one).encode()))
def test_any_text_is_a_json_object_or_refused(text: bytes) -> None:
    try:
        assert isinstance(json_object(text, "It"), dict)
    except NotJson:
        return


@CHEAP
@given(st.text(max_size=30))
def test_no_secret_is_empty(text: str) -> None:
    assert all(one.get_secret_value().strip() for one in rotated(SecretStr(text)))
