"""Reading an answer while it streams, block by block, so that a cut leaves what came before it.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from anthropic import types

from domain.conversation import (
    UNREADABLE,
    Answer,
    Block,
    Piece,
    StopReason,
    Text,
    TextPiece,
    Thinking,
    ToolPiece,
    ToolUse,
    Usage,
)
from domain.errors import VendorRejected

_KEPT_UNREADABLE = 1000
"""Characters of a tool's input that cannot be read, which are sent back for Claude to know it by."""

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


@dataclass
class _Open:
    """A block as far as it has come."""

    type: str
    id: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list)
    signature: str = ""
    whole: bool = False

    @property
    def said(self) -> str:
        """Half a surrogate pair, which JSON can name and UTF-8 cannot, is replaced."""
        return "".join(self.parts).encode("utf-8", "replace").decode()

    def block(self) -> Block:
        """Raises VendorRejected for a kind that is not known."""
        match self.type:
            case "text":
                return Text(text=self.said)
            case "tool_use":
                return self._tool_use()
            case "thinking":
                return Thinking(thinking=self.said, signature=self.signature)
        raise VendorRejected(
            f"Claude answered with a block of type {self.type}, which this version does not know.", vendor="claude"
        )

    def _tool_use(self) -> ToolUse:
        try:
            given = json.loads(self.said or "{}", parse_constant=_refused)
            json.dumps(given, ensure_ascii=False).encode()
            return ToolUse(id=self.id, name=self.name, input=given)
        except ValueError:  # no JSON, no Unicode (UnicodeEncodeError) or no object (ValidationError)
            return ToolUse(id=self.id, name=self.name, input={UNREADABLE: self.said[:_KEPT_UNREADABLE]})

    @property
    def usable(self) -> bool:
        """Whether it can be kept though the answer was cut: half a text is one, half of anything else is not."""
        match self.type:
            case "text":
                return bool(self.said.strip())
            case "tool_use":
                return self.whole
            case "thinking":
                return self.whole and bool(self.signature)
        return False


class Reading:
    """One answer, as its events come. `ended` once Claude has said why it stopped."""

    def __init__(self, on_piece: Callable[[Piece], None]) -> None:
        self._on_piece = on_piece
        self._blocks: dict[int, _Open] = {}
        self._id = ""
        self._model = ""
        self._stop_reason: str | None = None
        self.usage = Usage()

    @property
    def begun(self) -> bool:
        return bool(self._id)

    @property
    def ended(self) -> bool:
        return self.begun and self._stop_reason is not None

    def take(self, event: types.RawMessageStreamEvent) -> None:
        """By the event's type: kinds that are added later are passed over, as the API asks."""
        if event.type == "message_start":
            self._id, self._model = event.message.id, event.message.model
            self.usage = _usage(event.message.usage)
        elif event.type == "content_block_start":
            self._begin(event)
        elif event.type == "content_block_delta":
            self._grow(self._blocks[event.index], event)
        elif event.type == "content_block_stop":
            self._blocks[event.index].whole = True
        elif event.type == "message_delta":
            self._stop_reason = event.delta.stop_reason
            # Cumulative; what it leaves out is as it was told at the beginning.
            self.usage = self.usage.model_copy(update=_told(event.usage))

    def _begin(self, event: types.RawContentBlockStartEvent) -> None:
        opened = _Open(event.content_block.type)
        if event.content_block.type == "tool_use":
            opened.id, opened.name = event.content_block.id, event.content_block.name
            self._on_piece(ToolPiece(name=opened.name))
        self._blocks[event.index] = opened

    def _grow(self, block: _Open, event: types.RawContentBlockDeltaEvent) -> None:
        delta = event.delta
        if delta.type == "text_delta":
            block.parts.append(delta.text)
            self._on_piece(TextPiece(text=delta.text))
        elif delta.type == "input_json_delta" and delta.partial_json:
            block.parts.append(delta.partial_json)
            self._on_piece(ToolPiece(name=block.name, json_text=delta.partial_json))
        elif delta.type == "thinking_delta":
            block.parts.append(delta.thinking)
        elif delta.type == "signature_delta":
            block.signature = delta.signature

    def answer(self) -> Answer:
        """All of it. Raises VendorRejected for a kind of block or a reason to stop that is not known."""
        stop_reason = _STOP_REASONS.get(self._stop_reason or "")
        if stop_reason is None:
            raise VendorRejected(
                f"Claude stopped for a reason this version does not know: {self._stop_reason}.", vendor="claude"
            )
        return self._answer([block.block() for _, block in sorted(self._blocks.items())], stop_reason, self.usage)

    def interrupted(self, usage: Usage) -> Answer | None:
        """What can be kept of an answer that was cut; None if there is nothing to go on from."""
        kept = [block.block() for _, block in sorted(self._blocks.items()) if block.usable]
        if not any(isinstance(block, Text | ToolUse) for block in kept):
            return None
        return self._answer(kept, "interrupted", usage)

    def _answer(self, content: list[Block], stop_reason: StopReason, usage: Usage) -> Answer:
        return Answer(message_id=self._id, model=self._model, content=content, stop_reason=stop_reason, usage=usage)

    @property
    def thought(self) -> bool:
        """Whether it holds thinking, of which the stream shows less than is billed."""
        return any("thinking" in block.type for block in self._blocks.values())

    @property
    def said(self) -> list[str]:
        """What has come, of every block: names and input of tools, and text."""
        return [f"{block.name} {block.said}" if block.name else block.said for block in self._blocks.values()]


def _refused(constant: str) -> None:
    """Python reads NaN and Infinity, which are no JSON."""
    raise ValueError(constant)


def _usage(usage: types.Usage) -> Usage:
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_creation_input_tokens=usage.cache_creation_input_tokens or 0,
        cache_read_input_tokens=usage.cache_read_input_tokens or 0,
    )


def _told(usage: types.MessageDeltaUsage) -> dict[str, int]:
    given = {name: getattr(usage, name) for name in Usage.model_fields}
    return {name: value for name, value in given.items() if value is not None}
