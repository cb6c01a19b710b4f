"""OAuth's own form of errors (RFC 6749 §5.2), which its clients read instead of problem+json."""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import Field

from domain.base import Data

Code = Literal[
    "invalid_request",
    "invalid_grant",
    "unsupported_grant_type",
    "authorization_pending",
    "slow_down",
    "access_denied",
    "expired_token",
]
LONGEST = 1000
"""Characters of a field."""
_MOST_FIELDS = 20


class OAuthError(Data):
    """What OAuth 2.0 clients expect (RFC 6749 §5.2, RFC 8628 §3.5)."""

    error: Code = Field(examples=["authorization_pending"])
    error_description: str = Field(examples=["Nobody has decided yet: ask again after the interval."])


def refused(error: Code, description: str) -> JSONResponse:
    body = OAuthError(error=error, error_description=description)
    return JSONResponse(body.model_dump(), status_code=400, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


def form_body(required: Mapping[str, str], optional: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The `openapi_extra` of an endpoint that takes a form, as OAuth has it: fields by name, with what they are."""
    described = {**required, **(optional or {})}
    properties: dict[str, dict[str, Any]] = {
        name: {"type": "string", "maxLength": LONGEST, "description": about} for name, about in described.items()
    }
    for name in required:
        properties[name]["minLength"] = 1
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": {"type": "string", "maxLength": LONGEST},
        "maxProperties": _MOST_FIELDS,
    }
    return {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": schema}}, "required": True}}


async def form_of(request: Request) -> dict[str, str] | None:
    """The fields of a form; None for what is none, is too long, or has a field twice (RFC 6749 §3.2)."""
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    fields = dict(pairs)
    short = all(len(value) <= LONGEST for value in fields.values())
    return fields if short and len(fields) == len(pairs) else None
