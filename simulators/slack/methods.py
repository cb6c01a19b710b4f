"""The methods of the Web API. Each takes the arguments of a call and answers what `ok: true` brings.

Source: https://docs.slack.dev/reference/methods
"""

import base64
from collections.abc import Callable
from typing import Any

from simulators.slack.arguments import SlackError, check_message, flag
from simulators.slack.modals import Views
from simulators.slack.store import APP_ID, BOT_ID, BOT_NAME, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, Store

Arguments = dict[str, Any]
Result = dict[str, Any]


class Methods:
    def __init__(self, store: Store) -> None:
        self._store = store
        views = Views(store)
        self.by_name: dict[str, Callable[[Arguments], Result]] = {
            "auth.test": self.auth_test,
            "chat.postMessage": self.post_message,
            "chat.postEphemeral": self.post_ephemeral,
            "chat.update": self.update,
            "chat.delete": self.delete,
            "chat.getPermalink": self.permalink,
            "conversations.history": self.history,
            "conversations.list": self.conversations,
            "conversations.info": self.conversation,
            "users.info": self.user,
            "users.list": self.users,
            "reactions.add": self.react,
            "views.open": views.open,
            "views.push": views.push,
            "views.update": views.update,
            "views.publish": views.publish,
        }

    def auth_test(self, _: Arguments) -> Result:
        return {
            "url": f"https://{TEAM_DOMAIN}.slack.com/",
            "team": "Simulated",
            "user": BOT_NAME,
            "team_id": TEAM_ID,
            "user_id": BOT_USER_ID,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    def post_message(self, arguments: Arguments) -> Result:
        channel = self._joined(arguments)
        check_message(arguments)
        body = {
            "user": BOT_USER_ID,
            "bot_id": BOT_ID,
            "app_id": APP_ID,
            "team": TEAM_ID,
            "text": arguments.get("text", ""),
        }
        for name in ("blocks", "metadata", "thread_ts"):
            if arguments.get(name):
                body[name] = arguments[name]
        if "thread_ts" in body and self._store.message(channel["id"], body["thread_ts"]) is None:
            raise SlackError("thread_not_found")
        message = self._store.post(channel["id"], body)
        return {"channel": channel["id"], "ts": message["ts"], "message": _public(message, metadata=False)}

    def post_ephemeral(self, arguments: Arguments) -> Result:
        channel = self._joined(arguments)
        check_message(arguments)
        user = self._store.user(str(arguments.get("user", "")))
        if user is None:
            raise SlackError("user_not_in_channel")
        body = {"text": arguments.get("text", ""), "response_type": "ephemeral"}
        self._store.record_response("", channel["id"], "", user["id"], body)
        return {"message_ts": "0000000000.000000"}

    def update(self, arguments: Arguments) -> Result:
        channel, message = self._own_message(arguments, refusal="cant_update_message")
        check_message(arguments)
        message["text"] = arguments.get("text", message["text"] if arguments.get("blocks") else "")
        if "blocks" in arguments:
            message["blocks"] = arguments["blocks"]
        elif "text" in arguments:
            message.pop("blocks", None)
        if arguments.get("metadata"):
            message["metadata"] = arguments["metadata"]
        message["edited"] = {"user": BOT_USER_ID, "ts": message["ts"]}
        self._store.replace(channel["id"], message["ts"], message)
        shown = _public(message, metadata=False)
        return {"channel": channel["id"], "ts": message["ts"], "text": message["text"], "message": shown}

    def delete(self, arguments: Arguments) -> Result:
        channel, message = self._own_message(arguments, refusal="cant_delete_message")
        self._store.delete(channel["id"], message["ts"])
        return {"channel": channel["id"], "ts": message["ts"]}

    def permalink(self, arguments: Arguments) -> Result:
        channel = self._by_id(arguments)
        ts = str(arguments.get("message_ts", ""))
        if self._store.message(channel["id"], ts) is None:
            raise SlackError("message_not_found")
        link = f"https://{TEAM_DOMAIN}.slack.com/archives/{channel['id']}/p{ts.replace('.', '')}"
        return {"channel": channel["id"], "permalink": link}

    def history(self, arguments: Arguments) -> Result:
        channel = self._joined(arguments, by_id=True)
        limit = _limit(arguments, default=100, most=999)
        cursor = arguments.get("cursor")
        latest = _cursor(cursor) if cursor else str(arguments.get("latest") or "9999999999.999999")
        found = self._store.history(
            channel["id"],
            oldest=str(arguments.get("oldest") or "0"),
            latest=latest,
            inclusive=flag(arguments, "inclusive") and not cursor,
            limit=limit + 1,
        )
        page, more = found[:limit], len(found) > limit
        metadata = flag(arguments, "include_all_metadata")
        return {
            "messages": [_public(message, metadata=metadata) for message in page],
            "has_more": more,
            "response_metadata": {"next_cursor": _encoded(page[-1]["ts"]) if more else ""},
        }

    def conversations(self, arguments: Arguments) -> Result:
        return _paged(self._store.channels(), "channels", arguments)

    def conversation(self, arguments: Arguments) -> Result:
        return {"channel": self._by_id(arguments)}

    def user(self, arguments: Arguments) -> Result:
        found = self._store.user(str(arguments.get("user", "")))
        if found is None or found["id"] != arguments.get("user"):
            raise SlackError("user_not_found")
        return {"user": found}

    def users(self, arguments: Arguments) -> Result:
        return _paged(self._store.users(), "members", arguments)

    def react(self, arguments: Arguments) -> Result:
        channel = self._by_id(arguments)
        message = self._store.message(channel["id"], str(arguments.get("timestamp", "")))
        if message is None:
            raise SlackError("message_not_found")
        name = str(arguments.get("name", "")).strip(":")
        if not name:
            raise SlackError("invalid_name")
        reactions = message.setdefault("reactions", [])
        if any(reaction["name"] == name for reaction in reactions):
            raise SlackError("already_reacted")
        reactions.append({"name": name, "users": [BOT_USER_ID], "count": 1})
        self._store.replace(channel["id"], message["ts"], message)
        return {}

    def _by_id(self, arguments: Arguments) -> dict[str, Any]:
        found = self._store.channel(str(arguments.get("channel", "")))
        if found is None or found["id"] != arguments.get("channel"):
            raise SlackError("channel_not_found")
        return found

    def _joined(self, arguments: Arguments, *, by_id: bool = False) -> dict[str, Any]:
        found = self._by_id(arguments) if by_id else self._store.channel(str(arguments.get("channel", "")))
        if found is None:
            raise SlackError("channel_not_found")
        if not found["is_member"]:
            raise SlackError("not_in_channel")
        return found

    def _own_message(self, arguments: Arguments, *, refusal: str) -> tuple[dict[str, Any], dict[str, Any]]:
        channel = self._by_id(arguments)
        message = self._store.message(channel["id"], str(arguments.get("ts", "")))
        if message is None:
            raise SlackError("message_not_found")
        if message.get("bot_id") != BOT_ID:
            raise SlackError(refusal)
        return channel, message


def _public(message: dict[str, Any], *, metadata: bool) -> dict[str, Any]:
    return message if metadata else {name: value for name, value in message.items() if name != "metadata"}


def _limit(arguments: Arguments, *, default: int, most: int) -> int:
    try:
        limit = int(arguments.get("limit") or default)
    except ValueError as error:
        raise SlackError("invalid_limit") from error
    if limit < 1:
        raise SlackError("invalid_limit")
    return min(limit, most)


def _encoded(position: str) -> str:
    return base64.b64encode(f"next:{position}".encode()).decode()


def _cursor(cursor: str) -> str:
    try:
        kind, _, position = base64.b64decode(cursor, validate=True).decode().partition(":")
    except ValueError as error:
        raise SlackError("invalid_cursor") from error
    if kind != "next":
        raise SlackError("invalid_cursor")
    return position


def _paged(found: list[dict[str, Any]], name: str, arguments: Arguments) -> Result:
    start = int(_cursor(arguments["cursor"])) if arguments.get("cursor") else 0
    end = start + _limit(arguments, default=100, most=1000)
    following = _encoded(str(end)) if end < len(found) else ""
    return {name: found[start:end], "response_metadata": {"next_cursor": following}}
