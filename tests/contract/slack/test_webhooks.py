"""What Slack sends us: genuine deliveries are read, everything else is refused."""

import contextlib
import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.slack.client import SlackChat
from adapters.slack.signatures import verify
from adapters.slack.webhooks import Challenge, Click, Command, Event, Submission, Unused, parse
from domain.errors import InvalidInput
from domain.vendors import ChatMessage, Form, FormField, Reply
from simulators.kit import Simulators
from tests.contract.receiver import Received, Receiver
from tests.contract.slack.conftest import CHANNEL, Last

Build = Callable[..., ChatMessage]

# The worked example of Slack's own page on verifying requests.
PUBLISHED = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
    b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
    b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
    b"trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
FORM = Form(
    kind="ccb.test",
    title="A form",
    submit="Send",
    fields=[
        FormField(name="words", label="Words", multiline=True),
        FormField(name="more", label="More", optional=True),
    ],
    state="kept",
)


def payload(**fields: object) -> bytes:
    return urlencode({"payload": json.dumps(fields)}).encode()


def event(kind: str, **fields: object) -> bytes:
    inner = {"type": kind, "user": "U1", "channel": "C1", "text": "<@U0BOT> help", **fields}
    outer = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": inner}
    return json.dumps({**outer, "authorizations": [{"user_id": "U0BOT", "is_bot": True}]}).encode()


@pytest.fixture
async def click(chat: SlackChat, simulators: Simulators, last: Last, message: Build, key: str) -> Received:
    """Bob clicks Request changes."""
    ref = await chat.post(CHANNEL, message(), key=key)
    done = await simulators.act("slack", "click", user="bob", channel=CHANNEL, ts=ref.ts, action="request_changes")
    assert done["status"] == 200
    return last()


async def test_a_click_is_read(click: Received, simulators: Simulators) -> None:
    found = parse(click.body)
    assert isinstance(found, Click)
    assert found == Click(
        id=found.trigger,
        event="block_actions",
        team="T0SIMULATED",
        user_id="U0BOB",
        user_name="bob",
        reply=Reply(user="U0BOB", channel=CHANNEL, url=found.reply.url),
        trigger=found.trigger,
        action="request_changes",
        value='{"hash": "sha256:00"}',
    )
    assert found.reply.url.startswith(simulators.url)


async def test_a_click_on_an_answer_that_only_they_see(
    simulators: Simulators, receiver: Receiver, chat: SlackChat, last: Last, message: Build
) -> None:
    await simulators.act("slack", "command", user="carol", channel=CHANNEL, command="/ccb", text="status x")
    command = parse(last().body)
    assert isinstance(command, Command)
    await chat.answer(command.reply, message())
    await simulators.act("slack", "click", user="carol", action="approve")
    found = parse(last().body)
    assert isinstance(found, Click)
    assert (found.user_id, found.action, found.reply.channel) == ("U0CAROL", "approve", CHANNEL)


async def test_a_form_is_filled_in(simulators: Simulators, chat: SlackChat, click: Received, last: Last) -> None:
    clicked = parse(click.body)
    assert isinstance(clicked, Click)
    before = (await simulators.look("slack", "views", user="bob"))["views"]
    await chat.open_form(clicked.trigger, FORM)
    await chat.open_form(clicked.trigger, FORM)  # as after a lost reply: it is that one
    (view,) = (await simulators.look("slack", "views", user="bob"))["views"][len(before) :]

    done = await simulators.act("slack", "submit", user="bob", values={"words": "Use pages & <tags>"})
    assert done["shown"] == "closed"
    found = parse(last().body)
    assert isinstance(found, Submission)
    assert (found.id, found.kind, found.state) == (view["id"], "ccb.test", "kept")
    assert found.values == {"words": "Use pages & <tags>"}
    assert (found.user_id, found.team) == ("U0BOB", "T0SIMULATED")


async def test_a_slash_command(simulators: Simulators, last: Last) -> None:
    await simulators.act("slack", "command", user="carol", channel="integrations", command="/ccb", text="create a & b ")
    command = parse(last().body)
    assert isinstance(command, Command)
    assert (command.user_name, command.command, command.text) == ("carol", "/ccb", "create a & b")
    assert command.reply.channel == CHANNEL
    assert command.id == command.trigger


async def test_events_and_their_repetitions(simulators: Simulators, receiver: Receiver) -> None:
    """Slack sends again what was not taken: the same event, with its number."""
    receiver.status = 500
    done = await simulators.act("slack", "mention", user="carol", channel=CHANNEL, text="status weather")
    sent = receiver.at("/slack")
    assert [one.headers.get("x-slack-retry-num") for one in sent] == [None, "1", "2", "3"]
    assert {one.headers.get("x-slack-retry-reason") for one in sent} == {None, "http_error"}
    found = [parse(one.body) for one in sent]
    assert len(found) == 4
    assert all(one == found[0] for one in found)
    first = found[0]
    assert isinstance(first, Event)
    assert (first.id, first.event, first.user, first.bot) == (done["event_id"], "app_mention", "U0CAROL", False)
    assert first.text == "<@U0CCBBOT> status weather"

    receiver.clear()
    await simulators.act("slack", "home", user="carol")
    opened = parse(receiver.at("/slack")[0].body)
    assert isinstance(opened, Event)
    assert (opened.event, opened.user) == ("app_home_opened", "U0CAROL")


async def test_the_challenge(simulators: Simulators, last: Last) -> None:
    done = await simulators.act("slack", "verify")
    assert done["verified"] is False  # this receiver answers nothing
    asked = parse(last().body)
    assert isinstance(asked, Challenge)
    assert asked.word == json.loads(last().body)["challenge"]


@pytest.mark.parametrize(
    "changes",
    [{"bot_id": "B1"}, {"app_id": "A1"}, {"subtype": "bot_message"}, {"user": "U0BOT"}],
    ids=["a bot", "an app", "as a bot", "ourselves"],
)
def test_nothing_that_a_bot_did_is_a_persons(changes: dict[str, str]) -> None:
    found = parse(event("app_mention", **changes))
    assert isinstance(found, Event)
    assert found.bot


@pytest.mark.parametrize(
    "body",
    [
        event("member_joined_channel"),
        event("team_join", user={"id": "U1", "profile": {}}),
        json.dumps({"type": "app_rate_limited", "team_id": "T1"}).encode(),
        payload(type="shortcut", callback_id="x"),
        payload(type="view_closed", view={}),
        payload(type="a type of tomorrow"),
        b"ssl_check=1&token=x",
    ],
    ids=["member", "join", "rate limited", "shortcut", "closed", "unknown", "ssl check"],
)
def test_what_we_do_not_use_is_left_alone(body: bytes) -> None:
    assert isinstance(parse(body), Unused)


def test_the_published_example() -> None:
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    verify([SecretStr("8f742231b10e8888abcd99yyyzzz85a5")], PUBLISHED, "1531420618", signature, 1531420620)
    found = parse(PUBLISHED)
    assert isinstance(found, Command)
    assert found.user_name == "roadrunner"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b'{"type": 1}',
        b'{"type": "event_callback", "event": {"type": "app_mention"}}',
        b'{"type": "url_verification"}',
        b"payload=",
        b"payload=not+json",
        b"payload=%5B1%5D",
        b"other=1",
        payload(type="view_submission", user={"id": "U1"}),
        payload(type="block_actions", user={"id": "U1"}, team={"id": "T1"}, trigger_id="1.2", actions=[]),
        payload(type="block_actions", user={"id": "u <1>"}, team={"id": "T1"}, trigger_id="1.2", actions=[{}]),
        PUBLISHED.replace(b"trigger_id=398738663015.", b"trigger_id=..%2F"),
        b"a=1&" * 200,
        b"x" * 1_000_001,
    ],
    ids=range(16),
)
def test_bodies_that_are_not_slacks(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse(body)


_KEYS = st.sampled_from(["type", "user", "team", "id", "event", "view", "state", "values", "actions"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=15,
)
_FORMS = st.dictionaries(
    st.sampled_from(["command", "text", "team_id", "user_id", "payload", "trigger_id"]), st.text(max_size=30)
)
_PAYLOADS = st.tuples(
    st.sampled_from(["block_actions", "view_submission", "shortcut"]), st.dictionaries(_KEYS, _JSON, max_size=5)
)


@bounded(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300)
    | _JSON.map(lambda found: json.dumps(found).encode())
    | _PAYLOADS.map(lambda both: payload(**{**both[1], "type": both[0]}))
    | _FORMS.map(lambda form: urlencode(form, errors="replace").encode())
)
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(InvalidInput):
        parse(body)
