"""What the OpenAPI document says of answers that are problems: an example of each code, and the headers they have."""

import re
from collections.abc import Iterator
from typing import Any

from api.problems import MEDIA_TYPE
from domain.errors import CcbError, by_code

HEADERS: dict[str, Any] = {
    "RateLimit": {
        "description": "What is left of each limit (draft-ietf-httpapi-ratelimit-headers). Every answer says so.",
        "schema": {"type": "string"},
        "example": '"burst";r=49;t=1, "ip";r=299;t=1',
    },
    "RateLimit-Policy": {
        "description": "The limits that the request was counted against: requests (`q`) in a window of seconds (`w`).",
        "schema": {"type": "string"},
        "example": '"burst";q=50;w=1, "ip";q=300;w=60',
    },
    "Retry-After": {
        "description": "After how many seconds it is worth to ask again.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 5,
    },
    "WWW-Authenticate": {
        "description": "What is asked for (RFC 6750 §3).",
        "schema": {"type": "string"},
        "example": 'Bearer realm="ccb"',
    },
}
_COUNTED = ("RateLimit", "RateLimit-Policy")
_OF_STATUS = {"401": ("WWW-Authenticate",), "429": (*_COUNTED, "Retry-After"), "503": ("Retry-After",)}
_WORDS = {
    "content_too_large": "The body is larger than the 1 MB taken here. Send a smaller one.",
    "conflict": "A run of project-issues is under way; wait for its end, or abandon it.",
    "corrupted": "The plan of project-issues 1.0.0 is no longer stored.",
    "document_too_large": "The API document is larger than the 20 MB taken here.",
    "forbidden": "This needs the permission integrations:create; ada is viewer. "
    "Whoever has people:update can give another role.",
    "invalid_input": "title: is required; send it",
    "name_taken": "There is an integration named project-issues already; choose another name.",
    "not_acceptable": "This answers application/json; ask for that, or for */*.",
    "not_found": "There is no integration named project-issues; `ccb list` shows them all.",
    "not_json": "The body is not JSON that can be read here.",
    "range_not_satisfiable": "It has 48213 bytes; ask for a range within them, or for all by leaving Range out.",
    "too_many_requests": "Too many requests: the limit burst is 50 in 1 s. Wait 1 s, and see RateLimit in each answer "
    "for what is left.",
    "unauthenticated": "Say who you are: send an API key or an access token as `Authorization: Bearer …`.",
    "unsupported_media_type": "This takes JSON, and text/plain was sent: set Content-Type to application/json.",
    "vendor_rejected": "The provider refused the login: begin again.",
}
_CODES = re.compile(r"`[a-z_]+`(, `[a-z_]+`)*")


def describe(operation: dict[str, Any], shown: dict[str, Any], *, counted: bool) -> None:
    """Refer in each answer to the headers it has, and in each problem to an example of each code, kept in `shown`."""
    for status, response in operation["responses"].items():
        names = (*(_COUNTED if counted and status.startswith("2") else ()), *_OF_STATUS.get(status, ()))
        for name in names:
            response.setdefault("headers", {})[name] = {"$ref": f"#/components/headers/{name}"}
        about = response.get("content", {}).get(MEDIA_TYPE)
        if about is None:
            continue
        codes = list(_codes(response["description"]))
        response["content"] = {
            **response["content"],
            MEDIA_TYPE: {**about, "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes}},
        }
        for code in codes:
            shown.setdefault(code, {"value": _example(code, int(status))})


def _codes(description: str) -> Iterator[str]:
    if _CODES.fullmatch(description) is None:
        raise ValueError(f"a problem is described by its codes, and not as {description!r}")
    yield from description.strip("`").split("`, `")


def _example(code: str, status: int) -> dict[str, Any]:
    errors = [{"field": "title", "pointer": "/title", "detail": "is required; send it"}]
    return {
        "type": f"urn:ccb:error:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": _WORDS.get(code) or _said(by_code(code)),
        "instance": "/api/v1/integrations/project-issues",
        "code": code,
        "errors": errors if code == "invalid_input" else [],
        "details": {},
    }


def _said(error: type[CcbError]) -> str:
    """What the error's own docstring says."""
    if error is CcbError or not error.__doc__:
        raise ValueError(f"{error.code} needs words in the document")
    return error.__doc__.partition("\n")[0].strip()
