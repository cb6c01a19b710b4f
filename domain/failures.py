"""Our errors as Temporal failures and back. They cross as code, message and details, never as pickles.

Temporal's failure type is named here because activities, workflows and clients all need this one translation.
"""

from datetime import timedelta

from temporalio.exceptions import ApplicationError

from domain.errors import CcbError, by_code


def to_failure(error: CcbError) -> ApplicationError:
    """The failure an activity reports: `type` is the code, the first detail the details, `Retry-After` the delay."""
    return ApplicationError(
        error.message,
        error.details,
        type=error.code,
        non_retryable=not error.retryable,
        next_retry_delay=None if error.retry_after is None else timedelta(seconds=error.retry_after),
    )


def from_failure(failure: ApplicationError) -> CcbError:
    """The error that `to_failure` was given; a plain CcbError for a failure that was not one of ours."""
    error = by_code(failure.type or "")(failure.message)
    details = failure.details[0] if failure.details else None
    if isinstance(details, dict):
        error.details = details
    return error
