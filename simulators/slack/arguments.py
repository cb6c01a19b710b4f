"""What Slack takes as arguments, and what it refuses of blocks and metadata.

Source: https://docs.slack.dev/reference/block-kit/blocks, /apis/web-api/ and /messaging/message-metadata
"""

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

_TEXTS = {
    "section": ("text", 3000, {"mrkdwn", "plain_text"}),
    "header": ("text", 150, {"plain_text"}),
    "input": ("label", 2000, {"plain_text"}),
}
_KINDS = {*_TEXTS, "actions", "context", "divider", "image", "markdown", "rich_text"}
_JSON_FIELDS = ("blocks", "attachments", "metadata", "view")


class SlackError(Exception):
    """`ok: false` with this `error`."""

    def __init__(self, error: str, *, messages: list[str] | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages or []

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"ok": False, "error": self.error}
        if self.messages:
            body["response_metadata"] = {"messages": self.messages}
        return body


async def read(request: Request) -> dict[str, Any]:
    """The arguments of a call: the query, then a form or JSON body; JSON inside form fields is unfolded."""
    arguments: dict[str, Any] = dict(request.query_params)
    content_type = request.headers.get("content-type", "")
    data = await request.body()
    if content_type.startswith("application/json"):
        try:
            body = json.loads(data or b"{}")
        except ValueError as error:
            raise SlackError("invalid_json") from error
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        arguments |= body
    elif content_type.startswith("application/x-www-form-urlencoded"):
        arguments |= dict(parse_qsl(data.decode(), keep_blank_values=True))
    elif data:
        raise SlackError("invalid_post_type")
    for name in _JSON_FIELDS:
        if isinstance(arguments.get(name), str):
            try:
                arguments[name] = json.loads(arguments[name])
            except ValueError as error:
                raise SlackError("invalid_blocks_format" if name == "blocks" else "invalid_arguments") from error
    return arguments


def flag(arguments: dict[str, Any], name: str) -> bool:
    return str(arguments.get(name, "")).lower() in {"1", "true"}


def check_message(arguments: dict[str, Any]) -> None:
    """Refuse what Slack would not post."""
    text = arguments.get("text") or ""
    blocks = arguments.get("blocks") or []
    if not text and not blocks:
        raise SlackError("no_text")
    if len(text) > 40_000:
        raise SlackError("msg_too_long")
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    if len(blocks) > 50:
        raise SlackError("invalid_blocks", messages=["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"])
    problems = [problem for index, block in enumerate(blocks) for problem in _block(block, f"/blocks/{index}")]
    ids = [block["block_id"] for block in blocks if isinstance(block, dict) and block.get("block_id")]
    if len(ids) != len(set(ids)):
        problems.append("[ERROR] block_id must be unique [json-pointer:/blocks]")
    if problems:
        raise SlackError("invalid_blocks", messages=problems)
    metadata = arguments.get("metadata")
    if metadata is not None and not (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    ):
        raise SlackError("invalid_metadata_format")


def check_view(arguments: dict[str, Any], kind: str) -> dict[str, Any]:
    """The view that a call names, refused where Slack would not show it."""
    view = arguments.get("view")
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", messages=["[ERROR] missing required field: view"])
    if view.get("type") != kind:
        raise SlackError("invalid_arguments", messages=["[ERROR] unsupported type [json-pointer:/view/type]"])
    blocks = view.get("blocks")
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= 100:
        raise SlackError("invalid_arguments", messages=["[ERROR] between 1 and 100 items [json-pointer:/view/blocks]"])
    problems = [problem for index, block in enumerate(blocks) for problem in _block(block, f"/view/blocks/{index}")]
    for name, limit in (("callback_id", 255), ("private_metadata", 3000), ("external_id", 255)):
        if len(view.get(name) or "") > limit:
            problems.append(f"[ERROR] must be less than {limit + 1} characters [json-pointer:/view/{name}]")
    if kind == "modal":
        asks = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
        for name, needed in (("title", True), ("submit", asks), ("close", False)):
            if needed or view.get(name) is not None:
                problems += _text(view.get(name), 24, f"/view/{name}", kinds={"plain_text"})
    ids = [block["block_id"] for block in blocks if isinstance(block, dict) and block.get("block_id")]
    if len(ids) != len(set(ids)):
        problems.append("[ERROR] block_id must be unique [json-pointer:/view/blocks]")
    if problems:
        raise SlackError("invalid_arguments", messages=problems)
    return view


def _input(block: dict[str, Any], at: str) -> list[str]:
    element = block.get("element")
    found = _text(block["hint"], 2000, f"{at}/hint", kinds={"plain_text"}) if block.get("hint") else []
    if not isinstance(element, dict) or element.get("type") != "plain_text_input":
        return [*found, f"[ERROR] unsupported type [json-pointer:{at}/element]"]
    longest = element.get("max_length", 3000)
    if not 1 <= longest <= 3000:
        found.append(f"[ERROR] must be between 1 and 3000 [json-pointer:{at}/element/max_length]")
    if len(element.get("initial_value") or "") > longest:
        found.append(f"[ERROR] longer than max_length [json-pointer:{at}/element/initial_value]")
    return found


def _block(block: object, at: str) -> list[str]:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(block, dict) or kind not in _KINDS:
        return [f"[ERROR] unsupported type: {kind} [json-pointer:{at}/type]"]
    if kind == "actions":
        return _actions(block.get("elements") or [], f"{at}/elements")
    if kind in _TEXTS:
        field, limit, kinds = _TEXTS[kind]
        found = _text(block.get(field), limit, f"{at}/{field}", kinds=kinds)
        return [*found, *_input(block, at)] if kind == "input" else found
    return []


def _actions(elements: list[dict[str, Any]], at: str) -> list[str]:
    found = [problem for n, element in enumerate(elements) for problem in _button(element, f"{at}/{n}")]
    ids = [element.get("action_id") for element in elements]
    if not 1 <= len(elements) <= 25:
        found.append(f"[ERROR] between 1 and 25 items [json-pointer:{at}]")
    if len(ids) != len(set(ids)):
        found.append(f"[ERROR] action_id must be unique [json-pointer:{at}]")
    return found


def _text(value: object, limit: int, at: str, *, kinds: set[str]) -> list[str]:
    if not isinstance(value, dict) or value.get("type") not in kinds or not isinstance(value.get("text"), str):
        return [f"[ERROR] must be a text object [json-pointer:{at}]"]
    if not 1 <= len(value["text"]) <= limit:
        return [f"[ERROR] must be between 1 and {limit} characters [json-pointer:{at}/text]"]
    return []


def _button(element: object, at: str) -> list[str]:
    if not isinstance(element, dict) or element.get("type") != "button":
        return [] if isinstance(element, dict) else [f"[ERROR] must be an object [json-pointer:{at}]"]
    found = _text(element.get("text"), 75, f"{at}/text", kinds={"plain_text"})
    for name, limit in (("value", 2000), ("action_id", 255)):
        if len(element.get(name) or "") > limit:
            found.append(f"[ERROR] must be less than {limit + 1} characters [json-pointer:{at}/{name}]")
    if element.get("style") not in {None, "primary", "danger"}:
        found.append(f"[ERROR] invalid style [json-pointer:{at}/style]")
    return found
