"""Conditional requests (RFC 9110 §13): what a client has already is not sent again, and nobody overwrites unseen."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Header, Response

from domain.errors import PreconditionFailed, PreconditionMissing
from domain.registry import Integration

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The client has it already (`If-None-Match`)."}}

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The `ETag` of what was read, so that nothing unseen is overwritten; `*` for whatever is there.",
        max_length=200,
        examples=['"17"'],
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        description="The `ETag` of what the client has: it is sent only if it is another by now.",
        max_length=2000,
        examples=['"17"'],
    ),
]


def tagged(description: str) -> dict[str, Any]:
    """The declaration of an answer with an ETag."""
    return {"description": description, "headers": {"ETag": {"schema": {"type": "string"}, "description": "Of this."}}}


def etag(found: Integration) -> str:
    """Of an integration with its versions and its entry: all of them change its revision."""
    return f'"{found.revision}"'


def has(given: str | None, tag: str) -> bool:
    """Whether `If-None-Match` names the tag; compared weakly (RFC 9110 §8.8.3.2)."""
    if given is None:
        return False
    return given.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in given.split(",")}


def unchanged(tag: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status_code=304, headers={"ETag": tag, **(headers or {})})


def expected(given: str | None, found: Integration) -> int | None:
    """The revision that a change was made for; None for whatever is there.

    Raises PreconditionMissing without `If-Match`, PreconditionFailed if it names another state.
    """
    name = found.name or found.id
    if given is None:
        raise PreconditionMissing(
            f"Say what you have seen: read {name} and send its ETag as If-Match, or `*` to change it whatever it is.",
            field="If-Match",
        )
    if given.strip() == "*":
        return None
    if etag(found) not in {one.strip() for one in given.split(",")}:
        raise PreconditionFailed(
            f"{name} has changed since you read it: read it again, then repeat.", revision=found.revision
        )
    return found.revision
