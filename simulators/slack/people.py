"""People in the workspace: they click buttons, type slash commands and mention the app; Slack calls the app back.

Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload,
/interactivity/implementing-slash-commands, /reference/events/app_mention and /reference/events/app_home_opened
"""

import json
import secrets
import time
from typing import Any

from simulators.slack.arguments import SlackError, check_message
from simulators.slack.calling import Calling
from simulators.slack.store import APP_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, Store

RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5


class People:
    def __init__(self, store: Store, calling: Calling) -> None:
        self._store = store
        self._calling = calling

    async def click(self, asked: dict[str, Any], *, response_base: str) -> dict[str, Any]:
        """`{"user", "channel", "ts", "action"}`; without `ts` on the newest that only this person sees.

        And optionally `callback_url`, `timestamp`, `secret`, `team`.
        """
        user = self._store.ensure_user(asked["user"])
        channel, message = self._clicked(asked, user["id"])
        button = _button(message, asked["action"])
        private = message.get("response_type") == "ephemeral"
        payload = {
            "type": "block_actions",
            **self.context(user, asked),
            "container": {
                "type": "message",
                "message_ts": message["ts"],
                "channel_id": channel["id"],
                "is_ephemeral": private,
            },
            "trigger_id": self._store.new_trigger(user["id"]),
            "channel": {"id": channel["id"], "name": channel["name"]},
            "state": {"values": {}},
            "response_url": response_base + self._store.new_response_url(channel["id"], message["ts"], user["id"]),
            "actions": [{**button, "action_ts": f"{time.time():.6f}"}],
        }
        if not private:
            payload["message"] = message
        done = await self._calling.form("callback_url", {"payload": json.dumps(payload)}, asked)
        return done | {"payload": payload}

    async def command(self, asked: dict[str, Any], *, response_base: str) -> dict[str, Any]:
        """`{"user", "channel", "command", "text"}`; what the app answers is shown to this person.

        And optionally `callback_url`, `timestamp`, `secret`, `team`.
        """
        channel = self._store.channel(asked["channel"])
        if channel is None:
            raise SlackError("channel_not_found")
        user = self._store.ensure_user(asked["user"])
        form = {
            "token": "deprecated-verification-token",
            "team_id": asked.get("team") or TEAM_ID,
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
            "trigger_id": self._store.new_trigger(user["id"]),
        }
        done = await self._calling.form("command_url", form, asked)
        shown = _shown(done)
        if shown is not None:
            self._store.record_response("", channel["id"], "", user["id"], shown)
        return done | {"shown": shown}

    async def mention(self, asked: dict[str, Any]) -> dict[str, Any]:
        """`{"user", "channel", "text"}`: a message that begins with the app's name. If wanted `thread_ts`, `bot_id`."""
        channel = self._store.channel(asked["channel"])
        if channel is None:
            raise SlackError("channel_not_found")
        user = self._store.ensure_user(asked["user"])
        body = {"user": user["id"], "text": f"<@{BOT_USER_ID}> {asked.get('text', '')}", "team": TEAM_ID}
        for name in ("thread_ts", "bot_id", "app_id"):
            if asked.get(name):
                body[name] = asked[name]
        posted = self._store.post(channel["id"], body)
        event = {**body, "type": "app_mention", "ts": posted["ts"], "channel": channel["id"], "event_ts": posted["ts"]}
        return await self.event({**asked, "event": event})

    async def home(self, asked: dict[str, Any]) -> dict[str, Any]:
        """`{"user"}` looks at the app's home."""
        user = self._store.ensure_user(asked["user"])
        event = {"type": "app_home_opened", "user": user["id"], "channel": f"D{user['id'][1:]}", "tab": "home"}
        return await self.event({**asked, "event": {**event, "event_ts": f"{time.time():.6f}"}})

    async def event(self, asked: dict[str, Any]) -> dict[str, Any]:
        """`{"event"}`, and optionally `event_id`, `repeat`, `team`, `callback_url`, `timestamp`, `secret`."""
        wrapped = {
            "token": "deprecated-verification-token",
            "team_id": asked.get("team") or TEAM_ID,
            "api_app_id": APP_ID,
            "event": asked["event"],
            "type": "event_callback",
            "event_id": asked.get("event_id") or f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM_ID,
                    "user_id": BOT_USER_ID,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }
        return await self._calling.event(json.dumps(wrapped), asked) | {"event_id": wrapped["event_id"]}

    async def verify(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Slack asks whether the address is the app's, as when it is entered."""
        challenge = secrets.token_urlsafe(32)
        body = {"token": "deprecated-verification-token", "challenge": challenge, "type": "url_verification"}
        done = await self._calling.event(json.dumps(body), asked)
        return done | {"verified": done["status"] == 200 and challenge in done["body"]}

    def context(self, user: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        """What every interaction says of who and where."""
        team = asked.get("team") or TEAM_ID
        return {
            "user": {"id": user["id"], "username": user["name"], "name": user["name"], "team_id": team},
            "api_app_id": APP_ID,
            "token": "deprecated-verification-token",
            "team": {"id": team, "domain": TEAM_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
        }

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
        if not body.get("delete_original"):
            check_message(body)
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

    def _clicked(self, asked: dict[str, Any], user: str) -> tuple[dict[str, Any], dict[str, Any]]:
        if asked.get("ts"):
            channel = self._store.channel(asked["channel"])
            message = self._store.message(channel["id"], asked["ts"]) if channel else None
        else:
            answers = [one for one in self._store.responses() if one["user"] == user]
            newest = next((one for one in reversed(answers) if _has(one["body"], asked["action"])), None)
            channel = self._store.channel(newest["channel"]) if newest else None
            message = {**newest["body"], "ts": f"{time.time():.6f}"} if newest else None
        if channel is None or message is None:
            raise SlackError("message_not_found")
        return channel, message


def _shown(done: dict[str, Any]) -> dict[str, Any] | None:
    """What Slack shows of the answer to a slash command; refused where Slack would say that the command failed."""
    if done["status"] != 200:
        raise SlackError("dispatch_failed", messages=[f"HTTP {done['status']}: {done['body'][:500]}"])
    if not done["body"]:
        return None
    if not done["headers"].get("content-type", "").startswith("application/json"):
        return {"text": done["body"], "response_type": "ephemeral"}
    body: dict[str, Any] = json.loads(done["body"])
    check_message(body)
    return {"response_type": "ephemeral", **body}


def _has(message: dict[str, Any], action: str) -> bool:
    return any(element.get("action_id") == action for _, element in _elements(message))


def _elements(message: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (block.get("block_id", ""), element)
        for block in message.get("blocks", [])
        if block["type"] == "actions"
        for element in block.get("elements", [])
    ]


def _button(message: dict[str, Any], action: str) -> dict[str, Any]:
    for block_id, element in _elements(message):
        if element.get("action_id") == action:
            return {"block_id": block_id, **element}
    raise SlackError("action_not_found")
