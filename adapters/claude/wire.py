"""Conversations as the Messages API takes them.

Four cache breakpoints, the most there may be: the first system part (with the tools before it), which holds for every
run; the last system part; and the last block of the last two user messages. The older of the two is where the previous
turn wrote its entry, so that it is found however many blocks the turn has added: a breakpoint looks back 20 only.
"""

from typing import TypedDict

from anthropic import types

from domain.conversation import Block, Conversation, Message, Text, Thinking, ToolResult, ToolUse

_CACHED_USER_MESSAGES = 2
_CACHE: types.CacheControlEphemeralParam = {"type": "ephemeral"}

BlockParam = types.TextBlockParam | types.ToolUseBlockParam | types.ToolResultBlockParam | types.ThinkingBlockParam


class Request(TypedDict):
    """What both creating a message and counting its tokens take."""

    model: str
    system: list[types.TextBlockParam]
    tools: list[types.ToolParam]
    messages: list[types.MessageParam]


def request(conversation: Conversation) -> Request:
    system: list[types.TextBlockParam] = [{"type": "text", "text": part} for part in conversation.system if part]
    for part in {0, len(system) - 1} if system else ():
        system[part]["cache_control"] = _CACHE
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
