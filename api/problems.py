"""Errors as problem+json (RFC 9457): one handler for each family, so that no endpoint can forget."""

import logging
import math
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import Field, JsonValue
from starlette.exceptions import HTTPException

from api.negotiation import methods
from domain.base import Data
from domain.errors import CcbError, Forbidden, InvalidInput, StorageUnavailable, TooManyRequests, Unauthenticated

MEDIA_TYPE = "application/problem+json"
PROBLEMS = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
"""The `content` of an answer that is a problem."""
_log = logging.getLogger("ccb.api")

TOO_LARGE = "content_too_large"
_CODES = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TOO_LARGE}
"""Where Python's phrases differ between its versions; ours are stable."""

_FIXES = {
    HTTPStatus.NOT_FOUND: "Nothing is served here. The paths there are can be seen at /docs.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path does not take this method; the Allow header names those it takes.",
}


Responses = dict[int | str, dict[str, Any]]

_NOT_JSON = (
    "The body is not JSON that can be read here: it has to be one value in UTF-8, not nested a thousand deep, and "
    "without numbers of thousands of digits."
)


class FieldProblem(Data):
    """One thing wrong with what was sent. `pointer` is a JSON pointer (RFC 6901) into the body, or the parameter."""

    field: str
    pointer: str
    detail: str


class Problem(Data):
    """What went wrong (RFC 9457). `code` is stable and for programs, `detail` is for people."""

    type: str = Field(examples=["urn:ccb:error:not_found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no integration named weather-reports."])
    instance: str = Field(examples=["/api/v1/integrations/weather-reports"])
    code: str = Field(examples=["not_found"])
    errors: list[FieldProblem] = []
    details: dict[str, JsonValue] = {}


def problem(
    instance: str,
    *,
    status: int,
    code: str,
    detail: str,
    errors: list[FieldProblem] | None = None,
    details: dict[str, JsonValue] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body = Problem(
        type=f"urn:ccb:error:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        instance=instance,
        code=code,
        errors=errors or [],
        details=details or {},
    )
    return Response(body.model_dump_json(), status_code=status, headers=headers, media_type=MEDIA_TYPE)


def documented(*errors: type[CcbError]) -> Responses:
    """The `responses=` of an endpoint that can end in these errors, and in those that every endpoint can end in."""
    by_status: dict[int, list[str]] = {}
    always: list[type[CcbError]] = [InvalidInput, Unauthenticated, Forbidden, TooManyRequests, StorageUnavailable]
    for error in [*always, *errors]:
        codes = by_status.setdefault(error.http_status, [])
        if error.code not in codes:
            codes.append(error.code)
    return {
        status: {"description": f"`{'`, `'.join(codes)}`", "content": PROBLEMS}
        for status, codes in sorted(by_status.items())
    }


def together(some: Responses, more: Responses) -> Responses:
    """Both; where both have a problem of one status, its codes are those of both."""
    both = {**more, **some}
    for status in some.keys() & more.keys():
        told = [some[status]["description"], more[status]["description"]]
        codes = [code for each in told for code in each.split(", ")]
        both[status] = {**some[status], "description": ", ".join(dict.fromkeys(codes))}
    return both


def install(app: FastAPI) -> None:
    app.add_exception_handler(CcbError, _of_ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _of_ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, CcbError):
        raise error
    if error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("request failed", extra={"path": request.url.path, "code": error.code, "error": error.message})
    details = dict(error.details)
    field = details.pop("field", None)
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    headers |= _challenge(request, error)
    errors = [FieldProblem(field=field, pointer=pointer(field), detail=error.message)] if isinstance(field, str) else []
    return problem(
        request.url.path,
        status=error.http_status,
        code=error.code,
        detail=error.message,
        errors=errors,
        details=details,
        headers=headers,
    )


def _challenge(request: Request, error: CcbError) -> dict[str, str]:
    """What is asked for (RFC 6750 §3): without an error code if nothing was sent."""
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        wrong = ', error="invalid_token"' if "authorization" in request.headers else ""
        return {"WWW-Authenticate": f'Bearer realm="ccb"{wrong}'}
    needed = error.details.get("needed")
    if error.http_status == HTTPStatus.FORBIDDEN and isinstance(needed, str):
        return {"WWW-Authenticate": f'Bearer realm="ccb", error="insufficient_scope", scope="{needed}"'}
    return {}


def pointer(field: str) -> str:
    """The JSON pointer of a dotted field name."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in field.split("."))


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = []
    for found in error.errors():
        where, *path = found["loc"]
        name = ".".join(str(part) for part in path) or str(where)
        if found["type"] == "json_invalid":
            return problem(request.url.path, status=400, code="not_json", detail=_NOT_JSON)
        errors.append(FieldProblem(field=name, pointer=pointer(name), detail=_advice(found)))
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return problem(
        request.url.path,
        status=422,
        code=InvalidInput.code,
        detail=f"{first.field}: {first.detail}{more}",
        errors=errors,
    )


def _advice(found: dict[str, Any]) -> str:
    """Pydantic's words, and for what they leave open, what to do."""
    match found["type"]:
        case "missing":
            return "is required; send it"
        case "extra_forbidden":
            return "is not known here; leave it out or mend its spelling"
        case "string_pattern_mismatch":
            return f"must match {found['ctx']['pattern']}"
        case "value_error":
            return str(found["ctx"]["error"])
        case _:
            words = str(found["msg"])
            return words[:1].lower() + words[1:]


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    if status == HTTPStatus.BAD_REQUEST and isinstance(error.__cause__, ValueError | RecursionError):
        return problem(request.url.path, status=400, code="not_json", detail=_NOT_JSON)
    detail = _FIXES.get(status) if error.detail == status.phrase else error.detail
    code = _CODES.get(status) or status.phrase.lower().replace(" ", "_").replace("-", "_")
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(methods(request))
    return problem(request.url.path, status=status, code=code, detail=detail or status.description, headers=headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected error", exc_info=error, extra={"path": request.url.path})
    return problem(
        request.url.path,
        status=500,
        code=CcbError.code,
        detail="Something went wrong on our side; it has been logged. Try again, and tell an operator if it stays.",
    )
