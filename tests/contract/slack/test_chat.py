"""Chat on Slack: one message a key, edited and deleted, and what goes wrong in our words."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from adapters.slack.client import SlackChat
from adapters.slack.settings import SlackSettings
from domain.errors import (
    CcbError,
    VendorError,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)
from domain.vendors import ChatMessage, MessageRef
from simulators.kit import Simulators
from tests.contract.slack.conftest import CHANNEL

Build = Callable[..., ChatMessage]


async def posted(simulators: Simulators, key: str) -> list[dict[str, Any]]:
    """Every message that was ever posted under the key."""
    messages = (await simulators.look("slack", "messages"))["messages"]
    return [one for one in messages if one.get("metadata", {}).get("event_payload", {}).get("key") == key]


async def test_a_message_is_posted_and_found(chat: SlackChat, simulators: Simulators, message: Build, key: str) -> None:
    ref = await chat.post(CHANNEL, message(), key=key)

    (stored,) = await posted(simulators, key)
    assert ref == MessageRef(channel=CHANNEL, ts=stored["ts"], url=ref.url)
    assert ref.ts.replace(".", "") in ref.url
    assert await chat.find(CHANNEL, key=key) == ref
    assert await chat.find(CHANNEL, key=f"{key}/other") is None
    header, section, actions = stored["blocks"]
    assert header["text"] == {"type": "plain_text", "text": "Review wanted", "emoji": False}
    assert section["text"]["text"] == "Please review *temporal-namespaces* 1.0.0."
    assert [button["action_id"] for button in actions["elements"]] == ["approve", "request_changes"]


async def test_the_same_key_is_one_message(chat: SlackChat, simulators: Simulators, message: Build, key: str) -> None:
    first = await chat.post(CHANNEL, message(), key=key)
    assert await chat.post(CHANNEL, message("Something else."), key=key) == first
    assert len(await posted(simulators, key)) == 1


@pytest.mark.parametrize("fault", ["lose_reply", "drop"])
async def test_a_lost_reply_does_not_make_a_second_message(
    chat: SlackChat, simulators: Simulators, message: Build, key: str, fault: Any
) -> None:
    await simulators.fault("slack", fault, path="chat.postMessage")
    with pytest.raises(VendorOutcomeUnknown):
        await chat.post(CHANNEL, message(), key=key)
    assert len(await posted(simulators, key)) == (1 if fault == "lose_reply" else 0)

    ref = await chat.post(CHANNEL, message(), key=key)
    (stored,) = await posted(simulators, key)
    assert stored["ts"] == ref.ts


async def test_two_posts_that_cross_are_one_message(
    chat: SlackChat, simulators: Simulators, message: Build, key: str
) -> None:
    """As when a call believed dead is repeated while it still runs."""
    await simulators.fault("slack", "latency", path="chat.postMessage", seconds=0.5, times=2)
    refs = await asyncio.gather(chat.post(CHANNEL, message(), key=key), chat.post(CHANNEL, message(), key=key))
    stored = await posted(simulators, key)
    assert len(stored) == 2
    (kept,) = [one["ts"] for one in stored if not one["deleted"]]
    assert kept in {ref.ts for ref in refs}
    found = await chat.find(CHANNEL, key=key)
    assert found is not None
    assert found.ts == kept


async def test_a_message_is_found_behind_many_others(
    chat: SlackChat, simulators: Simulators, message: Build, key: str
) -> None:
    """More than a page of history lies between."""
    ref = await chat.post("general", message(), key=key)
    await asyncio.gather(*(chat.post("general", message(), key=f"{key}/{n}") for n in range(3)))
    client = chat._client
    for number in range(210):
        await asyncio.to_thread(client.chat_postMessage, channel=ref.channel, text=f"chatter {number}")
    assert await chat.post("general", message(), key=key) == ref


async def test_channels_by_name(chat: SlackChat, message: Build, key: str) -> None:
    assert (await chat.post("#integrations", message(), key=key)).channel == CHANNEL
    assert await chat.find("integrations", key=key) is not None


async def test_a_message_is_edited(chat: SlackChat, simulators: Simulators, message: Build, key: str) -> None:
    ref = await chat.post(CHANNEL, message(), key=key)
    await chat.update(ref, message("Approved by bob.", buttons=[]))
    (stored,) = await posted(simulators, key)
    assert stored["ts"] == ref.ts
    assert "Approved by bob." in stored["text"]
    assert [block["type"] for block in stored["blocks"]] == ["header", "section"]
    assert await chat.find(CHANNEL, key=key) == ref  # the key outlives the edit


async def test_a_deleted_message_may_be_deleted_again(
    chat: SlackChat, simulators: Simulators, message: Build, key: str
) -> None:
    ref = await chat.post(CHANNEL, message(), key=key)
    await chat.delete(ref)
    await chat.delete(ref)
    assert await chat.find(CHANNEL, key=key) is None
    (stored,) = await posted(simulators, key)
    assert stored["deleted"]
    with pytest.raises(VendorRejected, match="message_not_found"):
        await chat.update(ref, message())


async def test_a_long_message_is_split_and_bounded(
    chat: SlackChat, simulators: Simulators, message: Build, key: str
) -> None:
    text = "\n".join(f"{n}. a <finding> & its **reason** in `code`" for n in range(5000)) + "\n```\n" + "y" * 9000
    await chat.post(CHANNEL, message(text, title="T" * 400), key=key)
    (stored,) = await posted(simulators, key)
    sections = [block["text"]["text"] for block in stored["blocks"] if block["type"] == "section"]
    assert len(sections) > 10
    assert "left out" in sections[-1]
    assert all(len(section) <= 3000 for section in sections)
    assert stored["blocks"][-1]["type"] == "actions"


@pytest.mark.parametrize(
    ("status", "body", "headers", "on_write", "on_read", "retry_after"),
    [
        (429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "9"}, VendorRateLimited, VendorRateLimited, 9.0),
        (429, "slow down", {}, VendorRateLimited, VendorRateLimited, None),
        (503, "<html>", {}, VendorOutcomeUnknown, VendorUnavailable, None),
        (500, {"ok": False, "error": "fatal_error"}, {}, VendorOutcomeUnknown, VendorUnavailable, None),
        (400, {"ok": False, "error": "invalid_json"}, {}, VendorRejected, VendorRejected, None),
    ],
)
async def test_each_failure_has_its_word(
    chat: SlackChat,
    simulators: Simulators,
    message: Build,
    key: str,
    status: int,
    body: Any,
    headers: dict[str, str],
    on_write: type[CcbError],
    on_read: type[CcbError],
    retry_after: float | None,
) -> None:
    ref = MessageRef(channel=CHANNEL, ts="1700000000.000001")
    await simulators.fault("slack", "error", path="chat.update", status=status, body=body, headers=headers)
    with pytest.raises(VendorError) as written:
        await chat.update(ref, message())
    await simulators.fault("slack", "error", path="conversations.history", status=status, body=body, headers=headers)
    with pytest.raises(VendorError) as read:
        await chat.find(CHANNEL, key=key)
    assert type(written.value) is on_write
    assert type(read.value) is on_read
    assert written.value.retry_after == read.value.retry_after == retry_after


async def test_a_failure_is_tried_once(chat: SlackChat, simulators: Simulators, key: str) -> None:
    """Temporal owns retries: the SDK must not have its own."""
    since = await simulators.last("slack")
    await simulators.fault("slack", "drop", path="conversations.history", times=5)
    with pytest.raises(VendorOutcomeUnknown):
        await chat.find(CHANNEL, key=key)
    assert len(await simulators.journal("slack", since=since)) == 1


async def test_a_wrong_token_says_what_to_do(settings: SlackSettings, message: Build, key: str) -> None:
    secret = "xoxb-some-wrong-token"
    wrong = SlackChat(SlackSettings(**settings.model_dump(exclude={"token"}), token=secret))
    with pytest.raises(VendorRejected, match=r"CCB_SLACK_TOKEN.*invalid_auth") as caught:
        await wrong.post(CHANNEL, message(), key=key)
    assert secret not in f"{caught.value.message} {caught.value.details}"


@pytest.mark.parametrize("channel", ["#nowhere", "C0NOWHERE", "random", "C0RANDOM"])
async def test_an_unknown_channel_says_what_to_do(chat: SlackChat, message: Build, key: str, channel: str) -> None:
    with pytest.raises(VendorRejected, match="CCB_SLACK_CHANNEL"):
        await chat.post(channel, message(), key=key)


async def test_nobody_listens(settings: SlackSettings, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    chat = SlackChat(settings.model_copy(update={"base_url": f"http://127.0.0.1:{port}/api/"}))
    with pytest.raises(VendorUnavailable, match="CCB_SLACK_BASE_URL"):
        await chat.find(CHANNEL, key=key)
