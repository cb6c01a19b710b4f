"""What a conversation says while it says it: entries for those who watch."""

from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, Field

from domain.base import Data
from domain.conversation import Spent, StopReason, Usage


class LiveEntry(Data):
    """One thing said. `run` and `turn` are as in the books; `position` orders all entries and is given by the store.

    `turn`: a turn begins (again, if it began before: what an earlier attempt said is void). `result`: what a tool
    answered, the beginning of it. `text` and `tool`: pieces of Claude's answer; a `tool` without text begins a call,
    those after it are pieces of its input, as JSON text. `end`: the turn is recorded, with what it used and what it
    cost in US dollars, and what the run has spent so far.
    """

    position: int = 0
    run: str
    turn: int = Field(ge=0)
    attempt: int = Field(default=1, ge=1)
    kind: Literal["turn", "result", "text", "tool", "end"]
    name: str = ""
    text: str = ""
    is_error: bool = False
    stop_reason: StopReason | None = None
    usage: Usage | None = None
    usd: Decimal | None = None
    spent: Spent | None = None
    at: AwareDatetime
