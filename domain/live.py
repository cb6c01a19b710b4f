"""What a conversation says while it says it: entries for those who watch."""

from typing import Literal

from pydantic import AwareDatetime, Field

from domain.base import Data


class LiveEntry(Data):
    """One thing said. `run` and `turn` are as in the books; `position` orders all entries and is given by the store.

    `turn`: a turn begins (again, if `attempt` is above 1: what its earlier attempt said is void). `result`: what a tool
    answered. `text` and `tool`: pieces of Claude's answer; a tool's `name` is there from its first piece. `end`: the
    turn is recorded, `text` says what it used.
    """

    position: int = 0
    run: str
    turn: int = Field(ge=0)
    attempt: int = Field(default=1, ge=1)
    kind: Literal["turn", "result", "text", "tool", "end"]
    name: str = ""
    text: str = ""
    at: AwareDatetime
