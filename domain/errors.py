"""One tree of errors: a stable code, an HTTP status, whether and when to retry, details as data.

Errors cross process boundaries as `code + message + details` (see `ErrorData`), never as pickles. An adapter
turns a vendor's error into one of these; an interceptor turns these into Temporal failures; one handler turns
them into problem+json (RFC 9457).
"""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class ErrorData(BaseModel):
    """An error as it crosses a process boundary."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    details: dict[str, JsonValue] = Field(default_factory=dict)


class CcbError(Exception):
    """The root. `message` says what is wrong and what to do, in one or two sentences a person can act on."""

    code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, /, *, retry_after: float | None = None, **details: JsonValue) -> None:
        """`retry_after` is in seconds; `details` are JSON values that programs may read."""
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.details: dict[str, JsonValue] = details

    def data(self) -> ErrorData:
        return ErrorData(code=self.code, message=self.message, details=self.details)


class InvalidInput(CcbError):
    """What was sent cannot be accepted; `field` in the details names the place."""

    code = "invalid_input"
    http_status = 422


class InvalidDocument(InvalidInput):
    """The API document is not a usable OpenAPI 3.x document."""

    code = "invalid_document"


class DocumentTooLarge(InvalidDocument):
    code = "document_too_large"
    http_status = 413


class Unreachable(InvalidInput):
    """A URL or file that the request names could not be read."""

    code = "unreachable"


class RequestRefused(CcbError):
    """The analysis found that the request cannot be done; the message says why and what would help."""

    code = "request_refused"
    http_status = 422


class Unauthenticated(CcbError):
    code = "unauthenticated"
    http_status = 401


class Forbidden(CcbError):
    code = "forbidden"
    http_status = 403


class NotFound(CcbError):
    code = "not_found"
    http_status = 404


class Conflict(CcbError):
    """The state of the thing does not allow this now."""

    code = "conflict"
    http_status = 409


class NameTaken(Conflict):
    code = "name_taken"


class DependencyUnmet(Conflict):
    """What this version needs of other integrations is not there, or others need another version of it."""

    code = "dependency_unmet"


class StillNeeded(Conflict):
    """It cannot be retired: others depend on it, or it is still used. The details name them."""

    code = "still_needed"


class KeyReused(InvalidInput):
    """The Idempotency-Key was first sent with another request."""

    code = "idempotency_key_reused"


class StillUnderWay(Conflict):
    """The request that was sent first with this Idempotency-Key is being worked on."""

    code = "request_under_way"
    retryable = True


class PreconditionMissing(CcbError):
    """A change has to say which state it was made for (RFC 6585 §3)."""

    code = "precondition_required"
    http_status = 428


class PreconditionFailed(CcbError):
    """The thing is no longer as the caller last saw it (RFC 9110 §15.5.13)."""

    code = "precondition_failed"
    http_status = 412


class ContentChanged(Conflict):
    """An approval, or a merge, names a content hash or commit that is no longer the current one."""

    code = "content_changed"


class ReviewNotCounted(Forbidden):
    """The reviewer may not review this version (requester, bot, or unknown person)."""

    code = "review_not_counted"


class NotProven(CcbError):
    """Checks or tests still fail after the allowed number of repairs."""

    code = "not_proven"
    http_status = 422


class VerdictInvalid(CcbError):
    """What is to be deployed is not what was proven: its verdict is missing, unsigned, or of something else."""

    code = "verdict_invalid"
    http_status = 422


class ReviewExpired(CcbError):
    """Nobody decided before the review's deadline."""

    code = "review_expired"
    http_status = 409


class Abandoned(CcbError):
    """A person stopped the run; what it did is undone."""

    code = "abandoned"
    http_status = 409


class BudgetExceeded(CcbError):
    """The next step's worst case does not fit in the budget; nothing was spent."""

    code = "budget_exceeded"
    http_status = 402


class TooManyRequests(CcbError):
    code = "too_many_requests"
    http_status = 429
    retryable = True


class VendorError(CcbError):
    """An outside system did not do what it was asked. `vendor` in the details names it."""

    code = "vendor_error"
    http_status = 502


class VendorRateLimited(VendorError):
    """The vendor asks us to wait; `retry_after` says how long, in seconds, if the vendor said so."""

    code = "vendor_rate_limited"
    http_status = 503
    retryable = True


class VendorUnavailable(VendorError):
    """The vendor failed before it can have done anything (refused connection, 5xx on a read)."""

    code = "vendor_unavailable"
    http_status = 503
    retryable = True


class VendorOutcomeUnknown(VendorError):
    """The request was sent and no answer came: it may or may not have been done. Safe to repeat idempotently."""

    code = "vendor_outcome_unknown"
    retryable = True


class VendorRejected(VendorError):
    """The vendor understood and refused (4xx); repeating it changes nothing."""

    code = "vendor_rejected"


class DeploymentUnhealthy(CcbError):
    """A started version did not become healthy in time; details carry the tail of its log."""

    code = "deployment_unhealthy"
    http_status = 502


class DeploymentWorse(CcbError):
    """A new version was worse than the one that served, which serves again; the message says how."""

    code = "deployment_worse"
    http_status = 502


class SandboxUnavailable(CcbError):
    """The sandbox cannot be made on this machine; generated code is not run without it."""

    code = "sandbox_unavailable"
    http_status = 503


class StorageUnavailable(CcbError):
    """The database, artifact store or bus cannot be reached."""

    code = "storage_unavailable"
    http_status = 503
    retryable = True


class Corrupted(CcbError):
    """What was read back is not what was written."""

    code = "corrupted"


def _subclasses(cls: type[CcbError]) -> list[type[CcbError]]:
    return [cls, *(found for sub in cls.__subclasses__() for found in _subclasses(sub))]


def by_code(code: str) -> type[CcbError]:
    """The class that carries `code`; `CcbError` itself for a code this build does not know."""
    return next((cls for cls in _subclasses(CcbError) if cls.code == code), CcbError)
