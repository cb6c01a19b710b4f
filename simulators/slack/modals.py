"""Modals and the app's home: what the Web API opens, and what people write in it.

Source: https://docs.slack.dev/surfaces/modals, /reference/views, /reference/methods/views.open and
/reference/interaction-payloads/view-interactions-payload
"""

import json
from typing import Any

from simulators.slack.arguments import SlackError, check_view
from simulators.slack.calling import Calling
from simulators.slack.people import People
from simulators.slack.store import Store

STACKED = 3


class Views:
    """The methods `views.*`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, arguments: dict[str, Any]) -> dict[str, Any]:
        view = check_view(arguments, "modal")
        return {"view": self._store.add_view(view, self._user_of(arguments), previous=None)}

    def push(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """On top of the one that is open before whoever clicked."""
        view = check_view(arguments, "modal")
        user = self._user_of(arguments)
        stack = self._store.views(user, still_open=True)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACKED:
            raise SlackError("push_limit_reached")
        return {"view": self._store.add_view(view, user, previous=stack[-1]["id"])}

    def update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        view = check_view(arguments, "modal")
        found = self._store.view(str(arguments.get("view_id", "")), str(arguments.get("external_id", "")))
        if found is None:
            raise SlackError("not_found")
        if arguments.get("hash") and arguments["hash"] != found["hash"]:
            raise SlackError("hash_conflict")
        return {"view": self._store.change_view(found["id"], view)}

    def publish(self, arguments: dict[str, Any]) -> dict[str, Any]:
        view = check_view(arguments, "home")
        user = self._store.user(str(arguments.get("user_id", "")))
        if user is None or user["id"] != arguments.get("user_id"):
            raise SlackError("invalid_arguments", messages=["[ERROR] user_id"])
        return {"view": self._store.add_view(view, user["id"], previous=None)}

    def _user_of(self, arguments: dict[str, Any]) -> str:
        """Whose trigger it is; it is used up by this."""
        user, refusal = self._store.use_trigger(str(arguments.get("trigger_id", "")))
        if refusal:
            raise SlackError(refusal)
        return user


class Filling:
    """People fill in what is open before them."""

    def __init__(self, store: Store, calling: Calling, people: People) -> None:
        self._store = store
        self._calling = calling
        self._people = people

    async def submit(self, asked: dict[str, Any]) -> dict[str, Any]:
        """`{"user", "values": {block_id: text}}` in the form on top, or in `view`; what is not named stays as it is.

        `shown` says what became of the form: `closed`, `errors`, `trouble` (it stays open), `updated`, `pushed`.
        """
        user = self._store.ensure_user(asked["user"])
        stack = self._store.views(user["id"], still_open="view" not in asked)
        wanted = [one for one in stack if asked.get("view") in {None, one["id"]} and one["type"] == "modal"]
        if not wanted:
            raise SlackError("view_not_found")
        view = wanted[-1]
        values = _filled(view, dict(asked.get("values") or {}))
        payload = {
            "type": "view_submission",
            **self._people.context(user, asked),
            "trigger_id": self._store.new_trigger(user["id"]),
            "view": {**view, "state": {"values": values}},
            "response_urls": [],
        }
        done = await self._calling.form("callback_url", {"payload": json.dumps(payload)}, asked)
        return done | {"payload": payload} | self._became(view, user["id"], done)

    def _became(self, view: dict[str, Any], user: str, done: dict[str, Any]) -> dict[str, Any]:
        if done["status"] != 200:
            return {"shown": "trouble"}
        if not done["body"]:
            self._store.close_view(view["id"])
            return {"shown": "closed"}
        try:
            answer = json.loads(done["body"])
        except ValueError:
            return {"shown": "trouble"}
        action = answer.get("response_action") if isinstance(answer, dict) else None
        if action == "errors" and set(answer["errors"]) <= _fields(view):
            return {"shown": "errors", "errors": answer["errors"]}
        if action == "clear":
            for one in self._store.views(user, still_open=True):
                self._store.close_view(one["id"])
            return {"shown": "closed"}
        if action == "update":
            return {"shown": "updated", "view": self._store.change_view(view["id"], check_view(answer, "modal"))}
        if action == "push":
            added = self._store.add_view(check_view(answer, "modal"), user, previous=view["id"])
            return {"shown": "pushed", "view": added}
        return {"shown": "trouble"}


def _fields(view: dict[str, Any]) -> set[str]:
    return {block["block_id"] for block in view["blocks"] if block["type"] == "input"}


def _filled(view: dict[str, Any], given: dict[str, str]) -> dict[str, Any]:
    """The state of the form, with what Slack's own clients would not let anybody send refused."""
    if set(given) - _fields(view):
        raise SlackError("field_not_found")
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        text = given.get(block["block_id"], element.get("initial_value")) or None
        if text is None and not block.get("optional"):
            raise SlackError("missing_input", messages=[block["block_id"]])
        if text is not None and len(text) > element.get("max_length", 3000):
            raise SlackError("input_too_long", messages=[block["block_id"]])
        values[block["block_id"]] = {element["action_id"]: {"type": element["type"], "value": text}}
    return values
