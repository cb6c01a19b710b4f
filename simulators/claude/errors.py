"""Errors as Anthropic sends them: `{"type": "error", "error": {"type", "message"}, "request_id"}`.

Source: https://platform.claude.com/docs/en/api/errors
"""

from collections.abc import Mapping

from starlette.responses import JSONResponse

STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "overloaded_error": 529,
}


class ApiError(Exception):
    """An error to answer with. `retry_after` is in seconds."""

    def __init__(self, kind: str, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status or STATUSES.get(kind, 500)
        self.retry_after = retry_after

    def body(self, request_id: str) -> dict[str, object]:
        return {
            "type": "error",
            "error": {"type": self.kind, "message": self.message},
            "request_id": request_id,
        }

    def response(self, request_id: str, limits: Mapping[str, str]) -> JSONResponse:
        """`limits` are the headers that tell of rate limits."""
        headers = {"request-id": request_id, **limits}
        if self.retry_after is not None:
            headers["retry-after"] = f"{self.retry_after:g}"
        return JSONResponse(self.body(request_id), status_code=self.status, headers=headers)


def invalid(message: str) -> ApiError:
    return ApiError("invalid_request_error", message)
