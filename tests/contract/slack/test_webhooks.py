"""What Slack sends us: genuine callbacks are read, everything else is refused."""

import json
import time
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from adapters.slack.client import SlackChat
from adapters.slack.settings import SlackSettings
from adapters.slack.webhooks import Interaction, parse_command, parse_interaction, verify
from domain.errors import InvalidInput, Unauthenticated, VendorRejected
from domain.vendors import ChatMessage
from simulators.kit import Simulators
from tests.contract.receiver import Received, Receiver
from tests.contract.slack.conftest import CHANNEL

Build = Callable[..., ChatMessage]


def check(sent: Received, *secrets: SecretStr, body: bytes | None = None, now: float | None = None) -> None:
    verify(
        secrets,
        sent.body if body is None else body,
        sent.headers["x-slack-request-timestamp"],
        sent.headers["x-slack-signature"],
        time.time() if now is None else now,
    )


@pytest.fixture
async def click(chat: SlackChat, simulators: Simulators, receiver: Receiver, message: Build, key: str) -> Received:
    """Bob clicks Request changes and says why."""
    ref = await chat.post(CHANNEL, message(question="What should change?"), key=key)
    done = await simulators.act(
        "slack", "click", user="bob", channel=CHANNEL, ts=ref.ts, action="request_changes", comment="Use pages & <tags>"
    )
    assert done["status"] == 202
    (sent,) = receiver.at("/slack")
    return sent


async def test_a_click_is_read(click: Received, settings: SlackSettings, simulators: Simulators) -> None:
    check(click, settings.signing_secret)
    found = parse_interaction(click.body)
    assert found == Interaction(
        user_id="U0BOB",
        user_name="bob",
        action="request_changes",
        value='{"hash": "sha256:00"}',
        comment="Use pages & <tags>",
        channel=CHANNEL,
        ts=found.ts,
        response_url=found.response_url,
        trigger_id=found.trigger_id,
        action_ts=found.action_ts,
    )
    newest = (await simulators.look("slack", "messages", channel=CHANNEL))["messages"][-1]
    assert found.ts == newest["ts"]
    assert found.response_url.startswith(simulators.url)


async def test_a_click_without_a_comment(
    chat: SlackChat, simulators: Simulators, receiver: Receiver, message: Build, key: str
) -> None:
    ref = await chat.post(CHANNEL, message(), key=key)
    await simulators.act("slack", "click", user="somebody-new", channel=CHANNEL, ts=ref.ts, action="approve")
    found = parse_interaction(receiver.at("/slack")[0].body)
    assert (found.user_name, found.action, found.comment) == ("somebody-new", "approve", "")


async def test_signatures(click: Received, settings: SlackSettings) -> None:
    good = settings.signing_secret
    other = SecretStr("another-secret")
    sent_at = int(click.headers["x-slack-request-timestamp"])
    check(click, other, good)  # while a secret is being rotated
    check(click, good, now=sent_at + 299)
    for broken in (
        lambda: check(click, other),
        lambda: check(click),
        lambda: check(click, SecretStr("")),
        lambda: check(click, good, body=click.body + b"x"),
        lambda: check(click, good, now=sent_at + 301),
        lambda: check(click, good, now=sent_at - 301),
        lambda: verify([good], click.body, str(sent_at + 1), click.headers["x-slack-signature"], sent_at),
        lambda: verify([good], click.body, str(sent_at), "", sent_at),
        lambda: verify([good], click.body, str(sent_at), "v0=ünicode", sent_at),
    ):
        with pytest.raises(Unauthenticated):
            broken()


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1e9", "٣", "9" * 30, " 1"])
def test_timestamps_that_are_none(timestamp: str) -> None:
    with pytest.raises(Unauthenticated, match="Timestamp"):
        verify([SecretStr("s")], b"", timestamp, "v0=00", time.time())


def test_the_published_example() -> None:
    """The worked example of Slack's own page on verifying requests."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
        b"trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    verify([SecretStr("8f742231b10e8888abcd99yyyzzz85a5")], body, "1531420618", signature, 1531420620)
    assert parse_command(body).user_name == "roadrunner"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"payload=",
        b"payload=not+json",
        b"payload=%5B1%5D",
        b"other=1",
        urlencode({"payload": json.dumps({"type": "view_submission", "user": {"id": "U1"}})}).encode(),
        urlencode({"payload": json.dumps({"type": "block_actions", "user": {"id": "U1"}, "actions": []})}).encode(),
        b"a=1&" * 200,
        b"x" * 1_000_001,
    ],
)
def test_bodies_that_are_no_click(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_interaction(body)
    with pytest.raises(InvalidInput):
        parse_command(body)


async def test_a_slash_command(simulators: Simulators, receiver: Receiver, settings: SlackSettings) -> None:
    await simulators.act(
        "slack", "command", user="carol", channel="integrations", command="/ccb", text="create temporal  & more "
    )
    (sent,) = receiver.at("/slack")
    check(sent, settings.signing_secret)
    command = parse_command(sent.body)
    assert (command.user_name, command.command, command.text) == ("carol", "/ccb", "create temporal  & more")
    assert (command.channel, command.channel_name) == (CHANNEL, "integrations")


async def test_the_person_who_clicked_is_answered(click: Received, chat: SlackChat, simulators: Simulators) -> None:
    url = parse_interaction(click.body).response_url
    await chat.respond(url, "**Thanks** <!channel>")
    answer = (await simulators.look("slack", "responses"))["responses"][-1]
    assert answer["user"] == "U0BOB"
    assert answer["body"]["response_type"] == "ephemeral"
    assert answer["body"]["text"] == "*Thanks* &lt;!channel&gt;"
    for _ in range(4):
        await chat.respond(url, "again")
    with pytest.raises(VendorRejected):  # Slack takes five
        await chat.respond(url, "once more")
