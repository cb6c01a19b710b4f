"""Chat on Slack, by Slack's own SDK in threads, without its retries (Temporal owns retries).

A message carries its key in its metadata (`event_type` `ccb`); posting looks for it first, so that a lost reply does
not make a second message.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from adapters.slack import blocks, errors, views
from adapters.slack.connection import TIMEOUT_SECONDS, connect, direct
from adapters.slack.settings import SlackSettings
from domain.errors import VendorRejected
from domain.vendors import ChatMessage, Form, MessageRef, Reply

# Longer than any review stays open, so that a repeat always finds its message; older history is not read.
LOOK_BACK_SECONDS = 30 * 24 * 3600
# No call lives longer than a few timeouts.
CROSSING_SECONDS = 600
EVENT_TYPE = "ccb"
_PAGE = 200
_CHANNEL_ID = re.compile(r"^[CDG][A-Z0-9]{5,}$")

T = TypeVar("T")


class SlackChat:
    """Implements `domain.ports.Chat`. Channels are given by id or by name."""

    def __init__(self, settings: SlackSettings) -> None:
        self._client = connect(settings)
        self._base_url = urlsplit(settings.base_url)
        self._direct = direct(settings)
        self._channels: dict[str, str] = {}

    async def post(self, channel: str, message: ChatMessage, *, key: str) -> MessageRef:
        return await self._in_thread(lambda: self._post(channel, message, key), writes=True)

    async def find(self, channel: str, *, key: str) -> MessageRef | None:
        return await self._in_thread(lambda: self._find(self._channel_id(channel), key), writes=False)

    async def update(self, ref: MessageRef, message: ChatMessage) -> None:
        await self._in_thread(
            lambda: self._client.chat_update(
                channel=ref.channel, ts=ref.ts, text=blocks.text(message), blocks=blocks.blocks(message)
            ),
            writes=True,
        )

    async def delete(self, ref: MessageRef) -> None:
        await self._in_thread(lambda: self._delete(ref), writes=True)

    async def answer(self, reply: Reply, message: ChatMessage) -> None:
        """By Slack's own address for it while that is good; else in the channel."""
        if self._is_slacks(reply.url):
            try:
                await self._respond(reply.url, message)
            except VendorRejected:
                if not reply.channel:
                    raise
            else:
                return
        if reply.channel:
            await self._in_thread(lambda: self._whisper(reply, message), writes=True)
        else:
            raise VendorRejected("There is nowhere to answer: neither address nor channel is known.", vendor="slack")

    async def open_form(self, trigger: str, form: Form) -> None:
        await self._in_thread(lambda: self._open(trigger, form), writes=True)

    async def show_home(self, user: str, message: ChatMessage) -> None:
        home = views.home(message)
        await self._in_thread(lambda: self._client.views_publish(user_id=user, view=home), writes=True)

    async def _respond(self, url: str, message: ChatMessage) -> None:
        webhook = WebhookClient(url, timeout=TIMEOUT_SECONDS, retry_handlers=[])
        if self._direct:
            webhook.proxy = None
        answer = await self._in_thread(
            lambda: webhook.send(
                text=blocks.text(message),
                blocks=blocks.blocks(message),
                response_type="ephemeral",
                replace_original=False,
            ),
            writes=True,
        )
        if answer.status_code >= 400:
            raise VendorRejected(f"Slack did not take the answer (HTTP {answer.status_code}).", vendor="slack")

    def _is_slacks(self, url: str) -> bool:
        """Nothing is sent to an address that is not Slack's, whoever named it."""
        ours, its = self._base_url, urlsplit(url)
        within = its.hostname == ours.hostname or (its.hostname or "").endswith(f".{ours.hostname}")
        return its.scheme == ours.scheme and within

    def _whisper(self, reply: Reply, message: ChatMessage) -> None:
        self._client.chat_postEphemeral(
            channel=reply.channel,
            user=reply.user,
            thread_ts=reply.thread or None,
            text=blocks.text(message),
            blocks=blocks.blocks(message),
        )

    def _open(self, trigger: str, form: Form) -> None:
        try:
            self._client.views_open(trigger_id=trigger, view=views.modal(form))
        except SlackApiError as error:
            # The reply to an earlier try was lost: the form is open.
            if errors.code(error) != "exchanged_trigger_id":
                raise

    async def _in_thread(self, call: Callable[[], T], *, writes: bool) -> T:
        with errors.translated(writes=writes):
            return await asyncio.to_thread(call)

    def _post(self, channel: str, message: ChatMessage, key: str) -> MessageRef:
        channel_id = self._channel_id(channel)
        ts = self._newest(channel_id, key)
        if ts is None:
            posted = self._client.chat_postMessage(
                channel=channel_id,
                text=blocks.text(message),
                blocks=blocks.blocks(message),
                metadata={"event_type": EVENT_TYPE, "event_payload": {"key": key}},
                unfurl_links=False,
                unfurl_media=False,
            )
            ts = str(posted["ts"])
        return self._ref(channel_id, self._settled(channel_id, ts, key))

    def _settled(self, channel_id: str, ts: str, key: str) -> str:
        """The message that stays: if a repeat crossed with a call believed dead, the first of the two wins."""
        first = min(self._with_key(channel_id, key, since=float(ts) - CROSSING_SECONDS), default=ts)
        if first < ts:
            self._delete(MessageRef(channel=channel_id, ts=ts))
        return min(first, ts)

    def _find(self, channel_id: str, key: str) -> MessageRef | None:
        ts = self._newest(channel_id, key)
        return None if ts is None else self._ref(channel_id, ts)

    def _newest(self, channel_id: str, key: str) -> str | None:
        return next(self._with_key(channel_id, key, since=time.time() - LOOK_BACK_SECONDS), None)

    def _with_key(self, channel_id: str, key: str, *, since: float) -> Iterator[str]:
        for message in self._history(channel_id, since):
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == EVENT_TYPE and metadata.get("event_payload", {}).get("key") == key:
                yield str(message["ts"])

    def _history(self, channel_id: str, since: float) -> Iterator[dict[str, Any]]:
        """Newest first."""
        cursor: str | None = None
        while cursor != "":
            page = self._client.conversations_history(
                channel=channel_id, oldest=f"{since:.6f}", limit=_PAGE, include_all_metadata=True, cursor=cursor
            )
            yield from page.get("messages", [])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""

    def _ref(self, channel_id: str, ts: str) -> MessageRef:
        link = self._client.chat_getPermalink(channel=channel_id, message_ts=ts)
        return MessageRef(channel=channel_id, ts=ts, url=str(link["permalink"]))

    def _delete(self, ref: MessageRef) -> None:
        try:
            self._client.chat_delete(channel=ref.channel, ts=ref.ts)
        except SlackApiError as error:
            if errors.code(error) != "message_not_found":
                raise

    def _channel_id(self, channel: str) -> str:
        """History is read by id only; names are looked up once."""
        if _CHANNEL_ID.match(channel):
            return channel
        name = channel.removeprefix("#")
        if name not in self._channels:
            cursor: str | None = None
            while cursor != "" and name not in self._channels:
                page = self._client.conversations_list(limit=_PAGE, exclude_archived=True, cursor=cursor)
                channels: list[dict[str, str]] = page.get("channels", [])
                self._channels.update({found["name"]: found["id"] for found in channels})
                cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if name not in self._channels:
            raise VendorRejected(
                f"There is no channel {channel} in Slack. Set CCB_SLACK_CHANNEL to a channel that exists, and invite "
                "the bot to it.",
                vendor="slack",
                error="channel_not_found",
            )
        return self._channels[name]
