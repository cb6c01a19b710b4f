"""What the operations answer."""

from pydantic import BaseModel, ConfigDict, Field


class Colour(BaseModel):
    """A colour."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    name: str | None = None
    hex_value: str | None = Field(default=None, alias="hexValue")
