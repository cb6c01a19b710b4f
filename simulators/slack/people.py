"""People in the workspace: they click buttons and type slash commands, and Slack calls the app back, signed.

Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload,
/authentication/verifying-requests-from-slack and /interactivity/implementing-slash-commands
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from simulators.slack.arguments import SlackError
from simulators.slack.store import APP_ID, TEAM_DOMAIN, TEAM_ID, Store

# Slack gives an app three seconds; a loaded machine of ours gets more.
CALLBACK_SECONDS = 10.0
RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5


class People:
    """`config`: `signing_secret`, `callback_url` for clicks, `command_url` for commands (else the same)."""

    def __init__(self, store: Store, config: Mapping[str, Any]) -> None:
        self._store = store
        self._config = config

    async def click(self, asked: dict[str, Any], *, response_base: str) -> dict[str, Any]:
        """`{"user", "channel", "ts", "action"}`, and optionally `comment`, `callback_url`, `timestamp`, `secret`."""
        channel = self._store.channel(asked["channel"])
        message = self._store.message(channel["id"], asked["ts"]) if channel else None
        if channel is None or message is None:
            raise SlackError("message_not_found")
        user = self._store.ensure_user(asked["user"])
        button = _button(message, asked["action"])
        payload = {
            "type": "block_actions",
            "user": {"id": user["id"], "username": user["name"], "name": user["name"], "team_id": TEAM_ID},
            "api_app_id": APP_ID,
            "token": "deprecated-verification-token",
            "container": {
                "type": "message",
                "message_ts": message["ts"],
                "channel_id": channel["id"],
                "is_ephemeral": False,
            },
            "trigger_id": self._store.new_trigger(),
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": {"id": channel["id"], "name": channel["name"]},
            "message": message,
            "state": {"values": _state(message, asked.get("comment"))},
            "response_url": response_base + self._store.new_response_url(channel["id"], message["ts"], user["id"]),
            "actions": [{**button, "action_ts": f"{time.time():.6f}"}],
        }
        return await self._call("callback_url", {"payload": json.dumps(payload)}, asked) | {"payload": payload}

    async def command(self, asked: dict[str, Any], *, response_base: str) -> dict[str, Any]:
        """`{"user", "channel", "command", "text"}`, and optionally `callback_url`, `timestamp`, `secret`."""
        channel = self._store.channel(asked["channel"])
        if channel is None:
            raise SlackError("channel_not_found")
        user = self._store.ensure_user(asked["user"])
        form = {
            "token": "deprecated-verification-token",
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel["id"],
            "channel_name": channel["name"],
            "user_id": user["id"],
            "user_name": user["name"],
            "command": asked["command"],
            "text": asked.get("text", ""),
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": response_base + self._store.new_response_url(channel["id"], "", user["id"]),
            "trigger_id": self._store.new_trigger(),
        }
        return await self._call("command_url", form, asked)

    def respond(self, token: str, body: dict[str, Any]) -> None:
        """What an app sends to a response_url: five times within half an hour."""
        found = self._store.response_url(token)
        if found is None:
            raise SlackError("invalid_url")
        channel, ts, user, made, uses = found
        if time.time() - made > RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        self._store.record_response(token, channel, ts, user, body)
        message = self._store.message(channel, ts) if ts else None
        if message is not None and body.get("delete_original"):
            self._store.delete(channel, ts)
        elif message is not None and body.get("replace_original"):
            message.pop("blocks", None)
            message.update({name: value for name, value in body.items() if name in {"text", "blocks"}})
            self._store.replace(channel, ts, message)
        elif body.get("response_type") == "in_channel":
            self._store.post(channel, {"text": body.get("text", ""), "bot_id": "B0CCB", "subtype": "bot_message"})

    async def _call(self, url_name: str, form: dict[str, str], asked: dict[str, Any]) -> dict[str, Any]:
        url = asked.get("callback_url") or self._config.get(url_name) or self._config.get("callback_url")
        if not url:
            raise SlackError("no_callback_url")
        body = urlencode(form)
        timestamp = str(asked.get("timestamp") or int(time.time()))
        secret = str(asked.get("secret") or self._config["signing_secret"])
        digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": f"v0={digest}",
        }
        async with httpx.AsyncClient(timeout=CALLBACK_SECONDS, trust_env=False) as client:
            try:
                answer = await client.post(str(url), content=body, headers=headers)
            except httpx.TransportError as error:
                raise SlackError("operation_timeout", messages=[f"{type(error).__name__}: {error}"]) from error
        return {"status": answer.status_code, "body": answer.text, "sent": {"headers": headers, "body": body}}


def _button(message: dict[str, Any], action: str) -> dict[str, Any]:
    for block in message.get("blocks", []):
        for element in block.get("elements", []) if block["type"] == "actions" else []:
            if element.get("action_id") == action:
                return {"block_id": block.get("block_id", ""), **element}
    raise SlackError("action_not_found")


def _state(message: dict[str, Any], comment: str | None) -> dict[str, Any]:
    """What stands in the message's input fields; `comment` is typed into the first."""
    values: dict[str, Any] = {}
    for block in message.get("blocks", []):
        if block["type"] == "input":
            element = block["element"]
            field = {"type": element["type"], "value": comment if not values else None}
            values[block.get("block_id", "")] = {element.get("action_id", ""): field}
    return values
