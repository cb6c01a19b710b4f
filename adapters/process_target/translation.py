"""What the runner answered, in our errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from domain.errors import (
    CcbError,
    Conflict,
    Corrupted,
    InvalidInput,
    NotFound,
    SandboxUnavailable,
    VendorError,
    VendorOutcomeUnknown,
    VendorRejected,
    VendorUnavailable,
    VerdictInvalid,
    by_code,
)

VENDOR = "runner"
_OURS = (InvalidInput, VerdictInvalid, Corrupted, Conflict, NotFound, SandboxUnavailable)

Model = TypeVar("Model", bound=BaseModel)


class _Problem(BaseModel):
    """The fields of the runner's problem+json that we use."""

    model_config = ConfigDict(frozen=True)

    detail: str
    code: str
    details: dict[str, JsonValue] = {}


@asynccontextmanager
async def translated(*, changes: bool) -> AsyncIterator[None]:
    """Turn transport errors into ours; `changes` says that a request without an answer may have been carried out."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise VendorUnavailable(f"The runner cannot be reached: {error}. Is it running?", vendor=VENDOR) from error
    except httpx.TransportError as error:
        kind = VendorOutcomeUnknown if changes else VendorUnavailable
        raise kind(f"The runner did not answer: {error or type(error).__name__}.", vendor=VENDOR) from error


def checked(answer: httpx.Response) -> None:
    """Raise the error that the runner answered with, if it did."""
    if answer.is_success:
        return
    try:
        problem = _Problem.model_validate_json(answer.content)
    except ValidationError:
        problem = _Problem(detail=f"the runner answered {answer.status_code}", code=CcbError.code)
    kind = by_code(problem.code)
    if issubclass(kind, _OURS):
        error = kind(problem.detail)
        error.details = problem.details
        raise error
    if answer.status_code in {502, 503, 504}:
        raise VendorUnavailable(problem.detail, vendor=VENDOR)
    if answer.is_server_error:
        raise VendorOutcomeUnknown(problem.detail, vendor=VENDOR)
    raise VendorRejected(problem.detail, vendor=VENDOR, status=answer.status_code)


def read(model: type[Model], data: bytes | str) -> Model:
    """What the runner answered, typed. Raises VendorError if it is something else."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise VendorError(f"The runner's answer is not a {model.__name__}.", vendor=VENDOR) from error
