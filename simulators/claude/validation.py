"""What the Messages API refuses, with the words it uses.

Source: https://platform.claude.com/docs/en/api/messages and the vendor's SDK (`message_create_params.py`).
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from simulators.claude.errors import ApiError, invalid
from simulators.claude.models import MODELS

MAX_BREAKPOINTS = 4
_TOOL_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,128}$")
_FIELDS = {
    *("model", "max_tokens", "messages", "system", "tools", "tool_choice", "stream", "stop_sequences", "temperature"),
    *("top_k", "top_p", "metadata", "thinking", "service_tier", "output_config", "inference_geo"),
}
_BLOCKS = {
    "user": {"text", "image", "document", "tool_result"},
    "assistant": {"text", "tool_use", "thinking", "redacted_thinking"},
}
_REQUIRED = {
    "text": ("text",),
    "tool_use": ("id", "name", "input"),
    "tool_result": ("tool_use_id",),
    "thinking": ("thinking", "signature"),
}


def check(body: object, *, counting: bool = False) -> dict[str, Any]:
    """The body, if the Messages API would take it. `counting`: as count_tokens does, without `max_tokens`."""
    if not isinstance(body, dict):
        raise invalid("Input should be a valid dictionary")
    for field in ("model", "messages", *(() if counting else ("max_tokens",))):
        if field not in body:
            raise invalid(f"{field}: Field required")
    for field in body.keys() - _FIELDS:
        raise invalid(f"{field}: Extra inputs are not permitted")
    model = MODELS.get(str(body["model"]))
    if model is None:
        raise ApiError("not_found_error", f"model: {body['model']}")
    if not counting:
        _check_limits(body, model.id, model.max_tokens)
    if model.thinks_by_default:
        _check_modern(body, model.id)
    _check_tools(body.get("tools"))
    _check_system(body.get("system"))
    _check_messages(body["messages"])
    _check_breakpoints(body)
    return body


def blocks(content: str | Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Content in its long form: a string is one text block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return list(content)


def _check_limits(body: dict[str, Any], model: str, limit: int) -> None:
    asked = body["max_tokens"]
    if not isinstance(asked, int) or isinstance(asked, bool):
        raise invalid("max_tokens: Input should be a valid integer")
    if asked < 1:
        raise invalid("max_tokens: must be greater than or equal to 1")
    if asked > limit:
        raise invalid(
            f"max_tokens: {asked} > {limit}, which is the maximum allowed number of output tokens for {model}"
        )


def _check_modern(body: dict[str, Any], model: str) -> None:
    """Settings that models from 5 on refuse (their migration guides say so)."""
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "disabled" and model.endswith("-5-5"):
        raise invalid(f"thinking: `disabled` is not supported by {model}; use `between_tools`")
    if thinking.get("type") == "enabled":
        raise invalid(f"thinking: `enabled` with a budget is not supported by {model}; use `adaptive`")
    for name in ("temperature", "top_p", "top_k"):
        if body.get(name) is not None:
            raise invalid(f"{name}: sampling parameters are not supported by {model}")
    if model.endswith("-5-5") and (body.get("tool_choice") or {}).get("type") in {"any", "tool"}:
        raise invalid(f"tool_choice: forced tool use is not supported by {model}")
    messages = body["messages"]
    last = messages[-1] if isinstance(messages, list) and messages else None
    if isinstance(last, dict) and last.get("role") == "assistant":
        raise invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )


def _check_tools(tools: object) -> None:
    if tools is None:
        return
    if not isinstance(tools, list):
        raise invalid("tools: Input should be a valid list")
    seen: set[str] = set()
    for index, tool in enumerate(tools):
        name = tool.get("name") if isinstance(tool, dict) else None
        if not isinstance(name, str) or not _TOOL_NAME.match(name):
            raise invalid(f"tools.{index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        if name in seen:
            raise invalid("tools: Tool names must be unique.")
        seen.add(name)
        schema = tool.get("input_schema")
        if not isinstance(schema, dict):
            raise invalid(f"tools.{index}.custom.input_schema: Field required")
        if schema.get("type") != "object":
            raise invalid(f"tools.{index}.custom.input_schema.type: Input should be 'object'")
        if schema.keys() & {"oneOf", "allOf", "anyOf"}:
            raise invalid(
                f"tools.{index}.custom.input_schema: "
                "input_schema does not support oneOf, allOf, or anyOf at the top level"
            )


def _check_system(system: object) -> None:
    if system is None or isinstance(system, str):
        return
    if not isinstance(system, list):
        raise invalid("system: Input should be a valid list")
    for index, block in enumerate(system):
        if not isinstance(block, dict) or block.get("type") != "text":
            raise invalid(f"system.{index}.type: Input should be 'text'")
        _check_text(block, f"system.{index}")


def _check_text(block: dict[str, Any], place: str) -> None:
    if not isinstance(block.get("text"), str):
        raise invalid(f"{place}.text: Field required")
    if not block["text"]:
        raise invalid(f"{place}: text content blocks must be non-empty")


def _check_messages(messages: object) -> None:
    if not isinstance(messages, list):
        raise invalid("messages: Input should be a valid list")
    if not messages:
        raise invalid("messages: at least one message is required")
    open_uses: list[str] = []
    used: set[str] = set()
    for index, message in enumerate(messages):
        role = _check_role(message, index)
        content = _check_content(message, role, index)
        results = [block["tool_use_id"] for block in content if block["type"] == "tool_result"]
        _check_pairing(open_uses, results, index)
        if role == "user" and results and content[0]["type"] != "tool_result":
            raise invalid(f"messages.{index}: `tool_result` blocks must come first in the content of a message")
        open_uses = [block["id"] for block in content if block["type"] == "tool_use"]
        for use in open_uses:
            if use in used:
                raise invalid(f"messages.{index}: `tool_use` ids must be unique")
            used.add(use)
    if open_uses:
        raise _unanswered(len(messages) - 1, open_uses)


def _check_role(message: object, index: int) -> str:
    if not isinstance(message, dict):
        raise invalid(f"messages.{index}: Input should be a valid dictionary")
    role = message.get("role")
    if role == "system":
        raise invalid(
            'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, '
            'not "system" as an input message role.'
        )
    if role not in _BLOCKS:
        raise invalid(f"messages.{index}.role: Input should be 'user' or 'assistant'")
    if index == 0 and role != "user":
        raise invalid('messages: first message must use the "user" role')
    return str(role)


def _check_content(message: dict[str, Any], role: str, index: int) -> list[dict[str, Any]]:
    if "content" not in message:
        raise invalid(f"messages.{index}.content: Field required")
    if not isinstance(message["content"], str | list):
        raise invalid(f"messages.{index}.content: Input should be a valid list")
    content = blocks(message["content"])
    if not content:
        raise invalid(f"messages.{index}: all messages must have non-empty content")
    for number, block in enumerate(content):
        place = f"messages.{index}.content.{number}"
        kind = block.get("type") if isinstance(block, dict) else None
        if kind not in _BLOCKS[role]:
            raise invalid(f"{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
        for field in _REQUIRED.get(kind, ()):
            if field not in block:
                raise invalid(f"{place}.{kind}.{field}: Field required")
        if kind == "text":
            _check_text(block, place)
        if kind == "tool_use" and not isinstance(block["input"], dict):
            raise invalid(f"{place}.tool_use.input: Input should be a valid dictionary")
    return content


def _check_pairing(open_uses: list[str], results: list[str], index: int) -> None:
    unanswered = [use for use in open_uses if use not in results]
    if unanswered:
        raise _unanswered(index - 1, unanswered)
    for number, result in enumerate(results):
        if result not in open_uses:
            raise invalid(
                f"messages.{index}.content.{number}: unexpected `tool_use_id` found in `tool_result` blocks: {result}. "
                "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
    if len(set(results)) != len(results):
        raise invalid(f"messages.{index}: each `tool_use` must have a single result")


def _unanswered(index: int, uses: list[str]) -> ApiError:
    return invalid(
        f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(uses)}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )


def _check_breakpoints(body: dict[str, Any]) -> None:
    found = [block for block in _cacheable(body) if block.get("cache_control")]
    if len(found) > MAX_BREAKPOINTS:
        raise invalid(f"A maximum of 4 blocks with cache_control may be provided. Found {len(found)}.")
    for block in found:
        if block["cache_control"].get("type") != "ephemeral":
            raise invalid("cache_control.type: Input should be 'ephemeral'")
        if block.get("type") in {"thinking", "redacted_thinking"}:
            raise invalid("cache_control cannot be set for thinking blocks")


def _cacheable(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from body.get("tools") or []
    yield from blocks(body.get("system") or [])
    for message in body["messages"]:
        yield from blocks(message["content"])
