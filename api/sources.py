"""Where an API document is, as a request says it."""

import re
from typing import Annotated, Any

from pydantic import ConfigDict, Field, JsonValue, field_validator, model_validator

from domain.runs import DocumentSource

_HTTP = r"^https?://\S"
_EXAMPLES: dict[str, JsonValue] = {"examples": [{"url": "https://api.example.com/openapi.json"}]}


def _exactly_one(schema: dict[str, Any]) -> None:
    """None stands for what is left out, here and in Python; nobody sends null."""
    schema["properties"] = {name: about["anyOf"][0] for name, about in schema["properties"].items()}
    schema.update(_EXAMPLES, minProperties=1, maxProperties=1)


class NewDocument(DocumentSource):
    """Where the API document is: a URL, or what POST /api/v1/documents answered. Exactly one of the two."""

    model_config = ConfigDict(json_schema_extra=_exactly_one)

    url: Annotated[str, Field(max_length=2000, json_schema_extra={"pattern": _HTTP})] | None = None

    @field_validator("url")
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        if url is not None and re.match(_HTTP, url) is None:
            raise ValueError("must begin with http:// or https://; upload a file to /api/v1/documents instead")
        return url

    @model_validator(mode="after")
    def _one(self) -> "NewDocument":
        if (self.url is None) == (self.artifact is None) or len(self.model_fields_set) > 1:
            raise ValueError("give either url or artifact, and not both")
        return self
