"""A conversation with Claude, in our own words: durable, addressed by content, independent of the vendor's SDK."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue

from domain.artifacts import ArtifactRef
from domain.base import Data


class Text(Data):
    type: Literal["text"] = "text"
    text: str


UNREADABLE = "INVALID_JSON"
"""Where a tool call's input is kept that is no JSON object: what the Messages API documents for sending it back."""


class ToolUse(Data):
    """Claude asks for a tool. `input` is checked against the tool's schema before anything is done with it."""

    type: Literal["tool_use"] = "tool_use"
    id: str
    name: str
    input: dict[str, JsonValue]

    @property
    def unreadable(self) -> bool:
        """Its input was no JSON object, or was cut off."""
        return self.input.keys() == {UNREADABLE}


class ToolResult(Data):
    type: Literal["tool_result"] = "tool_result"
    tool_use_id: str
    content: str
    is_error: bool = False


class Thinking(Data):
    """Extended thinking; must be sent back unchanged with its signature."""

    type: Literal["thinking"] = "thinking"
    thinking: str
    signature: str


Block = Annotated[Text | ToolUse | ToolResult | Thinking, Field(discriminator="type")]


class Message(Data):
    role: Literal["user", "assistant"]
    content: list[Block]


class Tool(Data):
    name: str
    description: str
    input_schema: dict[str, JsonValue]


class Conversation(Data):
    """All that is sent with a turn. `system` parts come stable first; the last of them is cached (prompt caching)."""

    purpose: Literal["analysis", "generation"]
    model: str
    max_tokens: int
    system: list[str]
    tools: list[Tool]
    messages: list[Message]

    def adding(self, *messages: Message) -> "Conversation":
        return self.model_copy(update={"messages": [*self.messages, *messages]})


class Usage(Data):
    """Tokens, as the Messages API counts them."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens + self.cache_creation_input_tokens + self.cache_read_input_tokens


class TextPiece(Data):
    """Some of the text of an answer, as it comes."""

    type: Literal["text"] = "text"
    text: str


class ToolPiece(Data):
    """Some of a tool call's input, as it comes: `json` is a piece of its text; the first one is empty."""

    type: Literal["tool"] = "tool"
    name: str
    json_text: str = ""


Piece = TextPiece | ToolPiece


StopReason = Literal["end_turn", "tool_use", "max_tokens", "stop_sequence", "refusal", "pause_turn", "interrupted"]


class Answer(Data):
    """What one turn brought."""

    message_id: str
    model: str
    content: list[Block]
    stop_reason: StopReason
    usage: Usage

    @property
    def tool_uses(self) -> list[ToolUse]:
        return [block for block in self.content if isinstance(block, ToolUse)]


class Price(Data):
    """US dollars for a million tokens."""

    input: Decimal
    output: Decimal
    cache_write: Decimal
    cache_read: Decimal

    def cost(self, usage: Usage) -> Decimal:
        """US dollars for `usage`."""
        return (
            usage.input_tokens * self.input
            + usage.output_tokens * self.output
            + usage.cache_creation_input_tokens * self.cache_write
            + usage.cache_read_input_tokens * self.cache_read
        ) / 1_000_000


MOST_TOKENS, MOST_USD, MOST_TURNS = 1_000_000_000_000, 1_000_000_000, 1_000_000
"""More is a mistake in writing, and no figure that counters and columns are made for."""


class Budget(Data):
    """What a run may spend on Claude. `usd` in US dollars."""

    tokens: int = Field(default=4_000_000, ge=1, le=MOST_TOKENS)
    usd: Decimal = Field(default=Decimal(10), gt=0, le=MOST_USD)
    turns: int = Field(default=60, ge=1, le=MOST_TURNS)


class Spent(Data):
    """What a run has spent. Turns that are reserved and not settled count with their worst case."""

    tokens: int = 0
    usd: Decimal = Decimal(0)
    turns: int = 0


LimitScope = Literal["run", "organization", "day"]
LimitName = Literal["organization_month_usd", "day_usd"]
_Limit = Annotated[Decimal, Field(ge=0, le=MOST_USD)]


class SpendingLimits(Data):
    """What all runs together may spend on Claude, in US dollars. None is no limit; with 0 nothing is bought.

    `organization_month_usd` holds for each organisation in a calendar month, `day_usd` for everybody in a day, in UTC.
    """

    organization_month_usd: _Limit | None = None
    day_usd: _Limit | None = None


class LimitStanding(Data):
    """How a limit stands in its `period`, a month (`2026-11`) or a day (`2026-11-23`). US dollars.

    `reserved_usd` is the worst case of the turns under way; `spent_usd` is without it.
    """

    name: LimitName
    period: str
    limit_usd: Decimal | None
    spent_usd: Decimal
    reserved_usd: Decimal
    resets_at: AwareDatetime


class LimitReached(Data):
    """What the next turn's worst case does not fit in: the details of BudgetExceeded.

    `spent` counts what others have reserved. A run's limit is its `budget`; the others are `limit_usd`, in US dollars,
    and begin anew at `resets_at`.
    """

    scope: LimitScope = "run"
    spent: Spent
    budget: Budget | None = None
    limit_usd: Decimal | None = None
    resets_at: AwareDatetime | None = None


class Turn(Data):
    """A turn bought and recorded: found again by (run, number), it is never paid for twice.

    `message_id` is the vendor's: two answers bought for one turn differ in it.
    """

    run: str
    number: int
    message_id: str = ""
    conversation: ArtifactRef
    stop_reason: StopReason
    tool_names: list[str]
    usage: Usage
    usd: Decimal
