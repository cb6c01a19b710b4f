"""An answer on the wire: as one message, or as the events of a stream.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulators.claude.accounting import Usage, tokens_of


@dataclass(frozen=True)
class Block:
    """A content block with its text as it is generated: a tool's input is JSON text, which a limit may cut."""

    head: dict[str, Any]
    raw: str

    @property
    def tokens(self) -> int:
        return tokens_of(self.raw) + 3

    def cut(self, tokens: int) -> "Block":
        return Block(self.head, self.raw.encode()[: max(tokens, 0) * 4].decode(errors="ignore"))

    def whole(self) -> dict[str, Any]:
        match self.head["type"]:
            case "tool_use":
                return {**self.head, "input": _parsed(self.raw)}
            case "thinking":
                return {**self.head, "thinking": self.raw}
            case "text":
                return {**self.head, "text": self.raw}
            case _:
                return self.head


@dataclass(frozen=True)
class Event:
    """One event of a stream, with the output tokens billed and the content blocks whole by it."""

    name: str
    data: dict[str, Any]
    streamed: int
    blocks: int

    def encoded(self) -> bytes:
        return event(self.name, self.data)


@dataclass(frozen=True)
class Reply:
    id: str
    model: str
    blocks: list[Block]
    stop_reason: str
    usage: Usage
    output_tokens: int

    def message(self) -> dict[str, Any]:
        return self._message([block.whole() for block in self.blocks], self.stop_reason, self.output_tokens)

    def _message(self, content: list[dict[str, Any]], stop_reason: str | None, output: int) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": self.usage.as_json(output),
        }

    def events(self) -> Iterator[Event]:
        """The stream, with what is billed of it by then."""
        streamed = 1
        yield Event("message_start", {"message": self._message([], None, streamed)}, streamed, 0)
        done = 0
        for index, block in enumerate(self.blocks):
            done_tokens = sum(whole.tokens for whole in self.blocks[:index])
            head = {"index": index, "content_block": _empty(block.head)}
            yield Event("content_block_start", head, max(1, done_tokens + 3), index)
            if index == 0:
                yield Event("ping", {}, max(1, done_tokens + 3), index)
            said = ""
            for piece, delta in _deltas(block):
                said += piece
                streamed = done_tokens + tokens_of(said) + 3
                yield Event("content_block_delta", {"index": index, "delta": delta}, streamed, index)
            done = index + 1
            yield Event("content_block_stop", {"index": index}, max(1, done_tokens + block.tokens), done)
        ending = {
            "delta": {"stop_reason": self.stop_reason, "stop_sequence": None},
            "usage": self.usage.as_json(self.output_tokens),
        }
        yield Event("message_delta", ending, self.output_tokens, done)
        yield Event("message_stop", {}, self.output_tokens, done)


def event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data}, ensure_ascii=False)}\n\n".encode()


def reply(request: dict[str, Any], content: list[dict[str, Any]], *, stop_reason: str | None, usage: Usage) -> Reply:
    """The answer with this content, cut at the request's `max_tokens`."""
    left = int(request["max_tokens"])
    kept: list[Block] = []
    cut = False
    for block in map(_block, content):
        if block.tokens > left:
            kept.append(block.cut(left - 3))
            left, cut = 0, True
            break
        kept.append(block)
        left -= block.tokens
    uses = any(block.head["type"] == "tool_use" for block in kept)
    return Reply(
        id=f"msg_{secrets.token_hex(12)}",
        model=request["model"],
        blocks=kept,
        stop_reason="max_tokens" if cut else stop_reason or ("tool_use" if uses else "end_turn"),
        usage=usage,
        output_tokens=int(request["max_tokens"]) - left,
    )


def _block(content: dict[str, Any]) -> Block:
    """`raw_input` of a scripted tool use is sent as it is, well-formed or not."""
    match content["type"]:
        case "text":
            return Block({"type": "text"}, content["text"])
        case "tool_use":
            raw = content.get("raw_input")
            return Block(
                {
                    "type": "tool_use",
                    "id": content.get("id") or f"toolu_{secrets.token_hex(12)}",
                    "name": content["name"],
                },
                json.dumps(content["input"], ensure_ascii=False) if raw is None else raw,
            )
        case "thinking":
            return Block({"type": "thinking", "signature": content["signature"]}, content["thinking"])
        case _:
            return Block(content, "")


def _parsed(raw: str) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _empty(head: dict[str, Any]) -> dict[str, Any]:
    match head["type"]:
        case "text":
            return {"type": "text", "text": ""}
        case "tool_use":
            return {**head, "input": {}}
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case _:
            return head


def _deltas(block: Block) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pieces of the text that is generated, each with the delta that carries it."""
    kinds = {
        "text": ("text_delta", "text"),
        "tool_use": ("input_json_delta", "partial_json"),
        "thinking": ("thinking_delta", "thinking"),
    }
    if block.head["type"] in kinds:
        kind, name = kinds[block.head["type"]]
        step = max(24, len(block.raw) // 16)
        for start in range(0, len(block.raw), step):
            piece = block.raw[start : start + step]
            yield piece, {"type": kind, name: piece}
    if block.head["type"] == "thinking":
        yield "", {"type": "signature_delta", "signature": block.head["signature"]}
