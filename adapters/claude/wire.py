"""Conversations and answers, ours ↔ the Messages API's.

Three cache breakpoints: the last system part (with the tools before it), and the last block of the last two user
messages. The older of the two is where the previous turn wrote its entry, so that it is found however many blocks the
turn has added (a breakpoint looks back 20 blocks only).
"""

from typing import TypedDict

from anthropic import types
from pydantic import ValidationError

from domain.conversation import (
    Answer,
    Block,
    Conversation,
    Message,
    StopReason,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Usage,
)
from domain.errors import VendorOutcomeUnknown, VendorRejected

_CACHED_USER_MESSAGES = 2
_CACHE: types.CacheControlEphemeralParam = {"type": "ephemeral"}
# A full context window cuts an answer short just as the limit on output does.
_STOP_REASONS: dict[str, StopReason] = {
    "end_turn": "end_turn",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "max_tokens",
    "stop_sequence": "stop_sequence",
    "refusal": "refusal",
    "pause_turn": "pause_turn",
}

BlockParam = types.TextBlockParam | types.ToolUseBlockParam | types.ToolResultBlockParam | types.ThinkingBlockParam


class Request(TypedDict):
    """What both creating a message and counting its tokens take."""

    model: str
    system: list[types.TextBlockParam]
    tools: list[types.ToolParam]
    messages: list[types.MessageParam]


def request(conversation: Conversation) -> Request:
    system: list[types.TextBlockParam] = [{"type": "text", "text": part} for part in conversation.system if part]
    if system:
        system[-1]["cache_control"] = _CACHE
    tools: list[types.ToolParam] = [
        {"name": tool.name, "description": tool.description, "input_schema": dict(tool.input_schema)}
        for tool in conversation.tools
    ]
    said = [message for message in conversation.messages if any(map(_sendable, message.content))]
    users = [index for index, message in enumerate(said) if message.role == "user"]
    cached = set(users[-_CACHED_USER_MESSAGES:])
    messages = [_message(message, cached=index in cached) for index, message in enumerate(said)]
    return {"model": conversation.model, "system": system, "tools": tools, "messages": messages}


def _sendable(block: Block) -> bool:
    """The API refuses empty text, which it sometimes answers itself."""
    return not (isinstance(block, Text) and not block.text)


def _message(message: Message, *, cached: bool) -> types.MessageParam:
    content = [_param(block) for block in message.content if _sendable(block)]
    last = content[-1]
    if cached and last["type"] != "thinking":
        last["cache_control"] = _CACHE
    return {"role": "user", "content": content} if message.role == "user" else {"role": "assistant", "content": content}


def _param(block: Block) -> BlockParam:
    match block:
        case Text():
            return {"type": "text", "text": block.text}
        case ToolUse():
            return {"type": "tool_use", "id": block.id, "name": block.name, "input": dict(block.input)}
        case ToolResult():
            return {
                "type": "tool_result",
                "tool_use_id": block.tool_use_id,
                "content": block.content,
                "is_error": block.is_error,
            }
        case Thinking():
            return {"type": "thinking", "thinking": block.thinking, "signature": block.signature}


def answer(message: types.Message) -> Answer:
    """Raises VendorRejected for an unknown kind of block or stop reason, VendorOutcomeUnknown for a broken one."""
    stop_reason = _STOP_REASONS.get(message.stop_reason or "")
    if stop_reason is None:
        raise VendorRejected(
            f"Claude stopped for a reason this version does not know: {message.stop_reason}.", vendor="claude"
        )
    try:
        return Answer(
            message_id=message.id,
            model=message.model,
            content=[_block(block) for block in message.content],
            stop_reason=stop_reason,
            usage=_usage(message.usage),
        )
    except ValidationError as error:
        raise VendorOutcomeUnknown(
            "Claude's answer was not well-formed and cannot be used.", vendor="claude"
        ) from error


def _block(block: types.ContentBlock) -> Block:
    match block:
        case types.TextBlock():
            return Text(text=block.text)
        case types.ToolUseBlock():
            return ToolUse.model_validate({"id": block.id, "name": block.name, "input": block.input})
        case types.ThinkingBlock():
            return Thinking(thinking=block.thinking, signature=block.signature)
        case _:
            raise VendorRejected(
                f"Claude answered with a block of type {block.type}, which this version does not know.", vendor="claude"
            )


def _usage(usage: types.Usage) -> Usage:
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_creation_input_tokens=usage.cache_creation_input_tokens or 0,
        cache_read_input_tokens=usage.cache_read_input_tokens or 0,
    )
