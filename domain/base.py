"""The base of everything that crosses a process: frozen, closed to unknown fields."""

from pydantic import BaseModel, ConfigDict


class Data(BaseModel):
    """A value. Unknown fields are refused so that a typo is an error, not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")
