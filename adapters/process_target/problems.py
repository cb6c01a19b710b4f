"""Errors as problem+json (RFC 9457), and back."""

from http import HTTPStatus

from starlette.responses import JSONResponse

from domain.errors import CcbError

MEDIA_TYPE = "application/problem+json"


def problem(error: CcbError) -> JSONResponse:
    """The answer that says `error`; `code` and `details` let the client make it again."""
    headers = {"Retry-After": f"{error.retry_after:.0f}"} if error.retry_after is not None else {}
    body = {
        "type": f"urn:ccb:error:{error.code}",
        "title": HTTPStatus(error.http_status).phrase,
        "status": error.http_status,
        "detail": error.message,
        "code": error.code,
        "details": error.details,
    }
    return JSONResponse(body, status_code=error.http_status, headers=headers, media_type=MEDIA_TYPE)
