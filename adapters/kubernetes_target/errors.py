"""What the API server answered, or did not, in our errors."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from kubernetes.client.exceptions import ApiException
from pydantic import BaseModel, ConfigDict, ValidationError
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from domain.errors import (
    VendorError,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)

VENDOR = "kubernetes"
GONE = 410
"""What is watched from is too old: look again (Kubernetes API concepts, "410 Gone responses")."""


class _Status(BaseModel):
    """The fields of a `Status` object that we use."""

    model_config = ConfigDict(frozen=True)

    message: str = ""
    reason: str = ""


@contextmanager
def translated(*, changes: bool) -> Iterator[None]:
    """Turn what the client raises into ours; `changes` says that a lost answer may have been carried out."""
    unknown = VendorOutcomeUnknown if changes else VendorUnavailable
    try:
        yield
    except ApiException as error:
        raise VendorError(f"Kubernetes cannot be talked to: {error.reason}.", vendor=VENDOR) from error
    except (NewConnectionError, ConnectTimeoutError) as error:
        raise VendorUnavailable(f"Kubernetes cannot be reached: {error}.", vendor=VENDOR) from error
    except HTTPError as error:
        raise unknown(f"Kubernetes did not answer: {error}.", vendor=VENDOR) from error


def refuse(status: int, body: bytes, *, changes: bool, retry_after: str | None = None) -> None:
    """Raise the error that an answer with this status is."""
    said = message(body) or f"it answered {status}"
    words = f"Kubernetes: {said}"
    if status == 429:
        seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
        raise VendorRateLimited(words, retry_after=seconds, vendor=VENDOR)
    if status in {409, GONE, 503}:
        # Somebody changed the object while we did, or what we read is too old: the next try reads it anew.
        raise VendorUnavailable(words, vendor=VENDOR)
    if status >= 500:
        raise (VendorOutcomeUnknown if changes else VendorUnavailable)(words, vendor=VENDOR)
    raise VendorRejected(words, vendor=VENDOR, status=status)


def message(body: bytes) -> str:
    """What a `Status` says; empty if it is something else."""
    try:
        status = _Status.model_validate_json(body)
    except ValidationError:
        return ""
    return (status.message or status.reason)[:500]


def parsed(body: bytes) -> dict[str, object]:
    """An object as the API server wrote it. Raises VendorError for something else."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise VendorError("Kubernetes answered something else than JSON.", vendor=VENDOR) from error
    if not isinstance(found, dict):
        raise VendorError("Kubernetes answered something else than an object.", vendor=VENDOR)
    return found
